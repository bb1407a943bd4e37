/**
 * `table[data-columns="name"]` lets one hide columns; the choice is kept in this browser under that name. The first column, and
 * headings without words, always stay.
 */
import { element, once } from "./dom";

const keyOf = (table: HTMLTableElement) => `columns:${table.dataset.columns ?? ""}`;

function hiddenOf(table: HTMLTableElement): Set<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(keyOf(table)) ?? "[]") as string[]);
  } catch {
    return new Set();
  }
}

function words(head: HTMLTableCellElement): string {
  const copy = head.cloneNode(true) as HTMLElement;
  for (const silent of copy.querySelectorAll(".sr-only, svg")) silent.remove();
  return copy.textContent?.trim() ?? "";
}

function show(table: HTMLTableElement, hidden: Set<string>): void {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  heads.forEach((head, at) => {
    const off = at > 0 && hidden.has(words(head as HTMLTableCellElement));
    for (const row of table.rows) row.cells[at]?.toggleAttribute("hidden", off);
  });
}

export function startColumns(part: ParentNode): void {
  once<HTMLTableElement>(part, "table[data-columns]", "columns", (table) => {
    const hidden = hiddenOf(table);
    const box = element("details", "columns screen-only");
    const list = element("div", "columns-list");
    box.append(element("summary", "btn btn-small btn-quiet", "显示的列"), list);
    for (const head of [...(table.tHead?.rows[0]?.cells ?? [])].slice(1)) {
      const name = words(head);
      if (!name) continue;
      const label = element("label", "");
      const tick = element("input", "");
      tick.type = "checkbox";
      tick.checked = !hidden.has(name);
      tick.addEventListener("change", () => {
        if (tick.checked) hidden.delete(name);
        else hidden.add(name);
        localStorage.setItem(keyOf(table), JSON.stringify([...hidden]));
        show(table, hidden);
      });
      label.append(tick, name);
      list.append(label);
    }
    (table.closest(".table-wrap") ?? table).before(box);
    show(table, hidden);
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll<HTMLDetailsElement>("details.columns[open]")) {
      if (!open.contains(event.target as Node)) open.open = false;
    }
  });
}
