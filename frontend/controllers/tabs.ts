/** `.tabs` shows its current tab; `.tabs[data-tabs]` of links to panels of the same page becomes a tab list; without script all panels stand below one another. */
import { once } from "./dom";

/** The chosen tab of a row that is wider than the window comes into view; nothing else moves. */
function bringIntoView(list: HTMLElement): void {
  const chosen = list.querySelector<HTMLElement>("[aria-current], [aria-selected=true]");
  if (!chosen || list.scrollWidth <= list.clientWidth) return;
  list.scrollLeft += chosen.getBoundingClientRect().right - list.getBoundingClientRect().right + 24;
}

export function startTabs(part: ParentNode): void {
  once<HTMLElement>(part, ".tabs", "tabview", (list) => new ResizeObserver(() => bringIntoView(list)).observe(list));
  once<HTMLElement>(part, ".tabs[data-tabs]", "tabs", (list) => {
    const tabs = [...list.querySelectorAll<HTMLAnchorElement>("a[href^='#']")];
    const panel = (tab: HTMLAnchorElement) => document.getElementById(tab.hash.slice(1));
    const choose = (chosen: HTMLAnchorElement, focus: boolean) => {
      for (const tab of tabs) {
        tab.setAttribute("aria-selected", String(tab === chosen));
        tab.tabIndex = tab === chosen ? 0 : -1;
        panel(tab)?.toggleAttribute("hidden", tab !== chosen);
      }
      if (focus) chosen.focus();
    };
    list.setAttribute("role", "tablist");
    tabs.forEach((tab, at) => {
      tab.role = "tab";
      tab.id ||= `${tab.hash.slice(1)}-tab`;
      tab.setAttribute("aria-controls", tab.hash.slice(1));
      const shown = panel(tab);
      shown?.setAttribute("role", "tabpanel");
      shown?.setAttribute("aria-labelledby", tab.id);
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        history.replaceState(null, "", tab.hash);
        choose(tab, false);
      });
      tab.addEventListener("keydown", (event) => {
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        const next = tabs[(at + step + tabs.length) % tabs.length];
        if (step && next) choose(next, true);
      });
    });
    const first = tabs.find((tab) => tab.hash === location.hash) ?? tabs[0];
    if (first) choose(first, false);
  });
}
