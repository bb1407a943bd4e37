/** A document's pages as pictures: the bar that turns them, a doubled width, and a second try for what did not load. */

export class Reader {
  private readonly pages: HTMLElement[];
  private current = 1;

  constructor(private readonly box: HTMLElement) {
    this.pages = [...box.querySelectorAll<HTMLElement>("[data-reader-page]")];
    for (const page of this.pages) this.watch(page);
    this.follow();
    this.turn("[data-reader-back]", -1);
    this.turn("[data-reader-next]", 1);
    this.zoom();
    box.dataset.live = "yes";
    this.say();
  }

  /** Says where the pictures are, once that is known: `<base>1.webp` …; those that are there already stay. */
  showFrom(base: string): void {
    for (const page of this.pages) {
      const picture = page.querySelector("img");
      if (picture && picture.dataset.shown !== "yes") picture.src = `${base}${page.dataset.readerPage ?? ""}.webp`;
    }
  }

  /** The page that crosses the middle of the window is the one being read. */
  private follow(): void {
    const seen = (entries: IntersectionObserverEntry[]) => {
      for (const entry of entries) {
        if (entry.isIntersecting) this.current = Number((entry.target as HTMLElement).dataset.readerPage);
      }
      this.say();
    };
    const observer = new IntersectionObserver(seen, { rootMargin: "-45% 0px -45% 0px" });
    for (const page of this.pages) observer.observe(page);
  }

  private turn(selector: string, by: number): void {
    this.box.querySelector<HTMLAnchorElement>(selector)?.addEventListener("click", (event) => {
      event.preventDefault();
      const page = this.pages[this.current - 1 + by];
      if (!page) return;
      this.current += by;
      page.scrollIntoView({ block: "start" });
      page.focus({ preventScroll: true });
      this.say();
    });
  }

  private say(): void {
    const words = this.box.querySelector<HTMLElement>("[data-reader-number]");
    if (words) words.textContent = `第 ${this.current} 页 / 共 ${this.pages.length} 页`;
    for (const [selector, at] of [["[data-reader-back]", this.current - 1], ["[data-reader-next]", this.current + 1]] as const) {
      const link = this.box.querySelector<HTMLAnchorElement>(selector);
      if (!link) continue;
      const there = at >= 1 && at <= this.pages.length;
      link.href = `#page-${there ? at : this.current}`;
      if (there) link.removeAttribute("aria-disabled");
      else link.setAttribute("aria-disabled", "true");
    }
  }

  private zoom(): void {
    const button = this.box.querySelector<HTMLButtonElement>("[data-reader-zoom]");
    button?.addEventListener("click", () => {
      const wide = this.box.dataset.wide !== "yes";
      const page = this.pages[this.current - 1];
      this.box.dataset.wide = wide ? "yes" : "no";
      button.setAttribute("aria-pressed", String(wide));
      page?.scrollIntoView({ block: "start", inline: "start" });
    });
  }

  private watch(page: HTMLElement): void {
    const picture = page.querySelector("img");
    if (!picture) return;
    const isReal = () => !picture.src.startsWith("data:");
    if (picture.complete && picture.naturalWidth > 0 && isReal()) picture.dataset.shown = "yes";
    picture.addEventListener("load", () => {
      if (isReal()) picture.dataset.shown = "yes";
      page.querySelector("[data-reader-again]")?.remove();
    });
    picture.addEventListener("error", () => {
      if (page.querySelector("[data-reader-again]")) return;
      const again = document.createElement("button");
      again.type = "button";
      again.className = "btn btn-small";
      again.dataset.readerAgain = "";
      again.textContent = "这一页没有加载出来，点这里重试";
      again.addEventListener("click", () => {
        again.remove();
        picture.src = `${picture.src.split("?")[0] ?? ""}?again=${Date.now()}`;
      });
      picture.after(again);
    });
  }
}
