/** The one line that says whether time counts now, and what would make it count. */

/** Why nothing runs although a session is open. */
export type Pause = "" | "network" | "hidden" | "idle" | "check" | "presence" | "daily_cap" | "cohort_closed";

export interface Now {
  running: boolean;
  finished: boolean;
  /** The video waits for its data. */
  loading: boolean;
  /** The video is over; `saving`: what it ended with is on its way to the server. */
  over: boolean;
  saving: boolean;
  /** A document or text, of which `read` percent are read; `full`: the page in view has counted all it can. */
  reading: boolean;
  read: number;
  full: boolean;
}

/** Words and tone; no words where the page in view has its own advice. */
export function standing(paused: Pause, now: Now): [string, "ok" | "wait" | "idle"] {
  if (paused === "presence") return ["请完成在学核验，就接着计", "wait"];
  if (paused === "check") return ["请点“我在学习”，就接着计", "wait"];
  if (now.running) {
    if (now.finished) return ["本单元已学完，可以复习", "ok"];
    if (now.reading && now.read >= 100) return ["学时已计满，请做下面的小测", "ok"];
    return now.reading && now.full ? ["", "wait"] : ["正在计入学时", "ok"];
  }
  if (paused === "network") return ["等待网络，暂停计时", "wait"];
  if (paused === "hidden") return ["页面在后台，暂停计时", "wait"];
  if (paused === "daily_cap") return ["今天的学时已满", "wait"];
  if (paused === "idle") return ["还在学吗？点一下页面继续", "wait"];
  if (now.loading) return ["视频正在加载，暂停计时", "wait"];
  if (now.finished) return ["本单元已学完", "ok"];
  if (now.over) return now.saving ? ["正在保存…", "wait"] : ["还没学满，点播放接着学", "wait"];
  return ["已暂停，不计时", "idle"];
}
