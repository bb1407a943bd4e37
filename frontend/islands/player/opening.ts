/**
 * Opens a study session: the device signs the server's challenge and a fresh ephemeral key; from the server's half of the agreement
 * comes the key of this session's beats, which no script can take out of the browser.
 */
import { base64url, deviceKey, DeviceKeyError, ensureRegistered } from "../../controllers/device-key";
import type { Opened, Prove } from "./protocol";

export interface Session {
  opened: Opened;
  prove: Prove;
}

/** Why no session was opened; `code` leads to a title and a way out (words.ts). */
export class OpenRefusal extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** The learner studies on another page: this address asks whether to go on here. */
export class StudyingElsewhere extends Error {
  constructor(readonly address: string) {
    super("");
  }
}

interface Place {
  address: string;
  enrolment: string;
  unit: string;
  csrf: string;
  /** One that came with the page; without it, or when it is too old, the server is asked for one. */
  challenge: string;
}

type Body = Partial<Opened> & { code?: string; message?: string; challenge?: string; hand_over?: string };

const TAB_KEY = "zhenxue-tab";
const CURVE = { name: "ECDH", namedCurve: "P-256" };
/** A challenge may have grown too old on a slow line: so often it is asked for again. */
const TRIES = 3;
const PATIENCE = 25_000;

/** Rejects with `OpenRefusal`, or `StudyingElsewhere`. */
export async function openSession(place: Place): Promise<Session> {
  try {
    await ensureRegistered();
    const device = await deviceKey();
    const tab = await tabMark();
    const own = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
    const ephemeral = base64url(await crypto.subtle.exportKey("raw", own.publicKey));
    let challenge = place.challenge;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const text = `zhenxue study open v1\n${challenge}\n${place.enrolment}\n${place.unit}\n${tab}\n${ephemeral}`;
      const signature = challenge && (await device.sign(new TextEncoder().encode(text)));
      const { status, body } = await ask(place, challenge ? { tab, challenge, ephemeral, signature } : { tab });
      if (status === 428 && body.challenge) {
        challenge = body.challenge;
      } else if (status === 409 && body.hand_over) {
        throw new StudyingElsewhere(body.hand_over);
      } else if (status === 200) {
        const opened = body as Opened;
        const key = await beatKey(own.privateKey, opened, challenge);
        return { opened, prove: async (bytes) => base64url(await crypto.subtle.sign("HMAC", key, bytes)) };
      } else {
        throw new OpenRefusal(body.code ?? `http_${status}`, body.message ?? "没有打开成功，请刷新页面再试。");
      }
    }
    throw new OpenRefusal("slow", "网络太慢，没有来得及确认这台设备，请再点一次。");
  } catch (error) {
    if (error instanceof OpenRefusal || error instanceof StudyingElsewhere) throw error;
    if (error instanceof DeviceKeyError) throw new OpenRefusal(error.code === "offline" ? "offline" : `device_${error.code}`, error.message);
    throw new OpenRefusal("device_old", "这个浏览器没能和服务器约定密钥。请换用新版的 Chrome、Edge 或 Safari，或请老师帮忙。");
  }
}

async function ask(place: Place, form: Record<string, string>): Promise<{ status: number; body: Body }> {
  let response: Response;
  try {
    const headers = { "X-CSRFToken": place.csrf, Accept: "application/json" };
    const signal = AbortSignal.timeout(PATIENCE);
    response = await fetch(place.address, { method: "POST", headers, body: new URLSearchParams(form), signal });
  } catch {
    throw new OpenRefusal("offline", "网络连接不上，请检查网络后再试。");
  }
  if (response.redirected) throw new OpenRefusal("signed_out", "登录已失效，请重新登录后再学习。");
  return { status: response.status, body: (await response.json().catch(() => ({}))) as Body };
}

async function beatKey(own: CryptoKey, opened: Opened, challenge: string): Promise<CryptoKey> {
  const theirs = await crypto.subtle.importKey("raw", decode(opened.server_ephemeral), CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own, 256);
  const stem = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const text = new TextEncoder();
  const info = text.encode(`zhenxue beat key v1\n${opened.session_id}`);
  const made = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: text.encode(challenge), info }, stem, made, false, ["sign"]);
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
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
