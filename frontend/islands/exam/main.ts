/**
 * The page of an attempt. Without this script every question is a plain form; with it answers go out as they are given, survive a lost
 * network and a reload, and the clock follows the server.
 */
import "./exam.css";
import "./questions.css";
import { PresenceDialog } from "../../controllers/presence-dialog";
import { asTime, ServerClock } from "./clock";
import { Conduct, type Word } from "./conduct";
import { Inputs } from "./inputs";
import { Pages } from "./pages";
import { RoomBanner, fateOf } from "./network";
import { AnswerQueue, Refusal, type Ack, type Entry } from "./queue";

const WARN_MS = 5 * 60_000;
/** How often the room asks how the attempt stands: a presence check may be due. */
const LOOK_MS = 10_000;
const REQUEST_MS = 10_000;

interface State {
  state: string;
  server_now: number;
  deadline: number;
  here: boolean;
  presence: boolean;
  messages?: Word[];
}

interface Problem {
  code?: string;
  message?: string;
}

async function post(form: HTMLFormElement, entry: Entry, leaving: boolean): Promise<Ack> {
  const answer = await fetch(form.action, {
    method: "POST",
    body: JSON.stringify({ given: entry.given, client_sequence: entry.sequence }),
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": form.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "",
    },
    redirect: "error",
    keepalive: leaving,
    signal: leaving ? null : AbortSignal.timeout(REQUEST_MS),
  });
  if (answer.ok) return (await answer.json()) as Ack;
  const problem = (await answer.json().catch(() => ({}))) as Problem;
  const fate = fateOf(answer.status, problem.code);
  if (!fate) throw new Error(`the server answered ${answer.status}`);
  throw new Refusal(problem.code ?? `http.${answer.status}`, problem.message ?? "这道题没有保存，请刷新页面后重试。", fate);
}

