/**
 * The key of this browser: ECDSA P-256, made here once, kept in IndexedDB, its private half never extractable. The form of the sign-in
 * page brings the public half to the server, else a learner's first page after it (`data-device-key` on the body); the server binds the
 * sign-in to it; opening a study session then asks for a signature. Everybody who signs in on this browser has the same key: it stands for the device, not the person.
 */
import { csrfToken, element } from "./dom";

export interface DeviceKey {
  /** Raw uncompressed point, 65 bytes, base64url without padding. */
  publicKey: string;
  /** ECDSA with SHA-256 over the bytes: r||s, 64 bytes, base64url without padding. */
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
}

/** Why this browser has no key (`insecure`, `old`, `storage`) or could not bring it (`offline`, `refused`), in words for the learner. */
export class DeviceKeyError extends Error {
  constructor(readonly code: "insecure" | "old" | "storage" | "offline" | "refused", message: string) {
    super(message);
  }
}

const WORDS = {
  insecure: "这个网页不是用 https 打开的，浏览器不提供设备密钥。请改用 https 开头的网址打开，或请老师帮忙。",
  old: "这个浏览器太旧，不能登记设备。请换用新版的 Chrome、Edge 或 Safari，或请老师帮忙。",
  storage: "浏览器不让本网站保存数据（可能开着无痕模式）。请退出无痕模式，或换用新版的 Chrome、Edge 或 Safari。",
  offline: "网络不通，设备还没有登记。网络恢复后请刷新页面。",
  refused: "设备没有登记成功，请刷新页面或重新登录后再试。",
};
const DATABASE = "zhenxue-device";
const STORE = "keys";
const ONLY = "device";
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

const fail = (code: keyof typeof WORDS, message = "") => new DeviceKeyError(code, message || WORDS[code]);

export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  let text = "";
  for (const byte of bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
    request.onblocked = () => reject(new Error("indexedDB is blocked"));
  });
}

/** The stored pair, or `fresh` put in its place in the same transaction, so that two tabs never end up with two keys. */
function keep(database: IDBDatabase, fresh?: CryptoKeyPair): Promise<CryptoKeyPair | undefined> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, fresh ? "readwrite" : "readonly");
    const store = transaction.objectStore(STORE);
    const request = store.get(ONLY) as IDBRequest<CryptoKeyPair | undefined>;
    let kept: CryptoKeyPair | undefined;
    request.onsuccess = () => {
      kept = request.result ?? fresh;
      if (fresh && kept === fresh) store.put(fresh, ONLY);
    };
    transaction.oncomplete = () => resolve(kept);
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("indexedDB"));
  });
}

async function pair(): Promise<CryptoKeyPair> {
  if (!window.isSecureContext) throw fail("insecure");
  if (!window.crypto?.subtle || !window.indexedDB) throw fail("old");
  let database: IDBDatabase | undefined;
  try {
    database = await open();
    const known = await keep(database);
    if (known) return known;
    const fresh = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]).catch(() => undefined);
    if (!fresh) throw fail("old");
    return (await keep(database, fresh)) ?? fresh;
  } catch (error) {
    throw error instanceof DeviceKeyError ? error : fail("storage");
  } finally {
    database?.close();
  }
}

/** This browser's key, made at the first call. Rejects with a `DeviceKeyError`. */
export async function deviceKey(): Promise<DeviceKey> {
  const { publicKey, privateKey } = await pair();
  return {
    publicKey: base64url(await crypto.subtle.exportKey("raw", publicKey)),
    sign: async (bytes) => base64url(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, bytes)),
  };
}

let registering: Promise<void> | undefined;

/**
 * Resolves once this sign-in is bound to this browser's key; at once, without a request, where the page says that it is. Rejects with
 * a `DeviceKeyError` whose message can be shown; calling again tries again.
 */
export function ensureRegistered(): Promise<void> {
  registering ??= register().catch((error: unknown) => {
    registering = undefined;
    throw error;
  });
  return registering;
}

async function register(): Promise<void> {
  const address = document.body.dataset.deviceKey;
  if (!address) return;
  const { publicKey } = await deviceKey();
  let answer: Response;
  try {
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    answer = await fetch(address, { method: "POST", body: new URLSearchParams({ public_key: publicKey }), headers });
  } catch {
    throw fail("offline");
  }
  const { message } = (await answer.json().catch(() => ({}))) as { message?: string }; // read it: else it stays open
  if (!answer.ok) throw fail("refused", message);
  delete document.body.dataset.deviceKey;
}

/**
 * On the sign-in page: the public half goes into the form, so that the sign-in is bound before anybody holds its cookie. Where there is
 * no key, or the form is quicker, the first learner page registers it.
 */
export function startSignInKey(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-sign-in-key]");
  if (!field) return;
  deviceKey().then(
    (key) => (field.value = key.publicKey),
    () => undefined,
  );
}

/** On the first learner page after signing in: register, or say on the page why class hours cannot be earned here. */
export function startDeviceKey(): void {
  if (!document.body.dataset.deviceKey) return;
  ensureRegistered().catch((error: unknown) => {
    const problem = error instanceof DeviceKeyError ? error : fail("refused");
    if (problem.code === "offline") return; // the next page tries again
    const notice = element("div", "notice notice-wait");
    notice.setAttribute("role", "status");
    const words = element("div", "");
    words.append(element("strong", "", "在这个浏览器上学习，暂时不能计学时"), element("p", "", problem.message));
    notice.append(words);
    document.querySelector("#main > .page-head")?.after(notice) ?? document.getElementById("main")?.prepend(notice);
  });
}
