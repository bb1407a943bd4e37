/** `data-print` on a button opens the browser's print dialog. */
import { once } from "./dom";

export function startPrint(part: ParentNode): void {
  once<HTMLElement>(part, "[data-print]", "print", (button) => button.addEventListener("click", () => window.print()));
}
