/**
 * The page's side of the study protocol (docs/reference/study-protocol.md): one beat under way at a time, each with the
 * ticket of the answer before it. A beat that was not answered is sent again as it is; the server answers it once.
 * What is played meanwhile waits in the queue, so that a bad line costs nothing until the longest gap is reached.
 */

export interface Opened {
  session_id: number;
  number: number;
  ticket: string;
  position_ms: number;
  seen_to_ms: number;
  unit_ms: number;
  credited_seconds: number;
  beat_seconds: number;
  max_gap_seconds: number;
  max_rate_percent: number;
  idle_seconds: number;
  day_left_seconds: number;
  finished: boolean;
  paced: boolean;
  server_ms: number;
  urls: { beats: string; close: string; stream: string; document: string; pages: string };
}

/** What the page claims of one stretch since the last beat. */
export interface Stretch {
  from_ms: number;
  to_ms: number;
  rate_percent: number;
  visible: boolean;
  focused: boolean;
  playing: boolean;
  idle_ms: number;
  event: "tick" | "pause" | "seek" | "hide" | "end" | "close";
}

export interface Answer {
  number: number;
  ticket: string;
  reason: string;
  text: string;
  credited_seconds: number;
  gained_ms: number;
  position_ms: number;
  seen_to_ms: number;
  day_left_seconds: number;
  saved_at_ms: number;
  ended: boolean;
  finished: boolean;
}

export interface Listener {
  answered(answer: Answer): void;
  /** The line is bad since so many milliseconds. */
  waiting(since: number): void;
  /** The server refuses for good: the sign-in or the session is over. */
  lost(words: string): void;
}

const FIRST_RETRY = 1_000;
const LAST_RETRY = 8_000;
const PATIENCE = 12_000;

export class Beats {
  private queue: Stretch[] = [];
  private sending = false;
  private stopped = false;
  private retry = FIRST_RETRY;
  private troubleSince = 0;
  private lastAnswer = performance.now();
  private number: number;
  private ticket: string;

  constructor(
    private readonly opened: Opened,
    private readonly listener: Listener,
  ) {
    this.number = opened.number;
    this.ticket = opened.ticket;
  }

  /** Milliseconds since the server last answered: what lies further back than the longest gap is lost. */
  get silence(): number {
    return performance.now() - this.lastAnswer;
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** Queues a stretch; ticks that wait grow into one, as long as they belong together. */
  push(stretch: Stretch): void {
    if (this.stopped) return;
    const last = this.queue.at(-1);
    if (last && last.event === "tick" && joins(last, stretch)) {
      last.to_ms = stretch.to_ms;
      last.event = stretch.event;
      last.idle_ms = Math.max(last.idle_ms, stretch.idle_ms);
    } else {
      this.queue.push({ ...stretch });
    }
    void this.flush();
  }

  /** Sends what waits; resolves when the queue is empty, the session is over, or the time is up. */
  async drain(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while ((this.sending || this.queue.length > 0) && !this.stopped && performance.now() < end) {
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** The last word of a closing page: only if nothing is under way, for a second ticket does not exist. */
  farewell(stretch: Stretch): void {
    if (this.stopped || this.sending || this.queue.length > 0) return;
    this.stopped = true;
    void fetch(this.opened.urls.beats, { ...this.request({ ...stretch, event: "close" }), keepalive: true }).catch(() => undefined);
  }

  stop(): void {
    this.stopped = true;
    this.queue = [];
  }

  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    while (!this.stopped) {
      const stretch = this.queue.shift();
      if (!stretch) break;
      await this.deliver(stretch);
    }
    this.sending = false;
  }

  private async deliver(stretch: Stretch): Promise<void> {
    while (!this.stopped) {
      const answer = await this.attempt(stretch);
      if (answer) return;
      if (!this.troubleSince) this.troubleSince = performance.now();
      this.listener.waiting(performance.now() - this.troubleSince);
      await new Promise((done) => setTimeout(done, this.retry));
      this.retry = Math.min(LAST_RETRY, this.retry * 2);
    }
  }

  /** One try; true when the server has decided, false when it has to be tried again. */
  private async attempt(stretch: Stretch): Promise<boolean> {
    let response: Response;
    try {
      response = await fetch(this.opened.urls.beats, { ...this.request(stretch), signal: AbortSignal.timeout(PATIENCE) });
    } catch {
      return false;
    }
    if (response.status >= 500 || response.status === 429 || response.status === 408) return false;
    let body: Partial<Answer> & { message?: string };
    try {
      body = (await response.json()) as Partial<Answer> & { message?: string };
    } catch {
      return false;
    }
    this.retry = FIRST_RETRY;
    this.troubleSince = 0;
    this.lastAnswer = performance.now();
    if (response.status === 200) {
      const answer = body as Answer;
      this.number = answer.number;
      this.ticket = answer.ticket;
      if (answer.ended) this.stop();
      this.listener.answered(answer);
    } else {
      this.stop();
      if (body.reason) this.listener.answered(body as Answer);
      else this.listener.lost(body.message ?? "学习已停止，请回到课程页重新进入。");
    }
    return true;
  }

  private request(stretch: Stretch): RequestInit {
    return {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ number: this.number + 1, ticket: this.ticket, ...stretch }),
    };
  }
}

function joins(one: Stretch, two: Stretch): boolean {
  return (
    one.visible === two.visible &&
    one.focused === two.focused &&
    one.playing === two.playing &&
    one.rate_percent === two.rate_percent &&
    Math.abs(two.from_ms - one.to_ms) < 250
  );
}
