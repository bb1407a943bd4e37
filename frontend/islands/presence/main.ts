/** The page of a check, and the page of the enrolment. The player and the exam room take `mount` from `./mount` instead. */
import type { Check } from "./check";
import { mountEnrol } from "./enrol";
import { mount } from "./mount";

for (const box of document.querySelectorAll<HTMLElement>("[data-presence]")) {
  const text = document.getElementById(box.dataset.presence ?? "")?.textContent;
  if (!text) continue;
  const check = JSON.parse(text) as Check;
  const leave = () => location.replace(box.dataset.done ?? location.href);
  if (check.cause === "enrol") mountEnrol(box, check, { onDone: leave });
  // The page of a check that is over says what to do next.
  else mount(box, check, { onDone: leave });
}
