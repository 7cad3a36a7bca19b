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
  const worst = verdicts.find(({ severity }) => severity !== "info");
  if (worst) {
    const others = verdicts.filter(({ severity }) => severity !== "info").length - 1;
    const more =
      others === 0 ? "" : others === 1 ? " And one more fault." : ` And ${others} more faults.`;
    return {
      level: worst.severity === "critical" ? "critical" : "warning",
      text: `${sentence(worst.sentence)}${more}`,
      since: worst.since,
    };
  }
  const silent = [...(check.Absent ?? []), ...(check.Outdated ?? [])];
  if (silent.length) {
    const [first = ""] = silent;
    const text =
      silent.length === 1
        ? `The agent ${first} does not report.`
        : `${silent.length} agents do not report, ${first} among them.`;
    return { level: "critical", text, since: null };
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
