/** One question at a time, with an overview of all, and marks "to look at again" that are kept on this device. */
export class Pages {
  readonly sections: HTMLElement[];
  private current = 0;
  private readonly flags: Set<number>;

  constructor(
    private readonly root: HTMLElement,
    private readonly grid: HTMLElement,
    private readonly flagKey: string,
  ) {
    this.sections = [...root.querySelectorAll<HTMLElement>("[data-question]")];
    this.flags = this.loadFlags();
    this.build();
    const asked = this.sections.findIndex((section) => `#${section.id}` === location.hash);
    this.show(asked >= 0 ? asked : this.firstOpen());
    window.addEventListener("hashchange", () => {
      const index = this.sections.findIndex((section) => `#${section.id}` === location.hash);
      if (index >= 0) this.show(index);
    });
  }

  markAnswered(position: number, answered: boolean): void {
    this.sections.find((section) => section.dataset.question === String(position))?.toggleAttribute("data-answered", answered);
    this.paint();
  }

  private firstOpen(): number {
    const index = this.sections.findIndex((section) => !section.hasAttribute("data-answered"));
    return index >= 0 ? index : 0;
  }

  private build(): void {
    this.sections.forEach((section, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = section.dataset.question ?? "";
      button.addEventListener("click", () => this.show(index, true));
      this.grid.append(button);
      const flag = section.querySelector<HTMLButtonElement>("[data-flag]");
      if (flag) {
        flag.hidden = false;
        flag.addEventListener("click", () => this.toggleFlag(index, flag));
        this.paintFlag(index, flag);
      }
      section.querySelector<HTMLElement>("[data-plain-save]")?.setAttribute("hidden", "");
    });
    this.grid.hidden = false;
    for (const [name, step] of [["previous", -1], ["next", 1]] as const) {
      const button = this.root.querySelector<HTMLButtonElement>(`[data-${name}]`);
      if (!button) continue;
      button.hidden = false;
      button.addEventListener("click", () => this.show(this.current + step, true));
    }
  }

  private show(index: number, focus = false): void {
    this.current = Math.min(Math.max(index, 0), this.sections.length - 1);
    this.sections.forEach((section, at) => (section.hidden = at !== this.current));
    const section = this.sections[this.current];
    if (section) history.replaceState(null, "", `#${section.id}`);
    if (focus) section?.querySelector<HTMLElement>("input:checked, input:not([type=hidden]), textarea, select")?.focus({ preventScroll: true });
    this.paint();
  }

  private paint(): void {
    [...this.grid.children].forEach((button, index) => {
      const section = this.sections[index]!;
      const answered = section.hasAttribute("data-answered");
      const flagged = this.flags.has(index);
      const here = index === this.current;
      button.className = `exam-cell${answered ? " is-answered" : ""}${flagged ? " is-flagged" : ""}`;
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.setAttribute("aria-label", `第 ${index + 1} 题，${answered ? "已答" : "未答"}${flagged ? "，已标记" : ""}`);
    });
    this.enable("previous", this.current > 0);
    const isLast = this.current === this.sections.length - 1;
    this.enable("next", !isLast);
    // One main act: go on to the next question; at the last one, hand in.
    this.root.querySelector("[data-next]")?.classList.toggle("btn-primary", !isLast);
    this.root.querySelector("[data-finish]")?.classList.toggle("btn-primary", isLast);
    this.keepCellInView();
  }

  /** The numbers scroll in a box of their own; the present one stays to be seen. */
  private keepCellInView(): void {
    const cell = this.grid.children[this.current]?.getBoundingClientRect();
    const box = this.grid.getBoundingClientRect();
    if (!cell) return;
    if (cell.bottom > box.bottom) this.grid.scrollTop += cell.bottom - box.bottom + 4;
    else if (cell.top < box.top) this.grid.scrollTop -= box.top - cell.top + 4;
  }

  private enable(name: string, enabled: boolean): void {
    const button = this.root.querySelector<HTMLButtonElement>(`[data-${name}]`);
    if (button) button.disabled = !enabled;
  }

  private toggleFlag(index: number, button: HTMLButtonElement): void {
    if (!this.flags.delete(index)) this.flags.add(index);
    this.paintFlag(index, button);
    this.paint();
    try {
      window.localStorage.setItem(this.flagKey, JSON.stringify([...this.flags]));
    } catch {
      /* marks are a convenience: without a store they last as long as the page */
    }
  }

  private paintFlag(index: number, button: HTMLButtonElement): void {
    const flagged = this.flags.has(index);
    button.setAttribute("aria-pressed", String(flagged));
    button.textContent = flagged ? "取消标记" : "标记待查";
  }

  private loadFlags(): Set<number> {
    try {
      return new Set(JSON.parse(window.localStorage.getItem(this.flagKey) ?? "[]") as number[]);
    } catch {
      return new Set();
    }
  }
}
