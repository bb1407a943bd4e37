/** Documents, texts and self-tests: position is reading time, counted while the page is in front of the learner. */
import { Reader } from "../../controllers/reader";
import type { Opened } from "./protocol";
import type { Source, SourceListener } from "./source";

export class ReadingSource implements Source {
  private base = 0;
  private since = 0;
  private on = false;
  private readonly reader: Reader | null;

  constructor(
    private readonly box: HTMLElement,
    private readonly listener: SourceListener,
  ) {
    const pages = box.querySelector<HTMLElement>("[data-reader]");
    this.reader = pages ? new Reader(pages) : null;
  }

  async start(opened: Opened): Promise<void> {
    this.base = opened.seen_to_ms;
    this.since = performance.now();
    const link = this.box.querySelector<HTMLAnchorElement>("[data-document-link]");
    this.reader?.showFrom(opened.urls.pages);
    if (link) {
      link.href = opened.urls.document;
      link.hidden = false;
    }
    this.play();
  }

  position(): number {
    return Math.round(this.base + (this.on ? performance.now() - this.since : 0));
  }

  running(): boolean {
    return this.on;
  }

  loading(): boolean {
    return false;
  }

  over(): boolean {
    return false;
  }

  rate(): number {
    return 100;
  }

  play(): void {
    if (this.on) return;
    this.since = performance.now();
    this.on = true;
    this.listener.started();
  }

  pause(): void {
    if (!this.on) return;
    this.base = this.position();
    this.on = false;
    this.listener.stopped("pause");
  }

  rewind(): void {
    // reading time has no place to go back to
  }

  seen(): void {
    // nor one that could lie ahead
  }

  uncover(): void {
    // nothing lies above a page
  }
}
