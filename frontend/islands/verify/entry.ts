/** One entry, recomputed step by step from its text to the signed head. */
import { type Json, Malformed, dumps, hex, join, leafHash, nodeHash, sha256, unhex, utf8 } from "./bytes.ts";
import * as notes from "./notes.ts";
import { Report, say } from "./report.ts";
import { element, icon, showReport } from "./show.ts";

interface Proof {
  number: number;
  envelope: string;
  salt: string;
  private: Record<string, { digest: string; salt?: string; value?: Json }>;
  tree_size: number;
  path: string[];
  checkpoint: string;
  keys: { log: { vkey: string }[]; witnesses: { vkey: string; organisation: string }[] };
}

/** Fetches what is needed and shows each step with its own verdict. */
export async function verifyEntry(box: HTMLElement): Promise<void> {
  const target = box.querySelector<HTMLElement>("[data-verify-result]") ?? box;
  const steps = element("ol", "verify-steps");
  target.replaceChildren(steps);
  target.hidden = false;
  delete target.dataset["verdict"];
  let proof: Proof;
  try {
    if (!globalThis.crypto?.subtle) throw new Malformed(say("browser.old"));
    const answer = await fetch(box.dataset["verifyEntry"] ?? "", { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Malformed("读不到核对用的数据，请刷新页面再试。");
    proof = (await answer.json()) as Proof;
  } catch (error) {
    const words = error instanceof Malformed ? error.message : "网络不通，没有核对。请稍后再试。";
    target.replaceChildren(element("p", "notice notice-wait", words));
    return;
  }
  const report = new Report();
  const tell = (holds: boolean, words: string, detail = "") => {
    const row = element("li", holds ? "is-right" : "is-wrong");
    row.append(icon(holds ? "circle-check" : "circle-x"), element("span", "", words));
    if (detail) row.append(element("code", "", detail));
    steps.append(row);
    if (!holds) report.faults.push(words);
  };
  await recompute(proof, report, tell);
  showReport(target, report, [steps]);
}

type Tell = (holds: boolean, words: string, detail?: string) => void;

async function recompute(proof: Proof, report: Report, tell: Tell): Promise<void> {
  const digest = await sha256(join(unhex(proof.salt), utf8(proof.envelope)));
  tell(true, "由盐和正文算出摘要", hex(digest));
  await checkFields(proof, tell);
  let node: Uint8Array = await leafHash(digest);
  tell(true, "由摘要算出叶子", hex(node));
  let [index, last] = [proof.number - 1, proof.tree_size - 1];
  for (const one of proof.path) {
    const sibling = unhex(one);
    const isLeft = index % 2 === 1 || index === last;
    node = isLeft ? await nodeHash(sibling, node) : await nodeHash(node, sibling);
    while (isLeft && index && index % 2 === 0) [index, last] = [half(index), half(last)];
    [index, last] = [half(index), half(last)];
  }
  let head: notes.Head;
  try {
    head = notes.readHead(utf8(proof.checkpoint));
  } catch (error) {
    tell(false, say("note.form", { why: error instanceof Error ? error.message : "?" }));
    return;
  }
  const reached = last === 0 && hex(node) === hex(head.root) && head.size === proof.tree_size;
  const climbed = `沿 ${proof.path.length} 级证明路径算到树根，与检查点${reached ? "相符" : "不符"}`;
  tell(reached, climbed, hex(node));
  await checkSignatures(proof, head, report, tell);
  report.limits.push(say("browser.keys"), say("no.truth"));
}

const half = (value: number) => Math.floor(value / 2);

async function checkFields(proof: Proof, tell: Tell): Promise<void> {
  const logged = (JSON.parse(proof.envelope) as { private: Record<string, string> }).private;
  for (const [name, commitment] of Object.entries(logged)) {
    const part = proof.private[name];
    if (part?.salt === undefined || part.value === undefined) continue;
    const opened = hex(await sha256(join(unhex(part.salt), utf8(dumps({ [name]: part.value })))));
    const label = name === "actor" ? "操作人姓名" : `可删除的字段“${name}”`;
    tell(opened === commitment, `${label}与登记的摘要${opened === commitment ? "相符" : "不符"}`, opened);
  }
}

async function checkSignatures(proof: Proof, head: notes.Head, report: Report, tell: Tell): Promise<void> {
  if (!(await notes.canCheckSignatures())) {
    report.limits.push(say("browser.signature"));
    return;
  }
  const keys = await Promise.all(proof.keys.log.map((one) => notes.readKey(one.vkey, notes.LOG_KEY)));
  const witnesses = await Promise.all(proof.keys.witnesses.map((one) => notes.readKey(one.vkey, notes.WITNESS_KEY)));
  const signed = await notes.checkLogSignature(head, keys, report);
  tell(signed.length > 0 && !report.faults.length, signed.length ? "平台对检查点的签名正确" : "检查点没有平台的签名", signed[0]?.text);
  report.isTrusted = signed.length > 0;
  report.proven.push(`存证第 ${proof.number} 号从写入起没有被改动过，它在 ${head.size} 条存证的链里。`);
  const count = await notes.checkCosignatures(head, [], witnesses, [], Date.now() / 1000, report);
  for (const sentence of report.proven.slice(1)) tell(true, sentence);
  if (!count) report.limits.push(say("no.witness"));
  notes.noteStrangers(head, [...keys, ...witnesses], report);
}
