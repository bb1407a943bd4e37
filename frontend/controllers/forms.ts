/**
 * A form is sent once: the button shows that it works and a second press does nothing. Coming back to the page, or an answer that is
 * a download, sets it free again.
 */
const RELEASE_AFTER_MS = 10_000;

function release(form: HTMLFormElement): void {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll<HTMLButtonElement>("button.is-busy")) {
    button.classList.remove("is-busy");
    button.removeAttribute("aria-disabled");
  }
}

export function startForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter : form.querySelector<HTMLButtonElement>("button[type=submit]");
    button?.classList.add("is-busy");
    button?.setAttribute("aria-disabled", "true");
    window.setTimeout(() => release(form), RELEASE_AFTER_MS);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    if (event.target instanceof HTMLFormElement) release(event.target);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sent]")) release(form);
  });
}
