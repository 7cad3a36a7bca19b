// The mesh as nodes by nodes, as GET /api/v1/mesh/grid sends it: doc/reference/wire_format.md.

export type Layer = "pod" | "host";

interface Header {
  time: string;
  layer: Layer;
  nodes: string[];
  zones: string[];
  states: string[];
  directions: string[];
  classes: string[];
  rtt_bounds_us: number[];
  loss_bounds_percent: number[];
  cells: number; // Of the bytes.
  paths_left_out: number;
}

export interface Cell {
  state: string;
  direction: string;
  forward: string;
  backward: string;
  rttUs: number | null; // At most that; null: not measured.
  lossPercent: number | null; // Likewise.
}

// Badness of a cell's state: what a block of cells is shown as is the worst in it.
export const BADNESS = { none: 0, up: 1, unknown: 2, degraded: 3, down: 4 } as const;
export type State = keyof typeof BADNESS;
const STATES = Object.keys(BADNESS) as State[];
export const stateOf = (badness: number): State => STATES[badness] ?? "none";
// Beside the colour.
export const STATE_SIGN: Record<State, string> = {
  none: "",
  up: "",
  unknown: "?",
  degraded: "!",
  down: "×",
};

interface Columns {
  rowEnds: Uint32Array;
  to: Uint16Array;
  states: Uint8Array;
  sizes: Uint8Array;
  rtt: Uint8Array;
  loss: Uint8Array;
}

export class Grid {
  private readonly badnessOfState: Uint8Array;
  // Badness of a node: down if more than half of its pairs are of which anything is known, degraded
  // if any pair fails, else the worst of its pairs. So a pair that fails because of its other end
  // does not make both ends down, and a node that is silent is down by what others say, and does not
  // make those unknown that it probed.
  readonly worst: Uint8Array;
  readonly counts: Record<State, number> = { none: 0, up: 0, unknown: 0, degraded: 0, down: 0 };

  static of(bytes: ArrayBuffer): Grid {
    const all = new Uint8Array(bytes);
    const end = all.indexOf(10) + 1;
    const header = JSON.parse(new TextDecoder().decode(all.subarray(0, end))) as Header;
    const { cells } = header;
    const nodes = header.nodes.length;
    const size = end + 4 * nodes + 6 * cells;
    if (bytes.byteLength !== size) throw new Error(`a grid of ${size} bytes was announced`);
    const column = (index: number) =>
      new Uint8Array(bytes, end + 4 * nodes + 2 * cells + index * cells, cells);
    return new Grid(header, {
      rowEnds: new Uint32Array(bytes, end, nodes),
      to: new Uint16Array(bytes, end + 4 * nodes, cells),
      states: column(0),
      sizes: column(1),
      rtt: column(2),
      loss: column(3),
    });
  }

  private constructor(
    private readonly header: Header,
    private readonly columns: Columns,
  ) {
    const nodes = header.nodes.length;
    this.badnessOfState = Uint8Array.from(
      this.header.states,
      (name) => BADNESS[name as State] ?? BADNESS.unknown,
    );
    this.worst = new Uint8Array(nodes);
    const pairs = new Uint32Array(nodes);
    const down = new Uint32Array(nodes);
    const unknown = new Uint8Array(nodes);
    this.forEach((from, to, badness) => {
      this.counts[stateOf(badness)] += 1;
      if (from === to) return;
      for (const node of [from, to]) {
        if (badness !== BADNESS.unknown) pairs[node] = (pairs[node] ?? 0) + 1;
        if (badness === BADNESS.down) down[node] = (down[node] ?? 0) + 1;
        // The node that probes does not say anything: that tells of the other end only if nobody does.
        if (badness === BADNESS.unknown && node === to) {
          unknown[node] = 1;
          continue;
        }
        const level = Math.min(badness, BADNESS.degraded);
        if (level > (this.worst[node] ?? 0)) this.worst[node] = level;
      }
    });
    down.forEach((count, node) => {
      if (2 * count > (pairs[node] ?? 0)) this.worst[node] = BADNESS.down;
      else if (!this.worst[node] && unknown[node]) this.worst[node] = BADNESS.unknown;
    });
  }

  get time(): string {
    return this.header.time;
  }
  get layer(): Layer {
    return this.header.layer;
  }
  // By zone, then by name.
  get nodes(): string[] {
    return this.header.nodes;
  }
  get size(): number {
    return this.header.nodes.length;
  }
  get cells(): number {
    return this.columns.to.length;
  }
  get pathsLeftOut(): number {
    return this.header.paths_left_out;
  }
  zoneOf(node: number): string {
    return this.header.zones[node] ?? "";
  }
  // Places where another zone begins, and 0.
  zoneStarts(): number[] {
    return this.nodes
      .map((_, i) => i)
      .filter((i) => i === 0 || this.zoneOf(i) !== this.zoneOf(i - 1));
  }

  forEach(visit: (from: number, to: number, badness: number, index: number) => void): void {
    let index = 0;
    for (let from = 0; from < this.columns.rowEnds.length; from += 1) {
      const rowEnd = this.columns.rowEnds[from] ?? 0;
      for (; index < rowEnd; index += 1) {
        visit(from, this.columns.to[index] ?? 0, this.badness(index), index);
      }
    }
  }

