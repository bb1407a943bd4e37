/** `data-copy` on a button copies its value; on any other element it adds a small button that copies the text. */
import { element, once } from "./dom";
import { toast } from "./toasts";

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast("已复制", "ok");
  } catch {
    toast("浏览器不允许复制，请手动选中文字复制。", "wait");
  }
}

export function startCopy(part: ParentNode): void {
  once<HTMLElement>(part, "[data-copy]", "copy", (found) => {
    const text = () => found.dataset.copy || found.textContent?.trim() || "";
    if (found instanceof HTMLButtonElement) {
      found.addEventListener("click", () => void copy(text()));
      return;
    }
    const button = element("button", "btn btn-quiet btn-small screen-only", "复制");
    button.type = "button";
    button.addEventListener("click", () => void copy(text()));
    found.after(button);
  });
}
