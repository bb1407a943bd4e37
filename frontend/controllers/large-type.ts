/** Large type (关怀版) at once, without leaving the page; kept with the account, for visitors in a cookie. */
import { csrfToken } from "./dom";

export function startLargeType(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-large-type]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const root = document.documentElement;
    const on = root.dataset.type !== "large";
    if (on) root.dataset.type = "large";
    else delete root.dataset.type;
    for (const one of document.querySelectorAll<HTMLFormElement>("[data-large-type]")) {
      one.querySelector("button")?.setAttribute("aria-pressed", String(on));
    }
    const body = new URLSearchParams({ on: on ? "1" : "0", next: location.pathname });
    const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true" };
    // It arrives though somebody leaves the page at once.
    void fetch(form.action, { method: "POST", body, headers, redirect: "manual", keepalive: true }).catch(() => undefined);
    for (const one of document.querySelectorAll<HTMLInputElement>("[data-large-type] [name=on]")) one.value = on ? "0" : "1";
  }, { capture: true });
}
