/**
 * "我在学习": a question at a random place of the window that a person answers with one press. It takes the focus, stands above a video
 * in full screen, counts down in words, and cannot be closed without an answer.
 */
import { element } from "../../controllers/dom";
import type { Check } from "./protocol";

/** A press so soon was meant for what stood there before. */
const TOO_SOON = 400;
/** The server takes no answer that comes faster than anybody reads. */
const READING = 1_300;
const MARGIN = 16;
/** Said aloud at these many seconds left. */
const SAID_AT = new Set([30, 10]);

export class CheckDialog {
  private readonly dialog = element("dialog", "dialog check");
  private readonly count = element("p", "check-count num");
  private readonly spoken = element("p", "sr-only");
  private readonly button = element("button", "btn btn-primary check-button", "我在学习");
  private check: Check | null = null;
  private shownAt = 0;
  private timer = 0;
  private title = "";
  private place: [number, number] = [0.5, 0.5];
  private before: Element | null = null;

  constructor(host: HTMLElement, private readonly answered: (check: Check) => void) {
    const heading = element("h2", "card-title", "还在学习吗？");
    const words = element("p", "", "点一下下面的按钮，就接着计学时。");
    heading.id = "check-title";
    words.id = "check-words";
    this.button.type = "button";
    this.dialog.setAttribute("role", "alertdialog");
    this.dialog.setAttribute("aria-labelledby", heading.id);
    this.dialog.setAttribute("aria-describedby", words.id);
    this.spoken.setAttribute("role", "status");
    this.dialog.append(heading, words, this.count, this.spoken, this.button);
    host.append(this.dialog);
    this.button.addEventListener("click", () => this.press());
    // Only an answer closes it: not Escape, not a press beside it.
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.dialog.addEventListener("click", (event) => event.stopPropagation());
    this.dialog.addEventListener("close", () => this.check && this.dialog.showModal());
    window.addEventListener("resize", () => this.check && this.put());
  }

  get isOpen(): boolean {
    return this.check !== null;
  }

  /** Asks; the same question twice is one. */
  ask(check: Check): void {
    if (this.check?.nonce === check.nonce) return;
    this.check = check;
    this.shownAt = performance.now();
    this.place = [Math.random(), Math.random()];
    this.before = document.activeElement;
    this.title ||= document.title;
    document.title = "请确认：还在学习吗？";
    this.spoken.textContent = "";
    this.say();
    if (!this.dialog.open) this.dialog.showModal();
    this.put();
    this.button.focus();
    clearInterval(this.timer);
    this.timer = window.setInterval(() => this.say(), 1_000);
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
  }

  /** Takes the question back, unanswered: the session is over. */
  close(): void {
    if (!this.check) return;
    this.check = null;
    clearInterval(this.timer);
    document.title = this.title;
    this.dialog.close();
    if (this.before instanceof HTMLElement) this.before.focus({ preventScroll: true });
  }

  private press(): void {
    const check = this.check;
    const seen = performance.now() - this.shownAt;
    if (!check || seen < TOO_SOON) return;
    this.close();
    setTimeout(() => this.answered(check), Math.max(0, READING - seen));
  }

  private say(): void {
    const left = Math.ceil(((this.check?.answer_within_ms ?? 0) - (performance.now() - this.shownAt)) / 1_000);
    const late = "时间已过，等待的时间不计入学时。点一下，就从这里接着学。";
    this.count.textContent = left > 0 ? `请在 ${left} 秒内点` : late;
    if (SAID_AT.has(left)) this.spoken.textContent = `还剩 ${left} 秒`;
    else if (left === 0) this.spoken.textContent = late;
  }

  /** Somewhere in the window, wholly inside it. */
  private put(): void {
    const room = (size: number, own: number, share: number) => MARGIN + Math.max(0, size - own - 2 * MARGIN) * share;
    const { style, offsetWidth, offsetHeight } = this.dialog;
    style.left = `${room(window.innerWidth, offsetWidth, this.place[0])}px`;
    style.top = `${room(window.innerHeight, offsetHeight, this.place[1])}px`;
  }
}
