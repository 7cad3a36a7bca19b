import { expect, test } from "vitest";
import { GRAPHS, type History, isEmpty, sentenceOf, timesOf, valuesOf, valueText } from "./series";

const nothing = [null, null, null];
const history: History = {
  time: "2026-11-30T12:00:00Z",
  node: "node-1",
  layer: "pod",
  start: "2026-11-30T11:00:00Z",
  step_s: 10,
  up: [6, null, 4],
  degraded: [0, null, 0],
  down: [0, null, 2],
  unknown: [0, null, 0],
  loss: [0, null, 0.333333],
  loss_max: [0, null, 0.333333],
  loss_forward: [0, null, 0],
  loss_backward: nothing,
  rtt_p50_ms: [0.1, null, 0.25],
  rtt_p99_ms: nothing,
  mtu: nothing,
};

test("steps follow each other", () => {
  const start = Date.parse(history.start) / 1000;
  expect(timesOf(history)).toEqual([start, start + 10, start + 20]);
});

test("a share is shown in per cent, and what was not measured is a gap", () => {
  expect(valuesOf(history, "loss")).toEqual([0, null, 33.3333]);
  expect(valuesOf(history, "up")).toEqual([6, null, 4]);
});

test("values have their unit, and no more digits than they are exact to", () => {
  expect(valueText(0.123456, "ms")).toBe("0.123 ms");
  expect(valueText(12, "paths")).toBe("12");
  expect(valueText(null, "%")).toBe("not measured");
});

test("a sentence says what a graph shows", () => {
  const [rtt, loss, paths] = GRAPHS;
  if (!rtt || !loss || !paths) throw new Error("three graphs");
  expect(sentenceOf(history, rtt)).toBe("Round trip: median 0.1 ms to 0.25 ms, 99 % not measured.");
  expect(sentenceOf(history, paths)).toBe(
    "Paths by state: up 4 to 6, degraded 0, down 0 to 2, unknown 0.",
  );
});

test("a history without a point is empty", () => {
  expect(isEmpty(history)).toBe(false);
  expect(isEmpty({ ...history, up: nothing })).toBe(true);
});
