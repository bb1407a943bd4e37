/**
 * Chunked, resumable uploads: `data-upload` holds a file input and a hidden field that gets the id of the finished upload.
 * The server's offset is the truth; the id is kept per file (name, size, last change) in localStorage, so that the same file goes on
 * where it stopped after a broken line, a reload or the next morning.
 */
import { csrfToken } from "./dom";

interface State {
  id: string;
  offset: number;
  size_bytes: number;
  state: "open" | "complete" | "taken";
  chunk_bytes: number;
}

/** A refusal that trying again will not mend. */
class Refusal extends Error {}

const WAITS_MS = [1000, 2000, 4000, 8000, 15000, 30000];
const CHUNK_TIMEOUT_MS = 120_000;
const PERMANENT = new Set([400, 401, 403, 404, 413, 415, 422, 429]);

const pause = (ms: number) => new Promise<void>((resolve) => window.setTimeout(resolve, ms));

function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GB`;
}

function left(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return "，不到 1 分钟";
  if (seconds < 3600) return `，约 ${Math.round(seconds / 60)} 分钟`;
  return `，约 ${Math.floor(seconds / 3600)} 小时 ${Math.round((seconds % 3600) / 60)} 分`;
}

const keyOf = (purpose: string, file: File) => `upload:${document.body.dataset.draftOwner ?? ""}:${purpose}:${file.name}:${file.size}:${file.lastModified}`;

function remember(key: string, id: string | null): void {
  try {
    if (id === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, id);
  } catch {
    /* private mode: the upload still works, it just cannot be resumed after a reload */
  }
}

function remembered(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

class Uploader {
  private readonly url: string;
  private readonly purpose: string;
  private readonly limit: number;
  private readonly field: HTMLInputElement;
  private readonly picker: HTMLInputElement;
  private readonly pauseButton: HTMLButtonElement;
  private run = 0;
  private paused = false;
  private file: File | null = null;
  private id = "";
  private abort: AbortController | null = null;

  constructor(private readonly box: HTMLElement) {
    this.url = box.dataset.uploadUrl ?? "/uploads/";
    this.purpose = box.dataset.uploadPurpose ?? "";
    this.limit = Number(box.dataset.uploadLimit ?? "0");
    this.picker = this.find("input[type=file]");
    this.field = this.find("[data-upload-id]");
    this.pauseButton = this.find("[data-upload-pause]");
    this.picker.addEventListener("change", () => this.choose());
    this.pauseButton.addEventListener("click", () => this.toggle());
    this.find<HTMLButtonElement>("[data-upload-drop]").addEventListener("click", () => void this.drop());
    window.addEventListener("online", () => {
      if (this.file && !this.paused && this.field.value === "") this.begin();
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.file && this.field.value === "") event.preventDefault();
    });
    if (this.field.value !== "") void this.showKept();
  }

  private find<T extends HTMLElement>(selector: string): T {
    const found = this.box.querySelector<T>(selector);
    if (!found) throw new Error(`upload: ${selector} is missing`);
    return found;
  }

  /** The form came back with another field to mend: the file need not be sent again. */
  private async showKept(): Promise<void> {
    try {
      const state = await this.ask("GET", `${this.url}${this.field.value}/`);
      if (state.state === "complete") this.say("文件已传完，不用重新选择。", 100);
      else this.field.value = "";
    } catch {
      this.field.value = "";
    }
  }

  private choose(): void {
    const file = this.picker.files?.[0];
    if (!file) return;
    this.run += 1;
    this.abort?.abort();
    this.field.value = "";
    this.file = file;
    this.id = "";
    this.setPaused(false);
    const title = document.querySelector<HTMLInputElement>("input[name=title]");
    if (title && title.value === "") title.value = file.name.replace(/\.[^.]+$/, "").slice(0, 120);
    if (this.limit && file.size > this.limit) {
      this.file = null;
      this.fail(`文件有 ${size(file.size)}，超过了上限 ${size(this.limit)}。请压缩或分段后再上传。`);
    } else this.begin();
  }

  private toggle(): void {
    if (!this.file) return;
    this.setPaused(!this.paused);
    if (this.paused) {
      this.run += 1;
      this.abort?.abort();
      this.say("已暂停，已传的部分保留在服务器。");
    } else this.begin();
  }

  private setPaused(paused: boolean): void {
    this.paused = paused;
    this.pauseButton.textContent = paused ? "继续上传" : "暂停";
  }

  private async drop(): Promise<void> {
    this.run += 1;
    this.abort?.abort();
    const id = this.id || this.field.value;
    if (this.file) remember(keyOf(this.purpose, this.file), null);
    this.file = null;
    this.id = "";
    this.field.value = "";
    this.picker.value = "";
    this.find("[data-upload-status]").hidden = true;
    if (id) await fetch(`${this.url}${id}/`, { method: "DELETE", headers: this.headers() }).catch(() => undefined);
  }

  private begin(): void {
    this.run += 1;
    void this.go(this.run, this.file as File);
  }

  /** Sends chunk after chunk until done; a broken line waits and asks the server where it stands. */
  private async go(run: number, file: File): Promise<void> {
    const began = Date.now();
    let first = -1;
    let state: State | null = null;
    for (let failures = 0; run === this.run; ) {
      try {
        state ??= await this.open(file);
        if (run !== this.run) return;
        this.id = state.id;
        if (state.state === "complete") return this.finish(file, state.id);
        if (first < 0) first = state.offset;
        const speed = (state.offset - first) / Math.max(1, (Date.now() - began) / 1000);
        this.say(`正在上传 ${size(state.offset)} / ${size(file.size)}${left((file.size - state.offset) / speed)}`, (state.offset * 100) / file.size);
        state = await this.send(file, state);
        failures = 0;
      } catch (error) {
        if (run !== this.run) return;
        if (error instanceof Refusal) return this.fail(error.message);
        state = null;
        const wait = WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 30000;
        failures += 1;
        this.say(navigator.onLine ? `网络不稳定，${wait / 1000} 秒后自动继续（已重试 ${failures} 次）` : "网络已断开，连上后自动继续");
        await pause(wait);
      }
    }
  }

  /** Where an earlier try of the same file stands, or a new upload. */
  private async open(file: File): Promise<State> {
    const key = keyOf(this.purpose, file);
    const id = this.id || remembered(key);
    if (id) {
      try {
        const state = await this.ask("GET", `${this.url}${id}/`);
        if (state.state !== "taken" && state.size_bytes === file.size) return state;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      remember(key, null);
      this.id = "";
    }
    const body = JSON.stringify({ file_name: file.name, size_bytes: file.size, purpose: this.purpose });
    const made = await this.ask("POST", this.url, { body, headers: { "Content-Type": "application/json" } });
    remember(key, made.id);
    return made;
  }

  private send(file: File, state: State): Promise<State> {
    const chunk = file.slice(state.offset, state.offset + state.chunk_bytes);
    const headers = { "Upload-Offset": String(state.offset), "Content-Type": "application/octet-stream" };
    return this.ask("PATCH", `${this.url}${state.id}/`, { body: chunk, headers });
  }

  private headers(): Record<string, string> {
    return { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  }

  private async ask(method: string, url: string, more: { body?: BodyInit; headers?: Record<string, string> } = {}): Promise<State> {
    this.abort = new AbortController();
    const timer = window.setTimeout(() => this.abort?.abort(), CHUNK_TIMEOUT_MS);
    try {
      const answer = await fetch(url, {
        method,
        body: more.body ?? null,
        headers: { ...this.headers(), ...more.headers },
        signal: this.abort.signal,
        credentials: "same-origin",
      });
      if (answer.ok) return (await answer.json()) as State;
      const refusal = (await answer.json().catch(() => ({}))) as { message?: string };
      if (PERMANENT.has(answer.status)) throw new Refusal(refusal.message ?? "上传被拒绝，请刷新页面后重试。");
      throw new Error(`answered ${answer.status}`);
    } finally {
      window.clearTimeout(timer);
    }
  }

  private finish(file: File, id: string): void {
    remember(keyOf(this.purpose, file), null);
    this.field.value = id;
    this.file = null;
    this.say(`已传完（${size(file.size)}），请填写下面的内容并保存。`, 100);
    this.pauseButton.hidden = true;
  }

  private fail(message: string): void {
    this.run += 1;
    this.say(message);
    this.setPaused(true);
    this.find("[data-upload-words]").classList.add("error");
  }

  private say(words: string, percent?: number): void {
    this.find("[data-upload-status]").hidden = false;
    const line = this.find("[data-upload-words]");
    line.classList.remove("error");
    line.textContent = words;
    if (percent === undefined) return;
    this.pauseButton.hidden = percent >= 100;
    this.find<HTMLProgressElement>("[data-upload-bar]").value = percent;
    this.find("[data-upload-percent]").textContent = `${Math.floor(percent)}%`;
  }
}

export function startUploads(part: ParentNode = document): void {
  for (const box of part.querySelectorAll<HTMLElement>("[data-upload]")) new Uploader(box);
}
