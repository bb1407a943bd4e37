/** A list's tools submit by themselves when a filter changes; empty fields stay out of the address. */

export function startFilters(): void {
  document.addEventListener("change", (event) => {
    const target = event.target as Element;
    const form = target.closest<HTMLFormElement>("form[data-autosubmit]");
    if (form && target instanceof HTMLSelectElement) form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("form[data-autosubmit]")) return;
    for (const control of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")) {
      if (!control.value) control.disabled = true;
    }
  });
  window.addEventListener("pageshow", () => {
    for (const control of document.querySelectorAll<HTMLInputElement>("form[data-autosubmit] :disabled")) control.disabled = false;
  });
}