function start(root: HTMLElement): void {
  const data = root.dataset as Record<"attempt" | "serverNow" | "deadline" | "clientSequence" | "stateUrl" | "presenceUrl" | "conductUrl" | "resultUrl" | "submitUrl", string>;
  const status = document.querySelector<HTMLElement>("[data-status]")!;
  const timer = document.querySelector<HTMLElement>("[data-timer]")!;
  const pages = new Pages(root, root.querySelector<HTMLElement>("[data-grid]")!, `exam-flags:${data.attempt}`);
  const clock = new ServerClock(Number(data.serverNow), Number(data.deadline));
  const forms = new Map<number, HTMLFormElement>();
  const inputs = new Map<number, Inputs>();
  let leaving = false;
  let finishing = false; // wants to hand in as soon as everything has arrived
  let out = ""; // why the sign-in is over, when it is
  let looking = 0;
  document.getElementById("toasts")?.remove(); // the status line here says it better, and nothing may cover the buttons

  const say = (text: string, tone = "") => {
    status.textContent = text;
    status.dataset.tone = tone;
  };
  const leave = (url: string) => {
    leaving = true;
    location.assign(url);
  };
  for (const section of pages.sections) forms.set(Number(section.dataset.question), section.querySelector<HTMLFormElement>("[data-answer]")!);

  const banner = new RoomBanner(root, () => leave(location.pathname));
  /** The sign-in is over: nothing is sent or asked any more, answers stay on this device. */
  const signedOut = (why: string) => {
    out = why;
    finishing = false;
    queue.stop();
    window.clearInterval(looking);
    say("登录已结束，请重新登录", "bad");
    banner.signedOut(why, queue.waiting, queue.stored);
  };
  /** Another answer stands on the server (another window, or a message that came late): the server's is the one that counts. */
  const explain = (ack: Ack, form: HTMLFormElement) => {
    finishing = false;
    inputs.get(ack.position)?.show(ack.instead!);
    pages.markAnswered(ack.position, ack.instead!.length > 0);
    const line = form.querySelector<HTMLElement>("[data-ack]");
    if (line) line.textContent = `以服务器保存的第 ${ack.sequence} 号为准，请核对；要改请重新作答`;
    say(`第 ${ack.position} 题在别处已有另一份作答，以服务器保存的为准，请核对。`, "bad");
  };

  const queue = new AnswerQueue(`exam-answers:${data.attempt}`, Number(data.clientSequence), (entry, gone) => post(forms.get(entry.position)!, entry, gone), {
    saved(ack, waiting) {
      clock.sync(ack.server_now);
      if (!out) banner.hide();
      const form = forms.get(ack.position);
      const line = form?.querySelector<HTMLElement>("[data-ack]");
      if (line) line.textContent = `已保存 第 ${ack.sequence} 号 · ${ack.at}`;
      say(waiting ? `正在保存，还有 ${waiting} 题` : `全部已保存 第 ${ack.sequence} 号 · ${ack.at}`, waiting ? "wait" : "ok");
      if (ack.instead && form) explain(ack, form);
      else if (!waiting && finishing) leave(data.submitUrl);
    },
    waiting({ count, offline, stored }) {
      if (out) return signedOut(out);
      const then = finishing ? "，传完后进入交卷页" : "";
      say(offline ? `网络断开，${count} 题存在本机，恢复后自动上传${then}` : `正在保存…${then}`, "wait");
      if (offline) banner.show(count, stored);
    },
    refused(refusal, entry) {
      banner.hide();
      say(refusal.message, "bad");
      const line = forms.get(entry.position)?.querySelector<HTMLElement>("[data-ack]");
      if (line) line.textContent = refusal.fate === "halt" || refusal.fate === "out" ? "还没有保存，留在本机" : "没有保存";
      if (refusal.fate === "out") signedOut(refusal.message);
      else if (refusal.fate === "over") {
        window.setTimeout(() => leave(data.resultUrl), 2_000);
      } else if (refusal.code === "exams.other_device") window.setTimeout(() => leave(location.pathname), 2_000);
    },
  });

  for (const [position, form] of forms) {
    const own = new Inputs(
      form,
      () => {
        const answer = own.read();
        finishing = false;
        pages.markAnswered(position, answer.length > 0);
        queue.put(position, answer);
      },
      () => {
        const line = form.querySelector<HTMLElement>("[data-ack]");
        if (line) line.textContent = "正在输入，还没有保存";
      },
    );
    inputs.set(position, own);
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  for (const entry of queue.pending()) {
    inputs.get(entry.position)?.show(entry.given);
    pages.markAnswered(entry.position, entry.given.length > 0);
  }
  if (queue.waiting) queue.hurry();

  root.querySelector<HTMLAnchorElement>("[data-finish]")?.addEventListener("click", (event) => {
    event.preventDefault();
    for (const own of inputs.values()) own.flush();
    if (out) {
      banner.hide(); // shown anew, it comes into sight
      return signedOut(out);
    }
    if (!queue.waiting) return leave(data.submitUrl);
    finishing = true;
    say(`还有 ${queue.waiting} 题正在上传，传完后进入交卷页`, "wait");
    queue.hurry();
  });

  const tick = () => {
    const left = clock.left();
    timer.textContent = `剩余 ${asTime(left)}`;
    timer.toggleAttribute("data-late", left <= WARN_MS);
    if (left > 0 || leaving) return;
    queue.stop();
    say("考试时间已到，正在交卷…", "wait");
    leave(data.resultUrl);
  };
  tick();
  window.setInterval(tick, 500);

  const presence = new PresenceDialog(document.body, data.presenceUrl, () => undefined);
  const token = root.querySelector<HTMLInputElement>("[name=csrfmiddlewaretoken]")?.value ?? "";
  const shown = () => Number(pages.sections.find((section) => !section.hidden)?.dataset.question ?? 0);
  const conduct = new Conduct(data.conductUrl, data.attempt, token, root.querySelector<HTMLElement>("[data-room-words]"), shown);
  const look = () => {
    if (document.visibilityState !== "visible" || leaving) return;
    fetch(data.stateUrl, { headers: { Accept: "application/json" } })
      .then(async (answer) => {
        if (answer.status === 401) {
          const problem = (await answer.json().catch(() => ({}))) as Problem;
          return signedOut(problem.message ?? "请先登录。");
        }
        if (!answer.ok) return;
        const state = (await answer.json()) as State;
        if (out) return leave(location.pathname); // signed in again, in another window
        clock.sync(state.server_now, state.deadline);
        conduct.hear(state.messages);
        if (state.state !== "open") leave(data.resultUrl);
        else if (!state.here) leave(location.pathname);
        else queue.hurry();
        if (state.presence && state.state === "open" && state.here) presence.ask();
      })
      .catch(() => undefined);
  };
  document.addEventListener("visibilitychange", look);
  looking = window.setInterval(look, LOOK_MS);
  look();
  window.addEventListener("beforeunload", (event) => {
    if (queue.waiting && !leaving) event.preventDefault();
  });
}

/** At the door: the paper opens when the entry check is passed. */
function enter(door: HTMLElement): void {
  const presence = new PresenceDialog(door, door.dataset.presenceUrl ?? "", () => location.reload());
  door.querySelector("[data-door-begin]")?.addEventListener("click", () => presence.ask());
}

document.querySelectorAll<HTMLElement>("[data-exam]").forEach(start);
document.querySelectorAll<HTMLElement>("[data-exam-door]").forEach(enter);
