/**
 * The video, played by hls.js (the browser's own HLS could not carry our tickets to the keys); a bar of our own, which never leads beyond
 * what was seen.
 */
import type Hls from "hls.js/light";
import { keyLoader } from "./keys";
import type { Opened } from "./protocol";
import type { Source, SourceListener } from "./source";
import { clock } from "./words";

const BLUR = 800;
const BACK = 10;

export class VideoSource implements Source {
  private hls: Hls | null = null;
  private seenTo = 0;
  /** Seen up to here, as the server says; `seenTo` may be ahead of it. */
  private provenTo = 0;
  private finished = false;
  private highest = 1;
  private last = 0;
  private readonly bar: HTMLElement;
  private readonly seekbar: HTMLInputElement;
  private readonly time: HTMLElement;

  constructor(
    private readonly box: HTMLElement,
    private readonly video: HTMLVideoElement,
    private readonly listener: SourceListener,
  ) {
    this.bar = part(box, "[data-bar]");
    this.seekbar = part(box, "[data-seek]");
    this.time = part(box, "[data-time]");
    this.bind();
  }

  async start(opened: Opened, ticket: () => string): Promise<void> {
    this.seen(opened.seen_to_ms, opened.finished);
    this.highest = Math.max(1, opened.max_rate_percent / 100);
    this.seekbar.max = String(Math.floor(opened.unit_ms / 1000));
    offerRates(part<HTMLSelectElement>(this.box, "[data-speed]"), this.highest);
    this.bar.hidden = false;
    part(this.box, "[data-play]").hidden = true;
    const at = opened.finished ? opened.position_ms : Math.min(opened.position_ms, opened.seen_to_ms);
    const begin = at >= opened.unit_ms - (opened.finished ? 1_000 : 100) ? 0 : at / 1000;
    this.last = begin;
    this.hls?.destroy();
    const { default: Engine } = await import("hls.js/light");
    if (Engine.isSupported()) this.attach(Engine, opened, begin, ticket);
    else this.listener.failed("no_player", "");
  }

  position(): number {
    return Math.round(this.video.currentTime * 1000);
  }

  running(): boolean {
    return !this.video.paused && !this.video.ended && this.video.readyState >= 2;
  }

  loading(): boolean {
    return !this.video.paused && !this.video.ended && this.video.readyState < 3;
  }

  over(): boolean {
    return this.video.ended;
  }

  rate(): number {
    return Math.round(this.video.playbackRate * 100);
  }

  play(): void {
    // At its end a video begins anew; what the server has not seen yet comes first.
    if (this.video.ended && !this.finished && this.provenTo < this.video.currentTime) this.rewind(this.provenTo * 1000);
    this.video.play().catch((error: DOMException) => {
      if (error.name === "NotAllowedError") this.listener.refused("请点一下播放按钮开始学习。");
    });
  }

  pause(): void {
    this.video.pause();
  }

  rewind(ms: number): void {
    if (this.video.ended || Math.abs(this.position() - ms) > BLUR) {
      this.last = ms / 1000;
      this.video.currentTime = ms / 1000;
    }
  }

  seen(ms: number, finished: boolean): void {
    this.provenTo = ms / 1000;
    this.seenTo = Math.max(this.seenTo, this.provenTo);
    this.finished = finished;
  }

  uncover(): void {
    const video = this.video as HTMLVideoElement & { webkitDisplayingFullscreen?: boolean; webkitExitFullscreen?: () => void };
    if (video.webkitDisplayingFullscreen) video.webkitExitFullscreen?.();
  }

  private attach(Engine: typeof Hls, opened: Opened, begin: number, ticket: () => string): void {
    // Keys come for so much beyond what the last beat has proven: more than that cannot be buffered anyway.
    const ahead = Math.min(30, Math.max(6, opened.key_lead_seconds - opened.beat_seconds - 4));
    const hls: Hls = new Engine({
      startPosition: begin,
      maxBufferLength: ahead,
      maxMaxBufferLength: ahead,
      backBufferLength: 30,
      preferManagedMediaSource: true,
      loader: keyLoader(ticket, (words) => this.lose(hls, words)),
      fLoader: Engine.DefaultConfig.loader as NonNullable<typeof Engine.DefaultConfig.fLoader>,
      pLoader: Engine.DefaultConfig.loader as NonNullable<typeof Engine.DefaultConfig.pLoader>,
    });
    let mended = 0;
    hls.on(Engine.Events.ERROR, (_event, data) => {
      if (!data.fatal || hls !== this.hls) return;
      if (data.response?.code === 403 || data.response?.code === 401) this.lose(hls, "视频的播放许可已失效。");
      else if (data.type === Engine.ErrorTypes.NETWORK_ERROR) setTimeout(() => hls === this.hls && hls.startLoad(), 3_000);
      else if (data.type === Engine.ErrorTypes.MEDIA_ERROR && mended < 3) {
        mended += 1;
        hls.recoverMediaError();
      } else this.listener.failed("video_broken", "视频播放出错，学过的时间不会丢。");
    });
    hls.loadSource(opened.urls.stream);
    hls.attachMedia(this.video);
    this.hls = hls;
  }

