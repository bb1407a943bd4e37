/** Small helpers shared by the behaviours. */

export function element<K extends keyof HTMLElementTagNameMap>(tag: K, css: string, text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (css) made.className = css;
  if (text) made.textContent = text;
  return made;
}

/** Whether a key press belongs to a control (typing), not to the page. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio|button|submit)$/.test(target.type);
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Runs `act` once for each element that matches and was not touched before by the same behaviour. */
export function once<T extends HTMLElement>(part: ParentNode, selector: string, name: string, act: (found: T) => void): void {
  const flag = `on${name}`;
  for (const found of part.querySelectorAll<T>(selector)) {
    if (found.dataset[flag]) continue;
    found.dataset[flag] = "1";
    act(found);
  }
}

/** The token that Django wants with every unsafe request: from a form of the page, else from what the body gives htmx. */
export function csrfToken(): string {
  const field = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]");
  return field?.value ?? /"X-CSRFToken": "(\w+)"/.exec(document.body.getAttribute("hx-headers:inherited") ?? "")?.[1] ?? "";
}
