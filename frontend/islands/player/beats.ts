/**
 * The beats of one session: one under way at a time, each with the ticket of the answer before it and a proof of its very bytes. What
 * could not be sent waits and grows into one; a beat without an answer is tried again under the same number and ticket, which the
 * server accepts once. By its moment of saving we know which of the tries that was, and the rest goes on from there.
 */
import type { Answer, Check, Opened, Prove, Stretch } from "./protocol";

export interface Listener {
  /** The server accepted `sent` (or refused it for good: `accepted` false, the session is over). */
  answered(answer: Answer, sent: Stretch, accepted: boolean): void;
  /** Nothing goes through since so many milliseconds: a bad line (`words` empty), or the server's own words why it cannot now. */
  waiting(since: number, words: string): void;
  /** The server refuses for good, without a word on the session: the sign-in is over, or the page is too old. */
  lost(code: string, words: string): void;
}

interface Sealed {
  number: number;
  request: RequestInit;
}

interface Try {
  at: number;
  stretch: Stretch;
}

const FIRST_RETRY = 1_000;
const LAST_RETRY = 8_000;
const PATIENCE = 20_000;
/** How much earlier than its own sending a try may seem to have been saved, for the clocks' blur. */
const BLUR = 250;
const LATER = new Set([408, 429]);

export class Beats {
  private queue: Stretch[] = [];
  private sending = false;
  private stopped = false;
  private retry = FIRST_RETRY;
  private troubleSince = 0;
  private lastAnswer = performance.now();
  private number: number;
  private current: string;
  private ready: Sealed | null = null;
  private wake: () => void = () => undefined;
  /** The server's clock minus ours, as the fastest answer so far shows it. */
  private ahead: number;
  private asked = "";
  private confirmed = "";
  private heldUntil = 0;

  constructor(
    private readonly opened: Opened,
    private readonly prove: Prove,
    private readonly listener: Listener,
  ) {
    this.number = opened.number;
    this.current = opened.ticket;
    this.ahead = opened.server_ms - performance.now();
    window.addEventListener("online", () => this.wake());
  }

  /** The ticket that key requests carry. */
  get ticket(): string {
    return this.current;
  }

  /** Milliseconds since the server last answered: what lies further back than the longest gap is lost. */
  get silence(): number {
    return performance.now() - this.lastAnswer;
  }

