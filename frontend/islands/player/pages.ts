/** The pages of what is read: which one is in view, what each of them counts already, and where to go on. */
import type { Answer, Opened, Stretch } from "./protocol";
import { clock } from "./words";

/** A page that is only leafed through is not one that is read. */
const SETTLE = 400;

export class Pages {
  private readonly parts: HTMLElement[];
  private readonly inView = new Set<number>();
  private readonly inMiddle = new Set<number>();
  private counted: number[] = [];
  private most = 0;
  private at = 0;
  private timer = 0;
  private readonly word: string;

  constructor(box: HTMLElement, private readonly turned: () => void) {
    this.parts = [...box.querySelectorAll<HTMLElement>("[data-page]")];
    this.word = box.dataset.kind === "document" ? "页" : "节";
    this.watch(this.inView, "0px");
    this.watch(this.inMiddle, "-45% 0px -45% 0px");
  }

  /** The page in view, from 0. */
  get current(): number {
    return this.at;
  }

  /** Takes over what the server counts, and goes to the page where the learner stopped. */
  begin(opened: Opened, move: boolean): void {
    this.most = opened.slot_ms;
    this.counted = Array.from({ length: opened.slots }, (_, page) => opened.page_counts_ms[page] ?? 0);
    if (move && opened.page > 0) this.parts[opened.page]?.scrollIntoView({ block: "start" });
    this.show();
  }

  /** What an accepted beat has changed; a beat that gained nothing says nothing about its page, unless that it is full. */
  answered(answer: Answer, sent: Stretch): void {
    const known = this.counted[sent.page];
    if (known === undefined) return;
    const filled = answer.reason === "page_full" ? this.most : answer.gained_ms > 0 ? answer.position_ms - sent.page * this.most : 0;
    this.counted[sent.page] = Math.max(known, Math.min(filled, this.most));
    this.show();
    this.choose();
  }

  /** Whether the page in view has counted all it may, with so many milliseconds on the way. */
  isFull(waiting = 0): boolean {
    return this.most > 0 && this.counted.length > 1 && (this.counted[this.at] ?? 0) + waiting >= this.most;
  }

  /** Where time still counts, when the page in view is full. */
  get advice(): string {
    const open = (page: number) => (this.counted[page] ?? 0) < this.most;
    const next = this.at + 1;
    if (next < this.counted.length && open(next)) return `这一${this.word}已计满，请接着看下一${this.word}`;
    const other = this.counted.findIndex((_, page) => open(page));
    return other < 0 ? `每一${this.word}都已计满` : `这一${this.word}已计满，请看第 ${other + 1} ${this.word}`;
  }

  /** One line on the page in view. */
  get words(): string {
    if (this.counted.length < 2) return "";
    const counted = Math.floor((this.counted[this.at] ?? 0) / 1_000);
    return `第 ${this.at + 1} ${this.word}已计 ${clock(counted)}，最多 ${clock(Math.floor(this.most / 1_000))}`;
  }

  private watch(known: Set<number>, rootMargin: string): void {
    const seen = (entries: IntersectionObserverEntry[]) => {
      for (const entry of entries) {
        const page = Number((entry.target as HTMLElement).dataset.page);
        if (entry.isIntersecting) known.add(page);
        else known.delete(page);
      }
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.choose(), SETTLE);
    };
    const observer = new IntersectionObserver(seen, { rootMargin });
    for (const part of this.parts) observer.observe(part);
  }

  /** The page in the middle of the window; when that is full and a neighbour in view is not, the neighbour. */
  private choose(): void {
    const full = (page: number) => this.most > 0 && (this.counted[page] ?? 0) >= this.most;
    const middle = Math.max(-1, ...this.inMiddle);
    const visible = [...this.inView].sort((one, two) => one - two);
    const standing = this.inView.has(this.at) || visible.length === 0 ? this.at : (visible[0] ?? this.at);
    const wanted = middle >= 0 ? middle : standing;
    const page = full(wanted) ? (visible.find((one) => !full(one)) ?? wanted) : wanted;
    if (page === this.at) return;
    this.turned();
    this.at = page;
    this.show();
  }

  private show(): void {
    if (this.counted.length < 2) return;
    this.parts.forEach((part, page) => {
      const counted = this.counted[page] ?? 0;
      const full = counted >= this.most;
      part.dataset.counted = full ? `✓ 这一${this.word}已计满` : counted ? `这一${this.word}已计 ${clock(Math.floor(counted / 1_000))}` : `这一${this.word}还没有计时`;
      part.dataset.full = full ? "yes" : "";
    });
  }
}
