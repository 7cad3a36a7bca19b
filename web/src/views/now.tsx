// Is the network fine, and if not: where, since when, and what to type next.
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
import { link, route, set } from "../router";
import { check, closed, grids, verdicts } from "../state";
import { Since } from "../time";
import { VerdictItem } from "../verdict";
import { Choice } from "./choice";

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
      {grid.counts.unknown > 0 ? <span>{grid.counts.unknown} pairs are unknown</span> : null}
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

export function NowView() {
  const { query } = route.value;
  const layer: Layer = query.get("layer") === "host" ? "host" : "pod";
  const wanted = query.get("metric") as Metric;
  const metric = METRICS.includes(wanted) ? wanted : "state";
  const onlyFailing = query.get("failing") === "1";
  const grid = grids.value[layer];
  const top = headline(verdicts.value, check.value, grid, closed.value);
  const open = verdicts.value ?? [];
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
      {open.length > 0 ? (
        <ul class="verdicts" aria-label="Open verdicts">
          {open.map((verdict) => (
            <VerdictItem verdict={verdict} key={verdict.id} />
          ))}
        </ul>
      ) : null}
      <Silent />
      {grid && grid.size > 0 ? <Strip grid={grid} /> : null}
      <section aria-label="Pairs of nodes">
        <h2>Pairs of nodes</h2>
        <div class="switches">
          <Choice
            label="Network"
            name="layer"
            values={[
              ["pod", "pods"],
              ["host", "hosts"],
            ]}
            value={layer}
            onChange={(value) => set({ layer: value === "pod" ? "" : value })}
          />
          <Choice
            label="Show"
            name="metric"
            values={METRICS.map((each) => [each, METRIC_NAMES[each]])}
            value={metric}
            onChange={(value) => set({ metric: value === "state" ? "" : value })}
          />
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
          <p class="quiet">The paths are being read.</p>
        )}
      </section>
    </>
  );
}
