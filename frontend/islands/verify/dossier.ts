/** Checks one dossier inside the browser, step by step as `verifier/zhenxue_verify.py` does, and says the same sentences. */
import {
  type Json,
  type JsonObject,
  Malformed,
  dumps,
  hasKeys,
  hex,
  isHex64,
  isObject,
  isWhole,
  join,
  leafHash,
  loads,
  nodeHash,
  same,
  sha256,
  shape,
  unhex,
  utf8,
} from "./bytes.ts";
import * as notes from "./notes.ts";
import { Broken, Report, civil, say, shown } from "./report.ts";
import { FILES, type FileName, type Member, readDirectory, readWhole } from "./zip.ts";

const LISTED = (Object.keys(FILES) as FileName[]).filter((name) => name !== "manifest.json");
const LONGEST_LINE = 1 << 20;
const LATE_SECONDS = 300;
const AT_ONCE = 200;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/;
const REF = /^[a-z][a-z_]*(:[0-9A-Za-z._-]+)?$/;

export interface Keys {
  /** The log's keys that are trusted; none: nothing can be concluded. */
  log: readonly notes.Key[];
  /** Witnesses that must have signed. */
  witnesses: readonly notes.Key[];
  /** Witnesses whose signature is checked where there is one. */
  known: readonly notes.Key[];
}

interface Line {
  number: number;
  leaf: Uint8Array;
  envelope: JsonObject;
  at: number;
  withheld: number;
  erased: number;
}

interface Manifest {
  ref: string;
  title: string;
  names: string;
  made: number;
  count: number;
  size: number;
  root: string;
  files: Map<string, { bytes: number; sha256: string }>;
}

type Progress = (done: number, total: number) => void;

/** Never throws for what a file may hold; whatever cannot be read is a fault. `now`: POSIX seconds. */
export async function checkDossier(file: Blob, keys: Keys, now: number, progress: Progress = () => undefined): Promise<Report> {
  const checker = new Checker(file, keys, now, progress);
  try {
    await checker.check();
  } catch (error) {
    if (error instanceof Broken) checker.report.fault(error.word, error.values);
    else checker.report.fault("fault.internal", { why: error instanceof Malformed ? error.message : error instanceof Error ? error.name : "?" });
  }
  return checker.report;
}

class Checker {
  readonly report = new Report();
  readonly file: Blob;
  readonly keys: Keys;
  readonly now: number;
  readonly progress: Progress;
  members = new Map<FileName, Member>();
  readonly digests = new Map<string, string>();
  withheld = 0;
  erased = 0;
  since = 0;
  until = 0;

  constructor(file: Blob, keys: Keys, now: number, progress: Progress) {
    this.file = file;
    this.keys = keys;
    this.now = now;
    this.progress = progress;
  }

  async check(): Promise<void> {
    const { report } = this;
    this.members = await readDirectory(this.file);
    const manifest = readManifest(await this.whole("manifest.json"));
    if (manifest.made > this.now + LATE_SECONDS) report.fault("made.future", { at: civil(manifest.made) });
    this.digests.set("title", hex(await sha256(utf8(manifest.title))));
    for (const name of LISTED) if (name !== "entries.jsonl") await this.checkDigest(manifest, name, await this.whole(name));
    const { logs, witnesses } = await readSpells(await this.whole("keys.json"));
    let head: notes.Head;
    try {
      head = notes.readHead(await this.whole("checkpoint.txt"));
    } catch (error) {
      throw error instanceof Malformed ? new Broken("note.form", { why: error.message }) : error;
    }
    if (head.size !== manifest.size || hex(head.root) !== manifest.root) report.fault("manifest.root");
    await this.checkSignatures(head, logs, witnesses);
    const leaves = await this.readEntries(manifest, head);
    const { line: sealed, told } = await this.takeLine(withoutNewline(await this.whole("seal.json")), "封存存证", head);
    report.absorb(told);
    if (sealed) {
      this.tally(sealed);
      this.checkSeal(manifest, sealed);
    }
    if (!report.faults.length) await this.checkProof(leaves, sealed, head);
    if (!report.faults.length && sealed) this.conclude(manifest, head, leaves, sealed);
  }

  whole(name: FileName): Promise<Uint8Array<ArrayBuffer>> {
    return readWhole(this.file, this.members.get(name) as Member);
  }

  async checkDigest(manifest: Manifest, name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    const digest = hex(await sha256(content));
    this.digests.set(name, digest);
    const listed = manifest.files.get(name);
    if (listed?.bytes !== content.length || listed.sha256 !== digest) this.report.fault("file.digest", { name });
  }