  /** Whether something waits for an answer of the server. */
  get isBusy(): boolean {
    return this.queue.length > 0;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Queues a stretch; what waits grows into one, as long as it belongs together. */
  push(stretch: Stretch): void {
    if (this.stopped) return;
    this.ready = null;
    // A sign of life between two stretches would use up the server's time for the second when both go out late.
    if (stretch.playing && this.queue.length > 1 && this.queue.at(-1)?.playing === false) this.queue.pop();
    const last = this.queue.at(-1);
    if (last && joins(last, stretch)) {
      last.to_ms = stretch.to_ms;
      last.event = stretch.event;
      last.idle_ms = Math.max(last.idle_ms, stretch.idle_ms);
    } else {
      this.queue.push({ ...stretch });
    }
    void this.flush();
  }

  /** Whether the line is down and this would be a second stretch: a beat leaves the next one at most 3 s of the server's clock. */
  wouldLose(stretch: Stretch): boolean {
    const last = this.troubleSince ? this.queue.findLast((one) => one.playing) : undefined;
    return last !== undefined && !joins(last, stretch);
  }

  /** Forgets what waits: the server has the learner elsewhere. */
  drop(): void {
    this.queue = [];
  }

  /** The learner answered a check; what waited for it goes out with the answer, else `empty`. */
  confirm(check: Check, empty: Stretch): void {
    if (check.nonce !== this.asked) return;
    this.confirmed = check.nonce;
    if (this.queue.length === 0) this.push(empty);
    else void this.flush();
  }

  /** Sends what waits; resolves when the queue is empty, the session is over, or the time is up. */
  async drain(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while ((this.sending || this.queue.length > 0) && !this.stopped && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Signs the last word of a page that may close at any moment (proofs take a moment that a closing page does not have). */
  async prepare(stretch: Stretch): Promise<void> {
    if (this.stopped || this.sending || this.queue.length > 0) return;
    const sealed = await this.seal({ ...stretch, event: "close" });
    if (!this.sending && this.queue.length === 0 && sealed.number === this.number + 1) this.ready = sealed;
  }

  /** Sends the prepared last word; not while a beat is under way, for a second ticket does not exist. */
  farewell(): void {
    const last = this.ready;
    const free = !this.stopped && !this.sending && this.queue.length === 0;
    this.stopped = true;
    if (free && last?.number === this.number + 1) void fetch(this.opened.urls.beats, last.request).catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.queue = [];
    this.wake();
  }

  private get isHeld(): boolean {
    return this.asked !== "" && this.confirmed === "" && performance.now() < this.heldUntil;
  }

  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    this.ready = null;
    while (!this.stopped && this.queue.length > 0 && !this.isHeld) await this.deliver();
    this.sending = false;
  }

  /** Tries the first stretch of the queue until the server has decided; meanwhile it may grow. */
  private async deliver(): Promise<void> {
    const tries: Try[] = [];
    while (!this.stopped) {
      const head = this.queue[0];
      if (!head) return;
      const stretch = { ...head };
      const sealed = await this.seal(stretch);
      const began = performance.now();
      tries.push({ at: began, stretch });
      const trouble = await this.attempt(sealed, head, tries);
      if (trouble === null) return;
      if (!this.troubleSince) this.troubleSince = began;
      this.listener.waiting(performance.now() - this.troubleSince, trouble.words);
      await this.rest(Math.max(this.retry, trouble.wait));
      this.retry = Math.min(LAST_RETRY, this.retry * 2);
    }
  }

  /** One try; null when the server has decided, else what it said and how long to wait. */
  private async attempt(sealed: Sealed, head: Stretch, tries: Try[]): Promise<{ words: string; wait: number } | null> {
    let response: Response;
    let body: Partial<Answer> & { code?: string; message?: string };
    try {
      response = await fetch(this.opened.urls.beats, { ...sealed.request, signal: AbortSignal.timeout(PATIENCE) });
      body = (await response.json()) as typeof body;
    } catch {
      return { words: "", wait: 0 };
    }
    if (response.status >= 500 || LATER.has(response.status)) {
      return { words: body.message ?? "服务器正忙。", wait: Number(response.headers.get("Retry-After") ?? 0) * 1_000 };
    }
    this.retry = FIRST_RETRY;
    this.troubleSince = 0;
    this.lastAnswer = performance.now();
    const answer = body as Answer;
    if (response.status !== 200) {
      this.stop();
      if (body.reason) this.listener.answered(answer, head, false);
      else this.listener.lost(body.code ?? "", body.message ?? "学习已停止，请回到课程页重新进入。");
      return null;
    }
    this.number = answer.number;
    this.current = answer.ticket;
    this.ahead = Math.max(this.ahead, answer.saved_at_ms - performance.now());
    const sent = this.accepted(tries, answer.saved_at_ms);
    if (this.queue[0] === head) this.keepRest(head, sent);
    this.look(answer.check);
    if (answer.ended) this.stop();
    this.listener.answered(answer, sent, true);
    return null;
  }

  /** Which try the server took: the last one that was under way when it saved. */
  private accepted(tries: Try[], savedAt: number): Stretch {
    const moment = savedAt - this.ahead + BLUR;
    const taken = tries.findLast((one) => one.at <= moment) ?? tries[0];
    if (!taken) throw new Error("an answer without a try");
    return taken.stretch;
  }

  /** What the first stretch has grown by since the server took it waits on. */
  private keepRest(head: Stretch, sent: Stretch): void {
    if (head.to_ms > sent.to_ms || head.event !== sent.event) head.from_ms = Math.min(sent.to_ms, head.to_ms);
    else this.queue.shift();
  }

  private look(check: Check | undefined): void {
    if (!check) {
      this.asked = this.confirmed = "";
    } else if (check.nonce !== this.asked) {
      this.asked = check.nonce;
      this.confirmed = "";
      this.heldUntil = performance.now() + check.answer_within_ms + 5_000;
    }
  }

  private async seal(stretch: Stretch): Promise<Sealed> {
    const number = this.number + 1;
    const claim = { number, ticket: this.current, ...stretch, answer: this.confirmed };
    const body = new TextEncoder().encode(JSON.stringify(claim));
    const headers = { "Content-Type": "application/json", "X-Beat-Proof": await this.prove(body) };
    return { number, request: { method: "POST", credentials: "same-origin", keepalive: true, headers, body } };
  }

  /** Waits, but not longer than the line is down. */
  private rest(milliseconds: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        setTimeout(done, 100);
      };
    });
  }
}

function joins(one: Stretch, two: Stretch): boolean {
  return (
    one.visible === two.visible &&
    one.focused === two.focused &&
    one.playing === two.playing &&
    one.rate_percent === two.rate_percent &&
    one.page === two.page &&
    Math.abs(two.from_ms - one.to_ms) < 250
  );
}
