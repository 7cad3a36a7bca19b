// Draws blocks on a canvas. A failing block differs in size and sign too, not in colour alone.
import { BADNESS, STATE_SIGN, stateOf } from "../grid";
import { BEST, type Blocks, DOWN, type Metric, NOT_MEASURED } from "./blocks";

export interface Theme {
  dark: boolean;
}

// By Okabe and Ito, told apart by people who see no red or no green.
const STATE = {
  light: ["", "#c5d8e8", "#a0a0a0", "#e69f00", "#b3261e"],
  dark: ["", "#2f4a63", "#7d7d7d", "#e69f00", "#ff5449"],
};
export const SIZES_NAMES = [
  "all sizes pass",
  "smaller, and told so",
  "smaller",
  "fragments are dropped",
  "black hole",
];

const SIGN_FROM_PX = 11;

// From calm to strong: hue 210 to 30 by way of lightness, so that it also reads in grey.
function ramp(share: number, dark: boolean): string {
  const hue = share < 0.5 ? 210 : 35;
  const saturation = Math.round(25 + 60 * share);
  const lightness = dark ? Math.round(25 + 40 * share) : Math.round(85 - 50 * share);
  return `hsl(${hue} ${saturation}% ${lightness}%)`;
}

export function colourOf(metric: Metric, level: number, dark: boolean): string {
  if (level === 0) return "";
  const states = dark ? STATE.dark : STATE.light;
  if (metric === "state") return states[level] ?? "";
  if (level === DOWN) return states[BADNESS.down] ?? "";
  if (level === NOT_MEASURED) return states[BADNESS.unknown] ?? "";
  const place = level - BEST;
  if (metric === "sizes") return ramp(place / 4, dark);
  if (metric === "loss") return ramp(place === 0 ? 0 : 0.3 + (0.7 * place) / 8, dark);
  return ramp(Math.min(1, place / 24), dark); // Round trips: the 25th bound is 205 ms.
}

// What deserves a sign: a failing state, lost packets, sizes that do not pass, what is not known.
function signOf(metric: Metric, level: number): string {
  if (metric === "state") return STATE_SIGN[stateOf(level)];
  if (level === DOWN) return STATE_SIGN.down;
  if (level === NOT_MEASURED) return STATE_SIGN.unknown;
  if (metric === "sizes") return level >= BEST + 2 ? "!" : "";
  if (metric === "loss") return level > BEST ? "!" : "";
  return "";
}

export function paint(
  context: CanvasRenderingContext2D,
  side: number,
  blocks: Blocks,
  metric: Metric,
  theme: Theme,
): void {
  const size = side / blocks.across;
  context.clearRect(0, 0, side, side);
  context.fillStyle = theme.dark ? "#14181d" : "#f4f6f8";
  context.fillRect(0, 0, side, side);
  context.font = `bold ${Math.min(18, Math.floor(size * 0.7))}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const gap = size >= 6 ? 1 : 0;
  for (let row = 0; row < blocks.across; row += 1) {
    for (let column = 0; column < blocks.across; column += 1) {
      const level = blocks.levels[row * blocks.across + column] ?? 0;
      if (level === 0) continue;
      const sign = signOf(metric, level);
      // What is fine is drawn smaller, so that trouble stands out without its colour. Where a sign
      // has no room, trouble that is not "down" is a bar.
      const inset = sign || metric === "rtt" || size < 4 ? gap : size * 0.18 + gap;
      const isBar = size >= 4 && size < SIGN_FROM_PX && sign !== "" && sign !== STATE_SIGN.down;
      context.fillStyle = colourOf(metric, level, theme.dark);
      context.fillRect(
        column * size + inset,
        row * size + (isBar ? size / 2 : inset),
        Math.max(1, size - 2 * inset),
        Math.max(1, isBar ? size / 2 - inset : size - 2 * inset),
      );
      if (sign && size >= SIGN_FROM_PX) {
        context.fillStyle = sign === STATE_SIGN.down && !theme.dark ? "#ffffff" : "#000000";
        context.fillText(sign, (column + 0.5) * size, (row + 0.55) * size);
      }
    }
  }
}

// Where zones meet.
export function paintLines(
  context: CanvasRenderingContext2D,
  side: number,
  places: { row: number[]; column: number[] },
  dark: boolean,
): void {
  context.fillStyle = dark ? "#8a949e" : "#59636e";
  for (const x of places.column) context.fillRect(Math.round(x * side), 0, 1, side);
  for (const y of places.row) context.fillRect(0, Math.round(y * side), side, 1);
}

export function paintCursor(
  context: CanvasRenderingContext2D,
  side: number,
  across: number,
  cursor: { row: number; column: number },
  dark: boolean,
): void {
  const size = side / across;
  context.strokeStyle = dark ? "#ffffff" : "#000000";
  context.lineWidth = 2;
  context.strokeRect(cursor.column * size, cursor.row * size, Math.max(3, size), Math.max(3, size));
}
