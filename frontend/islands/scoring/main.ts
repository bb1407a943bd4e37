/**
 * An examiner's score sheet. Without this script it is a plain form with a button to save; with it every tap is kept in this browser and
 * sent whole, with a number that grows, until the server has acknowledged that number. The newest sheet wins; the server decides.
 */
import "./scoring.css";

interface Kept {
  sequence: number;
  values: [string, string][];
}

interface Ack {
  sequence: number;
  at: string;
  done: number;
  points: string;
}

interface Problem {
  message?: string;
}

const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const REQUEST_MS = 10_000;
const PAUSE_MS = 400;

class Sheet {
  private readonly key: string;
  private sequence: number;
  private waiting: Kept | null = null;
  private sending = false;
  private stopped = false;
  private failures = 0;
  private timer = 0;
  private pause = 0;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly status: HTMLElement,
  ) {
    this.key = `score-sheet:${form.dataset.scoreSheet ?? ""}`;
    this.sequence = Number(form.dataset.sequence ?? "0");
    const kept = this.load();
    if (kept && kept.sequence > this.sequence) {
      this.sequence = kept.sequence;
      this.waiting = kept;
      this.fill(kept.values);
      void this.pump();
    }
    window.addEventListener("online", () => void this.pump());
    window.addEventListener("beforeunload", (event) => {
      if (this.isWaiting) event.preventDefault();
    });
  }

  get isWaiting(): boolean {
    return !this.stopped && (this.waiting !== null || this.pause !== 0);
  }

  /** Something changed: kept at once, sent after a short pause for the next tap. */
  touch(): void {
    this.sequence += 1;
    this.waiting = { sequence: this.sequence, values: this.read() };
    this.store();
    this.say("正在保存…", "wait");
    window.clearTimeout(this.pause);
    this.pause = window.setTimeout(() => {
      this.pause = 0;
      void this.pump();
    }, PAUSE_MS);
  }

  say(text: string, tone: string): void {
    this.status.textContent = text;
    this.status.dataset.tone = tone;
  }

  private async pump(): Promise<void> {
    if (this.sending || this.stopped || !this.waiting) return;
    this.sending = true;
    window.clearTimeout(this.timer);
    const sent = this.waiting;
    try {
      const answer = await this.post(sent);
      if (answer.ok) this.saved((await answer.json()) as Ack, sent);
      else if (answer.status >= 500 || answer.status === 429) throw new Error(`the server answered ${answer.status}`);
      else await this.refused(answer, sent);
      this.failures = 0;
    } catch {
      this.say("网络断开，评分存在本机，恢复后自动上传", "wait");
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 15_000;
      this.failures += 1;
      this.timer = window.setTimeout(() => void this.pump(), wait);
      this.sending = false;
      return;
    }
    this.sending = false;
    if (this.waiting) void this.pump();
  }

  private post(sent: Kept): Promise<Response> {
    const body = new FormData();
    const token = this.form.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]");
    body.set("csrfmiddlewaretoken", token?.value ?? "");
    body.set("client_sequence", String(sent.sequence));
    for (const [name, value] of sent.values) body.append(name, value);
    return fetch(this.form.action || location.href, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(REQUEST_MS),
    });
  }

  private saved(ack: Ack, sent: Kept): void {
    this.drop(sent);
    const steps = this.form.querySelectorAll("[data-step]").length;
    if (!this.waiting) this.say(`已保存 第 ${ack.sequence} 号 · ${ack.at} · ${ack.done} / ${steps} 步 · ${ack.points} 分`, "ok");
  }

  /** Sending the same again would change nothing: a wrong figure waits to be mended, anything else ends it. */
  private async refused(answer: Response, sent: Kept): Promise<void> {
    const problem = (await answer.json().catch(() => ({}))) as Problem;
    this.drop(sent);
    if (answer.status !== 422) this.stopped = true;
    this.say(`没有保存：${problem.message ?? "请刷新页面后重试。"}`, "bad");
  }

  private drop(sent: Kept): void {
    if (this.waiting?.sequence === sent.sequence) this.waiting = null;
    this.store();
  }

  private read(): [string, string][] {
    const values: [string, string][] = [];
    new FormData(this.form).forEach((value, name) => {
      if (name !== "csrfmiddlewaretoken" && typeof value === "string") values.push([name, value]);
    });
    return values;
  }

  private fill(values: [string, string][]): void {
    for (const box of this.form.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) {
      box.checked = values.some(([name, value]) => name === box.name && value === box.value);
    }
    for (const field of this.form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("[data-points][name], textarea[name]")) {
      if (field instanceof HTMLInputElement && field.type === "checkbox") continue;
      field.value = values.find(([name]) => name === field.name)?.[1] ?? "";
    }
  }

  private load(): Kept | null {
    try {
      return JSON.parse(window.localStorage.getItem(this.key) ?? "null") as Kept | null;
    } catch {
      return null;
    }
  }

  private store(): void {
    try {
      if (this.waiting) window.localStorage.setItem(this.key, JSON.stringify(this.waiting));
      else window.localStorage.removeItem(this.key);
    } catch {
      /* a full or forbidden store: the sheet still lives in this page */
    }
  }
}

const tenth = (value: number) => String(Math.round(value * 10) / 10);

function step(part: HTMLElement, changed: () => void): void {
  const points = part.querySelector<HTMLInputElement>("input[type=text]")!;
  const boxes = [...part.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
  const most = () => {
    const taken = boxes.filter((box) => box.checked).reduce((sum, box) => sum + Number(box.dataset.points), 0);
    return Math.max(Number(part.dataset.most) - taken, 0);
  };
  const set = (value: number) => {
    points.value = tenth(Math.min(Math.max(value, 0), most()));
    show();
    changed();
  };
  const show = () => part.toggleAttribute("data-scored", points.value.trim() !== "");
  const quick = part.querySelector<HTMLElement>("[data-quick]");
  if (quick) quick.hidden = false;
  part.querySelector("[data-full]")?.addEventListener("click", () => set(most()));
  part.querySelector("[data-zero]")?.addEventListener("click", () => set(0));
  for (const button of part.querySelectorAll<HTMLElement>("[data-less]")) {
    button.addEventListener("click", () => set((points.value.trim() ? Number(points.value) : most()) - Number(button.dataset.less)));
  }
  for (const box of boxes) box.addEventListener("change", () => set(most()));
  points.addEventListener("input", () => {
    show();
    changed();
  });
  show();
}

function start(form: HTMLFormElement): void {
  const status = form.querySelector<HTMLElement>("[data-status]")!;
  const sheet = new Sheet(form, status);
  for (const part of form.querySelectorAll<HTMLElement>("[data-step]")) step(part, () => sheet.touch());
  form.querySelector("textarea")?.addEventListener("input", () => sheet.touch());
  form.querySelector<HTMLElement>("[data-plain-save]")?.setAttribute("hidden", "");
  form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("[data-submit]")?.addEventListener(
    "submit",
    (event) => {
      if (!sheet.isWaiting) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      sheet.say("还有评分没有传到服务器，传完后再提交", "wait");
    },
    true,
  );
}

document.querySelectorAll<HTMLFormElement>("[data-score-sheet]").forEach(start);
