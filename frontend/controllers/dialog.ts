/**
 * `data-dialog="id"` opens a dialog over the page; Escape, 取消 and a press on the veil close it. `data-sheet` does the same from the side.
 * A link with `data-ask="id"` (`{% ask_link %}`) opens the one dialog that all rows of a list share: it then posts to the link's address
 * and names the row's subject. Without script, or in a new tab, the link leads to a page with the same question.
 */

export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const link = target.closest<HTMLAnchorElement>("a[data-ask]");
    if (link) {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey && ask(link)) event.preventDefault();
      return;
    }
    const opener = target.closest<HTMLElement>("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog ?? "");
      if (dialog instanceof HTMLDialogElement && !dialog.open) {
        event.preventDefault();
        dialog.removeAttribute("popover");
        show(dialog, opener);
      }
      return;
    }
    const dialog = target.closest<HTMLDialogElement>("dialog[open]");
    if (!dialog) return;
    if (target.closest("[data-dialog-close]")) {
      event.preventDefault();
      dialog.close();
    } else if (target === dialog && isOutside(event, dialog)) dialog.close();
  });
}

function show(dialog: HTMLDialogElement, opener: HTMLElement): void {
  dialog.showModal();
  dialog.querySelector<HTMLElement>("textarea, input:not([type=hidden]), select")?.focus();
  dialog.addEventListener("close", () => opener.focus(), { once: true });
}

function ask(link: HTMLAnchorElement): boolean {
  const dialog = document.getElementById(link.dataset.ask ?? "");
  const form = dialog?.querySelector("form");
  if (!(dialog instanceof HTMLDialogElement) || !form || dialog.open) return false;
  form.reset();
  form.action = link.href;
  const subject = dialog.querySelector("[data-ask-subject]");
  if (subject) subject.textContent = link.querySelector(".sr-only")?.textContent ?? "";
  show(dialog, link);
  return true;
}

function isOutside(event: MouseEvent, dialog: HTMLDialogElement): boolean {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
