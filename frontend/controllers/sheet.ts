/**
 * `a[data-sheet]` opens its page in a sheet at the side, so that one keeps one's place in the list; the full page stays one press away,
 * and a press with Ctrl, or without script, simply follows the link.
 */
import htmx from "htmx.org";
import { element } from "./dom";

async function open(link: HTMLAnchorElement): Promise<void> {
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  if (!main) throw new Error("no page");
  const dialog = element("dialog", "sheet");
  const head = element("div", "sheet-head");
  const whole = element("a", "btn btn-small", "打开整页");
  whole.href = link.href;
  const close = element("button", "btn btn-small btn-quiet", "关闭");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  head.append(whole, close);
  const body = element("div", "sheet-body stack");
  body.append(...main.childNodes);
  const title = body.querySelector("h1");
  if (title) {
    title.id = "sheet-title";
    dialog.setAttribute("aria-labelledby", title.id);
  }
  dialog.append(head, body);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  htmx.process(body);
  dialog.showModal();
  document.dispatchEvent(new CustomEvent("zhenxue:part", { detail: body }));
}

export function startSheets(): void {
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-sheet]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(link).catch(() => location.assign(link.href));
  });
}
