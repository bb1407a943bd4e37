/**
 * A presence check in a box: of the player, of the exam room, or of its own page. `mount(box, check, {onDone})` draws whatever the server
 * asks (face, question, puzzle, a teacher's word), counts down, offers the other ways, and tells the end. Nothing is decided here.
 */
import "./presence.css";
import { element } from "../../controllers/dom";
import type { Step } from "./burst";
import { type Check, faultWords, type Kind, KIND_WORDS, type Reason, Refusal, Server, signed } from "./check";
import { Shots, type Taken } from "./shots";
import { type Given, taskForm } from "./tasks";

export type { Check } from "./check";

export interface Hooks {
  /** Django's token; the page's own where it is left out. */
  csrf?: string;
  /** The check is over: `check.state` says how, `check.outcome` what to tell. Called once. */
  onDone?(check: Check): void;
  /** Something changed: another kind, another try. */
  onChange?(check: Check): void;
}

export interface Mounted {
  /** Takes the check off the page and closes the camera; the check itself stays open. */
  close(): void;
}

const WHY = "需要用摄像头拍几张照片，和你登记的人脸比对，确认是本人在学。只在你点“开始拍照”后拍，照片加密保存、到期删除，不录像、不录音。";
const WAIT_MS = 3_000;
/** The server takes no answer that comes faster than anybody reads; one that does is held back so long. */
const READING_MS = 1_300;
/** Said aloud at these many seconds left. */
const SAID_AT = new Set([30, 10]);

export function mount(box: HTMLElement, check: Check, hooks: Hooks = {}): Mounted {
  return new Presence(box, check, hooks);
}

class Presence implements Mounted {
  private readonly server: Server;
  private readonly card = element("section", "card stack presence-card");
  private readonly title = element("h2", "card-title");
  private readonly words = element("p", "");
  private readonly count = element("p", "presence-count num");
  private readonly spoken = element("p", "sr-only");
  private readonly note = element("p", "presence-note");
  private readonly body = element("div", "presence-body stack");
  private readonly others = element("div", "presence-others");
  private shots: Shots | null = null;
  private timer = 0;
  private asking = 0;
  private endsAt = 0;
  private saidAt = -1;
  private shownAt = 0;
  private closed = false;
  private sending = false;

