import { describe, expect, it } from "vitest";
import type { Check, Verdict } from "./api/client";
import { gridOf } from "./grid_testing";
import { headline } from "./headline";
import { withVerdict } from "./state";

const verdict = (id: number, severity: Verdict["severity"], text = "node-1 is down"): Verdict =>
  ({
    id,
    severity,
    sentence: text,
    since: "2026-11-21T00:00:00Z",
    opened: `2026-11-21T00:00:0${id}Z`,
    state: "open",
  }) as Verdict;
const passed: Check = { Message: "All 2 pods", Absent: null, Outdated: null };
const failed = (Absent: string[], Outdated: string[] = []): Check => ({
  Message: "no",
  Absent,
  Outdated,
});
const grid = gridOf(["a", "b"], [{ from: 0, to: 1, state: 1 }]);

describe("headline", () => {
  it("says that it is fine only if the check passes and paths are known", () => {
    expect(headline([], passed, grid, []).text).toBe("The network is fine.");
    expect(headline([], passed, gridOf([], []), []).level).toBe("unknown");
    expect(headline([], passed, undefined, []).level).toBe("unknown");
    expect(headline(null, passed, grid, []).level).toBe("unknown");
    expect(headline([], failed([], []), grid, []).level).toBe("warning");
  });
  it("has the worst verdict's sentence, and how many more there are", () => {
    expect(headline([verdict(1, "critical"), verdict(2, "warning")], failed([]), grid, [])).toEqual(
      {
        level: "critical",
        text: "Node-1 is down. And one more fault.",
        since: "2026-11-21T00:00:00Z",
      },
    );
  });
  it("does not let a warning hide a check that fails", () => {
    const warning = [verdict(1, "warning", "8 % of packets are lost")];
    expect(headline(warning, failed([], ["x"]), grid, [])).toEqual({
      level: "critical",
      text: "The agent x does not report. And one more fault.",
      since: null,
    });
    const unpadded = { ...failed([]), Unpadded: ["x", "y"] };
    expect(headline(warning, unpadded, grid, []).text).toBe(
      "2 agents report without large packets, x among them. And one more fault.",
    );
  });
  it("does not call a network broken for what is only to be known", () => {
    expect(headline([verdict(1, "info")], passed, grid, []).level).toBe("ok");
  });
  it("names agents that are silent without a verdict", () => {
    expect(headline([], failed(["x"]), grid, []).text).toBe("The agent x does not report.");
    expect(headline([], failed(["x"], ["y"]), grid, []).level).toBe("critical");
  });
});

describe("withVerdict", () => {
  it("keeps the worst first, each once, and drops what ended", () => {
    const list = withVerdict(withVerdict([], verdict(2, "warning")), verdict(3, "critical"));
    expect(list.map(({ id }) => id)).toEqual([3, 2]);
    expect(withVerdict(list, verdict(2, "critical")).map(({ id }) => id)).toEqual([2, 3]);
    expect(withVerdict(list, { ...verdict(3, "critical"), state: "closed" }).length).toBe(1);
  });
});
