// Reads an answer again and again while a view is shown; another path starts anew.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api/client";

export interface Loaded<T> {
  value: T | null;
  error: string | null;
}

export function useAnswer<T>(path: string, intervalMs: number, changes: unknown = null): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      try {
        const value = await get<T>(path, abort.signal);
        if (!abort.signal.aborted) setLoaded({ value, error: null });
      } catch (error) {
        if (abort.signal.aborted) return;
        // What was read before stays, with the error beside it.
        setLoaded((before) => ({
          ...before,
          error: error instanceof Error ? error.message : String(error),
        }));
      }
    };
    setLoaded({ value: null, error: null });
    void read();
    const timer = setInterval(() => {
      if (!document.hidden) void read();
    }, intervalMs);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [path, intervalMs, changes]);
  return loaded;
}