  async checkSignatures(head: notes.Head, spells: notes.Spell[], witnesses: notes.Spell[]): Promise<void> {
    const { report } = this;
    if (!(await notes.canCheckSignatures())) {
      report.limits.push(say("browser.signature"));
      return;
    }
    const keys = this.keys.log.length ? this.keys.log : spells.map((spell) => spell.key);
    const signed = await notes.checkLogSignature(head, keys, report);
    if (!signed.length && !report.faults.length) {
      const names = [...new Set(head.lines.map((line) => `${line.name}（${hex(line.id)}）`))].join("、");
      report.fault("note.unsigned", { names });
    }
    for (const key of signed) {
      if (head.origin !== key.name) report.fault("note.origin", { origin: head.origin });
      if (!spells.filter((spell) => spell.key.text === key.text).every((spell) => notes.holds(spell, head.size))) {
        report.fault("key.expired", { name: key.name, size: head.size });
      }
    }
    report.isTrusted = this.keys.log.length > 0;
    for (const key of signed) {
      if (report.isTrusted) report.proven.push(say("ok.signature", { name: key.text }));
      else report.limits.push(say("no.key", { vkey: key.text }));
    }
    const { witnesses: given, known } = this.keys;
    const cosigned = await notes.checkCosignatures(head, given, known, witnesses, this.now, report);
    if (!given.length && !cosigned) report.limits.push(say("no.witness"));
    notes.noteStrangers(head, [...keys, ...given, ...known], report);
  }

  async readEntries(manifest: Manifest, head: notes.Head): Promise<{ index: number; leaf: Uint8Array }[]> {
    const content = await this.whole("entries.jsonl");
    const rows = splitLines(content);
    const leaves: { index: number; leaf: Uint8Array }[] = [];
    let last = 0;
    for (let first = 0; first < rows.length; first += AT_ONCE) {
      const taken = rows.slice(first, first + AT_ONCE).map((row, at) => this.takeLine(row, `第 ${first + at + 1} 行存证`, head));
      for (const { line, told } of await Promise.all(taken)) {
        this.report.absorb(told);
        if (!line) continue;
        if (line.number <= last) this.report.fault("entry.order", { number: line.number });
        const about = line.envelope["about"] as string[];
        if (!about.includes(manifest.ref)) this.report.fault("entry.foreign", { number: line.number, ref: manifest.ref });
        last = Math.max(last, line.number);
        this.since = Math.min(this.since || line.at, line.at);
        this.until = Math.max(this.until, line.at);
        leaves.push({ index: line.number - 1, leaf: line.leaf });
        this.tally(line);
      }
      this.progress(Math.min(first + AT_ONCE, rows.length), rows.length);
    }
    await this.checkDigest(manifest, "entries.jsonl", content);
    if (rows.length !== manifest.count) this.report.fault("entry.count", { found: rows.length, listed: manifest.count });
    return leaves;
  }

  /** An entry and what is wrong with it; lines are taken many at once, and told in their order. */
  async takeLine(text: Uint8Array<ArrayBuffer>, place: string, head: notes.Head): Promise<{ line: Line | null; told: Report }> {
    const told = new Report();
    try {
      const line = await readLine(text, told);
      if (line.number > head.size) told.fault("entry.beyond", { number: line.number, size: head.size });
      if (line.at > this.now + LATE_SECONDS) told.fault("entry.future", { number: line.number, at: civil(line.at) });
      return { line, told };
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      told.fault("entry.form", { place, why: error.message });
      return { line: null, told };
    }
  }

  tally(line: Line): void {
    this.withheld += line.withheld;
    this.erased += line.erased;
  }

  checkSeal(manifest: Manifest, sealed: Line): void {
    const { report } = this;
    const body = sealed.envelope["body"] as JsonObject;
    if (sealed.envelope["kind"] !== "evidence.dossier_sealed" || sealed.envelope["subject"] !== manifest.ref) {
      report.fault("seal.kind");
      return;
    }
    if (body["entries_sha256"] !== this.digests.get("entries.jsonl")) report.fault("seal.entries");
    if (body["summary_sha256"] !== this.digests.get("summary.html")) report.fault("seal.summary");
    const facts = [manifest.count, manifest.names, this.digests.get("title")];
    if ([body["count"], body["names"], body["title_sha256"]].some((value, at) => value !== facts[at])) report.fault("seal.facts");
  }

  async checkProof(leaves: { index: number; leaf: Uint8Array }[], sealed: Line | null, head: notes.Head): Promise<void> {
    if (!sealed || (leaves.length && sealed.number - 1 <= (leaves.at(-1)?.index ?? -1))) throw new Broken("seal.kind");
    const proof = await this.whole("proof.bin");
    if (proof.length % 32) throw new Broken("proof.form");
    const root = await rootByProof([...leaves, { index: sealed.number - 1, leaf: sealed.leaf }], head.size, proof);
    if (!same(root, head.root)) throw new Broken("proof.root");
  }

