/**
 * The inputs of questions: what is answered is read from the form as it stands, shown into it again, and told as soon as it is settled:
 * a choice at once, a text when the learner pauses or leaves the field. The form works without any of this.
 */
import { orderOf } from "./ordering";
import { matchOf } from "./matching";
import { spotOf } from "./spot";
import type { Given } from "./queue";

/** A pause in writing after which the text is sent. */
const PAUSE_MS = 1_500;

/** One question, or one part of a case. */
export interface Widget {
  read(): string[];
  show(answer: string[]): void;
}

function isTick(input: Element): input is HTMLInputElement {
  return input instanceof HTMLInputElement && /^(radio|checkbox)$/.test(input.type);
}

/** Options and boxes: nothing, or a value for each box. */
function plainOf(scope: HTMLElement, name: string): Widget {
  const inputs = [...scope.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(`[name="${name}"]`)];
  return {
    read() {
      const values = inputs.filter((input) => !isTick(input) || input.checked).map((input) => input.value);
      return values.some((value) => value.trim()) ? values : [];
    },
    show(answer) {
      inputs.forEach((input, at) => {
        if (isTick(input)) input.checked = answer.includes(input.value);
        else input.value = answer[at] ?? "";
      });
    },
  };
}

function widgetOf(scope: HTMLElement, name: string, changed: () => void): Widget {
  const order = scope.querySelector<HTMLElement>("[data-order]");
  if (order) return orderOf(order, changed);
  const match = scope.querySelector<HTMLElement>("[data-match]");
  if (match) return matchOf(match, name);
  const spot = scope.querySelector<HTMLElement>("[data-spot]");
  if (spot) return spotOf(spot, changed);
  return plainOf(scope, name);
}

/** The form of one question. `settled` is called with every answer to keep, `typing` while a text is not kept yet. */
export class Inputs {
  private readonly parts: Widget[];
  private readonly isCase: boolean;
  private timer = 0;

  constructor(
    form: HTMLFormElement,
    private readonly settled: () => void,
    private readonly typing: () => void,
  ) {
    const changed = () => this.settle();
    const scopes = [...form.querySelectorAll<HTMLElement>("[data-part]")];
    this.isCase = scopes.length > 0;
    this.parts = this.isCase ? scopes.map((scope, at) => widgetOf(scope, `given-${at}`, changed)) : [widgetOf(form, "given", changed)];
    form.addEventListener("change", (event) => {
      if (!(event.target as Element).matches("[data-typed]") || this.timer) this.settle();
    });
    form.addEventListener("input", (event) => {
      if (!(event.target as Element).matches("[data-typed]")) return;
      this.typing();
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(changed, PAUSE_MS);
    });
    form.addEventListener("focusout", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush());
    window.addEventListener("pagehide", () => this.flush());
  }

  read(): Given {
    const answers = this.parts.map((part) => part.read());
    if (!this.isCase) return answers[0]!;
    return answers.some((answer) => answer.length) ? answers : [];
  }

  show(answer: Given): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.parts.forEach((part, at) => {
      const own = this.isCase ? answer[at] : answer;
      part.show(Array.isArray(own) ? (own as string[]) : []);
    });
  }

  /** What was typed and not kept yet is kept now. */
  flush(): void {
    if (this.timer) this.settle();
  }

  private settle(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.settled();
  }
}
