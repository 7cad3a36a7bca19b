// Nodes by nodes on a canvas: a row is the node that probes. Zoom by Ctrl and the wheel, by pinch of a
// touchpad, and by + and -; the arrow keys move a cursor, whose sentence is read out.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Grid, sentenceOf } from "../grid";
import { link } from "../router";
import { type Blocks, blocksOf, type Metric, shownNodes, type Window, zoomed } from "./blocks";
import { Names } from "./names";
import { paint, paintCursor, paintLines } from "./paint";

interface Place {
  row: number;
  column: number;
}

const BLOCK_MIN_PX = 4;
const BLOCK_MAX_PX = 48;
const SIDE_MAX_PX = 760;
const NAMES_FROM_PX = 14; // Of a square.
const NAMES_MAX_PX = 150;
const DRAWN = "map drawn";

const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");

export function sentenceOfBlock(
  grid: Grid,
  shown: number[],
  window: Window,
  blocks: Blocks,
  place: Place,
): string {
  const at = (begin: number, block: number) => shown[begin + block * blocks.nodes];
  const last = (begin: number, block: number) =>
    shown[Math.min(begin + (block + 1) * blocks.nodes, begin + window.span, shown.length) - 1];
  const from = at(window.row, place.row);
  const to = at(window.column, place.column);
  if (from === undefined || to === undefined) return "";
  if (blocks.nodes === 1) return sentenceOf(grid, from, to);
  const block = place.row * blocks.across + place.column;
  const name = (first: number, end: number | undefined) =>
    `${grid.nodes[first]} to ${grid.nodes[end ?? first]}`;
  const failing = blocks.failing[block] ?? 0;
  const rows = name(from, last(window.row, place.row));
  const columns = name(to, last(window.column, place.column));
  return `From ${rows}, towards ${columns}: ${failing === 0 ? "none fails" : `${failing} fail`}.`;
}

