/**
 * Live figures. `<time data-until="ISO moment">` counts down (`data-over` is the word at the end) by the server's clock as the page
 * gave it in `data-now`; a text area with `maxlength` says how many characters are left.
 */
import { element, once } from "./dom";

export function words(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${days} 天 ${hours} 小时`;
  const two = (n: number) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}

function countDown(found: HTMLElement): void {
  const until = Date.parse(found.dataset.until ?? "");
  const skew = found.dataset.now ? Date.parse(found.dataset.now) - Date.now() : 0;
  if (Number.isNaN(until) || Number.isNaN(skew)) return;
  const tick = () => {
    const left = (until - Date.now() - skew) / 1000;
    found.textContent = left > 0 ? words(left) : (found.dataset.over ?? "已到时间");
    found.classList.toggle("is-short", left > 0 && left < 300);
    if (left > 0 && found.isConnected) window.setTimeout(tick, 1000 - (Date.now() % 1000));
    else if (left <= 0) found.dispatchEvent(new CustomEvent("zhenxue:time-over", { bubbles: true }));
  };
  tick();
}

function countCharacters(area: HTMLTextAreaElement): void {
  const left = element("p", "hint num");
  const show = () => {
    left.textContent = `还可以写 ${area.maxLength - area.value.length} 字`;
    left.hidden = area.value.length < area.maxLength / 2;
  };
  area.addEventListener("input", show);
  area.after(left);
  show();
}

export function startCounters(part: ParentNode): void {
  once<HTMLElement>(part, "[data-until]", "until", countDown);
  once<HTMLTextAreaElement>(part, "textarea[maxlength]", "count", countCharacters);
}
