/** The page of a check, and the page of the enrolment. The player and the exam room take `mount` from `./mount` instead. */
import type { Check } from "./check";
import { type Enrolment, mountEnrol } from "./enrol";
import { mount } from "./mount";

function read<T>(id: string | undefined): T | null {
  const text = id && document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : null;
}

for (const box of document.querySelectorAll<HTMLElement>("[data-presence]")) {
  const check = read<Check>(box.dataset.presence);
  // The page of a check that is over says what to do next.
  if (check) mount(box, check, { onDone: () => location.replace(box.dataset.done ?? location.href) });
}
for (const box of document.querySelectorAll<HTMLElement>("[data-enrol]")) {
  const enrolment = read<Enrolment>(box.dataset.enrol);
  if (enrolment) mountEnrol(box, enrolment, { onDone: () => location.assign(box.dataset.done ?? location.href) });
}
