/** `data-dialog="id"` opens a dialog over the page; Escape, 取消 and a press on the veil close it. `data-sheet` does the same from the side. */

export function startDialogs(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-dialog]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialog ?? "");
      if (dialog instanceof HTMLDialogElement && !dialog.open) {
        event.preventDefault();
        dialog.removeAttribute("popover");
        dialog.showModal();
        dialog.querySelector<HTMLElement>("textarea, input:not([type=hidden]), select")?.focus();
        dialog.addEventListener("close", () => opener.focus(), { once: true });
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

function isOutside(event: MouseEvent, dialog: HTMLDialogElement): boolean {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
