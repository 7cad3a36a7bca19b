// Which part of a grid is shown, and what each block of cells is shown as. No canvas in here.
import { BADNESS, type Grid } from "../grid";

export type Metric = "state" | "rtt" | "loss" | "sizes";
export const METRICS: Metric[] = ["state", "rtt", "loss", "sizes"];

// Places are those in the order of nodes that is shown: all of them, or the failing.
export interface Window {
  row: number;
  column: number;
  span: number; // Nodes across and down.
}

export interface Blocks {
  across: number; // Blocks across and down.
  nodes: number; // Nodes a block, across and down.
  levels: Uint8Array; // The worst in each, row by row; 0: nothing is probed there.
  failing: Uint16Array; // How many cells of each fail; ends at 65,535.
}

export function shownNodes(grid: Grid, onlyFailing: boolean): number[] {
  const all = grid.nodes.map((_, node) => node);
  return onlyFailing ? all.filter((node) => (grid.worst[node] ?? 0) >= BADNESS.degraded) : all;
}

// Levels of a block, from best to worst; 0: nothing is probed there. Of the state it is the badness;
// of the others NOT_MEASURED, then from BEST on, and DOWN where the path is.
export const NOT_MEASURED = 1;
export const BEST = 2;
export const DOWN = 255;

export function levelOf(grid: Grid, metric: Metric, index: number, badness: number): number {
  if (metric === "state") return badness;
  if (badness === BADNESS.down) return DOWN;
  switch (metric) {
    case "rtt":
      return NOT_MEASURED + grid.rttLevel(index);
    case "loss":
      return NOT_MEASURED + grid.lossLevel(index);
    case "sizes":
      return grid.sizesKnown(index) ? BEST + grid.sizesLevel(index) : NOT_MEASURED;
  }
}

export function blocksOf(
  grid: Grid,
  shown: number[],
  metric: Metric,
  window: Window,
  acrossMax: number,
): Blocks {
  const nodes = Math.max(1, Math.ceil(window.span / Math.max(1, acrossMax)));
  const across = Math.ceil(window.span / nodes);
  const levels = new Uint8Array(across * across);
  const failing = new Uint16Array(across * across);
  const placeOf = new Int32Array(grid.size).fill(-1);
  shown.forEach((node, place) => {
    placeOf[node] = place;
  });
  grid.forEach((from, to, badness, index) => {
    const row = (placeOf[from] ?? -1) - window.row;
    const column = (placeOf[to] ?? -1) - window.column;
    if (row < 0 || column < 0 || row >= window.span || column >= window.span) return;
    if (placeOf[from] === -1 || placeOf[to] === -1) return;
    const block = Math.floor(row / nodes) * across + Math.floor(column / nodes);
    const level = levelOf(grid, metric, index, badness);
    if (level > (levels[block] ?? 0)) levels[block] = level;
    if (badness >= BADNESS.degraded && (failing[block] ?? 0) < 65_535) {
      failing[block] = (failing[block] ?? 0) + 1;
    }
  });
  return { across, nodes, levels, failing };
}

// The window `factor` times as wide, with the node under `at` (0 to 1 across and down) where it is.
export function zoomed(
  window: Window,
  factor: number,
  at: { x: number; y: number },
  count: number,
): Window {
  const span = Math.min(count, Math.max(Math.min(4, count), Math.round(window.span * factor)));
  const place = (begin: number, where: number) =>
    Math.min(count - span, Math.max(0, Math.round(begin + where * (window.span - span))));
  return { row: place(window.row, at.y), column: place(window.column, at.x), span };
}
