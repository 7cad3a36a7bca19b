// Grids made by hand, for tests.
import { Grid } from "./grid";

interface CellSpec {
  from: number;
  to: number;
  state: number;
  direction?: number;
  forward?: number;
  backward?: number;
  rtt?: number;
  loss?: number;
}

// The bytes as mesh/table/mesh_grid.cc writes them.
export function gridOf(nodes: string[], cells: CellSpec[], zones = nodes.map(() => "")): Grid {
  const header = {
    time: "2026-11-21T00:00:00Z",
    layer: "pod",
    nodes,
    zones,
    states: ["unknown", "up", "degraded", "down"],
    directions: ["none", "forward", "backward", "both", "unknown"],
    classes: ["unknown", "clear", "reduced", "reduced_signalled", "black_hole"],
    rtt_bounds_us: [50, 71, 100, 141],
    loss_bounds_percent: [0, 1, 2, 5, 10],
    cells: cells.length,
    paths_left_out: 0,
  };
  let text = JSON.stringify(header).slice(0, -1);
  while ((text.length + 2) % 4 !== 0) text += " ";
  const head = new TextEncoder().encode(`${text}}\n`);
  const bytes = new Uint8Array(head.length + 4 * nodes.length + 6 * cells.length);
  bytes.set(head);
  const view = new DataView(bytes.buffer, head.length);
  nodes.forEach((_, node) => {
    view.setUint32(4 * node, cells.filter(({ from }) => from <= node).length, true);
  });
  const columns = 4 * nodes.length + 2 * cells.length;
  cells.forEach((cell, i) => {
    view.setUint16(4 * nodes.length + 2 * i, cell.to, true);
    view.setUint8(columns + i, cell.state | ((cell.direction ?? 0) << 2));
    view.setUint8(columns + cells.length + i, (cell.forward ?? 0) | ((cell.backward ?? 0) << 4));
    view.setUint8(columns + 2 * cells.length + i, cell.rtt ?? 0);
    view.setUint8(columns + 3 * cells.length + i, cell.loss ?? 0);
  });
  return Grid.of(bytes.buffer);
}
