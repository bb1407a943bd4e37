/** Words and times as the player shows them: for every reason a title and what to do about it. */

/** What the button of a notice does; "" is no button. */
export type Act = "" | "resume" | "reload" | "course" | "sign-in" | "where" | "verify";

export interface Words {
  title: string;
  /** What to do, beside what the server says. */
  todo: string;
  act: Act;
}

const said = (title: string, todo = "", act: Act = ""): Words => ({ title, todo, act });

/** Every `ledger.data.Reason` that a page can meet (tests/unit/study/test_words.py). */
export const REASONS: Record<string, Words> = {
  already_counted: said("这一段已经学过", "往后看没学过的部分，就接着计。"),
  daily_cap: said("今天的学时已满", "已学的都存好了，休息一下，明天接着学。"),
  unit_full: said("本单元学时已计满", "请学下一个单元。"),
  clock: said("部分时间没有计入", "接着学就好，实际学习的时间都会计入。"),
  hidden: said("页面不在前台", "回到本页，点播放接着学。"),
  not_playing: said("没有播放", "点播放接着学。"),
  no_proof: said("本页已停止计时", "点“继续学习”，从存好的地方接着学。", "resume"),
  replayed: said("本页已停止计时", "点“继续学习”，从存好的地方接着学。", "resume"),
  out_of_order: said("本页已停止计时", "点“继续学习”，从存好的地方接着学。", "resume"),
  foreign: said("本页已停止计时", "点“继续学习”，从存好的地方接着学。", "resume"),
  ticket: said("本页已停止计时", "点“继续学习”，从存好的地方接着学。", "resume"),
  device: said("不是同一台设备", "请在正在学习的设备上学；要在这里学，请点“继续学习”。", "resume"),
  no_key: said("视频还没有加载到这里", "已回到加载好的地方，接着看就计学时。"),
  page_full: said("这一页已计满", "请接着看下一页。"),
  check: said("没有点“我在学习”", "点了以后就接着计学时。"),
  presence: said("请先完成在学核验", "完成核验后就接着计学时。"),
  unproven: said("没有按时完成在学核验", "三天内可以补做，补做后恢复学时。"),
  ruled: said("这段学时已撤销", "理由见“我的核查”，有异议可以申诉。"),
  jump: said("还没学到这里", "已回到学到的地方，请接着看。学完本单元后可以任意拖动。"),
  rate: said("播放速度太快", "请把播放速度调回允许的倍速。"),
  gap: said("中间断开了一段时间", "断开前的都存好了，接着学就好。"),
  ended: said("本页已停止计时", "", "resume"),
  cohort_closed: said("现在不在培训时间内", "已学的都存好了。有疑问请问培训机构。", "course"),
  idle: said("还在学吗？", "点一下页面，或滚动一下，就接着计。"),
  overlap: said("同一时间已在别处计入", "同一时间只能学一处。"),
  self_test: said("自测已合格", "请学下一个单元。"),
  absent: said("缺勤", "可以参加补课，有疑问请问教师。"),
  late: said("迟到", "只计实际上课的时间，有疑问请问教师。"),
  corrected: said("考勤更正", "有疑问请问教师。"),
};

/** Why a session ended (`study.data.EndReason`); what happened stands in the server's words. */
const ENDED: Record<string, Words> = {
  handed_over: said("学习已转到别处", "", "where"),
  silent: said("学习已自动暂停", "点“继续学习”，从存好的地方接着学。", "resume"),
  left: said("这次学习已经结束", "点“继续学习”，从存好的地方接着学。", "resume"),
  resumed: said("学习已在新打开的页面上", "要在本页学，点“继续学习”。", "resume"),
  device_taken: said("这台设备换了人学习", "要接着学，点“继续学习”。", "resume"),
  signed_out: said("登录已退出", "", "sign-in"),
  cohort_closed: said("班期已结束", "", "course"),
};

/** What is left to do where no session can be opened: videos and documents need one, a text stands on its page. */
const UNCOUNTED = "换好之前，图文单元可以照常阅读，只是不计学时；视频和文档打不开。";

/** Why a session was not opened, or was lost: by the code of the refusal. */
const REFUSALS: Record<string, Words> = {
  offline: said("网络连接不上", "", "resume"),
  slow: said("网络太慢", "", "resume"),
  signed_out: said("请重新登录", "", "sign-in"),
  device_insecure: said("这个网页不能计学时", UNCOUNTED),
  device_old: said("这个浏览器不能计学时", UNCOUNTED),
  device_storage: said("这个浏览器不能计学时", "退出无痕模式后，请重新登录。", "sign-in"),
  device_refused: said("这台设备没有登记成功", "重新登录一次就会重新登记。", "sign-in"),
  "study.no_device_key": said("这次登录还没有绑定设备", "点“重新登录”，登录后会自动绑定。", "sign-in"),
  "study.wrong_device": said("不是登录时的那台设备", "点“重新登录”，就改用这台设备。", "sign-in"),
  "study.not_verified": said("请先完成实名认证", "", "verify"),
  "study.device_full": said("这台设备今天不能再换人", "自己没有设备的，请找老师帮忙安排。", "course"),
  "study.open_pace": said("打开得太频繁", "", "resume"),
  "study.bad_key": said("没能和服务器约定密钥", "", "reload"),
  "study.elsewhere": said("刚刚在另一个页面打开了学习", "", "reload"),
  "study.signed_out": said("请重新登录", "", "sign-in"),
  "study.not_yours": said("请重新登录", "", "sign-in"),
  no_player: said("请换一个浏览器", "这个浏览器播放不了课程视频。请换用 Chrome、Edge 或 Safari 的新版本，或用电脑学习；也可以请老师帮忙。"),
  no_licence: said("视频的播放许可已失效", "点“继续学习”，从存好的地方接着学。", "resume"),
  video_broken: said("视频播放出错", "点“继续学习”再试一次。", "resume"),
};

const LABELS: Record<Act, string> = {
  "": "",
  resume: "继续学习",
  reload: "刷新本页",
  course: "回到课程页",
  "sign-in": "重新登录",
  where: "转回本页学习",
  verify: "去实名认证",
};

/** Reasons that need no notice: pausing is no fault, a full page is said in the status line. */
const QUIET = new Set(["", "not_playing", "page_full"]);

export function isQuiet(reason: string): boolean {
  return QUIET.has(reason);
}

export function wordsOf(reason: string): Words {
  return REASONS[reason] ?? said("这段时间没有计入");
}

export function endedWords(because: string): Words {
  return ENDED[because] ?? said("本页已停止计时", "", "resume");
}

export function refusalWords(code: string): Words {
  return REFUSALS[code] ?? said("现在不能计学时", "", "course");
}

export function labelOf(act: Act): string {
  return LABELS[act];
}

/** Two sentences as one text; what the first says already is not said again. */
export function join(text: string, todo: string): string {
  if (!todo || text.includes(todo.replace(/。$/, ""))) return text;
  return text && !/[。？！]$/.test(text) ? `${text}。${todo}` : `${text}${todo}`;
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
