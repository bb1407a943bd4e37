/** A presence check as the server tells it (`integrity.queries.checks.island`), and the requests about it. */
import { deviceKey } from "../../controllers/device-key";
import { csrfToken } from "../../controllers/dom";

export type Kind = "face" | "question" | "puzzle" | "word";
export type Turn = "left" | "right";
export type Reason = "no_camera" | "will_not" | "cannot";

export interface Option {
  value: string;
  text: string;
}

export interface Task {
  input?: "radio" | "checkbox";
  stem?: string;
  options?: Option[];
  /** A puzzle: the drawn digits as a `data:` address, and the same effort in words. */
  picture?: string;
  words?: { stem: string; options: Option[] };
}

export interface Check {
  check: number;
  state: "open" | "passed" | "failed" | "missed" | "cancelled";
  kind: Kind;
  kinds: Kind[];
  nonce: string;
  turns: Turn[];
  place: number;
  due_ms: number;
  left_ms: number;
  tries_left: number;
  cause: string;
  words: string;
  task: Task;
  outcome: string;
  /** It made up for missed checks as well: what they had taken counts again. */
  gave_back: boolean;
  waits: boolean;
  urls: Record<"state" | "face" | "answer" | "other" | "page", string>;
}

export interface Job {
  state: "queued" | "running" | "done" | "expired";
  passed: boolean | null;
  words: string[];
  pending?: boolean;
}

export const KIND_WORDS: Record<Kind, string> = { face: "人脸核验", question: "随堂问题", puzzle: "图形小题", word: "老师确认" };
const REQUEST_MS = 15_000;
const POLL_MS = 600;
const POLL_MOST_MS = 60_000;

/** What the server refused, in its words. */
export class Refusal extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

export class Server {
  constructor(private readonly csrf: string) {}

  async get<T>(url: string): Promise<T> {
    return this.read<T>(await fetch(url, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(REQUEST_MS) }));
  }

  async post<T>(url: string, values: Record<string, string | string[] | Blob>): Promise<T> {
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one instanceof Blob) body.append(name, one, `${name}.jpg`);
        else body.append(name, one);
      }
    }
    const headers = { Accept: "application/json", "X-CSRFToken": this.csrf || csrfToken() };
    return this.read<T>(await fetch(url, { method: "POST", body, headers, redirect: "error", signal: AbortSignal.timeout(REQUEST_MS) }));
  }

  /** Asks until the face engine has spoken; null when it takes too long or `stop` says so. */
  async verdict(job: number, stop: () => boolean): Promise<Job | null> {
    const end = performance.now() + POLL_MOST_MS;
    while (performance.now() < end && !stop()) {
      const found = await this.get<Job>(`/presence/jobs/${job}/`).catch((error: unknown) => {
        if (error instanceof Refusal) throw error;
        return null;
      });
      if (found?.state === "done" || found?.state === "expired") return found;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return null;
  }

  private async read<T>(answer: Response): Promise<T> {
    if (answer.ok) return (await answer.json()) as T;
    const problem = (await answer.json().catch(() => ({}))) as { code?: string; message?: string };
    throw new Refusal(problem.code ?? `http.${answer.status}`, problem.message ?? "没有成功，请刷新页面后再试。");
  }
}

/**
 * The signature of this browser's key over an answer (`integrity.protocol.answer_text`): the check, the present try, and the digest of all
 * that is sent. Empty where the browser has no key: the server says whether that will do.
 */
export async function signed(check: number, nonce: string, parts: (string | Blob)[]): Promise<string> {
  const key = await deviceKey().catch(() => null);
  if (!key) return "";
  const whole = new Uint8Array(32 * parts.length);
  for (const [at, part] of parts.entries()) whole.set(await digest(new Blob([part])), 32 * at);
  const hex = [...(await digest(new Blob([whole])))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return key.sign(new TextEncoder().encode(`zhenxue presence answer v1\n${check}\n${nonce}\n${hex}`));
}

async function digest(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await blob.arrayBuffer()));
}

/** Words for a request that did not get through. */
export function faultWords(error: unknown): string {
  return error instanceof Refusal ? error.message : "网络不通，没有送到。请检查网络后再试一次。";
}
