/** The study page: opens a session, plays or shows the unit, reports beats, and says at every moment what counts. */
import "./player.css";
import { PresenceDialog } from "../../controllers/presence-dialog";
import { Beats } from "./beats";
import { CheckDialog } from "./check";
import { listen } from "./listening";
import { OpenRefusal, openSession, StudyingElsewhere } from "./opening";
import { Pages } from "./pages";
import type { Answer, Check, Opened, Stretch } from "./protocol";
import { ReadingSource } from "./reading";
import type { Source, SourceListener } from "./source";
import { type Pause, standing } from "./standing";
import { isShort, pauseOf, setsBack } from "./verdict";
import { VideoSource } from "./video";
import { View, whereElse } from "./view";
import { endedWords, isQuiet, refusalWords, wordsOf } from "./words";

class Player implements SourceListener {
  private beats: Beats | null = null;
  private opened: Opened | null = null;
  private opening = false;
  private readonly source: Source;
  private readonly view: View;
  private readonly pages: Pages;
  private readonly check: CheckDialog;
  private presence: PresenceDialog | null = null;
  private from = 0;
  private cutAt = performance.now();
  private active = performance.now();
  private counting = false;
  private paused: Pause = "";
  private playAfterCheck = false;
  private credited = 0;
  private savedAt = 0;
  private finished = false;
  private read = 0;

  constructor(private readonly box: HTMLElement) {
    const video = box.querySelector<HTMLVideoElement>("[data-video]");
    this.source = video ? new VideoSource(box, video, this) : new ReadingSource(box, this);
    this.view = new View(box, () => void this.open());
    this.pages = new Pages(box, () => this.counting && this.cut("tick"));
    this.check = new CheckDialog(box, (check) => this.confirm(check));
    this.finished = box.dataset.finished === "yes";
  }

  begin(): void {
    const big = this.box.querySelector<HTMLButtonElement>("[data-play]");
    if (this.box.dataset.whyNot) return;
    if (big) big.disabled = false; // pressed before somebody listens, it would do nothing
    big?.addEventListener("click", () => void this.open());
    if (!big) void this.open();
    listen(this.box, {
      touched: () => this.touched(),
      turned: () => this.turned(),
      online: () => this.show(),
      leaving: () => {
        this.beats?.farewell();
        this.counting = false;
      },
      followed: (event, href) => void this.go(event, href),
      tested: (passed) => {
        if (passed) this.done();
        this.progress((this.read * (this.opened?.unit_ms ?? 0)) / 100);
      },
    });
    setInterval(() => this.tick(), 1_000);
  }

  private async open(): Promise<void> {
    if (this.opening) return;
    this.opening = true;
    this.view.say("正在打开…", "idle");
    const { open: address = "", enrolment = "", unit = "", csrf = "", challenge = "" } = this.box.dataset;
    delete this.box.dataset.challenge;
    try {
      const { opened, prove } = await openSession({ address, enrolment, unit, csrf, challenge });
      const first = !this.opened;
      this.beats?.stop();
      this.presence?.close();
      this.presence = null; // each session is asked at its own address
      this.beats = new Beats(opened, prove, {
        answered: (answer, sent, accepted) => (accepted ? this.answered(answer, sent) : this.end(answer)),
        waiting: (since, words) => this.waiting(since, words),
        lost: (code, words) => this.stop(code, words),
      });
      await this.begun(opened, this.beats, first);
    } catch (error) {
      if (error instanceof StudyingElsewhere) location.assign(error.address);
      else if (error instanceof OpenRefusal) this.stop(error.code, error.message);
      else throw error;
    } finally {
      this.opening = false;
    }
  }

  private async begun(opened: Opened, beats: Beats, first: boolean): Promise<void> {
    this.view.hideNotice();
    this.view.showPages(true);
    this.opened = opened;
    this.credited = opened.credited_seconds;
    this.savedAt = opened.server_ms;
    this.finished = this.finished || opened.finished;
    this.counting = false;
    this.paused = "";
    this.active = performance.now();
    this.pages.begin(opened, first);
    this.from = opened.paced ? opened.position_ms : opened.seen_to_ms;
    this.cutAt = performance.now();
    if (!opened.paced) this.progress(opened.seen_to_ms);
    await this.source.start(opened, () => beats.ticket);
    if (opened.presence) this.prove();
    else this.source.play();
    this.show();
  }

  started(): void {
    if (document.visibilityState !== "visible" || this.check.isOpen || this.presence?.isOpen) {
      this.paused ||= "hidden"; // opened behind another window: it begins when somebody looks
      this.source.pause();
      return;
    }
    if (!this.opened || this.beats?.isStopped) {
      this.source.pause();
      void this.open();
      return;
    }
    if (!this.counting) {
      this.from = this.source.position();
      this.cutAt = performance.now();
      this.counting = true;
    }
    this.paused = "";
    this.show();
  }

