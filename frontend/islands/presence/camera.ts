/** The camera: opened only after a press, described in claims, closed as soon as it is not needed. */

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.8;
/** A small grey copy is enough to see light and movement. */
const SMALL = 32;

/** What the browser says of its camera. The server keeps it as a claim; it decides nothing. */
export interface Claims {
  label?: string;
  /** SHA-256 of the device id, 16 hex digits: the same camera again, without telling its id. */
  device?: string;
  facing?: string;
  width?: number;
  height?: number;
  frame_rate?: number;
  cameras?: number;
  burst_ms?: number;
}

const WORDS: Record<string, string> = {
  NotAllowedError: "浏览器没有允许使用摄像头。请点地址栏旁的摄像头图标，选“允许”，再点一次“打开摄像头”；也可以换一种方式。",
  NotFoundError: "没有找到摄像头。请接上摄像头，或换一种方式。",
  NotReadableError: "摄像头正被别的程序使用。请关掉视频会议等程序再试，或换一种方式。",
  OverconstrainedError: "这个摄像头用不了。请换一个摄像头，或换一种方式。",
  old: "这个浏览器不能使用摄像头（要用 https 打开，浏览器要新）。请换一种方式。",
};

export class CameraError extends Error {}

export type Light = "ok" | "dark" | "bright";

export class Camera {
  readonly video = document.createElement("video");
  private readonly full = document.createElement("canvas");
  private readonly small = document.createElement("canvas");
  private stream: MediaStream | null = null;

  constructor() {
    this.video.playsInline = true;
    this.video.muted = true;
    this.video.className = "presence-video";
    this.video.setAttribute("aria-label", "摄像头画面");
    [this.full.width, this.full.height] = [WIDTH, HEIGHT];
    [this.small.width, this.small.height] = [SMALL, SMALL];
  }

  get isOpen(): boolean {
    return this.stream !== null && this.stream.getVideoTracks().some((track) => track.readyState === "live");
  }

  /** Asks for the camera; raises `CameraError` in words that say what to do. */
  async open(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError(WORDS.old);
    try {
      const video = { facingMode: "user", width: { ideal: WIDTH }, height: { ideal: HEIGHT } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.close();
      const name = error instanceof DOMException ? error.name : "";
      throw new CameraError(WORDS[name] ?? "摄像头没有打开。请再试一次，或换一种方式。");
    }
  }

  close(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  async claims(): Promise<Claims> {
    const track = this.stream?.getVideoTracks()[0];
    if (!track) return {};
    const { deviceId, facingMode, width, height, frameRate } = track.getSettings();
    const known = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const claims: Claims = { label: track.label, cameras: known.filter((one) => one.kind === "videoinput").length };
    if (deviceId) claims.device = await digest(deviceId);
    if (facingMode) claims.facing = facingMode;
    if (width) claims.width = width;
    if (height) claims.height = height;
    if (frameRate) claims.frame_rate = frameRate;
    return claims;
  }

  /** One frame as the camera gives it (never mirrored): the middle of the picture at 640 × 480, JPEG. */
  async frame(): Promise<Blob> {
    this.draw(this.full);
    const made = await new Promise<Blob | null>((resolve) => this.full.toBlob(resolve, "image/jpeg", QUALITY));
    if (!made) throw new CameraError("照片没有拍成。请再试一次。");
    return made;
  }

  /** A small grey copy of what the camera shows. */
  grey(): Uint8Array {
    const context = this.draw(this.small);
    const { data } = context.getImageData(0, 0, SMALL, SMALL);
    const found = new Uint8Array(SMALL * SMALL);
    for (let at = 0; at < found.length; at++) found[at] = ((data[at * 4] ?? 0) * 3 + (data[at * 4 + 1] ?? 0) * 6 + (data[at * 4 + 2] ?? 0)) / 10;
    return found;
  }

  private draw(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
    const context = canvas.getContext("2d", { willReadFrequently: canvas === this.small });
    const { videoWidth, videoHeight } = this.video;
    if (!context || !videoWidth) throw new CameraError("摄像头还没有画面，请等一下再试。");
    const share = Math.min(videoWidth / WIDTH, videoHeight / HEIGHT);
    const [width, height] = [WIDTH * share, HEIGHT * share];
    context.drawImage(this.video, (videoWidth - width) / 2, (videoHeight - height) / 2, width, height, 0, 0, canvas.width, canvas.height);
    return context;
  }
}

/** Light in the middle of a grey copy, where the face is. */
export function lightOf(grey: Uint8Array): Light {
  let sum = 0;
  let count = 0;
  for (let row = SMALL / 4; row < (SMALL * 3) / 4; row++) {
    for (let column = SMALL / 4; column < (SMALL * 3) / 4; column++) {
      sum += grey[row * SMALL + column] ?? 0;
      count++;
    }
  }
  const mean = sum / count;
  return mean < 45 ? "dark" : mean > 225 ? "bright" : "ok";
}

/** How much two grey copies differ on average, in steps of grey. */
export function differenceOf(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs((one[at] ?? 0) - (other[at] ?? 0));
  return sum / one.length;
}

async function digest(text: string): Promise<string> {
  if (!crypto.subtle) return "";
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...found.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