  conclude(manifest: Manifest, head: notes.Head, leaves: { index: number }[], sealed: Line): void {
    const { report } = this;
    const span = leaves.length ? [civil(this.since).slice(0, 10), civil(this.until).slice(0, 10)] : ["—", "—"];
    const numbers = leaves.length ? leaves.map((leaf) => leaf.index + 1) : [sealed.number];
    report.proven.unshift(
      say("ok.entries", { count: leaves.length, ref: `${manifest.title}，${manifest.ref}`, since: span[0] ?? "", until: span[1] ?? "" }),
      say("ok.proof", { origin: head.origin, first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0, size: head.size, root: hex(head.root) }),
      say("ok.seal", { number: sealed.number, at: civil(sealed.at) }),
    );
    if (this.withheld || this.erased) report.limits.push(say("no.hidden", { count: this.withheld, gone: this.erased }));
    report.limits.push(say("no.complete"), say("no.truth"));
  }
}

function withoutNewline(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.at(-1) === 10 ? bytes.slice(0, -1) : bytes;
}

function splitLines(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const rows: Uint8Array<ArrayBuffer>[] = [];
  let first = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, first)) {
    if (end - first > LONGEST_LINE) throw new Broken("entry.form", { place: "有一行存证", why: "太长" });
    rows.push(content.slice(first, end));
    first = end + 1;
  }
  if (content.length - first > LONGEST_LINE) throw new Broken("entry.form", { place: "有一行存证", why: "太长" });
  if (first !== content.length) throw new Broken("entry.form", { place: "最后一行存证", why: "没有写完" });
  return rows;
}

/** One entry; `Malformed` for a wrong form, faults for the rest. */
async function readLine(text: Uint8Array<ArrayBuffer>, report: Report): Promise<Line> {
  const row = loads(text);
  shape(isObject(row) && hasKeys(row, ["digest", "envelope", "number", "private", "salt"]), "字段不对");
  const { digest, salt, number, private: parts } = row;
  shape(isWhole(number, 1), "编号不对");
  shape(isHex64(digest), "digest 不是 64 位十六进制");
  shape(isHex64(salt), "salt 不是 64 位十六进制");
  shape(typeof row["envelope"] === "string" && isObject(parts), "字段不对");
  const raw = utf8(row["envelope"]);
  const found = await sha256(join(unhex(salt), raw));
  if (hex(found) !== digest) report.fault("entry.digest", { number });
  const envelope = loads(raw);
  const names = ["about", "account", "at", "body", "kind", "private", "subject", "v"];
  shape(isObject(envelope) && hasKeys(envelope, names) && envelope["v"] === 1, "正文不是版本 1");
  shape(isObject(envelope["body"]) && typeof envelope["kind"] === "string", "正文字段不对");
  const { about, private: logged, account } = envelope;
  shape(Array.isArray(about) && about.every((ref) => typeof ref === "string" && REF.test(ref)), "关联对象不对");
  shape(typeof envelope["subject"] === "string" && about.includes(envelope["subject"]), "关联对象不对");
  shape(account === null || isWhole(account, 1), "账号不对");
  shape(isObject(logged) && hasKeys(logged, Object.keys(parts)), "可删除字段与正文不符");
  const line: Line = { number, leaf: await leafHash(found), envelope, at: secondsOf(envelope["at"]), withheld: 0, erased: 0 };
  for (const [name, part] of Object.entries(parts)) {
    if (part === "withheld") line.withheld += 1;
    else if (part === "erased") line.erased += 1;
    else if (!(await opens(name, part, logged[name]))) report.fault("entry.private", { number, name });
  }
  return line;
}

/** Whether a private value fits what was logged of it; `Malformed` for a wrong form. */
async function opens(name: string, part: Json | undefined, logged: Json | undefined): Promise<boolean> {
  shape(isObject(part) && hasKeys(part, ["salt", "value"]), `字段 ${shown(name)} 不对`);
  shape(isHex64(part["salt"]), `字段 ${shown(name)} 的盐不对`);
  const value = utf8(dumps({ [name]: part["value"] as Json }));
  return hex(await sha256(join(unhex(part["salt"]), value))) === logged;
}

export function secondsOf(moment: Json | undefined): number {
  shape(typeof moment === "string" && MOMENT.test(moment), "时间不对");
  const parsed = Date.parse(`${moment.slice(0, 19)}Z`);
  shape(!Number.isNaN(parsed) && new Date(parsed).toISOString().slice(0, 19) === moment.slice(0, 19), "时间不对");
  return parsed / 1000;
}

