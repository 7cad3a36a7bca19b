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
const CHANNEL = "meshcheck";

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

  // Returns when the server wants another token: a tab without one must not keep the others off.
  const read = async (): Promise<void> => {
    let backoff = BACKOFF_MIN_MS;
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
      let refused = false;
      try {
        alive();
        const response = await request("api/v1/events", { signal: abort.signal });
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
        refused = error instanceof ApiError && error.status === 401;
      } finally {
        clearTimeout(idle);
      }
      const state = { connected: false, retryAt: refused ? null : Date.now() + backoff };
      onState(state);
      tell({ state });
      if (refused) return;
      if (abort.signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, backoff);
      });
      backoff = Math.min(backoff * 2, BACKOFF_MAX_MS);
    }
  };

  const lead = async (): Promise<never> => {
    for (;;) {
      if (navigator.locks && channel) {
        tell({ hello: true });
        await navigator.locks.request(name, read);
      } else {
        await read();
      }
      await new Promise<void>((resolve) => {
        restart = resolve;
      });
    }
  };
  void lead();
  return () => restart();
}
