/** What happens to the page around the content: hands at it, another tab in front of it, ways out of it, its self-test. */

export interface Listener {
  /** Somebody moved, pressed, typed or scrolled. */
  touched(): void;
  /** The page went to the background, or came back. */
  turned(): void;
  online(): void;
  /** The page is about to go. */
  leaving(): void;
  /** A link to the next unit. */
  followed(event: MouseEvent, href: string): void;
  /** An answer of the self-test came. */
  tested(passed: boolean): void;
}

const TOUCHES = ["pointerdown", "pointermove", "keydown", "scroll", "touchstart", "wheel"];

export function listen(box: HTMLElement, page: Listener): void {
  for (const name of TOUCHES) document.addEventListener(name, () => page.touched(), { passive: true, capture: true });
  document.addEventListener("visibilitychange", () => page.turned());
  window.addEventListener("pagehide", () => page.leaving());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  window.addEventListener("online", () => page.online());
  for (const link of box.querySelectorAll<HTMLAnchorElement>("a[data-next-link], .player-next a")) {
    link.addEventListener("click", (event) => page.followed(event, link.href));
  }
  const test = box.querySelector("#self-test");
  test?.addEventListener("htmx:after:swap", () => page.tested(test.querySelector("[data-self-test=passed]") !== null));
}
