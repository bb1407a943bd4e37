/** Bytes, digests and canonical JSON, by WebCrypto; the same rules as `verifier/zhenxue_verify.py`. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** Something that is not in the one form that the format allows; the words are Chinese. */
export class Malformed extends Error {}

export function shape(condition: unknown, why: string): asserts condition {
  if (!condition) throw new Malformed(why);
}

const encoder = new TextEncoder();
const HEX64 = /^[0-9a-f]{64}$/;

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** The text of bytes; `Malformed` unless they are UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("不是合法的 UTF-8 文字");
  }
}

export const isHex64 = (value: Json | undefined): value is string => typeof value === "string" && HEX64.test(value);

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

export function unhex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length >> 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}

/** Strict base64; `Malformed` for any other spelling of the same bytes. */
export function unpack(packed: string): Uint8Array<ArrayBuffer> {
  let raw: string;
  try {
    raw = atob(packed);
  } catch {
    throw new Malformed("不是 base64");
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw new Malformed("不是 base64");
  if (btoa(raw) !== packed) throw new Malformed("不是规范的 base64");
  return Uint8Array.from(raw, (one) => one.charCodeAt(0));
}

export function pack(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** RFC 6962 section 2.1. */
export const leafHash = (entry: Uint8Array) => sha256(join(LEAF, entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(join(NODE, left, right));

/** The canonical text (RFC 8785) of a value that holds no other numbers than safe integers. */
export function dumps(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${dumps(value[name] as Json)}`).join(",")}}`;
  }
  if (typeof value === "number") {
    if (!Number.isInteger(value)) throw new Malformed("数字不是整数");
    if (!Number.isSafeInteger(value)) throw new Malformed("数字太大");
  }
  return JSON.stringify(value);
}

/** Reads canonical JSON; `Malformed` for everything else. */
export function loads(bytes: Uint8Array): Json {
  const text = textOf(bytes);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new Malformed(error instanceof RangeError ? "嵌套太深" : "不是 JSON");
  }
  let dumped: string;
  try {
    dumped = dumps(value);
  } catch (error) {
    throw error instanceof RangeError ? new Malformed("嵌套太深") : error;
  }
  if (dumped !== text) throw new Malformed("不是规范写法");
  return value;
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  value !== null && typeof value === "object" && !Array.isArray(value);

export function hasKeys(value: JsonObject, names: readonly string[]): boolean {
  const found = Object.keys(value);
  return found.length === names.length && names.every((name) => Object.hasOwn(value, name));
}

export const isWhole = (value: Json | undefined, least = 0): value is number => typeof value === "number" && Number.isInteger(value) && value >= least;
