// Is the network fine, and if not: where, since when, and what to type next. With `at` the same of a
// past time.
import { useEffect, useState } from "preact/hooks";
import type { Verdict } from "../api/client";
import {
  BADNESS,
  failingPairs,
  type Grid,
  type Layer,
  STATE_SIGN,
  sentenceOf,
  stateOf,
} from "../grid";
import { headline } from "../headline";
import { BEST, DOWN, METRICS, type Metric, NOT_MEASURED } from "../heatmap/blocks";
import { FAILING_SHOWN_MAX, Heatmap } from "../heatmap/heatmap";
import { colourOf, SIZES_NAMES } from "../heatmap/paint";
import { link, pastTime, route, set } from "../router";
import { check, closed, grids, type Past, readPast, verdicts } from "../state";
import { Clock, Since } from "../time";
import { VerdictItem } from "../verdict";
import { Choice, LayerChoice } from "./choice";
import { DashboardLink } from "./dashboard_link";

const SIGNS = { ok: "✓", critical: "×", warning: "!", unknown: "…" };
const METRIC_NAMES: Record<Metric, string> = {
  state: "State",
  rtt: "Round trip",
  loss: "Loss",
  sizes: "Packet sizes",
};

function Silent() {
  const absent = check.value?.Absent ?? [];
  const outdated = check.value?.Outdated ?? [];
  const unpadded = (check.value && "Unpadded" in check.value && check.value.Unpadded) || [];
  if (absent.length + outdated.length + unpadded.length === 0) return null;
  const list = (names: string[]) =>
    names.slice(0, 20).join(", ") + (names.length > 20 ? ` and ${names.length - 20} more` : "");
  return (
    <section aria-label="Agents that do not report">
      {absent.length > 0 ? (
        <p>
          <strong>{absent.length} absent</strong> (never reported): {list(absent)}
        </p>
      ) : null}
      {unpadded.length > 0 ? (
        <p>
          <strong>{unpadded.length} without large packets</strong> to or from the server:{" "}
          {list(unpadded)}
        </p>
      ) : null}
      {outdated.length > 0 ? (
        <p>
          <strong>{outdated.length} outdated</strong> (fell silent): {list(outdated)}
        </p>
      ) : null}
    </section>
  );
}

