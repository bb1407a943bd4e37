/**
 * Answers on their way to the server. Each waits on this device (localStorage) until the server has acknowledged it, and is sent in order;
 * a lost network, a reload or a killed page only delays it. The numbers grow by one a message, so the server can tell a repeated or late
 * one from a new one; where two differ, the server's answer stands. Nothing leaves the store without the server's word.
 */
export type Given = (string | string[])[];

export interface Entry {
  position: number;
  given: Given;
  sequence: number;
}

export interface Ack {
  position: number;
  sequence: number;
  at: string;
  server_now: number;
  /** The answer that stands on the server, where it is not the one that was sent, and the number that has to be passed to change it. */
  instead?: Given;
  client_sequence?: number;
}

/** What becomes of an answer that the server did not take: it cannot be taken, the queue waits for the learner (``out``: to sign in), or all is over. */
export type Fate = "drop" | "halt" | "out" | "over";

/** The server said no in a way that sending again will not change. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fate: Fate,
  ) {
    super(message);
  }
}

/** ``stored`` is false where this device cannot keep a copy: then only the open page knows the answer. */
export interface Wait {
  count: number;
  offline: boolean;
  stored: boolean;
}

export interface Listener {
  saved(ack: Ack, waiting: number): void;
  waiting(wait: Wait): void;
  refused(refusal: Refusal, entry: Entry): void;
}

const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class AnswerQueue {
  private readonly store: EntryStore;
  private entries: Entry[];
  private sequence: number;
  private sending = false;
  private stopped = false;
  private failures = 0;
  private timer = 0;

  constructor(
    key: string,
    first: number,
    private readonly send: (entry: Entry, leaving: boolean) => Promise<Ack>,
    private readonly listener: Listener,
  ) {
    this.store = new EntryStore(key);
    this.entries = this.store.load();
    this.sequence = this.entries.reduce((most, entry) => Math.max(most, entry.sequence), first);
    window.addEventListener("online", () => this.hurry());
    window.addEventListener("offline", () => this.entries.length && this.tell(true));
    window.addEventListener("pagehide", () => this.flush());
  }

  get stored(): boolean {
    return this.store.works;
  }

  get waiting(): number {
    return this.entries.length;
  }

  /** What waits here is newer than what the page was drawn with. */
  pending(): readonly Entry[] {
    return this.entries;
  }

  put(position: number, given: Given): void {
    this.sequence += 1;
    const entry = { position, given, sequence: this.sequence };
    const head = this.sending ? this.entries[0] : undefined; // on its way: its answer must find it
    const older = this.entries.filter((one) => one.position === position && one !== head);
    this.entries = [...this.entries.filter((one) => !older.includes(one)), entry];
    this.store.put(entry);
    older.forEach((one) => this.store.remove(one)); // only now: at every moment one of the two is kept
    this.tell(false);
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
    this.store.clear();
  }

  /** The page goes away: what waits is sent without waiting for answers; it stays in the store until somebody hears one. */
  private flush(): void {
    if (this.stopped || !navigator.onLine) return;
    for (const entry of this.entries.slice(this.sending ? 1 : 0)) this.send(entry, true).catch(() => undefined);
  }

  private async pump(): Promise<void> {
    if (this.sending || this.stopped) return;
    this.sending = true;
    while (this.entries.length && !this.stopped) {
      const entry = this.entries[0]!;
      try {
        const ack = await this.send(entry, false);
        this.failures = 0;
        this.sequence = Math.max(this.sequence, ack.client_sequence ?? 0);
        this.drop(entry);
        this.listener.saved(ack, this.entries.length);
      } catch (error) {
        if (error instanceof Refusal) {
          if (error.fate === "drop") this.drop(entry);
          else if (error.fate === "over") this.clear();
          else this.stopped = true;
          this.listener.refused(error, entry);
          continue;
        }
        this.tell(true);
        this.rest();
        break;
      }
    }
    this.sending = false;
  }

  /** The next attempt comes later with every failure, and not for all learners of a room at one moment. */
  private rest(): void {
    const pause = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]!;
    this.failures += 1;
    this.timer = window.setTimeout(() => void this.pump(), pause * (0.5 + Math.random() / 2));
  }

  private tell(offline: boolean): void {
    this.listener.waiting({ count: this.entries.length, offline: offline || !navigator.onLine, stored: this.stored });
  }

  private drop(entry: Entry): void {
    this.entries = this.entries.filter((one) => one !== entry);
    this.store.remove(entry);
  }
}

/** One item of localStorage an answer, so that two tabs of one attempt never overwrite each other's. */
class EntryStore {
  works = true;
  private readonly page = Math.random().toString(36).slice(2, 8);
  private readonly names = new WeakMap<Entry, string>();

  constructor(private readonly key: string) {}

  load(): Entry[] {
    const found: Entry[] = [];
    for (const name of this.all()) {
      const entry = read(name);
      if (!entry) continue;
      this.names.set(entry, name);
      found.push(entry);
    }
    return found.sort((one, other) => one.sequence - other.sequence);
  }

  put(entry: Entry): void {
    const name = `${this.key}:${this.page}:${entry.sequence}`;
    this.names.set(entry, name);
    try {
      window.localStorage.setItem(name, JSON.stringify(entry));
      this.works = true;
    } catch {
      this.works = false; // full or forbidden: the page says that it must stay open
    }
  }

  remove(entry: Entry): void {
    const name = this.names.get(entry);
    if (name) this.forget([name]);
  }

  clear(): void {
    this.forget(this.all());
  }

  private forget(names: string[]): void {
    try {
      names.forEach((name) => window.localStorage.removeItem(name));
    } catch {
      this.works = false;
    }
  }

  private all(): string[] {
    try {
      return Object.keys(window.localStorage).filter((name) => name.startsWith(`${this.key}:`));
    } catch {
      this.works = false;
      return [];
    }
  }
}

function read(name: string): Entry | null {
  try {
    const found = JSON.parse(window.localStorage.getItem(name) ?? "null") as Partial<Entry> | null;
    const fits = Number.isInteger(found?.position) && Number.isInteger(found?.sequence) && Array.isArray(found?.given);
    return fits ? (found as Entry) : null;
  } catch {
    return null;
  }
}
