/** The study page: opens a session, plays or shows the unit, reports beats, and says at every moment what counts. */
import "./player.css";
import { Beats, type Answer, type Opened, type Stretch } from "./beats";
import { ReadingSource } from "./reading";
import type { Source, SourceListener } from "./source";
import { VideoSource } from "./video";
import { clock, isQuiet, moment, titleOf } from "./words";

const TAB_KEY = "zhenxue-tab";

class Player implements SourceListener {
  private beats: Beats | null = null;
  private opened: Opened | null = null;
  private source: Source;
  private from = 0;
  private cutAt = performance.now();
  private active = performance.now();
  private counting = false;
  private paused = "";
  private credited = 0;
  private savedAt = 0;
  private finished = false;

  constructor(private readonly box: HTMLElement) {
    const video = box.querySelector<HTMLVideoElement>("[data-video]");
    this.source = video ? new VideoSource(box, video, this) : new ReadingSource(box, this);
    this.finished = box.dataset.finished === "yes";
  }

  begin(): void {
    const big = this.box.querySelector<HTMLButtonElement>("[data-play]");
    if (this.box.dataset.whyNot) {
      if (big) big.disabled = true;
      return;
    }
    big?.addEventListener("click", () => void this.open(true));
    if (!big) void this.open(true);
    this.listen();
    setInterval(() => this.tick(), 1_000);
  }

  private async open(play: boolean): Promise<void> {
    const tab = await tabMark();
    this.say("正在打开…", "idle");
    let response: Response;
    try {
      response = await fetch(this.box.dataset.open ?? "", {
        method: "POST",
        headers: { "X-CSRFToken": this.box.dataset.csrf ?? "", Accept: "application/json" },
        body: new URLSearchParams({ tab }),
      });
    } catch {
      this.notice("gap", "网络连接不上，请检查网络后再点播放。", "网络连接不上");
      this.say("没有连上服务器", "bad");
      return;
    }
    const body = (await response.json().catch(() => ({}))) as Opened & { message?: string; hand_over?: string };
    if (response.status === 409 && body.hand_over) {
      location.assign(body.hand_over);
      return;
    }
    if (!response.ok) {
      this.say("现在不计学时", "bad");
      this.notice("ended", body.message ?? "没有打开成功，请刷新页面再试。", "不能开始学习", true);
      return;
    }
    this.hideNotice();
    this.opened = body;
    this.credited = body.credited_seconds;
    this.savedAt = body.server_ms;
    this.finished = this.finished || body.finished;
    this.beats = new Beats(body, {
      answered: (answer) => this.answered(answer),
      waiting: (since) => this.waiting(since),
      lost: (words) => this.end(words),
    });
    this.from = body.paced ? body.position_ms : body.seen_to_ms;
    this.cutAt = performance.now();
    await this.source.start(body);
    if (play) this.source.play();
    this.show();
  }

  started(): void {
    if (document.visibilityState !== "visible") {
      this.source.pause();
      return;
    }
    if (!this.opened || this.beats?.isStopped) {
      this.source.pause();
      void this.open(true);
      return;
    }
    if (!this.counting) {
      this.from = this.source.position();
      this.counting = true;
    }
    this.paused = "";
    this.show();
  }

  stopped(event: "pause" | "end"): void {
    if (this.counting) this.cut(event, true);
    this.counting = false;
    this.show();
  }

  jumped(from: number, to: number): void {
    if (this.counting) this.cut("seek", true, from);
    this.from = to;
  }

  refused(words: string): void {
    this.notice("jump", words, "提示");
    setTimeout(() => this.hideNotice(), 6_000);
  }

  failed(words: string): void {
    this.source.pause();
    this.notice("ended", words, "播放停止了", true);
  }

  /** Ends the stretch since the last cut and reports it. */
  private cut(event: Stretch["event"], playing: boolean, to = this.source.position()): void {
    if (!this.beats) return;
    this.beats.push(this.stretch(event, playing, to));
    this.from = Math.max(0, Math.round(to));
    this.cutAt = performance.now();
  }

