/** hls.js without subtitles, alternative audio and DRM: the same types, a third less to load. */
declare module "hls.js/light" {
  export { default } from "hls.js";
}
