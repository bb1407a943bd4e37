/** Short words at the foot of the page, and plain words when a request of htmx does not come through. */
import { element } from "./dom";

export type Tone = "ok" | "wait" | "bad" | "idle";
const STAY_MS: Record<Tone, number> = { ok: 4000, idle: 6000, wait: 15000, bad: 0 };

/** Shows one line; `bad` stays until it is closed. */
export function toast(text: string, tone: Tone = "idle", link?: { href: string; text: string }): void {
  const box = document.getElementById("toasts");
  if (!box) return;
  for (const same of box.querySelectorAll<HTMLElement>("[data-text]")) if (same.dataset.text === text) same.remove();
  const notice = element("div", `notice notice-${tone}`);
  notice.dataset.text = text;
  notice.setAttribute("role", tone === "bad" ? "alert" : "status");
  const line = element("p", "", text);
  if (link) {
    const anchor = element("a", "", link.text);
    anchor.href = link.href;
    line.append(" ", anchor);
  }
  notice.append(line, closer(notice));
  box.append(notice);
  if (STAY_MS[tone]) window.setTimeout(() => notice.remove(), STAY_MS[tone]);
}

function closer(notice: HTMLElement): HTMLButtonElement {
  const close = element("button", "toast-close", "×");
  close.type = "button";
  close.setAttribute("aria-label", "关闭提示");
  close.addEventListener("click", () => notice.remove());
  return close;
}

const LOST = "网络断开了，这一步没有完成。请检查网络后再试一次。";

/** A part that could not be fetched says so in its place and can be asked for again. */
function failed(source: Element | undefined, words: string): void {
  const skeleton = source?.querySelector(".skeleton");
  if (!source || !skeleton) {
    toast(words, "bad");
    return;
  }
  const notice = element("div", "notice notice-bad");
  notice.setAttribute("role", "alert");
  const again = element("button", "btn btn-small", "再试一次");
  again.type = "button";
  again.addEventListener("click", () => location.reload());
  const inner = element("div", "");
  inner.append(element("p", "", words), again);
  notice.append(inner);
  skeleton.replaceWith(notice);
}

export function startToasts(): void {
  document.addEventListener("htmx:error", (event) => {
    failed(event.detail.ctx?.sourceElement, LOST);
  });
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    if (ctx.response && [502, 503, 504].includes(ctx.response.status)) {
      event.preventDefault();
      failed(ctx.sourceElement, "服务暂时不可用，请稍等片刻再试。已填写的内容还在。");
    }
  });
  const box = document.getElementById("toasts");
  if (box) {
    new MutationObserver((changes) => {
      for (const change of changes) for (const node of change.addedNodes) {
        if (node instanceof HTMLElement && node.matches(".notice") && !node.querySelector(".toast-close")) node.append(closer(node));
      }
    }).observe(box, { childList: true });
  }
  if (document.querySelector("[data-player]")) return; // the study page says itself what becomes of the time
  window.addEventListener("offline", () => toast("网络断开了。已填写的内容还在，恢复网络后再提交。", "bad"));
  window.addEventListener("online", () => {
    for (const old of document.querySelectorAll("#toasts .notice-bad[data-text^='网络断开']")) old.remove();
    toast("网络已恢复", "ok");
  });
}