  // The grid with cells changed, as the event stream tells: [from, to, state, sizes, round trip, loss]
  // of one that is new or another one, [from, to] of one that is gone; by from, then by to.
  with(changes: number[][], time: string): Grid {
    const was = this.columns;
    const room = this.cells + changes.length;
    const made: Columns = {
      rowEnds: new Uint32Array(this.size),
      to: new Uint16Array(room),
      states: new Uint8Array(room),
      sizes: new Uint8Array(room),
      rtt: new Uint8Array(room),
      loss: new Uint8Array(room),
    };
    let cells = 0;
    const put = (to: number, state = 0, sizes = 0, rtt = 0, loss = 0) => {
      made.to[cells] = to;
      made.states[cells] = state;
      made.sizes[cells] = sizes;
      made.rtt[cells] = rtt;
      made.loss[cells] = loss;
      cells += 1;
    };
    let i = 0;
    let next = 0;
    for (let from = 0; from < this.size; from += 1) {
      const end = was.rowEnds[from] ?? 0;
      for (;;) {
        const old = i < end ? (was.to[i] ?? 0) : Number.POSITIVE_INFINITY;
        const change = changes[next];
        if (change && change[0] === from && (change[1] ?? 0) <= old) {
          const [, to = 0, ...values] = change;
          next += 1;
          if (to === old) i += 1;
          if (values.length > 0) put(to, ...values);
        } else if (i < end) {
          put(old, was.states[i], was.sizes[i], was.rtt[i], was.loss[i]);
          i += 1;
        } else {
          break;
        }
      }
      made.rowEnds[from] = cells;
    }
    return new Grid(
      { ...this.header, time },
      {
        rowEnds: made.rowEnds,
        to: made.to.subarray(0, cells),
        states: made.states.subarray(0, cells),
        sizes: made.sizes.subarray(0, cells),
        rtt: made.rtt.subarray(0, cells),
        loss: made.loss.subarray(0, cells),
      },
    );
  }

  badness(index: number): number {
    return this.badnessOfState[(this.columns.states[index] ?? 0) & 3] ?? BADNESS.unknown;
  }
  rttLevel(index: number): number {
    return this.columns.rtt[index] ?? 0;
  }
  lossLevel(index: number): number {
    return this.columns.loss[index] ?? 0;
  }
  // 0: fine or not known; 1: smaller but told; 2: smaller; 3: fragments are dropped; 4: a black hole.
  sizesLevel(index: number): number {
    const both = this.columns.sizes[index] ?? 0;
    return Math.max(this.classLevel(both & 15), this.classLevel(both >> 4));
  }
  sizesKnown(index: number): boolean {
    return (this.columns.sizes[index] ?? 0) !== 0;
  }
  private classLevel(value: number): number {
    const levels: Record<string, number> = {
      reduced_signalled: 1,
      reduced: 2,
      fragments_dropped: 3,
      black_hole: 4,
    };
    return levels[this.header.classes[value] ?? ""] ?? 0;
  }

  // -1: that pair is not probed in this direction.
  indexOf(from: number, to: number): number {
    let low = from === 0 ? 0 : (this.columns.rowEnds[from - 1] ?? 0);
    let high = this.columns.rowEnds[from] ?? 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.columns.to[middle] ?? 0) < to) low = middle + 1;
      else high = middle;
    }
    return low < (this.columns.rowEnds[from] ?? 0) && this.columns.to[low] === to ? low : -1;
  }

  cell(from: number, to: number): Cell | null {
    const index = this.indexOf(from, to);
    if (index < 0) return null;
    const state = this.columns.states[index] ?? 0;
    const sizes = this.columns.sizes[index] ?? 0;
    return {
      state: this.header.states[state & 3] ?? "unknown",
      direction: this.header.directions[state >> 2] ?? "unknown",
      forward: this.header.classes[sizes & 15] ?? "unknown",
      backward: this.header.classes[sizes >> 4] ?? "unknown",
      rttUs: this.header.rtt_bounds_us[this.rttLevel(index) - 1] ?? null,
      lossPercent: this.header.loss_bounds_percent[this.lossLevel(index) - 1] ?? null,
    };
  }
}

const WHERE: Record<string, string> = {
  forward: ", packets there get lost",
  backward: ", replies get lost",
  both: ", both ways",
  none: "",
  unknown: "",
};

function describe(cell: Cell | null): string {
  if (!cell) return "not probed";
  let text = `${cell.state}${WHERE[cell.direction] ?? ""}`;
  if (cell.rttUs !== null && cell.state !== "down")
    text += `, round trip up to ${duration(cell.rttUs)}`;
  if (cell.lossPercent) text += `, up to ${Math.ceil(cell.lossPercent)} % lost`;
  const sizes = [...new Set([cell.forward, cell.backward])].filter(
    (name) => name !== "clear" && name !== "unknown" && name !== "down",
  );
  if (sizes.length) text += `, sizes: ${sizes.join(" and ").replaceAll("_", " ")}`;
  return text;
}

// 0.05 ms, 12 ms, 1.6 s
export function duration(us: number): string {
  if (us >= 1e6) return `${(us / 1e6).toPrecision(2)} s`;
  const ms = us / 1000;
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
}

// Both directions of a pair, for the hover and for screen readers.
export function sentenceOf(grid: Grid, from: number, to: number): string {
  const [a, b] = [grid.nodes[from] ?? "", grid.nodes[to] ?? ""];
  if (from === to) return `${a}, to its other agent: ${describe(grid.cell(from, to))}.`;
  return `${a} to ${b}: ${describe(grid.cell(from, to))}; back: ${describe(grid.cell(to, from))}.`;
}

export interface Failing {
  from: number;
  to: number;
  badness: number;
}

// Worst first; `count` is of all, `pairs` has at most `limit`.
export function failingPairs(grid: Grid, limit: number): { pairs: Failing[]; count: number } {
  const pairs: Failing[] = [];
  grid.forEach((from, to, badness) => {
    if (badness >= BADNESS.degraded) pairs.push({ from, to, badness });
  });
  pairs.sort((a, b) => b.badness - a.badness || a.from - b.from || a.to - b.to);
  return { count: pairs.length, pairs: pairs.slice(0, limit) };
}
