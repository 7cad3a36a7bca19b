// One graph over time, drawn by uPlot. Arrow keys move its cursor; a click or Enter shows the mesh as
// it was then.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { link } from "../router";
import { type Graph, type History, sentenceOf, timesOf, valuesOf, valueText } from "./series";

const HEIGHT = 170;
const DAYS_FROM_S = 2 * 86_400;
const FEW = 30;

const colour = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Times of the day, or days where there are many.
function marksOf(plot: uPlot, marks: number[]): string[] {
  const length = (plot.scales.x?.max ?? 0) - (plot.scales.x?.min ?? 0);
  const format: Intl.DateTimeFormatOptions =
    length > DAYS_FROM_S
      ? { month: "short", day: "numeric" }
      : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return marks.map((time) => new Date(time * 1000).toLocaleString(undefined, format));
}

function optionsOf(
  graph: Graph,
  width: number,
  few: boolean,
  onCursor: (place: number | null) => void,
) {
  const axis: uPlot.Axis = {
    stroke: colour("--quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
  };
  const options: uPlot.Options = {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, values: marksOf },
      { ...axis, size: 60 },
    ],
    series: [
      {},
      ...graph.lines.map(({ name, colour: of, dash }) => ({
        label: name,
        stroke: colour(of),
        dash,
        width: 1.5,
        // A few measured steps among many that are not would be too short for a line.
        points: { show: few, size: 4 },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
  };
  return options;
}

export function GraphFigure({ graph, history }: { graph: Graph; history: History }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const times = timesOf(history);
  const data: uPlot.AlignedData = [
    times,
    ...graph.lines.map(({ column }) => valuesOf(history, column)),
  ];
  const few = history.up.filter((value) => value !== null).length <= FEW;
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(
        optionsOf(graph, element.clientWidth, few, setAt),
        latest.current,
        element,
      );
    };
    make();
    // Colours are of the scheme; the width is the window's.
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    const resized = () => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT });
    window.addEventListener("resize", resized);
    return () => {
      scheme.removeEventListener("change", make);
      window.removeEventListener("resize", resized);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [graph, few]);
  useEffect(() => plot.current?.setData(latest.current), [history]);

  const show = () => {
    const time = at === null ? undefined : times[at];
    if (time === undefined) return;
    window.location.hash = link("now", "", {
      at: new Date(time * 1000).toISOString(),
      ...(history.layer === "host" ? { layer: "host" } : {}),
    });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") show();
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (!step || !plot.current) return;
    event.preventDefault();
    const next = Math.min(Math.max((at ?? times.length - 1) + step, 0), times.length - 1);
    plot.current.setCursor({ left: plot.current.valToPos(times[next] ?? 0, "x"), top: 0 });
    setAt(next);
  };
  const time = at === null ? undefined : times[at];
  return (
    <figure class="graph">
      <figcaption>
        <strong>
          {graph.title}
          {graph.unit === "paths" ? "" : ` (${graph.unit})`}
        </strong>
        {graph.lines.map(({ column, name, colour: of, dash }, i) => (
          <span class="key" key={column}>
            <svg width="28" height="8" aria-hidden="true">
              <title>{name}</title>
              <line
                x1="0"
                x2="28"
                y1="4"
                y2="4"
                stroke={`var(${of})`}
                stroke-width="2"
                stroke-dasharray={dash.join(" ")}
              />
            </svg>{" "}
            {name}
            {at === null ? "" : ` ${valueText(data[i + 1]?.[at], graph.unit)}`}
          </span>
        ))}
        <span class="quiet">
          {time === undefined ? "" : new Date(time * 1000).toLocaleString()}
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has no cursor. */}
      <div
        class="plot"
        ref={place}
        role="group"
        aria-label={sentenceOf(history, graph)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move its cursor.
        tabIndex={0}
        onClick={show}
        onKeyDown={onKey}
        title="Click for the mesh as it was then"
      />
    </figure>
  );
}
