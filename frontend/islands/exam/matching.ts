/** Pairs: the selects are what counts; tapping a left side and then a right one fills them. */
import type { Widget } from "./inputs";

export function matchOf(box: HTMLElement, name: string): Widget {
  const lefts = [...box.querySelectorAll<HTMLElement>("[data-left]")];
  const rights = [...box.querySelectorAll<HTMLElement>("[data-right]")];
  const selects = [...box.querySelectorAll<HTMLSelectElement>(`select[name="${name}"]`)];
  let chosen = -1;

  const paint = () => {
    lefts.forEach((left, at) => {
      left.classList.toggle("is-chosen", at === chosen);
      left.classList.toggle("is-paired", Boolean(selects[at]?.value));
    });
    const used = new Set(selects.map((select) => select.value));
    for (const right of rights) right.classList.toggle("is-paired", used.has(right.dataset.right ?? ""));
    box.classList.toggle("is-choosing", chosen >= 0);
  };
  lefts.forEach((left, at) => {
    left.querySelector(".question-side")?.addEventListener("click", () => {
      chosen = chosen === at ? -1 : at;
      paint();
    });
  });
  for (const right of rights) {
    right.addEventListener("click", () => {
      const select = selects[chosen];
      if (!select) return;
      select.value = select.value === right.dataset.right ? "" : (right.dataset.right ?? "");
      chosen = selects.findIndex((one, at) => at > chosen && !one.value);
      paint();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
  box.addEventListener("change", paint);
  box.classList.add("is-tappable");
  paint();

  return {
    read() {
      const values = selects.map((select) => select.value);
      return values.some(Boolean) ? values : [];
    },
    show(answer) {
      selects.forEach((select, at) => (select.value = answer[at] ?? ""));
      paint();
    },
  };
}
