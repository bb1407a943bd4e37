/** The part with the camera: why it is asked for, what it shows, what was taken and when. Used by checks and by the enrolment. */
import { element } from "../../controllers/dom";
import { type Burst, STEP_WORDS, type Step, take } from "./burst";
import { Camera, CameraError, type Claims, lightOf } from "./camera";

const LIGHT_WORDS = {
  ok: "把脸放进圈里，离屏幕一臂远，画面里只有你一个人。",
  dark: "光线太暗。请打开灯，或面向窗户。",
  bright: "光线太亮。请换个方向，不要背对窗户。",
};
const LOOK_MS = 700;

export interface Taken {
  burst: Burst;
  claims: Claims;
}

export class Shots {
  readonly part = element("div", "presence-shots");
  private readonly camera = new Camera();
  private readonly stage = element("div", "presence-stage");
  private readonly step = element("p", "presence-step");
  private readonly hint = element("p", "presence-hint muted");
  private readonly strip = element("ul", "presence-strip");
  private readonly button = element("button", "btn btn-primary presence-button");
  private urls: string[] = [];
  private looking = 0;
  private stopped = false;
  private busy = false;

  constructor(
    private readonly why: string,
    private readonly steps: () => Step[],
    private readonly done: (taken: Taken) => void,
    private readonly failed: (words: string) => void,
  ) {
    this.button.type = "button";
    this.button.textContent = "打开摄像头";
    this.button.addEventListener("click", () => void this.press());
    this.step.setAttribute("role", "status");
    this.hint.setAttribute("role", "status");
    this.stage.hidden = true;
    this.stage.append(this.camera.video, element("div", "presence-oval"), this.step);
    this.hint.textContent = why;
    this.strip.setAttribute("aria-label", "拍下的照片");
    this.part.append(this.hint, this.stage, this.button, this.strip);
    addEventListener("pagehide", () => this.close(), { once: true });
  }

  /** Another try with the same camera. */
  again(words: string): void {
    this.busy = false;
    this.step.textContent = "";
    this.hint.textContent = words;
    this.button.hidden = false;
    this.button.textContent = this.camera.isOpen ? "再拍一次" : "打开摄像头";
    this.button.focus({ preventScroll: true });
  }

  close(): void {
    this.stopped = true;
    clearInterval(this.looking);
    this.camera.close();
    for (const url of this.urls.splice(0)) URL.revokeObjectURL(url);
  }

  private async press(): Promise<void> {
    if (this.busy || this.stopped) return;
    this.busy = true;
    try {
      if (this.camera.isOpen) await this.shoot();
      else await this.open();
    } catch (error) {
      if (this.stopped) return;
      this.failed(error instanceof CameraError ? error.message : "摄像头出了问题。请再试一次，或换一种方式。");
      this.button.hidden = false;
    } finally {
      this.busy = false;
    }
  }

  private async open(): Promise<void> {
    this.hint.textContent = "请在浏览器弹出的提示里选“允许”。";
    await this.camera.open();
    if (this.stopped) return this.camera.close();
    this.stage.hidden = false;
    this.button.textContent = "开始拍照";
    // On a small phone picture and button are to be seen together.
    this.part.scrollIntoView({ block: "center" });
    this.look();
    clearInterval(this.looking);
    this.looking = window.setInterval(() => this.look(), LOOK_MS);
  }

  private async shoot(): Promise<void> {
    clearInterval(this.looking);
    this.button.hidden = true;
    this.strip.replaceChildren();
    const steps = this.steps();
    this.hint.textContent = `共拍 ${steps.length} 张，只拍照片，不录像、不录音。`;
    const burst = await take(
      this.camera,
      steps,
      (step) => {
        this.stage.dataset.step = step;
        this.step.textContent = STEP_WORDS[step];
      },
      (frame, number) => this.show(frame, steps[number] ?? "front"),
      () => this.stopped || !this.camera.isOpen,
    );
    delete this.stage.dataset.step;
    this.step.textContent = "";
    if (this.stopped) return;
    if (!burst) throw new CameraError("摄像头中断了。请再试一次，或换一种方式。");
    this.hint.textContent = `${moment()} 拍了 ${burst.frames.length} 张，正在比对…`;
    this.done({ burst, claims: { ...(await this.camera.claims()), burst_ms: burst.tookMs } });
  }

  private look(): void {
    try {
      const words = LIGHT_WORDS[lightOf(this.camera.grey())];
      if (this.hint.textContent !== words) this.hint.textContent = words;
    } catch {
      // no picture yet: the next look sees it
    }
  }

  private show(frame: Blob, step: Step): void {
    const picture = element("img", "");
    picture.src = URL.createObjectURL(frame);
    picture.alt = `${moment()} 拍的照片：${STEP_WORDS[step]}`;
    [picture.width, picture.height] = [80, 60];
    this.urls.push(picture.src);
    const item = element("li", "");
    item.append(picture, element("span", "small num", moment()));
    this.strip.append(item);
  }
}

function moment(): string {
  return new Date().toLocaleTimeString("zh-CN", { hour12: false });
}
