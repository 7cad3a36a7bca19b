// Requests to the server below whose path this page lies.
import { signal } from "@preact/signals";
import type { components } from "./openapi";

export type Schemas = components["schemas"];
export type Verdict = Schemas["Verdict"];
export type Path = Schemas["Path"];
export type Downtime = Schemas["Downtime"];
export type DowntimeItem = Schemas["DowntimeItem"];
export type SlaSeries = Schemas["SlaSeries"];
export type Check = Schemas["CheckPassed"] | Schemas["CheckFailed"];

// Held in memory alone: it is gone with the tab, and never in a URL.
export const token = signal("");
// The server asked for a token, or did not take this one; its sentence.
export const tokenWanted = signal<string | null>(null);

// What the server answered when it was not the answer, as a sentence.
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const TIMEOUT_MS = 15_000;

// With a limit of time, unless `options` brings a signal of its own.
export async function request(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  const shown = token.peek();
  if (shown) headers.set("Authorization", `Bearer ${shown}`);
  let response: Response;
  try {
    const signal = options.signal ?? AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(path, { ...options, headers, signal });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, "The server does not answer.");
  }
  if (response.status === 401) {
    const text = (await response.text()).trim();
    // The answer to another token than the one that was entered meanwhile says nothing.
    if (shown === token.peek()) tokenWanted.value = text;
    throw new ApiError(401, text);
  }
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const response = await request(path, {
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
  if (!response.ok) throw new ApiError(response.status, (await response.text()).trim());
  return (await response.json()) as T;
}

// 200 for a check that fails too, since a browser logs other answers as errors of the page.
export const getCheck = () => get<Check>("api/v1/connectivity_check?status=200");

export async function send(method: string, path: string, body?: unknown): Promise<void> {
  const response = await request(path, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });
  if (!response.ok) throw new ApiError(response.status, (await response.text()).trim());
}
