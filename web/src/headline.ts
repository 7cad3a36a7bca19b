// The one sentence that answers whether the network is fine.
import type { Check, Verdict } from "./api/client";
import type { Grid } from "./grid";

export interface Headline {
  level: "ok" | "critical" | "warning" | "unknown";
  text: string;
  since: string | null; // A time; null: not known.
}

export function headline(
  verdicts: Verdict[] | null,
  check: Check | null,
  grid: Grid | undefined,
  closed: Verdict[],
): Headline {
  if (!verdicts || !check) {
    return { level: "unknown", text: "Asking the server…", since: null };
  }
  const faults = verdicts.filter(({ severity }) => severity !== "info");
  const [worst] = faults; // They come worst first.
  const silent = [...(check.Absent ?? []), ...(check.Outdated ?? [])];
  const unpadded = "Unpadded" in check ? (check.Unpadded ?? []) : [];
  const more = (count: number) =>
    count === 0 ? "" : count === 1 ? " And one more fault." : ` And ${count} more faults.`;
  if (worst?.severity === "critical") {
    return {
      level: "critical",
      text: sentence(worst.sentence) + more(faults.length - 1),
      since: worst.since,
    };
  }
  // The check fails for these, whatever warnings there are.
  for (const [names, does] of [
    [silent, ["does not report", "do not report"]],
    [unpadded, ["reports without large packets", "report without large packets"]],
  ] as const) {
    const [first] = names;
    if (first === undefined) continue;
    const text =
      names.length === 1
        ? `The agent ${first} ${does[0]}.`
        : `${names.length} agents ${does[1]}, ${first} among them.`;
    return { level: "critical", text: text + more(faults.length), since: null };
  }
  if (worst) {
    return {
      level: "warning",
      text: sentence(worst.sentence) + more(faults.length - 1),
      since: worst.since,
    };
  }
  const passed = check.Absent === null;
  if (!passed) return { level: "warning", text: sentence(check.Message), since: null };
  if (!grid || grid.size === 0) {
    return {
      level: "unknown",
      text: "All agents report; none has told of its paths yet.",
      since: null,
    };
  }
  const ended = closed.find(({ severity }) => severity !== "info")?.closed ?? null;
  return { level: "ok", text: "The network is fine.", since: ended };
}

export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const upper = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
