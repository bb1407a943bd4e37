/** Starts every small behaviour; each one is harmless on a page that does not use it. */
import { startColumns } from "./columns";
import { startCopy } from "./copy";
import { startCounters } from "./counters";
import { startDeviceKey, startSignInKey } from "./device-key";
import { startDialogs } from "./dialog";
import { startDrafts } from "./drafts";
import { startFilters } from "./filters";
import { startForms } from "./forms";
import { startLargeType } from "./large-type";
import { startPopovers } from "./popover";
import { startPrint } from "./print";
import { startSheets } from "./sheet";
import { startTables } from "./table";
import { startTabs } from "./tabs";
import { startToasts } from "./toasts";

/** Behaviours that look at single elements; they run again over every part that htmx brings. */
const overParts: Array<(part: ParentNode) => void> = [startColumns, startCopy, startCounters, startPrint, startTables, startTabs];

export function start(): void {
  document.documentElement.classList.replace("no-js", "js");
  startPopovers();
  startDeviceKey();
  startSignInKey();
  startDialogs();
  startForms();
  startDrafts();
  startFilters();
  startLargeType();
  startSheets();
  startToasts();
  const run = (part: ParentNode) => overParts.forEach((behaviour) => behaviour(part));
  run(document);
  document.addEventListener("htmx:after:swap", () => run(document));
  document.addEventListener("zhenxue:part", () => run(document));
  document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest" });
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}
