/** Areas of a hotspot drawn on its picture; the numbers in the rows are what counts. */
import { element } from "../../controllers/dom";

interface Row {
  shape: HTMLSelectElement;
  coords: HTMLInputElement;
}

function rowsOf(group: HTMLElement): Row[] {
  return [...group.querySelectorAll<HTMLElement>("[data-row]")].map((row) => ({ shape: row.querySelector("select")!, coords: row.querySelector("input")! }));
}

export function drawAreas(box: HTMLElement, group: HTMLElement, add: () => HTMLElement | null, changed: () => void): void {
  const [width, height] = [Number(box.dataset.width), Number(box.dataset.height)];
  const picture = box.querySelector<HTMLElement>("[data-picture]")!;
  const help = box.querySelector<HTMLElement>("[data-help]");
  if (help) help.hidden = false;

  const lay = (left: number, top: number, right: number, bottom: number, round = false): HTMLElement => {
    const shown = element("span", `question-area${round ? " is-round" : ""}`);
    shown.style.left = `${(left / width) * 100}%`;
    shown.style.top = `${(top / height) * 100}%`;
    shown.style.width = `${((right - left) / width) * 100}%`;
    shown.style.height = `${((bottom - top) / height) * 100}%`;
    picture.append(shown);
    return shown;
  };
  const paint = () => {
    for (const old of picture.querySelectorAll(".question-area")) old.remove();
    for (const { shape, coords } of rowsOf(group)) {
      const numbers = coords.value.split(/[,，\s]+/).filter(Boolean).map(Number);
      if (!numbers.length || numbers.some(Number.isNaN)) continue;
      const [a, b, c, d] = numbers as [number, number, number, number];
      if (shape.value === "rect" && numbers.length === 4) lay(a, b, c, d);
      else if (shape.value === "circle" && numbers.length === 3) lay(a - c, b - c, a + c, b + c, true);
      else if (shape.value === "poly" && numbers.length >= 6) {
        const xs = numbers.filter((_, at) => at % 2 === 0);
        const ys = numbers.filter((_, at) => at % 2 === 1);
        lay(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
      }
    }
  };
  const at = (event: PointerEvent): [number, number] => {
    const shown = picture.getBoundingClientRect();
    const x = ((event.clientX - shown.left) / shown.width) * width;
    const y = ((event.clientY - shown.top) / shown.height) * height;
    return [Math.round(Math.min(Math.max(x, 0), width)), Math.round(Math.min(Math.max(y, 0), height))];
  };
  picture.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    picture.setPointerCapture(event.pointerId);
    const [x1, y1] = at(event);
    let shown: HTMLElement | null = null;
    const follow = (move: PointerEvent) => {
      const [x2, y2] = at(move);
      shown?.remove();
      shown = lay(Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2));
    };
    const drop = (end: PointerEvent) => {
      picture.removeEventListener("pointermove", follow);
      const [x2, y2] = at(end);
      if (Math.abs(x2 - x1) > 3 && Math.abs(y2 - y1) > 3) {
        let row = rowsOf(group).find((one) => !one.coords.value.trim());
        if (!row && add()) row = rowsOf(group).at(-1);
        if (row) {
          row.shape.value = "rect";
          row.coords.value = [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)].join(",");
          changed();
        }
      }
      paint();
    };
    picture.addEventListener("pointermove", follow);
    picture.addEventListener("pointerup", drop, { once: true });
  });
  group.addEventListener("input", paint);
  group.addEventListener("change", paint);
  paint();
}
