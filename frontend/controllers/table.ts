/**
 * Tables by keyboard: j and k move along the rows, Enter opens, x ticks, / goes to the search. Heads say their order to screen
 * readers; a box that scrolls can be scrolled by keyboard. `data-bulk` ties tick boxes to a bar that counts them.
 */
import { isTyping, once } from "./dom";

const ROWS = "table.table[data-keys] tbody tr, .table-wrap table.table tbody tr";

function rows(): HTMLTableRowElement[] {
  return [...document.querySelectorAll<HTMLTableRowElement>(ROWS)].filter((row) => row.querySelector("a, input[type=checkbox]") && row.offsetParent);
}

function move(step: number): void {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains("is-here"));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  if (!next) return;
  all[at]?.classList.remove("is-here");
  next.classList.add("is-here");
  next.scrollIntoView({ block: "nearest" });
  const target = next.querySelector<HTMLElement>("a") ?? next.querySelector<HTMLElement>("input[type=checkbox]");
  target?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const here = document.querySelector<HTMLTableRowElement>("tr.is-here");
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "Enter" && here && event.target === document.body) here.querySelector<HTMLAnchorElement>("a")?.click();
  else if (event.key === "x" && here) here.querySelector<HTMLInputElement>("input[type=checkbox]")?.click();
  else if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});

function bulk(bar: HTMLElement): void {
  const boxes = () => [...document.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${bar.dataset.bulk ?? ""}"]`)];
  const all = document.querySelector<HTMLInputElement>(`[data-bulk-all="${bar.dataset.bulk ?? ""}"]`);
  const show = () => {
    const chosen = boxes().filter((box) => box.checked).length;
    bar.hidden = chosen === 0;
    const count = bar.querySelector("[data-bulk-count]");
    if (count) count.textContent = String(chosen);
    if (all) all.checked = chosen > 0 && chosen === boxes().length;
  };
  all?.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    show();
  });
  document.addEventListener("change", (event) => {
    if ((event.target as HTMLInputElement).name === bar.dataset.bulk) show();
  });
  show();
}

export function startTables(part: ParentNode): void {
  once<HTMLElement>(part, ".sort[data-order]", "sort", (sort) => {
    sort.closest("th")?.setAttribute("aria-sort", sort.dataset.order ?? "none");
  });
  once<HTMLElement>(part, ".table-wrap, .steps, .tabs, pre", "scroll", (box) => {
    const fit = () => {
      if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      // A table that fits lets its head stick to the top of the window instead of its own box.
      box.classList.toggle("is-fitting", box.matches(".table-wrap:not(.table-tall)") && box.scrollWidth <= box.clientWidth + 1);
    };
    new ResizeObserver(fit).observe(box);
  });
  once<HTMLElement>(part, "[data-bulk]", "bulk", bulk);
}
