// What graphs show of a node's history.
import type { Schemas } from "../api/client";

export type History = Schemas["History"];
export type Column =
  | "up"
  | "degraded"
  | "down"
  | "unknown"
  | "loss"
  | "loss_max"
  | "loss_forward"
  | "loss_backward"
  | "rtt_p50_ms"
  | "rtt_p99_ms";
export type Values = (number | null)[];

export interface Line {
  column: Column;
  name: string;
  colour: string; // Of a custom property of the style sheet.
  dash: number[]; // So that colour is not the only sign.
}
export interface Graph {
  title: string;
  unit: "ms" | "%" | "paths";
  lines: Line[];
}

export const GRAPHS: Graph[] = [
  {
    title: "Round trip",
    unit: "ms",
    lines: [
      { column: "rtt_p50_ms", name: "median", colour: "--link", dash: [] },
      { column: "rtt_p99_ms", name: "99 %", colour: "--late", dash: [6, 3] },
    ],
  },
  {
    title: "Loss",
    unit: "%",
    lines: [
      { column: "loss", name: "all", colour: "--link", dash: [] },
      { column: "loss_max", name: "worst", colour: "--quiet", dash: [2, 3] },
      { column: "loss_forward", name: "on the way there", colour: "--bad", dash: [6, 3] },
      { column: "loss_backward", name: "on the way back", colour: "--late", dash: [10, 3, 2, 3] },
    ],
  },
  {
    title: "Paths by state",
    unit: "paths",
    lines: [
      { column: "up", name: "up", colour: "--ok", dash: [] },
      { column: "degraded", name: "degraded", colour: "--degraded", dash: [6, 3] },
      { column: "down", name: "down", colour: "--bad", dash: [2, 3] },
      { column: "unknown", name: "unknown", colour: "--unknown", dash: [10, 3, 2, 3] },
    ],
  },
];

export const RANGES = ["1h", "6h", "1d", "7d", "90d"] as const;
export type Range = (typeof RANGES)[number];
export const RANGE_NAMES: Record<Range, string> = {
  "1h": "1 hour",
  "6h": "6 hours",
  "1d": "1 day",
  "7d": "7 days",
  "90d": "90 days",
};

// Seconds since 1970 of each step's begin.
export function timesOf(history: History): number[] {
  const start = Date.parse(history.start) / 1000;
  return history.up.map((_, i) => start + i * history.step_s);
}

// In the graph's unit.
export function valuesOf(history: History, column: Column): Values {
  const share = column.startsWith("loss");
  return history[column].map((value) => (value !== null && share ? 100 * value : value));
}

export function valueText(value: number | null | undefined, unit: Graph["unit"]): string {
  if (value === null || value === undefined) return "not measured";
  return unit === "paths" ? String(value) : `${Number(value.toPrecision(3))} ${unit}`;
}

// The graph in a sentence, for those who do not see it.
export function sentenceOf(history: History, graph: Graph): string {
  const parts = graph.lines.map(({ column, name }) => {
    const known = valuesOf(history, column).filter((value) => value !== null);
    if (known.length === 0) return `${name} not measured`;
    const least = valueText(Math.min(...known), graph.unit);
    const most = valueText(Math.max(...known), graph.unit);
    return least === most ? `${name} ${least}` : `${name} ${least} to ${most}`;
  });
  return `${graph.title}: ${parts.join(", ")}.`;
}

export const isEmpty = (history: History) => history.up.every((value) => value === null);
