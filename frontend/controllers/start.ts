/** Starts every small behaviour; each one is harmless on a page that does not use it. */
export function start(): void {
  document.documentElement.classList.replace("no-js", "js");
}
