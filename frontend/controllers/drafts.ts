/**
 * Nothing typed is lost. What stands in a `data-form` form waits in this tab (sessionStorage) until the server took it: when the
 * session ended in between, the same person finds it again after signing in. Passwords, files and hidden values are never kept, nor
 * forms with `data-no-draft`. Leaving a page with unsent input asks first.
 */
import { element } from "./dom";
import { toast } from "./toasts";

interface Draft {
  path: string;
  title: string;
  values: Record<string, string[]>;
  sent: boolean;
  told?: boolean;
}

const PREFIX = "draft:";
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const owner = () => document.body.dataset.draftOwner ?? "";
const keyOf = (form: HTMLFormElement) => `${PREFIX}${owner()}:${location.pathname}:${form.id || form.getAttribute("action") || ""}`;

function store(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

function controls(form: HTMLFormElement): Control[] {
  return ([...form.elements] as Control[]).filter((one) => {
    if (!one.name || one.closest("[data-no-draft]")) return false;
    if (one instanceof HTMLTextAreaElement || one instanceof HTMLSelectElement) return true;
    return one instanceof HTMLInputElement && !["hidden", "password", "file", "submit", "button"].includes(one.type);
  });
}

function read(form: HTMLFormElement): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const one of controls(form)) {
    const list = (values[one.name] ??= []);
    if (one instanceof HTMLInputElement && /^(checkbox|radio)$/.test(one.type)) {
      if (one.checked) list.push(one.value);
    } else if (one instanceof HTMLSelectElement) list.push(...[...one.selectedOptions].map((option) => option.value));
    else list.push(one.value);
  }
  return values;
}

function fill(form: HTMLFormElement, values: Record<string, string[]>): void {
  const taken: Record<string, number> = {};
  for (const one of controls(form)) {
    const list = values[one.name];
    if (!list) continue;
    if (one instanceof HTMLInputElement && /^(checkbox|radio)$/.test(one.type)) one.checked = list.includes(one.value);
    else if (one instanceof HTMLSelectElement) for (const option of one.options) option.selected = list.includes(option.value);
    else {
      const at = (taken[one.name] ?? 0);
      taken[one.name] = at + 1;
      one.value = list[at] ?? "";
    }
    one.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function drafts(kept: Storage): Array<[string, Draft]> {
  const found: Array<[string, Draft]> = [];
  for (let i = 0; i < kept.length; i += 1) {
    const key = kept.key(i) ?? "";
    if (!key.startsWith(PREFIX)) continue;
    try {
      found.push([key, JSON.parse(kept.getItem(key) ?? "") as Draft]);
    } catch {
      kept.removeItem(key);
    }
  }
  return found;
}

/** What became of a form that was sent: a page for somebody signed in that is no refusal means that the server has taken it. */
function settle(kept: Storage): void {
  const taken = owner() !== "" && !document.querySelector("[data-restore-hint]");
  for (const [key, draft] of drafts(kept)) {
    if (owner() !== "" && !key.startsWith(`${PREFIX}${owner()}:`)) kept.removeItem(key);
    else if (draft.sent && taken) kept.removeItem(key);
    else if (draft.sent) kept.setItem(key, JSON.stringify({ ...draft, sent: false }));
  }
}

function offer(form: HTMLFormElement, key: string, draft: Draft, kept: Storage): void {
  const before = read(form);
  if (JSON.stringify(before) === JSON.stringify(draft.values)) return;
  fill(form, draft.values);
  const notice = element("div", "notice notice-wait restored");
  notice.setAttribute("role", "status");
  const line = element("p", "", "已恢复您上次没有提交的内容，请核对后再提交。");
  const undo = element("button", "btn btn-quiet btn-small", "不用了，恢复原样");
  undo.type = "button";
  undo.addEventListener("click", () => {
    fill(form, before);
    kept.removeItem(key);
    dirty.delete(form);
    notice.remove();
  });
  notice.append(line, undo);
  form.prepend(notice);
  dirty.add(form);
}

/** Says once, on another page, that something waits. */
function remind(waiting: Map<string, Draft>, kept: Storage): void {
  for (const [key, draft] of waiting) {
    if (draft.told || draft.path.split("?")[0] === location.pathname) continue;
    toast(`您在“${draft.title}”还有没提交的内容。`, "wait", { href: draft.path, text: "继续填写" });
    kept.setItem(key, JSON.stringify({ ...draft, told: true }));
    return;
  }
}

const dirty = new Set<HTMLFormElement>();

export function startDrafts(): void {
  const kept = store();
  if (!kept) return;
  settle(kept);
  if (owner() === "") return;
  const waiting = new Map(drafts(kept));
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-form]:not([data-no-draft])")) {
    const draft = waiting.get(keyOf(form));
    if (draft && !form.closest("dialog")) offer(form, keyOf(form), draft, kept);
    waiting.delete(keyOf(form));
  }
  remind(waiting, kept);

  document.addEventListener("input", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-form]:not([data-no-draft])");
    if (!form || form.closest("dialog") || !event.isTrusted) return;
    dirty.add(form);
    const title = document.querySelector("h1")?.textContent?.trim() ?? document.title;
    const draft: Draft = { path: location.pathname + location.search, title, values: read(form), sent: false };
    kept.setItem(keyOf(form), JSON.stringify(draft));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    dirty.delete(form);
    // Whoever signs out on purpose leaves nothing behind on this machine.
    if (new URL(form.action).pathname === "/sign-out/") {
      dirty.clear();
      for (const [key] of drafts(kept)) kept.removeItem(key);
    }
    const text = kept.getItem(keyOf(form));
    if (text) kept.setItem(keyOf(form), JSON.stringify({ ...(JSON.parse(text) as Draft), sent: true }));
  });
  window.addEventListener("beforeunload", (event) => {
    if ([...dirty].some((form) => form.isConnected)) event.preventDefault();
  });
}