  stopped(event: "pause" | "end"): void {
    if (this.counting) this.cut(event);
    this.counting = false;
    this.show();
  }

  jumped(from: number, to: number): void {
    if (this.counting) this.cut("seek", from);
    this.from = to;
  }

  refused(words: string): void {
    this.view.notice("hint", { title: "提示", todo: "", act: "" }, words);
    setTimeout(() => this.view.noticed === "hint" && this.view.hideNotice(), 6_000);
  }

  failed(code: string, words: string): void {
    this.source.pause();
    if (this.beats?.isStopped) return;
    this.view.say("已暂停，不计时", "bad");
    this.view.notice("broken", refusalWords(code), words);
  }

  /** Ends the stretch since the last cut and reports it. */
  private cut(event: Stretch["event"], to = this.source.position()): void {
    if (!this.beats) return;
    this.beats.push(this.stretch(event, true, to));
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
      page: this.pages.current,
    };
  }

  private tick(): void {
    if (!this.opened || !this.beats || this.beats.isStopped) return;
    const since = performance.now() - this.cutAt;
    const due = since >= this.opened.beat_seconds * 1_000;
    const running = this.counting && this.source.running();
    if (running && this.isIdle(this.opened)) {
      this.paused = "idle"; // what was studied until now still counts
      this.source.pause();
      this.view.notice("idle", wordsOf("idle"), "很久没有操作，已暂停计时。");
    } else if (running && this.cannotCount(this.opened, this.beats)) {
      this.paused = "network";
      this.source.pause();
    } else if (running) {
      if (due || (!this.opened.paced && !this.pages.isFull() && this.pages.isFull(since))) this.cut("tick");
    } else if (due && !this.check.isOpen) {
      this.beats.push({ ...this.stretch("tick", false, this.from), visible: document.visibilityState === "visible" });
      this.cutAt = performance.now();
    }
    const playing = this.counting;
    void this.beats.prepare(this.stretch("close", playing, playing ? this.source.position() : this.from));
    this.show();
  }

  /** The line is down for so long, or since so much happened, that what is studied now would not count. */
  private cannotCount(opened: Opened, beats: Beats): boolean {
    return beats.silence > (opened.max_gap_seconds - 5) * 1_000 || beats.wouldLose(this.stretch("tick", true, this.source.position()));
  }

  /** Nobody has touched anything for the window of the rules; a video in the foreground may be watched so. */
  private isIdle(opened: Opened): boolean {
    const away = performance.now() - this.active > opened.idle_seconds * 1_000 - 1_200;
    return away && (!opened.paced || !document.hasFocus());
  }

  private answered(answer: Answer, sent: Stretch): void {
    this.savedAt = answer.saved_at_ms;
    this.credited = answer.credited_seconds;
    this.source.seen(answer.seen_to_ms, answer.finished || this.finished);
    if (!this.opened?.paced) {
      this.pages.answered(answer, sent);
      this.progress(answer.seen_to_ms);
    }
    if (answer.finished && !this.finished) this.done();
    const reported = this.source.over() && !this.finished && !this.beats?.isBusy;
    const short = reported && isShort(answer, this.source.position());
    if ((short || setsBack(answer.reason, this.finished)) && this.opened?.paced) this.goBack(answer.position_ms);
    if (pauseOf(answer.reason)) {
      this.paused = pauseOf(answer.reason);
      this.source.pause();
    }
    const full = ["already_counted", "unit_full"].includes(answer.reason) && (this.finished || !this.opened?.paced);
    const harmless = full || isQuiet(answer.reason);
    if (!harmless) this.view.notice(answer.reason, wordsOf(answer.reason), answer.text);
    else if (this.paused !== "idle" && this.view.noticed !== "broken") this.view.hideNotice();
    if (this.paused === "network") {
      this.paused = "";
      this.view.hideNotice();
      if (document.visibilityState === "visible") this.source.play();
    }
    if (answer.ended) this.end(answer);
    else if (answer.presence) this.prove();
    else if (answer.check) this.ask(answer.check, short);
    else if (short && document.visibilityState === "visible") this.source.play();
    this.show();
  }

  /** The server has the learner elsewhere: what was claimed beyond that is void. */
  private goBack(to: number): void {
    this.beats?.drop();
    this.from = to;
    this.cutAt = performance.now();
    this.source.rewind(to);
  }

  private waiting(since: number, words: string): void {
    const seconds = Math.round(since / 1_000);
    const text = `学过的时间还在本页，会自动重试（已等 ${seconds} 秒），请不要关闭页面。`;
    const title = words ? "服务器正忙" : "网络不好";
    this.view.notice("waiting", { title, todo: "", act: "" }, words && !words.includes("自动重试") ? `${words}${text}` : words || text);
    this.show();
  }

  /** A check is due: the clock stands, so does the content; what was studied until now goes out with the answer. */
  private ask(check: Check, playAfter: boolean): void {
    if (this.paused !== "check") {
      this.playAfterCheck = playAfter || this.counting || this.source.running();
      if (this.counting) this.cut("tick");
      this.counting = false;
      this.paused = "check";
    }
    this.source.pause();
    this.source.uncover();
    this.check.ask(check);
  }

  /** Presence has to be shown: the clock stands, so does the content, until the check is passed. */
  private prove(): void {
    if (this.presence?.isOpen || !this.opened) return;
    if (this.counting) this.cut("tick");
    this.counting = false;
    this.paused = "presence";
    this.source.pause();
    this.source.uncover();
    this.presence ??= new PresenceDialog(this.box, this.opened.urls.presence, (gaveBack) => {
      this.active = performance.now();
      if (gaveBack) return void this.open(); // the server has the learner farther on than this page
      this.paused = "";
      this.from = this.source.position();
      this.view.hideNotice();
      this.source.play();
      this.show();
    });
    this.presence.ask();
  }

  private confirm(check: Check): void {
    if (!this.beats || this.beats.isStopped) {
      void this.open();
      return;
    }
    this.active = performance.now();
    this.paused = "";
    this.beats.confirm(check, this.stretch("tick", false, this.from));
    if (this.playAfterCheck) this.source.play();
    this.show();
  }

  /** The server has ended the session, or refuses this page's beats; nothing reopens by itself. */
  private end(answer: Answer): void {
    const words = answer.reason === "ended" || answer.ended ? endedWords(answer.ended_because) : wordsOf(answer.reason);
    this.halt();
    this.view.notice("ended", words, answer.text);
    if (answer.ended_because !== "handed_over") return;
    void whereElse().then((where) => where && this.view.noticed === "ended" && this.view.notice("ended", words, where));
  }

  private stop(code: string, words: string): void {
    this.halt();
    this.view.showPages(this.opened !== null);
    this.view.notice("ended", refusalWords(code), words);
  }

  private halt(): void {
    this.counting = false;
    this.paused = "";
    this.beats?.stop();
    this.check.close();
    this.presence?.close();
    this.source.pause();
    this.view.say(this.opened ? "已停止计时" : "现在不计学时", "bad");
  }

  private done(): void {
    this.finished = true;
    this.view.offerNext();
  }

  private progress(readMs: number): void {
    this.read = Math.floor((readMs * 100) / Math.max(1, this.opened?.unit_ms ?? 1));
    this.view.read(this.read);
  }

  private touched(): void {
    this.active = performance.now();
    if (this.paused === "idle") {
      this.paused = "";
      this.view.hideNotice();
      this.source.play();
    }
  }

  private turned(): void {
    if (document.visibilityState === "hidden") {
      const reading = !this.opened?.paced;
      if (this.counting) this.cut("hide");
      this.counting = false;
      if (this.paused !== "check" && this.paused !== "presence" && (reading || this.source.running())) this.paused = "hidden";
      this.source.pause();
    } else if (this.paused === "hidden") {
      if (this.opened && !this.opened.paced && !this.beats?.isStopped) {
        this.paused = "";
        this.source.play();
      } else if (!this.beats?.isStopped) this.view.notice("hidden", wordsOf("hidden"), "刚才页面切到了后台，已暂停计时。");
    }
    this.show();
  }

  /** Saves everything and ends the session before the next page opens, so that it finds the true figures. */
  private async go(event: MouseEvent, href: string): Promise<void> {
    if (!this.beats || !this.opened || this.beats.isStopped || event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    this.source.pause();
    this.view.say("正在保存…", "idle");
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
    this.view.figures(this.credited, this.savedAt, this.pages.words);
    if (!this.beats || this.beats.isStopped || this.view.noticed === "broken") return;
    const running = this.counting && this.source.running();
    const full = running && this.pages.isFull();
    const reading = this.opened !== null && !this.opened.paced;
    const { finished, read, source } = this;
    const [loading, over, saving] = [source.loading(), source.over(), this.beats.isBusy];
    const now = { running, finished, loading, over, saving, reading, read, full };
    const [words, tone] = standing(this.paused, now);
    this.view.say(words || this.pages.advice, tone);
  }
}

for (const box of document.querySelectorAll<HTMLElement>("[data-player]")) new Player(box).begin();