  constructor(private readonly box: HTMLElement, private check: Check, private readonly hooks: Hooks) {
    this.server = new Server(hooks.csrf ?? box.dataset.csrf ?? "");
    this.title.id = `presence-${check.check}`;
    this.title.tabIndex = -1;
    this.card.setAttribute("aria-labelledby", this.title.id);
    this.spoken.setAttribute("role", "status");
    this.note.setAttribute("role", "alert");
    this.card.append(this.title, this.words, this.count, this.spoken, this.note, this.body, this.others);
    this.box.replaceChildren(this.card);
    this.timer = window.setInterval(() => this.tick(), 1_000);
    this.take(check, true);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.asking);
    this.shots?.close();
    this.card.remove();
  }

  /** What the server says now. `fresh` draws anew even if the kind stays. */
  private take(check: Check, fresh: boolean): void {
    if (this.closed) return;
    const changed = fresh || check.kind !== this.check.kind || (check.nonce !== this.check.nonce && check.kind !== "face");
    this.check = check;
    this.endsAt = performance.now() + check.left_ms;
    if (check.state !== "open") return this.finish();
    if (changed) this.draw();
    this.tick();
    this.hooks.onChange?.(check);
  }

  private draw(): void {
    const { check } = this;
    this.shots?.close();
    this.shots = null;
    this.card.className = `card stack presence-card presence-place-${check.kind === "face" ? 4 : check.place}`;
    this.title.textContent = KIND_WORDS[check.kind];
    this.words.textContent = check.words;
    if (check.kind === "face") {
      const shots = new Shots(WHY, () => ["front", ...this.check.turns] as Step[], (taken) => void this.face(taken), (words) => this.tell(words));
      this.shots = shots;
      this.body.replaceChildren(shots.part);
    } else if (check.kind === "word") {
      this.body.replaceChildren(element("p", "", "正在等本班老师确认。请现在联系老师：老师的“在学确认”页面上能看到你的名字，点一下就好。"));
      this.wait();
    } else this.body.replaceChildren(taskForm(check, (given) => void this.answer(given)));
    this.shownAt = performance.now();
    this.drawOthers();
    this.title.focus({ preventScroll: true });
  }

  private drawOthers(): void {
    const row = element("div", "cluster");
    const { kind, kinds } = this.check;
    // Named, not "the next": a second press of the same button changes nothing more.
    const next = kinds[(kinds.indexOf(kind) + 1) % kinds.length] ?? kind;
    const ways: [string, Kind, Reason][] = kind === "face" ? [["没有摄像头", next, "no_camera"], ["不想用人脸", next, "will_not"]] : [];
    for (const other of kinds) if (kind !== "face" && other !== kind) ways.push([`改用${KIND_WORDS[other]}`, other, "cannot"]);
    if (kinds.length < 2) return this.others.replaceChildren();
    for (const [words, other, reason] of ways) {
      const button = element("button", "btn btn-small", words);
      button.type = "button";
      button.addEventListener("click", () => void this.other(other, reason));
      row.append(button);
    }
    const words = kind === "face" ? "没有摄像头或不想用人脸，可以换一种方式，会记下原因：" : "也可以换一种方式：";
    this.others.replaceChildren(element("p", "muted small", words), row);
  }

  private async face({ burst, claims }: Taken): Promise<void> {
    const frames = Object.fromEntries(burst.frames.map((frame, number) => [`f${number}`, frame]));
    await this.send(async () => {
      const said = JSON.stringify(claims);
      const signature = await this.sign("face", said, ...burst.frames);
      const values = { ...frames, nonce: this.check.nonce, claims: said, signature };
      const { job } = await this.server.post<{ job: number }>(this.check.urls.face, values);
      const verdict = await this.server.verdict(job, () => this.closed);
      const now = await this.server.get<Check>(this.check.urls.state);
      if (now.state !== "open") return this.take(now, true);
      const words = verdict?.words.length ? verdict.words.join(" ") : "现在比对的人多，没有来得及。";
      this.take(now, false);
      this.shots?.again(`${words} 还可以再试 ${now.tries_left} 次。`);
    });
  }

  private async answer({ given, variant }: Given): Promise<void> {
    if (!given.length) return this.tell("请先选一个答案。");
    await this.send(async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, this.shownAt + READING_MS - performance.now())));
      const { kind, nonce } = this.check;
      const values = { kind, nonce, given, variant, signature: await this.sign("answer", kind, variant, ...given) };
      const told = await this.server.post<{ passed: boolean; words: string; check: Check }>(this.check.urls.answer, values);
      this.take(told.check, true);
      if (told.check.state === "open") this.tell(told.words);
    });
  }

  private async other(kind: Kind, reason: Reason): Promise<void> {
    await this.send(async () => {
      const values = { kind, reason, nonce: this.check.nonce, signature: await this.sign("other", kind, reason) };
      const told = await this.server.post<{ check: Check }>(this.check.urls.other, values);
      this.take(told.check, true);
    });
  }

  /** This browser's signature over an answer to the present try. */
  private sign(...parts: (string | Blob)[]): Promise<string> {
    return signed(this.check.check, this.check.nonce, parts);
  }

  /** One request at a time; a refusal is told, and what stands there now is asked for. */
  private async send(act: () => Promise<void>): Promise<void> {
    if (this.sending || this.closed) return;
    this.sending = true;
    this.card.setAttribute("aria-busy", "true");
    this.tell("");
    try {
      await act();
    } catch (error) {
      if (this.closed) return;
      this.tell(faultWords(error));
      if (error instanceof Refusal) await this.refresh();
      this.shots?.again("请再拍一次，或换一种方式。");
    } finally {
      this.sending = false;
      this.card.removeAttribute("aria-busy");
    }
  }

  private async refresh(): Promise<void> {
    const now = await this.server.get<Check>(this.check.urls.state).catch(() => null);
    if (now) this.take(now, false);
  }

  /** A teacher's word comes by itself; so does the end of a check whose time is over. */
  private wait(): void {
    if (this.asking) return;
    this.asking = window.setTimeout(async () => {
      if (!this.closed && this.check.state === "open" && !this.sending) await this.refresh();
      this.asking = 0;
      if (!this.closed && this.check.state === "open" && (this.check.kind === "word" || this.isLate)) this.wait();
    }, WAIT_MS);
  }

  private get isLate(): boolean {
    return performance.now() >= this.endsAt;
  }

  private tick(): void {
    if (this.check.state !== "open") return;
    const left = Math.ceil((this.endsAt - performance.now()) / 1_000);
    this.count.textContent = left > 0 ? `请在 ${left} 秒内完成` : "时间到了，正在等服务器确认…";
    if (SAID_AT.has(left) && this.saidAt !== left) {
      this.saidAt = left;
      this.spoken.textContent = `还剩 ${left} 秒`;
    }
    if (left <= 0) this.wait();
  }

  private finish(): void {
    clearInterval(this.timer);
    clearTimeout(this.asking);
    this.shots?.close();
    this.shots = null;
    this.card.dataset.state = this.check.state;
    this.title.textContent = this.check.state === "passed" ? "核验通过" : "核验没有完成";
    this.words.textContent = this.check.outcome;
    this.count.textContent = "";
    this.tell("");
    this.body.replaceChildren();
    this.others.replaceChildren();
    this.title.focus({ preventScroll: true });
    this.hooks.onDone?.(this.check);
  }

  private tell(words: string): void {
    if (this.note.textContent !== words) this.note.textContent = words;
  }
}
