/**
 * A presence check above whatever waits for it (the player, the exam room). It fetches the check, hands it to the presence island and
 * stays until presence was shown; after a missed or failed one there is one button: check again.
 */
import type { Check, Mounted } from "../islands/presence/mount";
import { csrfToken, element } from "./dom";

export class PresenceDialog {
  private readonly dialog = element("dialog", "dialog presence-dialog");
  private readonly body = element("div", "stack");
  private open = false;
  private mounted: Mounted | null = null;

  /** `passed` is called each time that nothing is waited for any more; `gaveBack`: what a missed check had taken counts again. */
  constructor(
    host: HTMLElement,
    private readonly address: string,
    private readonly passed: (gaveBack: boolean) => void,
  ) {
    this.dialog.setAttribute("aria-label", "在学核验");
    this.dialog.append(this.body);
    host.append(this.dialog);
    // Only the check itself closes it: not Escape.
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.dialog.addEventListener("close", () => this.open && this.dialog.showModal());
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Asks now; while it is asking already, nothing more happens. */
  ask(): void {
    if (this.open) return;
    this.open = true;
    if (!this.dialog.open) this.dialog.showModal();
    void this.fetch();
  }

  /** The page is over: takes the question away unanswered. */
  close(): void {
    this.open = false;
    this.mounted?.close();
    this.dialog.close();
    this.body.replaceChildren();
  }

  private async fetch(): Promise<void> {
    this.body.replaceChildren(element("p", "muted", "正在准备核验…"));
    let answer: Response;
    try {
      answer = await fetch(this.address, {
        method: "POST",
        headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
        signal: AbortSignal.timeout(12_000),
      });
    } catch {
      return this.offer("网络不好，没有连上服务器。学过的都已存好，请检查网络后再试。", "再试一次");
    }
    const said = (await answer.json().catch(() => ({}))) as Check & { message?: string };
    if (answer.status === 409) return this.done();
    if (!answer.ok) return this.offer(said.message ?? "现在不能核验，请稍后再试。", "再试一次");
    const { mount } = await import("../islands/presence/mount");
    if (!this.open) return;
    this.dialog.dataset.place = String(said.place);
    this.mounted = mount(this.body, said, {
      csrf: csrfToken(),
      onDone: (check) => (check.state === "passed" ? this.done(check.gave_back) : this.offer(check.outcome, "再次核验")),
    });
  }

  private done(gaveBack = false): void {
    this.close();
    this.passed(gaveBack);
  }

  private offer(words: string, act: string): void {
    const button = element("button", "btn btn-primary", act);
    button.type = "button";
    button.addEventListener("click", () => void this.fetch());
    const line = element("p", "", words);
    line.setAttribute("role", "alert");
    this.body.replaceChildren(line, button);
    button.focus();
  }
}
