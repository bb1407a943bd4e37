/** The public check page: reads the keys that are to be trusted, checks the file, shows the verdict. */
import { Malformed, hex, sha256 } from "./bytes.ts";
import { type Keys, checkDossier } from "./dossier.ts";
import { type Key, LOG_KEY, WITNESS_KEY, readKey } from "./notes.ts";
import { say } from "./report.ts";
import { element, showReport } from "./show.ts";

const HASHED_AT_MOST = 1 << 29;

interface Published {
  log: { vkey: string }[];
  witnesses: { vkey: string }[];
}

export function tellOld(form: HTMLFormElement): void {
  const target = output(form);
  target.replaceChildren(element("p", "notice notice-wait", say("browser.old")));
  target.hidden = false;
}

export async function verifyFile(form: HTMLFormElement, file: File): Promise<void> {
  const target = output(form);
  let keys: Keys;
  const typed = (name: string) => (form.elements.namedItem(name) as HTMLTextAreaElement | null)?.value.trim() ?? "";
  try {
    keys = await readKeys(typed("log_key"), typed("witness_key"));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    target.replaceChildren(element("p", "notice notice-bad", `填写的公钥无法使用：${error.message}。`));
    target.hidden = false;
    return;
  }
  const bar = element("progress");
  bar.setAttribute("aria-label", "核验进度");
  target.replaceChildren(element("p", "", `正在这台设备上核验 ${file.name} ……`), bar);
  target.hidden = false;
  delete target.dataset["verdict"];
  const report = await checkDossier(file, keys, Date.now() / 1000, (done, total) => {
    bar.max = total;
    bar.value = done;
  });
  if (!typed("log_key") && report.status === 0) report.limits.push(say("browser.keys"));
  const facts = element("dl", "kv");
  facts.append(element("dt", "", "文件"), element("dd", "", file.name));
  if (file.size <= HASHED_AT_MOST) {
    const digest = element("dd");
    digest.append(element("code", "", hex(await sha256(new Uint8Array(await file.arrayBuffer())))));
    facts.append(element("dt", "", "SHA-256"), digest);
  }
  showReport(target, report, [facts]);
}

/** What the visitor typed, else what this site publishes; a site's witness need not have signed an older dossier. */
async function readKeys(log: string, witness: string): Promise<Keys> {
  const rows = (text: string) => text.split("\n").filter((row) => row.trim());
  const published = JSON.parse(document.getElementById("published-keys")?.textContent ?? '{"log":[],"witnesses":[]}') as Published;
  const all = (texts: string[], kind: number): Promise<Key[]> => Promise.all(texts.map((text) => readKey(text, kind)));
  return {
    log: await all(log ? rows(log) : published.log.map((one) => one.vkey), LOG_KEY),
    witnesses: await all(rows(witness), WITNESS_KEY),
    known: witness ? [] : await all(published.witnesses.map((one) => one.vkey), WITNESS_KEY),
  };
}

function output(form: HTMLFormElement): HTMLElement {
  return form.querySelector<HTMLElement>("[data-verify-result]") ?? form;
}
