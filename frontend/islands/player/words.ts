/** Words and times as the player shows them. */

/** Reasons that need no notice: pausing is no fault. */
const QUIET = new Set(["", "not_playing"]);
const TITLES: Record<string, string> = {
  already_counted: "这一段已经学过",
  daily_cap: "今天的学时已满",
  unit_full: "本单元学时已计满",
  clock: "部分时间没有计入",
  hidden: "页面不在前台",
  ticket: "学习凭证已失效",
  jump: "还没学到这里",
  rate: "播放速度太快",
  gap: "中间断开了一段时间",
  ended: "本页已停止计时",
  cohort_closed: "现在不在培训时间内",
  idle: "还在学吗？",
};

export function isQuiet(reason: string): boolean {
  return QUIET.has(reason);
}

export function titleOf(reason: string): string {
  return TITLES[reason] ?? "这段时间没有计入";
}

/** `12:34`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (part: number) => String(part).padStart(2, "0");
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${rest}` : rest;
}

/** The server's moment in China's civil time: `12:35:10`. */
export function moment(ms: number): string {
  return new Date(ms).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
}
