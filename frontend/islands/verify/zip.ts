/** The zip of a dossier: no general reader, but one that accepts exactly what the platform writes. */
import { Broken } from "./report.ts";

export const FILES = {
  "manifest.json": 1 << 20,
  "summary.html": 1 << 26,
  "entries.jsonl": 1 << 30,
  "seal.json": 1 << 20,
  "proof.bin": 1 << 28,
  "checkpoint.txt": 1 << 20,
  "keys.json": 1 << 20,
} as const;
export type FileName = keyof typeof FILES;
const ORDER = Object.keys(FILES) as FileName[];
const MOST_RATIO = 200;
const RATIO_FROM = 1 << 20;
const END = 22;
const CENTRAL = 46;
const LOCAL = 30;
const FIXED_DATE = 0x21;
const REGULAR_FILE = 0o100644 * 0x10000;

export interface Member {
  name: FileName;
  start: number;
  packed: number;
  size: number;
  crc: number;
  isDeflated: boolean;
}

const view = async (file: Blob, start: number, end: number) => new DataView(await file.slice(start, end).arrayBuffer());

/** The files of a dossier; `Broken` for anything that the platform would not write. */
export async function readDirectory(file: Blob): Promise<Map<FileName, Member>> {
  if (file.size < END) throw new Broken("zip.none");
  const end = await view(file, file.size - END, file.size);
  if (end.getUint32(0, true) !== 0x06054b50) throw new Broken("zip.none");
  const [disk, first, here, count] = [4, 6, 8, 10].map((at) => end.getUint16(at, true)) as [number, number, number, number];
  const [size, offset] = [end.getUint32(12, true), end.getUint32(16, true)];
  if (disk || first || end.getUint16(20, true) || here !== count || count > 64 || offset + size !== file.size - END) {
    throw new Broken("zip.layout", { where: "结尾目录" });
  }
  const directory = await view(file, offset, offset + size);
  const members = new Map<FileName, Member>();
  let at = 0;
  let place = 0;
  for (let number = 0; number < count; number++) {
    if (at + CENTRAL > directory.byteLength) throw new Broken("zip.layout", { where: "目录" });
    const length = directory.getUint16(at + 28, true);
    const raw = new Uint8Array(directory.buffer, at + CENTRAL, Math.min(length, directory.byteLength - at - CENTRAL));
    const name = checkedName(raw);
    if (members.has(name as FileName)) throw new Broken("zip.double", { name });
    if (!Object.hasOwn(FILES, name)) throw new Broken("zip.unknown", { name });
    const member = await readMember(file, name as FileName, directory, at, length, place);
    members.set(member.name, member);
    at += CENTRAL + raw.length;
    place = member.start + member.packed;
  }
  if (at !== directory.byteLength || place !== offset) throw new Broken("zip.layout", { where: "文件之间有多余的内容" });
  for (const name of ORDER) if (!members.has(name)) throw new Broken("zip.missing", { name });
  if ([...members.keys()].join() !== ORDER.join()) throw new Broken("zip.layout", { where: "文件次序" });
  return members;
}

function checkedName(raw: Uint8Array): string {
  let name = "";
  for (const byte of raw) name += byte < 128 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`;
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(name)) throw new Broken("zip.path", { name });
  return name;
}

async function readMember(file: Blob, name: FileName, directory: DataView, at: number, length: number, place: number): Promise<Member> {
  const short = (where: number) => directory.getUint16(at + where, true);
  const long = (where: number) => directory.getUint32(at + where, true);
  const [crc, packed, size, offset] = [long(16), long(20), long(24), long(42)];
  if (short(8) & 1) throw new Broken("zip.locked", { name });
  if (long(38) !== REGULAR_FILE) throw new Broken("zip.link", { name });
  if (size > FILES[name]) throw new Broken("zip.large", { name, size, limit: FILES[name] });
  if (size > RATIO_FROM && size > packed * MOST_RATIO) throw new Broken("zip.bomb", { name, ratio: MOST_RATIO });
  const fixed = [long(0), short(4), short(6), short(8), short(12), short(14), short(30), short(32), short(34), short(36)];
  const method = short(10);
  const right = [0x02014b50, 0x0314, 20, 0, 0, FIXED_DATE, 0, 0, 0, 0];
  if (fixed.join() !== right.join() || (method !== 0 && method !== 8) || offset !== place) throw new Broken("zip.layout", { where: name });
  const local = await view(file, offset, offset + LOCAL + length);
  if (local.byteLength !== LOCAL + length || (method === 0 && packed !== size)) throw new Broken("zip.layout", { where: name });
  const head = [local.getUint32(0, true), ...[4, 6, 8, 10, 12].map((where) => local.getUint16(where, true))];
  const tail = [...[14, 18, 22].map((where) => local.getUint32(where, true)), local.getUint16(26, true), local.getUint16(28, true)];
  const expected = [0x04034b50, 20, 0, method, 0, FIXED_DATE, crc, packed, size, length, 0];
  const written = String.fromCharCode(...new Uint8Array(local.buffer, LOCAL));
  if ([...head, ...tail].join() !== expected.join() || written !== name) throw new Broken("zip.layout", { where: name });
  return { name, start: offset + LOCAL + length, packed, size, crc, isDeflated: method === 8 };
}

/** The bytes of a file; never more than the directory says, and exactly those or `Broken`. */
export async function readWhole(file: Blob, member: Member): Promise<Uint8Array<ArrayBuffer>> {
  const packed = file.slice(member.start, member.start + member.packed);
  if (packed.size !== member.packed) throw new Broken("zip.none");
  const whole = new Uint8Array(member.size);
  const stream = member.isDeflated ? packed.stream().pipeThrough(new DecompressionStream("deflate-raw")) : packed.stream();
  const reader = stream.getReader();
  let given = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Broken("zip.inflate", { name: member.name });
    });
    if (done) break;
    if (given + value.length > member.size) {
      await reader.cancel().catch(() => undefined);
      throw new Broken("zip.large", { name: member.name, size: `>${member.size}`, limit: member.size });
    }
    whole.set(value, given);
    given += value.length;
  }
  if (given !== member.size) throw new Broken("zip.inflate", { name: member.name });
  if (crc32(whole) !== member.crc) throw new Broken("zip.crc", { name: member.name });
  return whole;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) sum = (TABLE[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
