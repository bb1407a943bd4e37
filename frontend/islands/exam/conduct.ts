/**
 * The record of conduct (A20): what this page sees of itself goes to the server in small batches, each event with its own number, so that
 * a repeated batch changes nothing. All of it is a claim; the server decides nothing by it. An empty batch each minute says that the
 * page lives. The invigilator's words are shown from here, too, because seeing them is told with the next batch.
 */
interface Told {
  kind: string;
  sequence: number;
  at: number;
  lasted_ms?: number;
  facts?: Record<string, number>;
}

export interface Word {
  number: number;
  text: string;
  at: string;
}

const BEAT_MS = 60_000;
const SOON_MS = 1_500;
const MOST_KEPT = 200;
const MOST_IN_A_BATCH = 50;
/** Shorter looks away are slips of a finger, a notification drawn over the page, a permission asked. */
const LEAST_AWAY_MS = 1_000;
const LEAST_RESIZE = 120;

export class Conduct {
  private kept: Told[] = [];
  private sequence = 0;
  private seen = 0;
  private timer = 0;
  private sending = false;
  private stopped = false;
  private away: number | null = null;
  private offline: number | null = null;
  private copied = "";
  private size = { width: window.innerWidth, height: window.innerHeight };
  private readonly key: string;

  constructor(
    private readonly url: string,
    attempt: string,
    private readonly token: string,
    private readonly words: HTMLElement | null,
    /** The question in sight, 0 where that is not known. */
    private readonly question: () => number,
  ) {
    this.key = `exam-conduct:${attempt}`;
    this.load();
    this.words?.replaceChildren(); // drawn for pages without script; what was not read yet comes again with the first look
    this.watch();
    this.tell("opened", undefined, { width: window.innerWidth, height: window.innerHeight });
    window.setInterval(() => void this.send(), BEAT_MS);
  }

  /** What the invigilator said, newest last; what was not read yet is shown. */
  hear(words: readonly Word[] | undefined): void {
    for (const word of words ?? []) {
      if (word.number <= this.seen || this.words?.querySelector(`[data-word="${word.number}"]`)) continue;
      this.show(word);
    }
  }

  private show(word: Word): void {
    const notice = document.createElement("div");
    notice.className = "notice notice-wait exam-word";
    notice.dataset.word = String(word.number);
    const text = document.createElement("p");
    const who = document.createElement("strong");
    who.textContent = `监考老师 ${word.at}：`;
    text.append(who, word.text);
    const read = document.createElement("button");
    read.type = "button";
    read.className = "btn btn-small";
    read.textContent = "知道了";
    read.addEventListener("click", () => {
      notice.remove();
      this.seen = Math.max(this.seen, word.number);
      this.store();
      this.soon();
    });
    notice.append(text, read);
    this.words?.append(notice);
  }

  private watch(): void {
    const look = () => {
      const gone = document.visibilityState === "hidden" || !document.hasFocus();
      if (gone) this.away ??= performance.now();
      else this.back();
    };
    document.addEventListener("visibilitychange", look);
    window.addEventListener("blur", look);
    window.addEventListener("focus", look);
    window.addEventListener("pagehide", () => {
      this.back();
      void this.send(true);
    });
    document.addEventListener("copy", () => {
      this.copied = String(document.getSelection() ?? "");
      if (this.copied) this.tell("copy", undefined, { characters: this.copied.length });
    });
    document.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text") ?? "";
      if (text) this.tell("paste", undefined, { characters: text.length, own: text === this.copied ? 1 : 0 });
    });
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement) this.tell("fullscreen");
    });
    window.addEventListener("resize", () => this.resized());
    window.addEventListener("offline", () => (this.offline ??= performance.now()));
    window.addEventListener("online", () => {
      if (this.offline === null) return;
      this.tell("offline", performance.now() - this.offline);
      this.offline = null;
    });
  }

  private back(): void {
    if (this.away === null) return;
    const lasted = performance.now() - this.away;
    this.away = null;
    if (lasted >= LEAST_AWAY_MS) this.tell("left", lasted);
  }

  /** A keyboard that slides in changes the height of a phone's window: only the width counts there. */
  private resized(): void {
    const wide = Math.abs(window.innerWidth - this.size.width);
    const high = window.matchMedia("(pointer: fine)").matches ? Math.abs(window.innerHeight - this.size.height) : 0;
    if (Math.max(wide, high) < LEAST_RESIZE) return;
    this.size = { width: window.innerWidth, height: window.innerHeight };
    this.tell("resize", undefined, { ...this.size });
  }

  private tell(kind: string, lasted?: number, facts: Record<string, number> = {}): void {
    this.sequence = Math.max(this.sequence + 1, Date.now());
    const question = this.question();
    const told: Told = { kind, sequence: this.sequence, at: Date.now(), facts: question ? { ...facts, question } : facts };
    if (lasted !== undefined) told.lasted_ms = Math.round(lasted);
    this.kept = [...this.kept, told].slice(-MOST_KEPT);
    this.store();
    this.soon();
  }

  private soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(), SOON_MS);
  }

  private async send(leaving = false): Promise<void> {
    if (this.stopped || (this.sending && !leaving)) return;
    this.sending = true;
    const batch = this.kept.slice(0, MOST_IN_A_BATCH);
    const now = Date.now();
    const events = batch.map(({ at, ...told }) => ({ ...told, ago_ms: Math.max(0, now - at) }));
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        body: JSON.stringify({ events, seen: this.seen }),
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.token },
        keepalive: leaving,
        redirect: "error",
      });
      if (answer.ok || (answer.status >= 400 && answer.status < 500 && answer.status !== 429)) {
        const sent = new Set(batch.map((one) => one.sequence));
        this.kept = this.kept.filter((one) => !sent.has(one.sequence));
        this.store();
      }
      if (answer.status === 401 || answer.status === 409) this.stopped = true; // handed in, or goes on elsewhere
    } catch {
      /* the network is away: what happened is kept and told later */
    } finally {
      this.sending = false;
    }
  }

  private load(): void {
    try {
      const found = JSON.parse(window.localStorage.getItem(this.key) ?? "{}") as { kept?: Told[]; seen?: number };
      this.kept = Array.isArray(found.kept) ? found.kept : [];
      this.seen = Number(found.seen ?? 0) || 0;
      this.sequence = this.kept.reduce((most, one) => Math.max(most, one.sequence), 0);
    } catch {
      /* a broken store: begin anew */
    }
  }

  private store(): void {
    try {
      window.localStorage.setItem(this.key, JSON.stringify({ kept: this.kept, seen: this.seen }));
    } catch {
      /* a full or forbidden store: it lives as long as the page */
    }
  }
}
