// Server-sent events by fetch, since EventSource cannot send a token. One stream a browser: the tab
// that holds a lock reads, and tells the others. HTTP/1.1 allows six connections a server, and the
// seventh tab would wait for ever.
import { ApiError, request } from "./api/client";

export interface StreamEvent {
  type: string;
  data: string;
}

// Cuts a stream into events (HTML Living Standard, section 9.2.6); lines may come in pieces.
export class EventParser {
  private text = "";
  private type = "";
  private data: string[] = [];
  lastId = "";

  feed(piece: string): StreamEvent[] {
    this.text += piece;
    const events: StreamEvent[] = [];
    const lines = this.text.split(/\r?\n/);
    this.text = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.data.length)
          events.push({ type: this.type || "message", data: this.data.join("\n") });
        this.type = "";
        this.data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const key = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (key === "event") this.type = value;
      else if (key === "data") this.data.push(value);
      else if (key === "id") this.lastId = value;
    }
    return events;
  }
}

export interface StreamState {
  connected: boolean;
  retryAt: number | null; // Milliseconds since 1970.
}

interface Told {
  event?: StreamEvent;
  state?: StreamState;
  hello?: boolean; // A new tab asks for all that is known.
}

const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 30_000;
const IDLE_MAX_MS = 40_000; // The server says something each 15 s.
const HIDDEN_MAX_MS = 60_000; // Then the stream ends until somebody looks.
const CHANNEL = "meshcheck";

// Calls `left` once the page was hidden for so long without a break. Returns what ends that.
export function whenHidden(ms: number, left: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(left, ms);
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

const whenVisible = () =>
  new Promise<void>((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });

// Returns what begins a new stream at once, as with another token.
export function follow(
  onEvent: (event: StreamEvent) => void,
  onState: (state: StreamState) => void,
): () => void {
  // Tabs of other servers below the same origin have other paths.
  const name = `${CHANNEL}:${window.location.pathname}`;
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
  let restart = () => {};
  const tell = (told: Told) => channel?.postMessage(told);
  channel?.addEventListener("message", ({ data }: MessageEvent<Told>) => {
    if (data.event) onEvent(data.event);
    if (data.state) onState(data.state);
    if (data.hello) restart();
  });

  // Returns "refused" when the server wants another token: a tab without one must not keep the others
  // off. Nor must one that nobody has looked at for a while: "hidden".
  const read = async (): Promise<"refused" | "hidden"> => {
    let backoff = BACKOFF_MIN_MS;
    if (document.hidden) return "hidden"; // It waited for the others to end.
    for (;;) {
      const abort = new AbortController();
      let wake = () => {};
      restart = () => {
        abort.abort();
        wake();
      };
      let idle: ReturnType<typeof setTimeout> | undefined;
      const alive = () => {
        clearTimeout(idle);
        idle = setTimeout(() => abort.abort(), IDLE_MAX_MS);
      };
      let end = null as "refused" | "hidden" | null;
      const seen = whenHidden(HIDDEN_MAX_MS, () => {
        end = "hidden";
        restart();
      });
      try {
        alive();
        const response = await request("api/v1/events?cells=both", { signal: abort.signal });
        if (!response.ok || !response.body) throw new Error(`${response.status}`);
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        const parser = new EventParser();
        const connected = { connected: true, retryAt: null };
        onState(connected);
        tell({ state: connected });
        for (;;) {
          alive();
          const { value, done } = await reader.read();
          if (done) break;
          backoff = BACKOFF_MIN_MS;
          for (const event of parser.feed(value)) {
            onEvent(event);
            tell({ event });
          }
        }
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) end = "refused";
      } finally {
        clearTimeout(idle);
      }
      const state = { connected: false, retryAt: end ? null : Date.now() + backoff };
      onState(state);
      tell({ state });
      if (!end && !abort.signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, backoff);
        });
      }
      seen();
      if (end) return end;
      if (abort.signal.aborted) continue;
      backoff = Math.min(backoff * 2, BACKOFF_MAX_MS);
    }
  };

  const lead = async (): Promise<never> => {
    for (;;) {
      await whenVisible();
      let end: "refused" | "hidden";
      if (navigator.locks && channel) {
        tell({ hello: true });
        end = await navigator.locks.request(name, read);
      } else {
        end = await read();
      }
      if (end === "hidden") continue;
      await new Promise<void>((resolve) => {
        restart = resolve;
      });
    }
  };
  void lead();
  return () => restart();
}
