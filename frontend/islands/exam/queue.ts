/**
 * Answers on their way to the server. Each waits in localStorage until the server has acknowledged it, and is sent in order; a lost
 * network only delays them. The numbers grow by one a message, so the server can tell a repeated or late one from a new one.
 */
export interface Entry {
  position: number;
  given: string[];
  sequence: number;
}

export interface Ack {
  position: number;
  sequence: number;
  at: string;
  server_now: number;
}

/** The server said no in a way that sending again will not change. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly final: boolean,
  ) {
    super(message);
  }
}

export interface Listener {
  saved(ack: Ack, waiting: number): void;
  waiting(count: number, offline: boolean): void;
  refused(refusal: Refusal, entry: Entry): void;
}

const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class AnswerQueue {
  private entries: Entry[];
  private sequence: number;
  private sending = false;
  private stopped = false;
  private failures = 0;
  private timer = 0;

  constructor(
    private readonly key: string,
    first: number,
    private readonly send: (entry: Entry) => Promise<Ack>,
    private readonly listener: Listener,
  ) {
    this.entries = this.load();
    this.sequence = this.entries.reduce((most, entry) => Math.max(most, entry.sequence), first);
    window.addEventListener("online", () => this.hurry());
  }

  get waiting(): number {
    return this.entries.length;
  }

  /** What waits here is newer than what the page was drawn with. */
  pending(): readonly Entry[] {
    return this.entries;
  }

  put(position: number, given: string[]): void {
    this.sequence += 1;
    const [head, ...rest] = this.entries;
    const kept = rest.filter((entry) => entry.position !== position);
    const first = head && (this.sending || head.position !== position) ? [head] : [];
    this.entries = [...first, ...kept, { position, given, sequence: this.sequence }];
    this.store();
    this.listener.waiting(this.entries.length, false);
    void this.pump();
  }

  /** Try at once, without waiting for the next attempt. */
  hurry(): void {
    window.clearTimeout(this.timer);
    void this.pump();
  }

  stop(): void {
    this.stopped = true;
    window.clearTimeout(this.timer);
  }

  /** Nothing of this attempt is needed any more. */
  clear(): void {
    this.stop();
    this.entries = [];
    this.store();
  }

  private async pump(): Promise<void> {
    if (this.sending || this.stopped) return;
    this.sending = true;
    while (this.entries.length && !this.stopped) {
      const entry = this.entries[0]!;
      try {
        const ack = await this.send(entry);
        this.failures = 0;
        this.drop(entry);
        this.listener.saved(ack, this.entries.length);
      } catch (error) {
        if (error instanceof Refusal) {
          if (error.final) this.stopped = true;
          else this.drop(entry);
          this.listener.refused(error, entry);
          continue;
        }
        this.listener.waiting(this.entries.length, true);
        const pause = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!;
        this.failures += 1;
        this.timer = window.setTimeout(() => void this.pump(), pause);
        break;
      }
    }
    this.sending = false;
  }

  private drop(entry: Entry): void {
    this.entries = this.entries.filter((one) => one.sequence !== entry.sequence);
    this.store();
  }

  private load(): Entry[] {
    try {
      const found: unknown = JSON.parse(window.localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? (found as Entry[]) : [];
    } catch {
      return [];
    }
  }

  private store(): void {
    try {
      if (this.entries.length) window.localStorage.setItem(this.key, JSON.stringify(this.entries));
      else window.localStorage.removeItem(this.key);
    } catch {
      /* a full or forbidden store: the queue still lives in this page */
    }
  }
}
