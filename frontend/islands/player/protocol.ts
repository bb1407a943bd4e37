/** What the page and the server say to each other while somebody studies (docs/reference/study-protocol.md). */

/** The server's answer to an opening. Times in milliseconds, seconds are whole and of the unit. */
export interface Opened {
  session_id: number;
  number: number;
  ticket: string;
  position_ms: number;
  seen_to_ms: number;
  unit_ms: number;
  credited_seconds: number;
  beat_seconds: number;
  max_gap_seconds: number;
  max_rate_percent: number;
  idle_seconds: number;
  day_left_seconds: number;
  finished: boolean;
  paced: boolean;
  server_ephemeral: string;
  slots: number;
  slot_ms: number;
  page: number;
  /** What each page of a reading unit counts already. */
  page_counts_ms: number[];
  needs_self_test: boolean;
  key_lead_seconds: number;
  check_answer_seconds: number;
  /** A presence check is waited for from the start. */
  presence: boolean;
  server_ms: number;
  urls: { beats: string; close: string; presence: string; stream: string; document: string; pages: string };
}

/** What the page claims of one stretch since the last beat. */
export interface Stretch {
  from_ms: number;
  to_ms: number;
  rate_percent: number;
  visible: boolean;
  focused: boolean;
  playing: boolean;
  idle_ms: number;
  event: "tick" | "pause" | "seek" | "hide" | "end" | "close";
  /** The page in view of what is read, from 0. */
  page: number;
}

/** "我在学习": the next beat has to bring the nonce. */
export interface Check {
  nonce: string;
  answer_within_ms: number;
}

export interface Answer {
  number: number;
  ticket: string;
  reason: string;
  text: string;
  credited_seconds: number;
  gained_ms: number;
  position_ms: number;
  seen_to_ms: number;
  day_left_seconds: number;
  saved_at_ms: number;
  ended: boolean;
  finished: boolean;
  ended_because: string;
  check?: Check;
  /** Nothing counts until the presence check is passed. */
  presence?: boolean;
}

/** Makes `X-Beat-Proof` for the very bytes of a body. */
export type Prove = (body: Uint8Array<ArrayBuffer>) => Promise<string>;
