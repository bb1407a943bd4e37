/**
 * Face enrolment in a box: a few good frames with turns of the head, posted to `urls.face`. `mountEnrol(box, enrolment, {onDone})`; before
 * another try `urls.state` gives another nonce and other turns, for each is good once.
 */
import "./presence.css";
import { element } from "../../controllers/dom";
import type { Step } from "./burst";
import { type Check, faultWords, type Job, Server, signed } from "./check";
import { Shots, type Taken } from "./shots";

export type Enrolment = Pick<Check, "check" | "nonce" | "turns" | "urls">;

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
      const said = JSON.stringify(claims);
      const signature = await signed(now.check, now.nonce, ["face", said, ...burst.frames]);
      const { job } = await server.post<{ job: number }>(now.urls.face, { ...frames, nonce: now.nonce, claims: said, signature });
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
    try {
      now = await server.get<Enrolment>(now.urls.state);
      shots.again(words);
    } catch (error) {
      note.textContent = faultWords(error);
      shots.again("请刷新页面再试。");
    }
  }

  return {
    close() {
      closed = true;
      shots.close();
      card.remove();
    },
  };
}
