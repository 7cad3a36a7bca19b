// Reads an answer again and again while a view is shown.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./api/client";

export interface Loaded<T> {
  value: T | null; // Null: not read yet.
  error: string | null; // Why the last read failed; `value` is then older.
}

// `question` names what is asked: another one begins with nothing, the same one keeps its value while
// it is read anew. `pathOf` is asked at each read, since the path may have the time in it. Another
// `turn` asks to read at once.
export function useAnswer<T>(
  question: string,
  intervalMs: number,
  pathOf: () => string = () => question,
  turn = 0,
): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { question: string }>({
    question,
    value: null,
    error: null,
  });
  const latest = useRef(pathOf);
  latest.current = pathOf;
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      if (document.hidden) return;
      try {
        const value = await get<T>(latest.current(), abort.signal);
        if (!abort.signal.aborted) setLoaded({ question, value, error: null });
      } catch (problem) {
        if (abort.signal.aborted) return;
        const error = problem instanceof Error ? problem.message : String(problem);
        setLoaded((before) => ({
          question,
          value: before.question === question ? before.value : null,
          error,
        }));
      }
    };
    void read();
    const timer = setInterval(read, intervalMs);
    document.addEventListener("visibilitychange", read);
    return () => {
      abort.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", read);
    };
  }, [question, intervalMs, turn]);
  return loaded.question === question ? loaded : { value: null, error: null };
}
