/** Verdicts and lists of sentences, built as elements (never as markup: file names and titles come from strangers). */
import type { Report } from "./report.ts";

export function element<K extends keyof HTMLElementTagNameMap>(name: K, css = "", text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (css) made.className = css;
  if (text) made.textContent = text;
  return made;
}

/** An icon of the sprite that the page already uses; `like` is an element that holds one. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] ?? "";
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

const VERDICTS = {
  0: { tone: "ok", sign: "circle-check", words: "核验通过", more: "以下内容没有被改动过。" },
  1: { tone: "bad", sign: "circle-x", words: "核验不通过", more: "不要采信这份文件，并请保留原件。" },
  3: { tone: "wait", sign: "alert-triangle", words: "没有发现矛盾，但还不能下结论", more: "签名没有核对，原因见下。" },
} as const;

function list(title: string, sentences: readonly string[], css: string): HTMLElement[] {
  if (!sentences.length) return [];
  const rows = element("ul", css);
  for (const sentence of sentences) rows.append(element("li", "", sentence));
  rows.setAttribute("aria-label", title);
  const head = element("p");
  head.append(element("strong", "", title));
  return [head, rows];
}

export function showReport(target: HTMLElement, report: Report, head: HTMLElement[] = []): void {
  const verdict = VERDICTS[report.status];
  const box = element("div", `notice notice-${verdict.tone}`);
  const words = element("div");
  words.append(element("strong", "", verdict.words), element("p", "", verdict.more));
  box.append(icon(verdict.sign), words);
  target.replaceChildren(
    box,
    ...head,
    ...list("不符之处", report.faults, "verify-list verify-bad"),
    ...(report.faults.length ? [] : list("能证明", report.proven, "verify-list verify-ok")),
    ...(report.faults.length ? [] : list("不能证明", report.limits, "verify-list")),
  );
  target.dataset["verdict"] = String(report.status);
  target.hidden = false;
  target.focus();
}
