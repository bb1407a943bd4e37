/** Signed notes, checkpoints and cosignatures (c2sp.org), checked by WebCrypto's Ed25519 where the browser has it. */
import { Malformed, isHex64, join, pack, same, sha256, shape, textOf, unpack, utf8 } from "./bytes.ts";
import { type Report, civil, say } from "./report.ts";

export { isHex64 };

export const LOG_KEY = 1;
export const WITNESS_KEY = 4;
const LATE_SECONDS = 300;

export interface Key {
  name: string;
  kind: number;
  public: Uint8Array<ArrayBuffer>;
  id: Uint8Array;
  text: string;
}

/** A key and when it is in use: a log's by tree sizes, a witness's by POSIX seconds. */
export interface Spell {
  key: Key;
  first: number;
  end: number | null;
}

export interface Head {
  origin: string;
  size: number;
  root: Uint8Array;
  text: string;
  lines: { name: string; id: Uint8Array; signature: Uint8Array<ArrayBuffer> }[];
}

const goodName = (name: string) => name !== "" && !/[+\s\p{Cc}]/u.test(name);

/** A key as `name+key id+base64`; `Malformed`. */
export async function readKey(text: string, kind: number): Promise<Key> {
  const [name = "", id = "", ...rest] = text.trim().split("+");
  const raw = unpack(rest.join("+"));
  shape(goodName(name) && raw.length === 33 && (raw[0] === LOG_KEY || raw[0] === WITNESS_KEY), "不是“名称+编号+公钥”的形式");
  if (raw[0] !== kind) throw new Malformed(kind === LOG_KEY ? "这是见证方的公钥，不是日志的" : "这是日志的公钥，不是见证方的");
  const digest = await sha256(join(utf8(`${name}\n`), raw));
  const key = { name, kind, public: raw.slice(1), id: digest.slice(0, 4), text: text.trim() };
  shape([...key.id].map((byte) => byte.toString(16).padStart(2, "0")).join("") === id, "公钥与它的编号不符，抄录有误");
  return { ...key, text: `${name}+${id}+${pack(raw)}` };
}

/** A checkpoint with its signature lines, nothing checked but the form; `Malformed`. */
export function readHead(note: Uint8Array): Head {
  const whole = textOf(note);
  const gap = whole.lastIndexOf("\n\n");
  shape(gap >= 0 && whole.endsWith("\n") && whole.length > gap + 2 && !/[\0-\x09\x0b-\x1f]/.test(whole), "没有签名，或含有控制字符");
  const body = whole.slice(0, gap);
  const rows = body.split("\n");
  const [origin = "", size = "", packed = ""] = rows;
  shape(rows.length >= 3 && rows.every(Boolean) && /^(0|[1-9][0-9]{0,15})$/.test(size), "名称、大小、树根三行不全");
  const root = unpack(packed);
  shape(root.length === 32 && Number.isSafeInteger(Number(size)), "树根或大小不对");
  const lines: Head["lines"] = [];
  for (const row of whole.slice(gap + 2, -1).split("\n")) {
    const cut = row.indexOf(" ", 2);
    const name = cut < 0 ? row.slice(2) : row.slice(2, cut);
    const raw = unpack(cut < 0 ? "" : row.slice(cut + 1));
    shape(row.startsWith("— ") && goodName(name) && raw.length > 4 && lines.length < 100, "签名行不对");
    lines.push({ name, id: raw.slice(0, 4), signature: raw.slice(4) });
  }
  return { origin, size: Number(size), root, text: `${body}\n`, lines };
}

export const linesBy = (head: Head, key: Key) => head.lines.filter((line) => line.name === key.name && same(line.id, key.id));

let supported: Promise<boolean> | undefined;

/** Whether this browser can check Ed25519. */
export function canCheckSignatures(): Promise<boolean> {
  supported ??= crypto.subtle
    .importKey("raw", new Uint8Array(32), "Ed25519", false, ["verify"])
    .then(() => true)
    .catch((error: unknown) => !(error instanceof DOMException && error.name === "NotSupportedError"));
  return supported;
}

export async function hasSigned(key: Key, message: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    return false;
  }
}

/** Which of the log's keys signed; a wrong signature under a known name and id is a fault. */
export async function checkLogSignature(head: Head, keys: readonly Key[], report: Report): Promise<Key[]> {
  const signed: Key[] = [];
  for (const key of keys) {
    for (const line of linesBy(head, key)) {
      if (await hasSigned(key, utf8(head.text), line.signature)) signed.push(key);
      else report.fault("note.signature", { name: key.name });
    }
  }
  return signed;
}

/** `given` witnesses must have signed, `known` ones may; whoever signed must have done so rightly and in time. */
export async function checkCosignatures(
  head: Head,
  given: readonly Key[],
  known: readonly Key[],
  listed: readonly Spell[],
  now: number,
  report: Report,
): Promise<number> {
  let count = 0;
  for (const key of [...given, ...known]) {
    for (const line of linesBy(head, key)) {
      count += 1;
      const at = timeOf(line.signature);
      const message = utf8(`cosignature/v1\ntime ${at}\n${head.text}`);
      if (line.signature.length !== 72 || !(await hasSigned(key, message, line.signature.slice(8)))) {
        report.fault("witness.signature", { name: key.name });
      } else if (Number(at) > now + LATE_SECONDS) report.fault("witness.future", { name: key.name, at: civil(Number(at)) });
      else if (!listed.filter((one) => one.key.text === key.text).every((one) => holds(one, Number(at)))) {
        report.fault("witness.expired", { name: key.name, at: civil(Number(at)) });
      } else report.proven.push(say("ok.witness", { name: key.name, at: civil(Number(at)) }));
    }
    if (given.includes(key) && !linesBy(head, key).length) report.fault("witness.missing", { name: key.name });
  }
  return count;
}

export const holds = (spell: Spell, at: number) => spell.first <= at && (spell.end === null || at < spell.end);

export function timeOf(signature: Uint8Array): bigint {
  return signature.slice(0, 8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** Says which lines under a checkpoint were not checked. */
export function noteStrangers(head: Head, known: readonly Key[], report: Report): void {
  const strangers = head.lines.filter((line) => !known.some((key) => key.name === line.name && same(key.id, line.id)));
  if (!strangers.length) return;
  const names = [...new Set(strangers.map((line) => line.name))].sort().join("、");
  report.limits.push(say("no.unknown", { count: strangers.length, names }));
}