// One square a node, with the worst of its pairs; a link for each. Zones apart.
function Strip({ grid }: { grid: Grid }) {
  const starts = new Set(grid.zoneStarts());
  const down = [...grid.worst].filter((level) => level === BADNESS.down).length;
  const some = [...grid.worst].filter((level) => level === BADNESS.degraded).length;
  return (
    <section aria-label="Nodes">
      <h2>
        {grid.size} nodes
        {down ? `, ${down} down` : ""}
        {some ? `, ${some} with a pair that fails` : ""}
      </h2>
      <ul class={`strip ${grid.size > 200 ? "small" : ""}`}>
        {grid.nodes.map((name, node) => {
          const state = stateOf(grid.worst[node] ?? 0);
          const zone = grid.zoneOf(node);
          return (
            <li class={starts.has(node) && node > 0 ? "begins" : ""} key={name}>
              <a
                class={`node ${state}`}
                href={link("node", name, { layer: grid.layer })}
                title={`${name}${zone ? ` (${zone})` : ""}: ${state}`}
                aria-label={`${name}: ${state}`}
              >
                {STATE_SIGN[state]}
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const NO_STATE: [number, string][] = [
  [DOWN, "down"],
  [NOT_MEASURED, "not measured"],
];

// Some of the levels, as marks on a scale.
function legendOf(metric: Metric): [number, string][] {
  switch (metric) {
    case "state":
      return (["up", "degraded", "down", "unknown"] as const).map((state) => [
        BADNESS[state],
        state,
      ]);
    case "sizes":
      return [
        ...SIZES_NAMES.map((name, place): [number, string] => [BEST + place, name]),
        ...NO_STATE,
      ];
    case "loss":
      return [
        [BEST, "none lost"],
        [BEST + 3, "to 5 %"],
        [BEST + 5, "to 20 %"],
        [BEST + 8, "all"],
        ...NO_STATE,
      ];
    case "rtt":
      return [
        [BEST, "to 0.05 ms"],
        [BEST + 8, "to 0.8 ms"],
        [BEST + 16, "to 13 ms"],
        [BEST + 24, "0.2 s or more"],
        ...NO_STATE,
      ];
  }
}

function Legend({ metric, grid }: { metric: Metric; grid: Grid }) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const items = legendOf(metric);
  return (
    <p class="legend">
      {items.map(([level, name]) => (
        <span key={name}>
          <i style={{ background: colourOf(metric, level, dark) }} aria-hidden="true" /> {name}
        </span>
      ))}
      <span>
        <i class="empty" aria-hidden="true" /> not probed
      </span>
      {grid.counts.unknown > 0 ? (
        <span>
          {grid.counts.unknown} {grid.counts.unknown === 1 ? "pair is" : "pairs are"} unknown
        </span>
      ) : null}
    </p>
  );
}

export function FailingTable({ grid }: { grid: Grid }) {
  const { pairs, count } = failingPairs(grid, FAILING_SHOWN_MAX);
  if (count === 0) return null;
  return (
    <details class="failing" open={count <= 20}>
      <summary>
        {count} {count === 1 ? "pair fails" : "pairs fail"}, as a table
      </summary>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">State</th>
            <th scope="col" class="roomy">
              Both ways
            </th>
          </tr>
        </thead>
        <tbody>
          {pairs.map(({ from, to, badness }) => (
            <tr key={`${from} ${to}`}>
              <td>
                <a href={link("node", grid.nodes[from] ?? "", { layer: grid.layer })}>
                  {grid.nodes[from]}
                </a>
              </td>
              <td>
                <a href={link("node", grid.nodes[to] ?? "", { layer: grid.layer })}>
                  {grid.nodes[to]}
                </a>
              </td>
              <td>{stateOf(badness)}</td>
              <td class="roomy">{sentenceOf(grid, from, to)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {count > pairs.length ? <p>And {count - pairs.length} more, which are not listed.</p> : null}
    </details>
  );
}

function layerOf(query: URLSearchParams): Layer {
  return query.get("layer") === "host" ? "host" : "pod";
}

// The pairs by what the switches say. `past`: only their states are known.
function Pairs({ grid, past = false }: { grid: Grid | undefined; past?: boolean }) {
  const { query } = route.value;
  const wanted = query.get("metric") as Metric;
  const metric = !past && METRICS.includes(wanted) ? wanted : "state";
  const onlyFailing = query.get("failing") === "1";
  return (
    <section aria-label="Pairs of nodes">
      <h2>Pairs of nodes</h2>
      <div class="switches">
        <LayerChoice layer={layerOf(query)} />
        {past ? null : (
          <Choice
            label="Show"
            name="metric"
            values={METRICS.map((each) => [each, METRIC_NAMES[each]])}
            value={metric}
            onChange={(value) => set({ metric: value === "state" ? "" : value })}
          />
        )}
        <label class="only">
          <input
            type="checkbox"
            checked={onlyFailing}
            onChange={() => set({ failing: onlyFailing ? "" : "1" })}
          />
          only nodes that fail
        </label>
      </div>
      {grid ? (
        <>
          {grid.size > 0 ? <Legend metric={metric} grid={grid} /> : null}
          <Heatmap grid={grid} metric={metric} onlyFailing={onlyFailing} />
          <FailingTable grid={grid} />
        </>
      ) : (
        <p class="quiet">
          {past ? "The paths of then are not known." : "The paths are being read."}
        </p>
      )}
    </section>
  );
}

function Verdicts({ verdicts, label }: { verdicts: Verdict[]; label: string }) {
  if (verdicts.length === 0) return null;
  return (
    <ul class="verdicts" aria-label={label}>
      {verdicts.map((verdict) => (
        <VerdictItem verdict={verdict} key={verdict.id} />
      ))}
    </ul>
  );
}

function PastView({ time }: { time: string }) {
  const [past, setPast] = useState<Past | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    setPast(null);
    setError(null);
    readPast(time).then(
      (value) => {
        if (wanted) setPast(value);
      },
      (problem) => {
        if (wanted) setError(problem instanceof Error ? problem.message : String(problem));
      },
    );
    return () => {
      wanted = false;
    };
  }, [time]);
  const layer = layerOf(route.value.query);
  const grid = past?.grids[layer];
  return (
    <>
      <div class="past">
        <h1>
          As of <Clock time={time} />, not now
        </h1>
        <p>
          <a href={link("now")}>Back to now</a>
        </p>
      </div>
      {error ? <p class="error">{error}</p> : null}
      {past && past.verdicts.length === 0 ? <p>No verdict was open then.</p> : null}
      {past ? <Verdicts verdicts={past.verdicts} label="Verdicts of then" /> : null}
      {past?.missing[layer] ? <p class="quiet">{past.missing[layer]}</p> : null}
      {grid && grid.size > 0 ? <Strip grid={grid} /> : null}
      {past ? <Pairs grid={grid} past /> : null}
    </>
  );
}

export function NowView() {
  const past = pastTime(route.value);
  return past ? <PastView time={past} /> : <PresentView />;
}

function PresentView() {
  const grid = grids.value[layerOf(route.value.query)];
  const top = headline(verdicts.value, check.value, grid, closed.value);
  return (
    <>
      <div class={`headline ${top.level}`}>
        <h1 aria-live="polite">
          <span class="sign" aria-hidden="true">
            {SIGNS[top.level]}
          </span>{" "}
          {top.text}
        </h1>
        {top.since ? (
          <p>
            since <Since time={top.since} />
          </p>
        ) : null}
      </div>
      <Verdicts verdicts={verdicts.value ?? []} label="Open verdicts" />
      <Silent />
      {grid && grid.size > 0 ? <Strip grid={grid} /> : null}
      <Pairs grid={grid} />
      <DashboardLink />
    </>
  );
}