export function Heatmap({
  grid,
  metric,
  onlyFailing,
}: {
  grid: Grid;
  metric: Metric;
  onlyFailing: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(480);
  const [dark, setDark] = useState(darkQuery.matches);
  const [cursor, setCursor] = useState<Place | null>(null);
  const [wanted, setWindow] = useState<Window | null>(null);

  const shown = useMemo(() => shownNodes(grid, onlyFailing), [grid, onlyFailing]);
  const whole = { row: 0, column: 0, span: shown.length };
  // A window of before may be larger than what is there now.
  const window =
    wanted && wanted.span <= shown.length ? zoomed(wanted, 1, { x: 0, y: 0 }, shown.length) : whole;
  const besideNames = room - Math.min(NAMES_MAX_PX, Math.floor(room / 4));
  const named = besideNames >= window.span * NAMES_FROM_PX;
  const side = Math.min(named ? besideNames : room, shown.length * BLOCK_MAX_PX);
  const acrossMax = Math.floor(side / BLOCK_MIN_PX);
  const blocks = useMemo(
    () => blocksOf(grid, shown, metric, window, acrossMax),
    [grid, shown, metric, window.row, window.column, window.span, acrossMax],
  );

  useEffect(() => {
    const onTheme = () => setDark(darkQuery.matches);
    darkQuery.addEventListener("change", onTheme);
    const observer = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 480;
      setRoom(Math.max(200, Math.min(SIDE_MAX_PX, Math.floor(width))));
    });
    if (box.current) observer.observe(box.current);
    // Anew when there is something to show at last.
    return () => {
      darkQuery.removeEventListener("change", onTheme);
      observer.disconnect();
    };
  }, [shown.length === 0]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const scale = globalThis.devicePixelRatio || 1;
    element.width = Math.round(side * scale);
    element.height = Math.round(side * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paint(context, side, blocks, metric, { dark });
    const edges = (begin: number) =>
      shown
        .map((node, place) => ({ node, place }))
        .slice(Math.max(1, begin + 1), begin + window.span)
        .filter(({ node, place }) => grid.zoneOf(node) !== grid.zoneOf(shown[place - 1] ?? node))
        .map(({ place }) => (place - begin) / (blocks.across * blocks.nodes));
    paintLines(context, side, { row: edges(window.row), column: edges(window.column) }, dark);
    if (cursor) paintCursor(context, side, blocks.across, cursor, dark);
    // Once, for who measures how long a reader waits.
    if (performance.getEntriesByName(DRAWN).length === 0) performance.mark(DRAWN);
  }, [side, dark, blocks, cursor, metric]);

  const placeOf = (event: MouseEvent): Place => ({
    row: Math.min(
      blocks.across - 1,
      Math.max(0, Math.floor((event.offsetY / side) * blocks.across)),
    ),
    column: Math.min(
      blocks.across - 1,
      Math.max(0, Math.floor((event.offsetX / side) * blocks.across)),
    ),
  });
  const zoom = (factor: number, at: { x: number; y: number }) => {
    setWindow(zoomed(window, factor, at, shown.length));
    setCursor(null);
  };
  const centre = cursor
    ? { x: (cursor.column + 0.5) / blocks.across, y: (cursor.row + 0.5) / blocks.across }
    : { x: 0.5, y: 0.5 };
  const enter = (place: Place) => {
    if (blocks.nodes > 1) {
      const at = { x: (place.column + 0.5) / blocks.across, y: (place.row + 0.5) / blocks.across };
      zoom(Math.max(0.1, acrossMax / 4 / window.span), at);
      return;
    }
    const node = shown[window.row + place.row];
    if (node !== undefined)
      globalThis.location.hash = link("node", grid.nodes[node] ?? "", { layer: grid.layer });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    const clamp = (value: number) => Math.min(blocks.across - 1, Math.max(0, value));
    if (move) {
      const from = cursor ?? { row: 0, column: 0 };
      setCursor(
        cursor ? { row: clamp(from.row + move[0]), column: clamp(from.column + move[1]) } : from,
      );
    } else if (event.key === "+" || event.key === "=") {
      zoom(0.5, centre);
    } else if (event.key === "-") {
      zoom(2, centre);
    } else if (event.key === "0") {
      setWindow(null);
      setCursor(null);
    } else if (event.key === "Enter" && cursor) {
      enter(cursor);
    } else {
      return;
    }
    event.preventDefault();
  };

  const says = cursor ? sentenceOfBlock(grid, shown, window, blocks, cursor) : "";
  const failing = grid.counts.down + grid.counts.degraded;
  const label =
    `${shown.length} nodes by ${shown.length}, ${grid.layer} network: ${failing} of ${grid.cells} ` +
    "pairs fail. Arrow keys move a cursor, + and - zoom, 0 shows all, Enter opens the node.";
  if (shown.length === 0) {
    return (
      <p class="quiet">
        {grid.size === 0 ? "No agent has told of a path on this network." : "No pair fails."}
      </p>
    );
  }
  return (
    <div class="heatmap" ref={box}>
      <div class="map">
        {named ? (
          <>
            <Names
              grid={grid}
              nodes={shown.slice(window.column, window.column + window.span)}
              size={side / window.span}
              along="columns"
            />
            <Names
              grid={grid}
              nodes={shown.slice(window.row, window.row + window.span)}
              size={side / window.span}
              along="rows"
            />
          </>
        ) : null}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move a cursor over it. */}
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has no cursor. */}
        <div role="group" aria-label={label} tabIndex={0} onKeyDown={onKeyDown} class="frame">
          <canvas
            ref={canvas}
            style={{ width: `${side}px`, height: `${side}px` }}
            onMouseMove={(event) => setCursor(placeOf(event))}
            onMouseLeave={() => setCursor(null)}
            onClick={(event) => enter(placeOf(event))}
            onWheel={(event) => {
              // Without Ctrl, which a pinch brings by itself, the wheel scrolls the page.
              if (!event.ctrlKey) return;
              event.preventDefault();
              zoom(event.deltaY < 0 ? 0.7 : 1.4, {
                x: event.offsetX / side,
                y: event.offsetY / side,
              });
            }}
          />
        </div>
      </div>
      <p class="says" aria-live="polite">
        {says || scopeOf(grid, shown, window, blocks)}
      </p>
      {named && window.span === shown.length ? null : (
        <p class="buttons">
          <button type="button" onClick={() => zoom(0.5, centre)}>
            Zoom in
          </button>
          <button
            type="button"
            onClick={() => zoom(2, centre)}
            disabled={window.span === shown.length}
          >
            Zoom out
          </button>
          <button
            type="button"
            onClick={() => setWindow(null)}
            disabled={window.span === shown.length}
          >
            All
          </button>
        </p>
      )}
    </div>
  );
}

function scopeOf(grid: Grid, shown: number[], window: Window, blocks: Blocks): string {
  const first = grid.nodes[shown[window.row] ?? 0];
  const last = grid.nodes[shown[window.row + window.span - 1] ?? 0];
  const each =
    blocks.nodes === 1
      ? "each square is a pair"
      : `each square is ${blocks.nodes} by ${blocks.nodes} nodes, shown as its worst pair`;
  const left = grid.pathsLeftOut ? ` ${grid.pathsLeftOut} paths have no room in it.` : "";
  return `Rows, the nodes that probe: ${first} to ${last}; ${each}.${left}`;
}

// Rows of the table of failing pairs.
export const FAILING_SHOWN_MAX = 200;
