/** Places on a picture: by tapping, or with the arrow keys and Enter. What is kept are pixels of the picture, however large it is shown. */
import { element } from "../../controllers/dom";
import type { Widget } from "./inputs";

/** Finger's width in pixels of the screen: a tap so near to a mark takes it away. */
const NEAR = 18;
const STEP = 0.02;
const FINE = 0.005;

export function spotOf(box: HTMLElement, changed: () => void): Widget {
  const [width, height, most] = ["width", "height", "most"].map((name) => Number(box.dataset[name])) as [number, number, number];
  const picture = box.querySelector<HTMLElement>("[data-picture]")!;
  const list = box.querySelector<HTMLOListElement>("[data-places]")!;
  const help = box.querySelector<HTMLElement>("[data-help]");
  let places = [...list.querySelectorAll<HTMLElement>("[data-place]")].map((item) => item.dataset.place ?? "");
  let x = width / 2;
  let y = height / 2;
  box.querySelector("[data-plain]")?.remove();
  list.hidden = false;
  if (help) help.hidden = false;
  picture.tabIndex = 0;
  picture.setAttribute("role", "application");
  picture.setAttribute("aria-label", "图片上做标记：方向键移动，回车标记，退格取消上一个");
  const cross = element("span", "question-cross");
  const said = element("p", "sr-only");
  said.setAttribute("aria-live", "polite");
  picture.append(cross);
  box.append(said);

  const put = (mark: HTMLElement, atX: number, atY: number) => {
    mark.style.insetInlineStart = `${(atX / width) * 100}%`;
    mark.style.insetBlockStart = `${(atY / height) * 100}%`;
  };
  const paint = () => {
    for (const mark of picture.querySelectorAll(".question-mark")) mark.remove();
    list.replaceChildren();
    places.forEach((place, at) => {
      const [atX, atY] = place.split(",").map(Number) as [number, number];
      const mark = element("span", "question-mark", String(at + 1));
      put(mark, atX, atY);
      picture.append(mark);
      const item = element("li", "");
      const button = element("button", "btn btn-small", `标记 ${at + 1} ✕`);
      button.type = "button";
      button.setAttribute("aria-label", `取消标记 ${at + 1}`);
      button.addEventListener("click", () => remove(at));
      item.append(button);
      list.append(item);
    });
    put(cross, x, y);
  };
  const settle = (words: string) => {
    said.textContent = words;
    paint();
    changed();
  };
  const remove = (at: number) => {
    places = places.filter((_, index) => index !== at);
    settle(`已取消，现在有 ${places.length} 个标记`);
    picture.focus({ preventScroll: true });
  };
  const add = () => {
    const place = `${Math.round(x)},${Math.round(y)}`;
    if (places.length >= most) said.textContent = `最多 ${most} 个标记，请先取消一个`;
    else if (!places.includes(place)) {
      places = [...places, place];
      settle(`已做标记 ${places.length}`);
    }
  };
  picture.addEventListener("click", (event) => {
    const shown = picture.getBoundingClientRect();
    x = Math.min(Math.max(((event.clientX - shown.left) / shown.width) * width, 0), width);
    y = Math.min(Math.max(((event.clientY - shown.top) / shown.height) * height, 0), height);
    const scale = shown.width / width;
    const near = places.findIndex((place) => {
      const [atX, atY] = place.split(",").map(Number) as [number, number];
      return Math.hypot(atX - x, atY - y) * scale < NEAR;
    });
    if (near >= 0) remove(near);
    else add();
  });
  picture.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? FINE : STEP;
    const by: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const way = by[event.key];
    if (way) {
      x = Math.min(Math.max(x + way[0] * width, 0), width);
      y = Math.min(Math.max(y + way[1] * height, 0), height);
      put(cross, x, y);
    } else if (event.key === "Enter" || event.key === " ") add();
    else if (event.key === "Backspace" && places.length) remove(places.length - 1);
    else return;
    event.preventDefault();
  });
  paint();

  return {
    read: () => [...places],
    show(answer) {
      places = [...answer];
      paint();
    },
  };
}
