/** The staff's preview: of a video by hls.js where it runs, by the browser's own HLS elsewhere; of a document page by page. Nothing is counted here. */
import { Reader } from "../../controllers/reader";

async function play(box: HTMLElement): Promise<void> {
  const video = box.querySelector("video");
  const source = box.dataset.preview;
  const error = box.querySelector<HTMLElement>("[data-preview-error]");
  if (!video || !source) return;
  const fail = (words: string) => {
    if (!error) return;
    error.textContent = words;
    error.hidden = false;
  };
  const { default: Hls } = await import("hls.js/light");
  if (Hls.isSupported()) {
    const player = new Hls({ autoStartLoad: false });
    const load = () => player.startLoad(video.currentTime);
    video.addEventListener("play", load, { once: true });
    // Play was pressed while this script was on its way. Attaching may pause the video or not, so there may be no other press.
    const resume = () => {
      load();
      void video.play();
    };
    if (!video.paused) player.once(Hls.Events.MEDIA_ATTACHED, resume);
    player.loadSource(source);
    player.attachMedia(video);
    player.on(Hls.Events.ERROR, (_event, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR) player.recoverMediaError();
      else fail("视频加载失败，请检查网络后刷新页面重试。");
    });
  } else if (video.canPlayType("application/vnd.apple.mpegurl")) video.src = source;
  else fail("这个浏览器不能播放视频，请换用新版 Chrome、Edge 或手机自带浏览器。");
}

for (const box of document.querySelectorAll<HTMLElement>("[data-preview]")) void play(box);
for (const box of document.querySelectorAll<HTMLElement>("[data-reader]")) new Reader(box);
