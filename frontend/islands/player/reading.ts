/** Documents, texts and self-tests: position is reading time, counted while the page is in front of the learner. */
import type { Opened } from "./beats";
import type { Source, SourceListener } from "./source";

export class ReadingSource implements Source {
  private base = 0;
  private since = 0;
  private on = false;

  constructor(
    private readonly box: HTMLElement,
    private readonly listener: SourceListener,
  ) {
    this.pages();
  }

  async start(opened: Opened): Promise<void> {
    this.base = opened.seen_to_ms;
    this.since = performance.now();
    const frame = this.box.querySelector<HTMLIFrameElement>("[data-document]");
    const link = this.box.querySelector<HTMLAnchorElement>("[data-document-link]");
    if (frame) frame.src = `${opened.urls.document}#page=1&view=FitH`;
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

  close(): void {
    this.on = false;
  }

  private pages(): void {
    const frame = this.box.querySelector<HTMLIFrameElement>("[data-document]");
    const next = this.box.querySelector<HTMLButtonElement>("[data-page-next]");
    const back = this.box.querySelector<HTMLButtonElement>("[data-page-back]");
    const words = this.box.querySelector<HTMLElement>("[data-page-number]");
    if (!frame || !next || !back || !words) return;
    const last = Number(next.dataset.pages) || 999;
    let page = 1;
    const go = (to: number) => {
      page = Math.max(1, Math.min(last, to));
      words.textContent = last === 999 ? `第 ${page} 页` : `第 ${page} 页 / 共 ${last} 页`;
      const address = frame.src.split("#")[0];
      if (address) frame.contentWindow?.location.replace(`${address}#page=${page}&view=FitH`);
    };
    next.addEventListener("click", () => go(page + 1));
    back.addEventListener("click", () => go(page - 1));
  }
}
