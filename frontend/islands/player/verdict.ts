/** What an answer of the server does to the playback of a video. */
import type { Answer } from "./protocol";
import type { Pause } from "./standing";

/** Reasons after which the learner stands where the server has them, and those that stop the clock until something happens. */
const REWINDING = new Set(["gap", "clock", "jump", "no_key", "daily_cap", "cohort_closed"]);
const PAUSING = new Set<string>(["daily_cap", "cohort_closed", "idle"]);
/** Closer to the end than this is the end. */
const BLUR = 100;

/** Why the playback stands from now on, "" when it does not. */
export function pauseOf(reason: string): Pause {
  return PAUSING.has(reason) ? (reason as Pause) : "";
}

/** Whether the learner is farther on than the server; who looks back at a finished unit loses nothing by the clock. */
export function setsBack(reason: string, finished: boolean): boolean {
  return REWINDING.has(reason) && !(finished && reason === "clock");
}

/** Whether a video that ended at `end` was not counted up to there: the rest is played once more. */
export function isShort(answer: Answer, end: number): boolean {
  const counts = answer.reason === "" || (REWINDING.has(answer.reason) && !PAUSING.has(answer.reason));
  return !answer.finished && counts && answer.position_ms < end - BLUR;
}
