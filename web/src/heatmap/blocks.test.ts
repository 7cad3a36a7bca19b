import { describe, expect, it } from "vitest";
import { gridOf } from "../grid_testing";
import { BEST, blocksOf, DOWN, type Metric, NOT_MEASURED, shownNodes, zoomed } from "./blocks";
import { sentenceOfBlock } from "./heatmap";

const names = Array.from({ length: 10 }, (_, i) => `n${i}`);
const grid = gridOf(names, [
  { from: 0, to: 1, state: 1, rtt: 3 },
  { from: 0, to: 9, state: 3, rtt: 9 },
  { from: 9, to: 8, state: 2 },
]);
const whole = { row: 0, column: 0, span: 10 };
const all = shownNodes(grid, false);

describe("blocksOf", () => {
  it("has a block for each pair where there is room", () => {
    const blocks = blocksOf(grid, all, "state", whole, 10);
    expect([blocks.across, blocks.nodes]).toEqual([10, 1]);
    expect([blocks.levels[1], blocks.levels[9], blocks.levels[98]]).toEqual([1, 4, 3]);
  });
  it("shows the worst of a block, and counts what fails in it", () => {
    const blocks = blocksOf(grid, all, "state", whole, 2);
    expect([blocks.across, blocks.nodes]).toEqual([2, 5]);
    expect([...blocks.levels]).toEqual([1, 4, 0, 3]);
    expect([...blocks.failing]).toEqual([0, 1, 0, 1]);
    expect(sentenceOfBlock(grid, all, whole, blocks, { row: 0, column: 1 })).toBe(
      "From n0 to n4, towards n5 to n9: 1 fail.",
    );
  });
  it("shows a part alone", () => {
    const blocks = blocksOf(grid, all, "state", { row: 5, column: 5, span: 5 }, 5);
    expect(blocks.levels.reduce((sum, level) => sum + level, 0)).toBe(3);
  });
  it("leaves nodes out whose pairs are all fine", () => {
    const shown = shownNodes(grid, true);
    expect(shown).toEqual([0, 8, 9]);
    const blocks = blocksOf(grid, shown, "rtt", { row: 0, column: 0, span: 3 }, 3);
    expect([...blocks.levels]).toEqual([0, 0, DOWN, 0, 0, 0, 0, NOT_MEASURED, 0]);
  });
  it("tells what was not measured from what is not probed, and from what is down", () => {
    const levels = (metric: Metric) => [...blocksOf(grid, all, metric, whole, 10).levels];
    expect(levels("rtt")[1]).toBe(BEST + 2);
    expect(levels("loss")[1]).toBe(NOT_MEASURED);
    expect(levels("sizes")[1]).toBe(NOT_MEASURED);
    expect(levels("sizes")[9]).toBe(DOWN);
    expect(levels("sizes")[2]).toBe(0);
  });
});

describe("zoomed", () => {
  it("keeps what is under the pointer, and stays within", () => {
    expect(zoomed(whole, 0.5, { x: 1, y: 0 }, 10)).toEqual({ row: 0, column: 5, span: 5 });
    expect(zoomed({ row: 0, column: 5, span: 5 }, 4, { x: 0.5, y: 0.5 }, 10)).toEqual(whole);
    expect(zoomed(whole, 0.01, { x: 0, y: 0 }, 10).span).toBe(4);
    expect(zoomed({ row: 0, column: 0, span: 2 }, 0.5, { x: 0, y: 0 }, 2).span).toBe(2);
  });
});
