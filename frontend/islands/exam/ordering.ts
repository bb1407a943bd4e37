/** Things to be put in order: buttons for each, dragging by the grip. Untouched it is no answer; a button takes the order as it stands. */
import { element } from "../../controllers/dom";
import type { Widget } from "./inputs";

export function orderOf(box: HTMLElement, changed: () => void): Widget {
  const list = box.querySelector<HTMLOListElement>("[data-items]")!;
  const items = () => [...list.querySelectorAll<HTMLLIElement>("[data-item]")];
  let touched = box.hasAttribute("data-touched");
  box.querySelector("[data-plain]")?.remove();
  list.hidden = false;

  const accept = element("button", "btn btn-small", "就按这个顺序作答");
  accept.type = "button";
  const said = element("p", "sr-only");
  said.setAttribute("aria-live", "polite");
  box.append(accept, said);

  const paint = () => {
    accept.hidden = touched;
    items().forEach((item, at) => {
      const words = item.querySelector(".question-words")?.textContent?.trim().slice(0, 30) ?? "";
      const [up, down] = [...item.querySelectorAll<HTMLButtonElement>("button")];
      up?.setAttribute("aria-label", `第 ${at + 1} 位上移：${words}`);
      down?.setAttribute("aria-label", `第 ${at + 1} 位下移：${words}`);
      if (up) up.disabled = at === 0;
      if (down) down.disabled = at === items().length - 1;
    });
  };
  const settle = () => {
    touched = true;
    paint();
    changed();
  };
  const move = (item: HTMLLIElement, step: number, button: HTMLButtonElement) => {
    const all = items();
    const other = all[all.indexOf(item) + step];
    if (!other) return;
    if (step < 0) list.insertBefore(item, other);
    else list.insertBefore(other, item);
    settle();
    said.textContent = `现在是第 ${items().indexOf(item) + 1} 位`;
    (button.disabled ? item.querySelector<HTMLButtonElement>("button:not(:disabled)") : button)?.focus();
  };
  const drag = (item: HTMLLIElement, grip: HTMLElement) => {
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      item.classList.add("is-dragged");
      const before = items().indexOf(item);
      const follow = (at: PointerEvent) => {
        const next = items().find((one) => one !== item && at.clientY < one.getBoundingClientRect().top + one.offsetHeight / 2);
        if (next !== item.nextElementSibling) list.insertBefore(item, next ?? null);
      };
      const drop = () => {
        grip.removeEventListener("pointermove", follow);
        item.classList.remove("is-dragged");
        if (items().indexOf(item) !== before) settle();
      };
      grip.addEventListener("pointermove", follow);
      grip.addEventListener("lostpointercapture", drop, { once: true });
    });
  };
  for (const item of items()) {
    const buttons = element("span", "cluster question-moves");
    for (const [sign, step] of [["↑", -1], ["↓", 1]] as const) {
      const button = element("button", "btn btn-small", sign);
      button.type = "button";
      button.addEventListener("click", () => move(item, step, button));
      buttons.append(button);
    }
    item.append(buttons);
    const grip = item.querySelector<HTMLElement>(".question-grip");
    if (grip) drag(item, grip);
  }
  accept.addEventListener("click", settle);
  paint();

  return {
    read: () => (touched ? items().map((item) => item.dataset.item ?? "") : []),
    show(answer) {
      touched = answer.length > 0;
      for (const value of answer) {
        const item = items().find((one) => one.dataset.item === value);
        if (item) list.append(item);
      }
      paint();
    },
  };
}
