/**
 * A burst: a look straight ahead and a frame for each turn that the server asked, in its order. A turn is taken when the picture has
 * changed and come to rest, so nobody has to hurry; after a few seconds it is taken as it is and the server says what was missing.
 */
import { type Camera, differenceOf } from "./camera";
import type { Turn } from "./check";

export type Step = "front" | Turn;

export interface Burst {
  frames: Blob[];
  tookMs: number;
}

export const STEP_WORDS: Record<Step, string> = { front: "看正前方，别动", left: "慢慢向左转头", right: "慢慢向右转头" };
/** From the words to the picture, at least: nobody reads and turns faster. */
const LEAST_MS: Record<Step, number> = { front: 900, left: 1_000, right: 1_000 };
const MOST_MS = 4_500;
const LOOK_MS = 120;
/** Steps of grey between two copies: a turned head against the one before; a head at rest. */
const CHANGED = 4;
const RESTING = 2.5;
/** So long it has to rest, that the picture is not smeared. */
const REST_MS = 350;

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Takes the frames; `say` is told of each step before it, `taken` of each frame. Null when `stop` says so. */
export async function take(
  camera: Camera,
  steps: Step[],
  say: (step: Step, number: number) => void,
  taken: (frame: Blob, number: number) => void,
  stop: () => boolean,
): Promise<Burst | null> {
  const began = performance.now();
  const frames: Blob[] = [];
  let before: Uint8Array | null = null;
  for (const [number, step] of steps.entries()) {
    say(step, number);
    before = await settle(camera, before, LEAST_MS[step], stop);
    if (stop()) return null;
    const frame = await camera.frame();
    frames.push(frame);
    taken(frame, number);
  }
  return { frames, tookMs: Math.round(performance.now() - began) };
}

/** Waits until what the camera shows differs from `before` (if any) and rests; gives what it shows then. */
async function settle(camera: Camera, before: Uint8Array | null, leastMs: number, stop: () => boolean): Promise<Uint8Array> {
  const began = performance.now();
  let last = camera.grey();
  let restedSince = began;
  while (!stop()) {
    await sleep(LOOK_MS);
    const now = performance.now();
    const seen = camera.grey();
    if (differenceOf(seen, last) > RESTING) restedSince = now;
    last = seen;
    const changed = before === null || differenceOf(seen, before) > CHANGED;
    if (now - began >= leastMs && ((changed && now - restedSince >= REST_MS) || now - began >= MOST_MS)) break;
  }
  return last;
}
