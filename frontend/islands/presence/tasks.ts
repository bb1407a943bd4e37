/** A question or a puzzle: options large enough for a thumb, one button. The page holds no answer; the server judges. */
import { element } from "../../controllers/dom";
import type { Check, Option } from "./check";

export interface Given {
  given: string[];
  variant: string;
}

let numbers = 0;

/** The form of a task; `send` gets what was chosen. */
export function taskForm(check: Check, send: (given: Given) => void): HTMLFormElement {
  const form = element("form", "presence-task stack");
  const variant = { words: false };
  const draw = () => {
    const { task } = check;
    const words = variant.words ? task.words : undefined;
    const stem = words?.stem ?? task.stem ?? "";
    const options = words?.options ?? task.options ?? [];
    const parts: HTMLElement[] = [];
    if (task.picture && !words) parts.push(picture(task.picture));
    parts.push(choices(stem, options, words ? "radio" : (task.input ?? "radio")));
    if (task.words) parts.push(switcher(variant.words, () => ((variant.words = !variant.words), draw())));
    const button = element("button", "btn btn-primary presence-button", "提交");
    parts.push(button);
    form.replaceChildren(...parts);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = [...form.querySelectorAll<HTMLInputElement>("input[name=given]:checked")].map((input) => input.value);
    send({ given, variant: variant.words ? "words" : "" });
  });
  draw();
  return form;
}

function picture(address: string): HTMLElement {
  const line = element("p", "");
  const image = element("img", "presence-picture");
  image.src = address;
  image.alt = "一排 6 个格子，每格画着一个数字。看不清图，请改做文字题。";
  [image.width, image.height] = [278, 68];
  line.append(image);
  return line;
}

function choices(stem: string, options: Option[], input: "radio" | "checkbox"): HTMLElement {
  const set = element("fieldset", "field field-choices");
  const list = element("div", "");
  // Short options stand side by side, so that the button is in sight on a phone.
  if (options.every((option) => option.text.length <= 6)) list.className = "presence-short";
  set.append(element("legend", "", stem), list);
  for (const option of options) {
    const row = element("div", "");
    const label = element("label", "");
    const control = element("input", "");
    Object.assign(control, { type: input, name: "given", value: option.value, id: `presence-option-${++numbers}` });
    control.required = input === "radio";
    label.append(control, option.text);
    row.append(label);
    list.append(row);
  }
  return set;
}

function switcher(words: boolean, act: () => void): HTMLElement {
  const line = element("p", "");
  const button = element("button", "btn btn-small btn-quiet", words ? "改做看图题" : "看不清图，改做文字题");
  button.type = "button";
  button.addEventListener("click", act);
  line.append(button);
  return line;
}
