/** What a player island needs to know of the thing being studied, be it a video or a page to read. */
import type { Opened } from "./protocol";

export interface Source {
  /** Begins at the position of the session; `ticket` gives the ticket of the moment, for what only the session may load. */
  start(opened: Opened, ticket: () => string): Promise<void>;
  /** Where the learner is now, in milliseconds of content (or of reading time). */
  position(): number;
  /** Whether it runs now. */
  running(): boolean;
  /** Whether it would run if there were something to play. */
  loading(): boolean;
  /** Whether it has come to its end. */
  over(): boolean;
  rate(): number;
  play(): void;
  pause(): void;
  /** Goes back to where the server has the learner. */
  rewind(ms: number): void;
  /** Seen up to here, as the server says. */
  seen(ms: number, finished: boolean): void;
  /** The browser's own full screen hides the page: leave it, somebody has to be asked. */
  uncover(): void;
}

export interface SourceListener {
  /** It began to run, or stopped; `event` is why. */
  started(): void;
  stopped(event: "pause" | "end"): void;
  /** A jump: the stretch up to `from` is over, the next begins at `to`. */
  jumped(from: number, to: number): void;
  refused(words: string): void;
  /** It cannot go on; `code` leads to a title and a way out. */
  failed(code: string, words: string): void;
}
