/** Menus are native popovers; where a browser has none, this keeps them working with `hidden`. Escape and a press outside close them. */

export function startPopovers(): void {
  if ("popover" in HTMLElement.prototype) return;
  for (const found of document.querySelectorAll<HTMLElement>("[popover]:not(dialog)")) {
    found.hidden = !(found.classList.contains("rail") && window.matchMedia("(min-width: 60.01rem)").matches);
  }
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[popovertarget]");
    const wanted = opener ? document.getElementById(opener.getAttribute("popovertarget") ?? "") : null;
    for (const found of document.querySelectorAll<HTMLElement>(".menu[popover]")) {
      if (found !== wanted && !found.contains(target)) found.hidden = true;
    }
    if (wanted && !(wanted instanceof HTMLDialogElement)) wanted.hidden = !wanted.hidden;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const found of document.querySelectorAll<HTMLElement>(".menu[popover]")) found.hidden = true;
  });
}
