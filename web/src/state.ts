// What the page knows of the mesh, kept fresh: verdicts and cells by the stream, the rest by reading
// again.
import { computed, effect, signal } from "@preact/signals";
import { ApiError, type Check, get, getCheck, request, token, type Verdict } from "./api/client";
import { type CellsEvent, FollowedGrid } from "./followed_grid";
import { Grid, type Layer } from "./grid";
import { follow, type StreamEvent, type StreamState } from "./stream";

export const now = signal(Date.now());
export const verdicts = signal<Verdict[] | null>(null); // Open ones, worst first.
export const closed = signal<Verdict[]>([]); // Of the last week, newest first.
export const check = signal<Check | null>(null);
export const grids = signal<Partial<Record<Layer, Grid>>>({});
export const stream = signal<StreamState>({ connected: false, retryAt: null });
export const problem = signal<string | null>(null); // Why the last read failed.
export const version = signal("");
export const dashboardUrl = signal<string | null>(null); // Null: the server knows none.

export interface AgentEvent {
  type: string;
  time: string;
  agent: string;
}
export const agentEvents = signal<AgentEvent[]>([]); // Since this page was opened, newest first.
const AGENT_EVENTS_MAX = 200;
const CLOSED_MAX = 2000; // Between two reads; a read brings all of the week.

// The server's clock when it last answered, and ours then: what is shown as "now" is the server's.
const answered = signal<{ server: number; here: number } | null>(null);
export const READ_INTERVAL_MS = 10_000;
export const STALE_AFTER_MS = 3 * READ_INTERVAL_MS;
// How old what is shown is; null: nothing was read.
export const age = computed(() => (answered.value ? now.value - answered.value.here : null));
export const serverNow = computed(() =>
  answered.value ? answered.value.server + (now.value - answered.value.here) : now.value,
);
export const stale = computed(() => age.value !== null && age.value > STALE_AFTER_MS);

const SEVERITIES = ["critical", "warning", "info"];
const worse = (a: Verdict, b: Verdict) =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
  a.opened.localeCompare(b.opened) ||
  a.id - b.id;

export function withVerdict(open: Verdict[], verdict: Verdict): Verdict[] {
  const others = open.filter(({ id }) => id !== verdict.id);
  return verdict.state === "open" ? [...others, verdict].sort(worse) : others;
}

function heard({ type, data }: StreamEvent): void {
  const value = JSON.parse(data);
  if (type === "verdicts") {
    verdicts.value = (value as Verdict[]).sort(worse);
  } else if (type === "missed") {
    void readVerdicts();
  } else if (type.startsWith("verdict_")) {
    verdicts.value = withVerdict(verdicts.value ?? [], value as Verdict);
    if (type === "verdict_closed") {
      const others = closed.value.filter(({ id }) => id !== value.id);
      closed.value = [value as Verdict, ...others].slice(0, CLOSED_MAX);
    }
    soon();
  } else if (type === "cells") {
    heardCells(value as CellsEvent);
  } else if (type.startsWith("agent_")) {
    agentEvents.value = [{ type, ...value }, ...agentEvents.value].slice(0, AGENT_EVENTS_MAX);
    soon();
  }
}

async function readVerdicts(): Promise<void> {
  const answer = await get<{ time: string; verdicts: Verdict[] }>("api/v1/verdicts?since=7d");
  answered.value = { server: Date.parse(answer.time), here: Date.now() };
  verdicts.value = answer.verdicts.filter(({ state }) => state === "open");
  closed.value = answer.verdicts.filter(({ state }) => state === "closed").reverse();
}

async function requestGrid(query: string): Promise<Response> {
  const response = await request(`api/v1/mesh/grid?${query}`, { cache: "no-cache" });
  if (!response.ok) throw new ApiError(response.status, (await response.text()).trim());
  return response;
}

export interface Past {
  verdicts: Verdict[];
  grids: Partial<Record<Layer, Grid>>; // None where the server does not remember them.
  missing: Partial<Record<Layer, string>>; // Its sentence about that.
}
// The mesh as it was; an error if the verdicts of then are not known either.
export async function readPast(time: string): Promise<Past> {
  const at = encodeURIComponent(time);
  const answer = await get<{ verdicts: Verdict[] }>(`api/v1/verdicts?at=${at}`);
  const past: Past = { verdicts: answer.verdicts, grids: {}, missing: {} };
  for (const layer of LAYERS) {
    try {
      const response = await requestGrid(`layer=${layer}&at=${at}`);
      past.grids[layer] = Grid.of(await response.arrayBuffer());
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      past.missing[layer] = error.message;
    }
  }
  return past;
}

const LAYERS = ["pod", "host"] as const;
const followed: Record<Layer, FollowedGrid> = { pod: new FollowedGrid(), host: new FollowedGrid() };
const show = (layer: Layer) => {
  const { grid } = followed[layer];
  if (grid) grids.value = { ...grids.value, [layer]: grid };
};

// The browser asks with the ETag of the grid that it read, and hands that out again after a 304.
async function readGrid(layer: Layer): Promise<void> {
  const response = await requestGrid(`layer=${layer}`);
  const etag = response.headers.get("ETag");
  const isHeld = followed[layer].isHeld(etag);
  const grid = isHeld ? null : Grid.of(await response.arrayBuffer());
  followed[layer].read(grid, etag, Date.now());
  if (grid) show(layer);
}

function heardCells(event: CellsEvent): void {
  const { layer } = event;
  const now = Date.now();
  if (followed[layer].tell(event, now)) {
    show(layer);
  } else if (
    !followed[layer].isFollowed(now) &&
    followed[layer].sinceRead(now) > READ_INTERVAL_MS
  ) {
    soon();
  }
}

let reading = false;
let again = false; // Somebody asked while it was reading.
export async function read(): Promise<void> {
  again = reading;
  if (reading) return;
  reading = true;
  try {
    check.value = await getCheck();
    const unfollowed = LAYERS.filter((layer) => !followed[layer].isFollowed(Date.now()));
    await Promise.all([readVerdicts(), ...unfollowed.map(readGrid)]);
    problem.value = null;
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  } finally {
    reading = false;
  }
  if (again) void read();
}

// What a verdict changes is to be seen soon, but a burst of events makes one read.
let timer: ReturnType<typeof setTimeout> | undefined;
function soon(): void {
  clearTimeout(timer);
  timer = setTimeout(read, 500);
}

export function start(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1000);
  setInterval(() => {
    if (!document.hidden) void read();
  }, READ_INTERVAL_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void read();
  });
  // At once, and again with another token.
  effect(() => {
    void token.value;
    void read();
    get<{ version: string; dashboard_url?: string }>("api/v1/version").then(
      (answer) => {
        version.value = answer.version;
        dashboardUrl.value = answer.dashboard_url ?? null;
      },
      () => undefined,
    );
  });
  const restart = follow(heard, (state) => {
    const back = state.connected && !stream.value.connected;
    stream.value = state;
    if (!state.connected || back) for (const layer of LAYERS) followed[layer].lose();
    // What happened meanwhile is not in the stream.
    if (back) void read();
  });
  effect(() => {
    if (token.value) restart();
  });
}
