/** What the study page says: the line of the status, what is saved, one notice with one way out, how far a reading is. */
import { csrfToken } from "../../controllers/dom";
import { type Act, clock, join, labelOf, moment, type Words } from "./words";

export type Tone = "ok" | "wait" | "bad" | "idle";

export class View {
  private act: Act = "";
  /** What the notice is about; "" while none shows. */
  private about = "";

  constructor(private readonly box: HTMLElement, private readonly resume: () => void) {
    box.querySelector("[data-reason-link]")?.addEventListener("click", (event) => this.go(event));
  }

  get noticed(): string {
    return this.about;
  }

  say(words: string, tone: Tone): void {
    const status = this.part("[data-status]");
    if (status) status.dataset.tone = tone;
    this.put("[data-words]", words);
  }

  figures(credited: number, savedAt: number, page: string): void {
    this.put("[data-credited]", `本单元已计入 ${clock(credited)}`);
    if (savedAt) this.put("[data-saved]", `已存到服务器 ${moment(savedAt)}`);
    if (page) this.put("[data-page-words]", page);
  }

  notice(about: string, words: Words, text: string): void {
    const notice = this.part("[data-reason]");
    if (!notice) return;
    this.about = about;
    this.act = words.act;
    this.put("[data-reason-title]", words.title);
    this.put("[data-reason-text]", join(text, words.todo));
    this.put("[data-reason-link]", labelOf(words.act));
    const row = this.part("[data-reason-act]");
    if (row) row.hidden = !words.act;
    notice.hidden = false;
  }

  hideNotice(): void {
    const notice = this.part("[data-reason]");
    this.about = "";
    if (notice) notice.hidden = true;
  }

  /** The pages of a document come with a session; without one empty frames would stand there. */
  showPages(opened: boolean): void {
    const pages = this.part("[data-pages]");
    if (pages) pages.hidden = !opened;
  }

  /** How much of a reading is read; at the right moment its self-test opens by itself. */
  read(percent: number): void {
    const link = this.box.querySelector<HTMLElement>("[data-test-opens]");
    if (!link) return;
    const figure = link.parentElement?.querySelector(".num");
    if (figure) figure.textContent = `现在读到 ${Math.min(100, percent)}%`;
    if (percent < Number(link.dataset.testOpens) || link.dataset.asked) return;
    link.dataset.asked = "yes";
    document.body.dispatchEvent(new CustomEvent("zhenxue:read"));
  }

  /** The unit is done: what comes next is the page's main act. A passed test may have finished more than this page, so it says what. */
  offerNext(): void {
    const link = this.box.querySelector<HTMLAnchorElement>("[data-next-link]");
    const { nextHref, nextWords } = this.part("[data-self-test=passed]")?.dataset ?? {};
    link?.classList.add("btn-primary");
    if (!link || !nextHref || !nextWords) return;
    link.href = nextHref;
    if (link.firstChild) link.firstChild.textContent = nextWords;
  }

  private go(event: Event): void {
    event.preventDefault();
    if (this.act === "resume") this.resume();
    else if (this.act === "course") location.assign(this.box.dataset.course ?? "/study/");
    else if (this.act === "verify") location.assign(this.box.dataset.verify ?? "/");
    else if (this.act === "where") location.assign("?elsewhere=1");
    else if (this.act === "sign-in") void this.signInAgain();
    else location.reload();
  }

  /** Signs out, so that this address leads to the sign-in and back here. */
  private async signInAgain(): Promise<void> {
    const csrf = this.box.dataset.csrf || csrfToken();
    await fetch("/sign-out/", { method: "POST", headers: { "X-CSRFToken": csrf }, redirect: "manual" }).catch(() => undefined);
    location.reload();
  }

  private part(selector: string): HTMLElement | null {
    return this.box.querySelector<HTMLElement>(selector);
  }

  private put(selector: string, words: string): void {
    const found = this.part(selector);
    if (found && found.textContent !== words) found.textContent = words;
  }
}

/** Where the learner is studying instead, in the words of the page that asks whether to go on here; "" when that is over. */
export async function whereElse(): Promise<string> {
  try {
    const answer = await fetch("?elsewhere=1", { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector<HTMLElement>("[data-elsewhere]")?.dataset.elsewhere ?? "";
  } catch {
    return "";
  }
}
