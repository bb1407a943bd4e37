/**
 * Face enrolment in a box: a few good frames with a turn of the head, posted to `urls.frames`. `mountEnrol(box, enrolment, {onDone})`;
 * a wrong try asks `urls.fresh` (if given) for another nonce and other turns, else loads the page anew.
 */
import "./presence.css";
import { element } from "../../controllers/dom";
import type { Step } from "./burst";
import { faultWords, type Job, Server, type Turn } from "./check";
import { Shots, type Taken } from "./shots";

export interface Enrolment {
  nonce: string;
  turns: Turn[];
  urls: { frames: string; fresh?: string };
}

export interface EnrolHooks {
  csrf?: string;
  /** The engine took the face (`job.pending`: it waits for the provider's confirmation). */
  onDone?(job: Job): void;
}

const WHY = "请坐在光线好的地方，摘下口罩和帽子，画面里只有你一个人。点“打开摄像头”，再按提示看正前方、慢慢转头。只拍几张照片，不录像、不录音。";

export function mountEnrol(box: HTMLElement, enrolment: Enrolment, hooks: EnrolHooks = {}): { close(): void } {
  const server = new Server(hooks.csrf ?? box.dataset.csrf ?? "");
  const card = element("section", "card stack presence-card");
  const title = element("h2", "card-title", "登记人脸");
  const note = element("p", "presence-note");
  let now = enrolment;
  let closed = false;
  title.id = "presence-enrol";
  title.tabIndex = -1;
  card.setAttribute("aria-labelledby", title.id);
  note.setAttribute("role", "alert");
  const steps = () => ["front", ...now.turns, "front"] as Step[];
  const shots = new Shots(WHY, steps, (taken) => void send(taken), (words) => (note.textContent = words));
  card.append(title, note, shots.part);
  box.replaceChildren(card);

  async function send({ burst, claims }: Taken): Promise<void> {
    note.textContent = "";
    try {
      const frames = Object.fromEntries(burst.frames.map((frame, number) => [`f${number}`, frame]));
      const { job } = await server.post<{ job: number }>(now.urls.frames, { ...frames, nonce: now.nonce, claims: JSON.stringify(claims) });
      const verdict = await server.verdict(job, () => closed);
      if (closed) return;
      if (verdict?.passed || verdict?.pending) {
        title.textContent = verdict.pending ? "已收到，等机构确认" : "登记成功";
        shots.close();
        shots.part.remove();
        title.focus({ preventScroll: true });
        hooks.onDone?.(verdict);
        return;
      }
      await renew(verdict?.words.join(" ") || "现在比对的人多，没有来得及。请再拍一次。");
    } catch (error) {
      if (closed) return;
      note.textContent = faultWords(error);
      await renew("请再拍一次。");
    }
  }

  async function renew(words: string): Promise<void> {
    if (now.urls.fresh) {
      now = await server.get<Enrolment>(now.urls.fresh).catch(() => now);
      shots.again(words);
      return;
    }
    note.textContent = words;
    const again = element("a", "btn btn-primary presence-button", "再拍一次");
    again.href = location.pathname + location.search;
    shots.close();
    shots.part.replaceChildren(again);
    again.focus({ preventScroll: true });
  }

  return {
    close() {
      closed = true;
      shots.close();
      card.remove();
    },
  };
}