  private stretch(event: Stretch["event"], playing: boolean, to: number): Stretch {
    const end = Math.max(0, Math.round(to));
    return {
      from_ms: Math.min(Math.max(0, Math.round(this.from)), end),
      to_ms: end,
      rate_percent: this.source.rate(),
      visible: true,
      focused: document.hasFocus(),
      playing,
      idle_ms: Math.round(performance.now() - this.active),
      event,
    };
  }

  private tick(): void {
    if (!this.opened || !this.beats || this.beats.isStopped) return;
    const since = performance.now() - this.cutAt;
    if (this.counting && this.source.running()) {
      if (this.beats.silence > (this.opened.max_gap_seconds - 5) * 1_000) {
        this.paused = "network";
        this.source.pause();
      } else if (since >= this.opened.beat_seconds * 1_000) this.cut("tick", true);
    } else if (since >= this.opened.beat_seconds * 1_000) {
      this.beats.push({ ...this.stretch("tick", false, this.from), visible: document.visibilityState === "visible" });
      this.cutAt = performance.now();
    }
    this.show();
  }

  private answered(answer: Answer): void {
    this.savedAt = answer.saved_at_ms || this.savedAt;
    this.credited = answer.credited_seconds;
    if (answer.ended || answer.reason === "ticket") {
      this.end(answer.text);
      return;
    }
    this.source.seen(answer.seen_to_ms, answer.finished || this.finished);
    if (answer.finished && !this.finished) this.done();
    if (["gap", "jump", "daily_cap", "cohort_closed"].includes(answer.reason)) this.source.rewind(answer.position_ms);
    if (["daily_cap", "cohort_closed", "idle"].includes(answer.reason)) {
      this.paused = answer.reason;
      this.source.pause();
    }
    const harmless = isQuiet(answer.reason) || (this.finished && ["already_counted", "unit_full"].includes(answer.reason));
    if (harmless) this.hideNotice();
    else this.notice(answer.reason, answer.text, titleOf(answer.reason), answer.reason === "cohort_closed");
    if (this.paused === "network") {
      this.paused = "";
      this.hideNotice();
      if (document.visibilityState === "visible") this.source.play();
    }
    this.show();
  }

  private waiting(since: number): void {
    const seconds = Math.round(since / 1000);
    this.notice("gap", `正在重新连接（${seconds} 秒），学过的时间还在本页，连上就会保存。请不要关闭页面。`, "网络不好");
  }

  private end(words: string): void {
    this.counting = false;
    this.beats?.stop();
    this.source.pause();
    this.say("已停止计时", "bad");
    this.notice("ended", words || "本页已停止计时。", "本页已停止计时", true);
  }

  private done(): void {
    this.finished = true;
    const next = this.box.querySelector<HTMLAnchorElement>("[data-next-link]");
    next?.classList.add("btn-primary");
  }

