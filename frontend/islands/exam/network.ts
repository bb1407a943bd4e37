/** What the exam room makes of a lost network and of refusals. */
import type { Fate } from "./queue";

/** Passes by itself: the answer stays on this device and is sent again. */
const PASSING = new Set(["exams.prove_presence", "exams.on_break"]);
const OVER = new Set(["exams.deadline_passed", "exams.attempt_ended"]);

/** What becomes of an answer with such a refusal; ``null``: it is sent again. */
export function fateOf(status: number, code = ""): Fate | null {
  if (status >= 500 || status === 429 || status === 408 || PASSING.has(code)) return null;
  if (OVER.has(code)) return "over";
  return [404, 413, 422].includes(status) && code.startsWith("exams.") ? "drop" : "halt";
}

/** Says over the paper, for as long as it is so, that answers have not reached the server, and what to do. */
export class OfflineBanner {
  private readonly line = document.createElement("p");

  constructor(root: HTMLElement) {
    this.line.className = "exam-offline";
    this.line.setAttribute("role", "alert");
    this.line.hidden = true;
    root.prepend(this.line);
  }

  show(count: number, stored: boolean): void {
    const kept = stored
      ? "作答存在本机，可以继续答题，网络恢复后自动上传。"
      : "这台设备存不下副本，请不要关闭或刷新页面，并尽快恢复网络。";
    this.line.textContent = `连不上服务器，${count} 题还没有保存到服务器。${kept}`;
    this.line.hidden = false;
  }

  hide(): void {
    this.line.hidden = true;
  }
}