  /** No more keys or segments for this session: what lies in the buffer is not played on either. */
  private lose(hls: Hls, words: string): void {
    if (hls === this.hls) this.listener.failed("no_licence", words);
  }

  private limit(): number {
    return this.finished ? this.video.duration || Infinity : this.seenTo;
  }

  private bind(): void {
    const video = this.video;
    const toggle = part<HTMLButtonElement>(this.box, "[data-toggle]");
    const volume = part<HTMLInputElement>(this.box, "[data-volume]");
    const mute = part<HTMLButtonElement>(this.box, "[data-mute]");
    const speed = part<HTMLSelectElement>(this.box, "[data-speed]");
    video.addEventListener("playing", () => this.listener.started());
    video.addEventListener("play", () => this.show(toggle, true));
    video.addEventListener("pause", () => {
      this.show(toggle, false);
      if (!video.ended) this.listener.stopped("pause");
    });
    video.addEventListener("waiting", () => this.listener.stopped("pause"));
    video.addEventListener("ended", () => this.listener.stopped("end"));
    video.addEventListener("seeking", () => {
      const to = video.currentTime;
      if (to > this.limit() + BLUR / 1000 && to > this.last + BLUR / 1000) {
        video.currentTime = Math.min(this.last, this.limit());
        this.listener.refused("还没学到这里，不能往前跳。学完本单元后可以任意拖动。");
        return;
      }
      if (Math.abs(to - this.last) > BLUR / 1000) this.listener.jumped(this.last * 1000, to * 1000);
      this.last = to;
    });
    video.addEventListener("timeupdate", () => {
      if (!video.seeking) {
        this.last = video.currentTime;
        if (this.running()) this.seenTo = Math.max(this.seenTo, video.currentTime);
      }
      this.seekbar.value = String(Math.floor(video.currentTime));
      this.seekbar.setAttribute("aria-valuetext", clock(video.currentTime));
      this.time.textContent = `${clock(video.currentTime)} / ${clock(Number(this.seekbar.max))}`;
    });
    video.addEventListener("ratechange", () => {
      if (video.playbackRate > this.highest) video.playbackRate = this.highest;
    });
    toggle.addEventListener("click", () => this.turn());
    video.addEventListener("click", () => this.turn());
    part(this.box, "[data-back]").addEventListener("click", () => this.jump(-BACK));
    this.seekbar.addEventListener("change", () => this.to(Number(this.seekbar.value)));
    volume.addEventListener("input", () => {
      video.volume = Number(volume.value) / 100;
      video.muted = video.volume === 0;
    });
    mute.addEventListener("click", () => {
      video.muted = !video.muted;
      mute.setAttribute("aria-pressed", String(video.muted));
    });
    speed.addEventListener("change", () => (video.playbackRate = Number(speed.value)));
    part(this.box, "[data-full]").addEventListener("click", () => void this.full());
    part(this.box, "[data-stage]").addEventListener("keydown", (event) => this.key(event));
  }

  private turn(): void {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  private jump(seconds: number): void {
    this.to(this.video.currentTime + seconds);
  }

  private to(seconds: number): void {
    const limit = this.limit();
    if (seconds > limit + BLUR / 1000) this.listener.refused("还没学到这里，不能往前跳。学完本单元后可以任意拖动。");
    this.video.currentTime = Math.max(0, Math.min(seconds, limit));
  }

  private async full(): Promise<void> {
    const stage = part(this.box, "[data-stage]");
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (stage.requestFullscreen) await stage.requestFullscreen();
    else (this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const acts: Record<string, () => void> = {
      " ": () => this.turn(),
      k: () => this.turn(),
      ArrowLeft: () => this.jump(-5),
      ArrowRight: () => this.jump(5),
      f: () => void this.full(),
      m: () => part(this.box, "[data-mute]").click(),
    };
    const act = acts[event.key];
    if (!act || (event.key === " " && event.target instanceof HTMLButtonElement)) return;
    event.preventDefault();
    act();
  }

  private show(toggle: HTMLButtonElement, playing: boolean): void {
    toggle.setAttribute("aria-label", playing ? "暂停" : "播放");
    toggle.dataset.playing = playing ? "yes" : "";
    this.box.dataset.playing = playing ? "yes" : "";
  }
}

function part<T extends HTMLElement>(box: HTMLElement, selector: string): T {
  const found = box.querySelector<T>(selector);
  if (!found) throw new Error(`the player page has no ${selector}`);
  return found;
}

function offerRates(select: HTMLSelectElement, highest: number): void {
  for (const rate of [1.25, 1.5]) {
    if (rate <= highest && !select.querySelector(`option[value="${rate}"]`)) {
      select.add(new Option(`${rate} 倍`, String(rate)));
    }
  }
}