function readManifest(text: Uint8Array): Manifest {
  try {
    const row = loads(text);
    shape(isObject(row), "不是对象");
    if (row["format"] !== "zhenxue-dossier" || row["v"] !== 1) {
      const told = (value: Json | undefined) => (value === undefined || value === null ? "None" : String(value));
      throw new Broken("manifest.format", { version: `${told(row["format"])} ${told(row["v"])}` });
    }
    shape(hasKeys(row, ["count", "files", "format", "made", "names", "ref", "root", "size", "title", "v"]), "字段不对");
    const { ref, title, names, count, size, root, files } = row;
    shape(typeof ref === "string" && REF.test(ref) && ref.includes(":"), "对象不对");
    shape(typeof title === "string" && (names === "open" || names === "masked"), "标题或姓名方式不对");
    shape(isWhole(count) && isWhole(size, 1), "条数或大小不对");
    shape(isHex64(root), "树根不对");
    shape(isObject(files) && hasKeys(files, LISTED), "文件清单不对");
    const listed = new Map<string, { bytes: number; sha256: string }>();
    for (const [name, one] of Object.entries(files)) {
      shape(isObject(one) && hasKeys(one, ["bytes", "sha256"]) && isWhole(one["bytes"]) && isHex64(one["sha256"]), "文件清单不对");
      listed.set(name, { bytes: one["bytes"], sha256: one["sha256"] });
    }
    return { ref, title, names, count, size, root, files: listed, made: secondsOf(row["made"]) };
  } catch (error) {
    throw error instanceof Malformed ? new Broken("manifest.form", { why: error.message }) : error;
  }
}

async function readSpells(text: Uint8Array): Promise<{ logs: notes.Spell[]; witnesses: notes.Spell[] }> {
  try {
    const row = loads(text);
    shape(isObject(row) && hasKeys(row, ["log", "witnesses"]), "字段不对");
    shape(Array.isArray(row["log"]) && Array.isArray(row["witnesses"]), "字段不对");
    const logs = await Promise.all(row["log"].map(readLogSpell));
    const witnesses = await Promise.all(row["witnesses"].map(readWitnessSpell));
    shape(logs.length, "没有日志公钥");
    return { logs, witnesses };
  } catch (error) {
    throw error instanceof Malformed ? new Broken("keys.form", { why: error.message }) : error;
  }
}

async function readLogSpell(one: Json): Promise<notes.Spell> {
  shape(isObject(one) && hasKeys(one, ["end", "first", "vkey"]) && typeof one["vkey"] === "string", "公钥清单不对");
  shape(isWhole(one["first"]) && (one["end"] === null || isWhole(one["end"])), "公钥清单不对");
  return { key: await notes.readKey(one["vkey"], notes.LOG_KEY), first: one["first"], end: one["end"] };
}

async function readWitnessSpell(one: Json): Promise<notes.Spell> {
  shape(isObject(one) && hasKeys(one, ["organisation", "since", "until", "vkey"]) && typeof one["vkey"] === "string", "公钥清单不对");
  shape(typeof one["organisation"] === "string", "公钥清单不对");
  const end = one["until"] === null ? null : secondsOf(one["until"]) + 1;
  return { key: await notes.readKey(one["vkey"], notes.WITNESS_KEY), first: secondsOf(one["since"]) - LATE_SECONDS, end };
}

/** The root that these leaves (ascending) and the proof's nodes give; `Broken`. The proof is taken in the order of the walk. */
async function rootByProof(leaves: { index: number; leaf: Uint8Array }[], size: number, proof: Uint8Array): Promise<Uint8Array> {
  let at = 0;
  const firstFrom = (wanted: number, low: number, high: number) => {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((leaves[middle]?.index ?? 0) < wanted) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const walk = (low: number, high: number, start: number, end: number): Promise<Uint8Array> | Uint8Array => {
    if (low === high) {
      at += 32;
      if (at > proof.length) throw new Broken("proof.short");
      return proof.subarray(at - 32, at);
    }
    if (end - start === 1) return leaves[low]?.leaf ?? new Uint8Array(32);
    let half = 1;
    while (half * 2 < end - start) half *= 2;
    const middle = start + half;
    const cut = firstFrom(middle, low, high);
    const left = walk(low, cut, start, middle);
    const right = walk(cut, high, middle, end);
    return Promise.all([left, right]).then(([one, other]) => nodeHash(one, other));
  };
  const root = await walk(0, leaves.length, 0, size);
  if (at !== proof.length) throw new Broken("proof.long");
  return root;
}
