/** The editor of a question: rows without a round trip, a preview that follows, areas drawn on the picture. It works without all of this. */
import "../exam/exam.css";
import "../exam/questions.css";
import "./question.css";
import { csrfToken } from "../../controllers/dom";
import { drawAreas } from "./areas";

const PAUSE_MS = 700;

/** One row more: the last one again, empty, with the next number in every name and id. */
function addRow(group: HTMLElement): HTMLElement | null {
  const count = group.querySelector<HTMLInputElement>(`input[name="rows-${group.dataset.rows ?? ""}"]`);
  const rows = [...group.querySelectorAll<HTMLElement>("[data-row]")];
  const last = rows.at(-1);
  if (!count || !last || rows.length >= Number(group.dataset.most)) return null;
  const at = rows.length;
  const made = last.cloneNode(true) as HTMLElement;
  const renumber = (text: string) => text.replace(new RegExp(`-${at - 1}(?=$|_)`), `-${at}`);
  for (const found of made.querySelectorAll<HTMLElement>("[name], [id], [for], [aria-describedby]")) {
    for (const name of ["name", "id", "for", "aria-describedby"]) {
      const value = found.getAttribute(name);
      if (value) found.setAttribute(name, renumber(value));
    }
    found.removeAttribute("aria-invalid");
  }
  for (const field of made.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")) field.value = "";
  for (const label of made.querySelectorAll("label")) {
    for (const words of label.childNodes) if (words.nodeType === Node.TEXT_NODE) words.textContent = (words.textContent ?? "").replace(/\d+\s*$/, String(at + 1));
  }
  made.querySelectorAll(".error, .hint.num").forEach((found) => found.remove());
  made.querySelectorAll(".field-wrong").forEach((found) => found.classList.remove("field-wrong"));
  last.after(made);
  count.value = String(at + 1);
  return made;
}

function start(form: HTMLFormElement): void {
  const box = document.querySelector<HTMLElement>("[data-preview-box]");
  let timer = 0;
  let asked = 0;
  const preview = async () => {
    const number = ++asked;
    const body = new FormData(form);
    body.delete("uploads");
    body.set("act", "preview");
    const answer = await fetch(form.dataset.previewUrl ?? "", { method: "POST", body, headers: { "X-CSRFToken": csrfToken() } }).catch(() => null);
    if (answer?.ok && number === asked && box) box.innerHTML = await answer.text(); // made by our own server, escaped there
  };
  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void preview(), PAUSE_MS);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  for (const group of form.querySelectorAll<HTMLElement>("[data-rows]")) {
    group.querySelector("[data-more]")?.addEventListener("click", (event) => {
      const row = addRow(group);
      if (!row) return;
      event.preventDefault();
      row.querySelector<HTMLElement>("input, select, textarea")?.focus();
    });
  }
  const areas = form.querySelector<HTMLElement>("[data-areas]");
  const group = form.querySelector<HTMLElement>("[data-rows=area]");
  if (areas && group) drawAreas(areas, group, () => addRow(group), later);
}

document.querySelectorAll<HTMLFormElement>("[data-question-editor]").forEach(start);