  private listen(): void {
    for (const name of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart", "wheel"]) {
      document.addEventListener(name, () => this.touched(), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => this.turned());
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) location.reload();
    });
    window.addEventListener("online", () => this.show());
    for (const link of this.box.querySelectorAll<HTMLAnchorElement>("a[data-next-link], .player-next a")) {
      link.addEventListener("click", (event) => void this.go(event, link.href));
    }
    this.box.querySelector("[data-reason-link]")?.addEventListener("click", (event) => {
      if (this.box.dataset.whyNot) return;
      event.preventDefault();
      void this.open(true);
    });
    const test = this.box.querySelector("#self-test");
    test?.addEventListener("htmx:after:swap", () => {
      if (test.querySelector("[data-self-test=passed]")) this.done();
    });
  }

  private touched(): void {
    this.active = performance.now();
    if (this.paused === "idle") {
      this.paused = "";
      this.hideNotice();
      this.source.play();
    }
  }

  private turned(): void {
    if (document.visibilityState === "hidden") {
      const reading = !this.opened?.paced;
      if (this.counting) this.cut("hide", true);
      this.counting = false;
      if (reading || this.source.running()) this.paused = "hidden";
      this.source.pause();
    } else if (this.paused === "hidden") {
      if (this.opened && !this.opened.paced) {
        this.paused = "";
        this.source.play();
      } else this.notice("hidden", "刚才页面切到了后台，已暂停计时。点播放继续。", "已暂停");
    }
    this.show();
  }

  private leave(): void {
    if (!this.beats || !this.opened) return;
    const playing = this.counting;
    this.beats.farewell(this.stretch("close", playing, playing ? this.source.position() : this.from));
    this.counting = false;
  }

  /** Saves everything and ends the session before the next page opens, so that it finds the true figures. */
  private async go(event: MouseEvent, href: string): Promise<void> {
    if (!this.beats || !this.opened || event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    this.source.pause();
    this.say("正在保存…", "idle");
    await this.beats.drain(4_000);
    this.beats.stop();
    await fetch(this.opened.urls.close, {
      method: "POST",
      headers: { "X-CSRFToken": this.box.dataset.csrf ?? "", Accept: "application/json" },
      signal: AbortSignal.timeout(4_000),
    }).catch(() => undefined);
    location.assign(href);
  }

  private show(): void {
    const credited = this.box.querySelector<HTMLElement>("[data-credited]");
    const saved = this.box.querySelector<HTMLElement>("[data-saved]");
    if (credited) credited.textContent = `本单元已计入 ${clock(this.credited)}`;
    if (saved && this.savedAt) saved.textContent = `已存到服务器 ${moment(this.savedAt)}`;
    if (!this.beats || this.beats.isStopped) return;
    if (this.counting && this.source.running()) {
      if (this.finished) this.say("本单元已学完，可以复习", "ok");
      else this.say("正在计入学时", "ok");
    } else if (this.paused === "network") this.say("等待网络，暂停计时", "wait");
    else if (this.paused === "hidden") this.say("页面在后台，暂停计时", "wait");
    else if (this.paused === "daily_cap") this.say("今天的学时已满", "wait");
    else if (this.paused === "idle") this.say("还在学吗？点一下页面继续", "wait");
    else if (this.finished) this.say("本单元已学完", "ok");
    else this.say("已暂停，不计时", "idle");
  }

  private say(words: string, tone: string): void {
    const status = this.box.querySelector<HTMLElement>("[data-status]");
    const line = this.box.querySelector<HTMLElement>("[data-words]");
    if (status) status.dataset.tone = tone;
    if (line && line.textContent !== words) line.textContent = words;
  }

  private notice(reason: string, words: string, title: string, act = false): void {
    const box = this.box.querySelector<HTMLElement>("[data-reason]");
    if (!box) return;
    put(box, "[data-reason-title]", title);
    put(box, "[data-reason-text]", words);
    const link = box.querySelector<HTMLElement>("[data-reason-act]");
    if (link) link.hidden = !act;
    const button = box.querySelector<HTMLElement>("[data-reason-link]");
    if (button) button.textContent = reason === "cohort_closed" ? "回到课程页" : "继续学习";
    box.hidden = false;
  }

  private hideNotice(): void {
    const box = this.box.querySelector<HTMLElement>("[data-reason]");
    if (box) box.hidden = true;
  }
}

function put(box: HTMLElement, selector: string, words: string): void {
  const found = box.querySelector<HTMLElement>(selector);
  if (found && found.textContent !== words) found.textContent = words;
}

/** A mark that a reload keeps and a second tab does not have, not even a duplicated one. */
async function tabMark(): Promise<string> {
  const fresh = () => crypto.getRandomValues(new Uint32Array(4)).reduce((text, part) => text + part.toString(36), "");
  let mark = "";
  try {
    mark = sessionStorage.getItem(TAB_KEY) ?? "";
    if (!mark || !(await claim(mark))) {
      mark = fresh();
      await claim(mark);
      sessionStorage.setItem(TAB_KEY, mark);
    }
  } catch {
    mark = mark || fresh();
  }
  return mark;
}

let held = "";

/** Holds the mark for as long as this page lives; false when another page of this browser holds it. */
async function claim(mark: string): Promise<boolean> {
  if (held === mark || !("locks" in navigator)) return true;
  return new Promise((answer) => {
    void navigator.locks.request(`zhenxue-study-${mark}`, { ifAvailable: true }, async (lock) => {
      if (!lock) {
        answer(false);
        return;
      }
      held = mark;
      answer(true);
      await new Promise(() => undefined);
    });
  });
}

for (const box of document.querySelectorAll<HTMLElement>("[data-player]")) new Player(box).begin();
