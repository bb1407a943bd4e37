/** What the exam room makes of a lost network, of a sign-in that is over, and of refusals. */
import { element } from "../../controllers/dom";
import type { Fate } from "./queue";

/** Passes by itself: the answer stays on this device and is sent again. */
const PASSING = new Set(["exams.prove_presence", "exams.on_break"]);
const OVER = new Set(["exams.deadline_passed", "exams.attempt_ended"]);

/** What becomes of an answer with such a refusal; ``null``: it is sent again. */
export function fateOf(status: number, code = ""): Fate | null {
  if (status >= 500 || status === 429 || status === 408 || PASSING.has(code)) return null;
  if (OVER.has(code)) return "over";
  if (status === 401) return "out";
  return [404, 413, 422].includes(status) && code.startsWith("exams.") ? "drop" : "halt";
}

/** Says over the paper, for as long as it is so, that answers have not reached the server, and what to do. */
export class RoomBanner {
  private readonly line = element("div", "exam-offline");

  /** `again` opens this page anew, which leads to the sign-in and back here. */
  constructor(
    root: HTMLElement,
    private readonly again: () => void,
  ) {
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

  /** Nothing is sent any more: the sign-in is over. */
  signedOut(why: string, count: number, stored: boolean): void {
    const held = stored ? "存在这台设备上，重新登录后自动上传。" : "这台设备也存不下副本，请先抄下来。";
    const button = element("button", "btn btn-primary", "重新登录，接着考");
    button.type = "button";
    button.addEventListener("click", this.again);
    const kept = count ? `${count} 题还没有传到服务器，${held}` : "已答的题都已保存。";
    this.line.replaceChildren(element("p", "", `${why}考试还在计时。${kept}`), button);
    if (!this.line.hidden) return; // whoever goes on answering is not taken away from the question
    this.line.hidden = false;
    this.line.scrollIntoView({ block: "center" });
  }

  hide(): void {
    this.line.hidden = true;
  }
}
