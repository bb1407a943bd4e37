/**
 * Content keys for hls.js: every request carries the session's ticket of that moment. A key that is not released yet is asked for again
 * until the clock allows it, and a bad line is waited out: the video simply buffers, nothing is lost.
 */
import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from "hls.js/light";

const NOT_YET = 1_000;
const AGAIN = 2_000;
const PATIENCE = 15_000;
/** A ticket that was used up while the request was on its way. */
const STALE_TRIES = 5;

type Making = new (config: HlsConfig) => Loader<LoaderContext>;

/** A loader class for `Hls.config.loader`; `refused` says why no key will come any more. */
export function keyLoader(ticket: () => string, refused: (words: string) => void): Making {
  return class KeyLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    stats: LoaderStats = freshStats();
    private readonly abortion = new AbortController();
    private callbacks: LoaderCallbacks<LoaderContext> | null = null;

    load(context: LoaderContext, _config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
      this.context = context;
      this.callbacks = callbacks;
      this.stats.loading.start = performance.now();
      void this.fetch(context);
    }

    abort(): void {
      if (this.abortion.signal.aborted) return;
      this.stats.aborted = true;
      this.abortion.abort();
      if (this.context) this.callbacks?.onAbort?.(this.stats, this.context, null);
    }

    destroy(): void {
      this.callbacks = null;
      this.abort();
    }

    private async fetch(context: LoaderContext): Promise<void> {
      let stale = 0;
      while (!this.abortion.signal.aborted) {
        const { status, code, message, key } = await this.attempt(context.url);
        if (this.abortion.signal.aborted) return;
        if (key) {
          this.deliver(context, key);
          return;
        }
        if (code === "study.key_no_ticket") stale += 1;
        const hopeless = status >= 400 && status < 500 && code !== "study.key_not_yet" && (code !== "study.key_no_ticket" || stale >= STALE_TRIES);
        if (hopeless) {
          refused(message || "视频的播放许可已失效。");
          return;
        }
        await new Promise((done) => setTimeout(done, code === "study.key_not_yet" ? NOT_YET : AGAIN));
      }
    }

    private async attempt(url: string): Promise<{ status: number; code: string; message: string; key?: ArrayBuffer }> {
      try {
        const headers = { "X-Ticket": ticket(), Accept: "application/octet-stream, application/json" };
        const signal = AbortSignal.any ? AbortSignal.any([this.abortion.signal, AbortSignal.timeout(PATIENCE)]) : this.abortion.signal;
        const response = await fetch(url, { headers, signal, cache: "no-store" });
        if (response.ok) return { status: 200, code: "", message: "", key: await response.arrayBuffer() };
        const body = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
        return { status: response.status, code: body.code ?? "", message: body.message ?? "" };
      } catch {
        return { status: 0, code: "", message: "" };
      }
    }

    private deliver(context: LoaderContext, key: ArrayBuffer): void {
      const now = performance.now();
      Object.assign(this.stats.loading, { first: now, end: now });
      this.stats.loaded = this.stats.total = key.byteLength;
      this.callbacks?.onSuccess({ url: context.url, data: key, code: 200 }, this.stats, context, null);
    }
  };
}

function freshStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}
