import { describe, expect, it } from "vitest";
import { duration, failingPairs, Grid, sentenceOf } from "./grid";
import { gridOf } from "./grid_testing";

const grid = gridOf(
  ["a", "b", "c"],
  [
    { from: 0, to: 0, state: 1, rtt: 1, loss: 1 },
    { from: 0, to: 1, state: 3, direction: 1, loss: 4 },
    { from: 1, to: 0, state: 1, rtt: 4, loss: 1, forward: 1, backward: 4 },
    { from: 1, to: 2, state: 0 },
  ],
  ["z1", "z1", "z2"],
);

describe("Grid", () => {
  it("finds the cell of a pair, and that there is none", () => {
    expect(grid.cell(0, 1)).toMatchObject({ state: "down", direction: "forward", lossPercent: 5 });
    expect(grid.cell(1, 0)).toMatchObject({ rttUs: 141, forward: "clear", backward: "black_hole" });
    expect(grid.cell(0, 2)).toBeNull();
    expect(grid.cell(2, 0)).toBeNull();
  });
  it("does not say 0 where nothing was measured", () => {
    expect(grid.cell(1, 2)).toMatchObject({ state: "unknown", rttUs: null, lossPercent: null });
  });
  it("counts pairs, and gives a node the worst of its own", () => {
    expect(grid.counts).toEqual({ none: 0, up: 2, unknown: 1, degraded: 0, down: 1 });
    expect([...grid.worst]).toEqual([3, 3, 2]);
  });
  it("calls the end down that most pairs have in common, and not its peers", () => {
    const star = gridOf(
      ["a", "b", "c", "d"],
      [1, 2, 3]
        .map((to) => ({ from: 0, to, state: 3 }))
        .concat(
          [
            { from: 1, to: 2, state: 1 },
            { from: 2, to: 1, state: 1 },
            { from: 2, to: 3, state: 1 },
            { from: 3, to: 2, state: 1 },
            { from: 3, to: 1, state: 1 },
          ].sort((x, y) => x.from - y.from || x.to - y.to),
        ),
    );
    expect([...star.worst]).toEqual([4, 3, 3, 3]);
  });
  it("calls a silent node down of which others say so", () => {
    const silent = gridOf(
      ["a", "b", "c"],
      [
        { from: 0, to: 1, state: 0 },
        { from: 0, to: 2, state: 0 },
        { from: 1, to: 0, state: 3 },
        { from: 1, to: 2, state: 1 },
        { from: 2, to: 0, state: 3 },
        { from: 2, to: 1, state: 1 },
      ],
    );
    expect([...silent.worst]).toEqual([4, 3, 3]);
  });
  it("does not call a node unknown because a silent one probed it", () => {
    const quiet = gridOf(
      ["a", "b", "c"],
      [
        { from: 0, to: 1, state: 0 },
        { from: 1, to: 2, state: 1 },
        { from: 2, to: 1, state: 1 },
      ],
    );
    expect([...quiet.worst]).toEqual([2, 1, 1]);
  });
  it("knows where zones begin", () => {
    expect(grid.zoneStarts()).toEqual([0, 2]);
  });
  it("has cells changed, new and gone, as the event stream tells", () => {
    const cells = [
      { from: 0, to: 1, state: 3, direction: 1, loss: 4 },
      { from: 1, to: 2, state: 2, forward: 4, rtt: 2, loss: 3 },
      { from: 2, to: 0, state: 1, rtt: 1, loss: 1 },
      { from: 2, to: 1, state: 1, rtt: 1, loss: 1 },
    ];
    const wanted = gridOf(["a", "b", "c"], cells, ["z1", "z1", "z2"]);
    const changed = grid.with(
      [
        [0, 0],
        [1, 0],
        [1, 2, 2, 4, 2, 3],
        [2, 0, 1, 0, 1, 1],
        [2, 1, 1, 0, 1, 1],
      ],
      "2026-11-21T00:00:05Z",
    );
    expect(changed.time).toBe("2026-11-21T00:00:05Z");
    expect(changed.cells).toBe(4);
    expect(changed.counts).toEqual(wanted.counts);
    expect([...changed.worst]).toEqual([...wanted.worst]);
    for (let from = 0; from < 3; from += 1) {
      for (let to = 0; to < 3; to += 1) {
        expect(changed.cell(from, to)).toEqual(wanted.cell(from, to));
      }
    }
    expect(grid.cell(1, 2)).toMatchObject({ state: "unknown" });
  });
  it("refuses bytes that are not what the header says", () => {
    const text = new TextEncoder().encode('{"nodes":["a"],"cells":2,"states":[]}\n12');
    expect(() => Grid.of(text.buffer as ArrayBuffer)).toThrow("announced");
  });
});

describe("sentenceOf", () => {
  it("tells both directions", () => {
    expect(sentenceOf(grid, 0, 1)).toBe(
      "a to b: down, packets there get lost, up to 5 % lost; " +
        "back: up, round trip up to 0.14 ms, sizes: black hole.",
    );
    expect(sentenceOf(grid, 0, 2)).toBe("a to c: not probed; back: not probed.");
    expect(sentenceOf(grid, 0, 0)).toBe("a, to its other agent: up, round trip up to 0.05 ms.");
  });
});

describe("failingPairs", () => {
  it("has the worst first, and counts what it cuts", () => {
    const many = gridOf(
      ["a", "b"],
      [
        { from: 0, to: 1, state: 2 },
        { from: 1, to: 0, state: 3 },
      ],
    );
    expect(failingPairs(many, 1)).toEqual({ count: 2, pairs: [{ from: 1, to: 0, badness: 4 }] });
  });
});

describe("duration", () => {
  it("has two digits that count", () => {
    expect([50, 141, 12_800, 1_638_400].map(duration)).toEqual([
      "0.05 ms",
      "0.14 ms",
      "13 ms",
      "1.6 s",
    ]);
  });
});
