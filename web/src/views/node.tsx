// One node: its paths to peers, its other agent, gateways and targets, both ways, and their sizes.
import type { Path } from "../api/client";
import { useAnswer } from "../load";
import { link, route } from "../router";
import { grids, verdicts } from "../state";
import { Since } from "../time";
import { VerdictItem } from "../verdict";
import { LayerChoice } from "./choice";
import { DashboardLink } from "./dashboard_link";
import { HistorySection } from "./history";

const RELATIONS: [Path["relation"], string][] = [
  ["peer", "Other nodes"],
  ["twin", "Its other agent"],
  ["gateway", "Gateways"],
  ["target", "Targets"],
];
const BADNESS: Record<Path["state"], number> = { down: 0, degraded: 1, unknown: 2, up: 3 };

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
const ms = (value: number | null | undefined) =>
  value === null || value === undefined ? "–" : `${Number(value.toPrecision(3))} ms`;

function sizesOf(path: Path): string {
  if (!path.mtu) return "–";
  const { forward, backward } = path.mtu;
  const way = (each: typeof forward) =>
    each.class.replaceAll("_", " ") + (each.size ? ` ${each.size}` : "");
  return way(forward) === way(backward)
    ? way(forward)
    : `there ${way(forward)}, back ${way(backward)}`;
}

function Paths({ paths, node }: { paths: Path[]; node: string }) {
  return (
    <table class="paths">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">State</th>
          <th scope="col">Since</th>
          <th scope="col">Round trip p50, p99</th>
          <th scope="col">Lost in a minute</th>
          <th scope="col">Sizes (bytes)</th>
        </tr>
      </thead>
      <tbody>
        {paths.map((path) => (
          <tr key={`${path.from} ${path.to} ${path.family} ${path.probe}`}>
            <td>
              {path.from_node === node ? (
                path.from
              ) : (
                <a href={link("node", path.from_node)}>{path.from_node}</a>
              )}
            </td>
            <td>
              {path.to_node && path.to_node !== node ? (
                <a href={link("node", path.to_node)}>{path.to_node}</a>
              ) : (
                path.to
              )}{" "}
              {path.family}
            </td>
            <td class={`state ${path.state}`}>
              {path.state}
              {path.direction !== "none" && path.direction !== "unknown"
                ? ` ${path.direction}`
                : ""}
              {path.reason ? `: ${path.reason}` : ""}
              {path.error && path.state !== "up" ? ` (${path.error})` : ""}
            </td>
            <td>{path.state_since ? <Since time={path.state_since} /> : "–"}</td>
            <td class="number">
              {ms(path.rtt_ms?.p50)}, {ms(path.rtt_ms?.p99)}
            </td>
            <td class="number">
              {path.sent ? `${percent(path.loss)} of ${path.sent}` : "not measured"}
            </td>
            <td>{sizesOf(path)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function NodeView() {
  const { name, query } = route.value;
  const layer = query.get("layer") === "host" ? "host" : "pod";
  const { value, error } = useAnswer<{ time: string; paths: Path[] }>(
    `api/v1/mesh?node=${encodeURIComponent(name)}&layer=${layer}`,
    10_000,
  );
  const grid = grids.value[layer];
  const zone = grid ? grid.zoneOf(grid.nodes.indexOf(name)) : "";
  const about = (verdicts.value ?? []).filter(({ ends }) => ends.some((end) => end.node === name));
  const paths = [...(value?.paths ?? [])].sort(
    (a, b) => BADNESS[a.state] - BADNESS[b.state] || a.to_node.localeCompare(b.to_node),
  );
  return (
    <>
      <h1>
        {name} {zone ? <small>zone {zone}</small> : null}
      </h1>
      {about.length > 0 ? (
        <ul class="verdicts">
          {about.map((verdict) => (
            <VerdictItem verdict={verdict} key={verdict.id} />
          ))}
        </ul>
      ) : null}
      <div class="switches">
        <LayerChoice layer={layer} />
      </div>
      {error ? <p class="error">{error}</p> : null}
      {value && paths.length === 0 ? (
        <p class="quiet">No path from or to this node is known.</p>
      ) : null}
      <HistorySection node={name} layer={layer} />
      <DashboardLink node={name} />
      {RELATIONS.map(([relation, title]) => {
        const of = paths.filter((path) => path.relation === relation);
        const out = of.filter((path) => path.from_node === name);
        const back = of.filter((path) => path.from_node !== name);
        return of.length === 0 ? null : (
          <section key={relation}>
            <h2>{title}</h2>
            <div class="wide">{out.length > 0 ? <Paths paths={out} node={name} /> : null}</div>
            {back.length > 0 ? (
              <details>
                <summary>{back.length} towards this node</summary>
                <div class="wide">
                  <Paths paths={back} node={name} />
                </div>
              </details>
            ) : null}
          </section>
        );
      })}
    </>
  );
}
