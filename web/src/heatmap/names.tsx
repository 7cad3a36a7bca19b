// Names of nodes beside the rows and above the columns of the map, where a square is as large as a
// line of text. Screen readers have the sentence of the cursor, and the table.
import type { Grid } from "../grid";

export function Names({
  grid,
  nodes,
  size,
  along,
}: {
  grid: Grid;
  nodes: number[];
  size: number; // Of a square, in pixels.
  along: "rows" | "columns";
}) {
  const extent = `${size}px`;
  return (
    <div class={`names ${along}`} aria-hidden="true">
      {nodes.map((node) => (
        <span key={node} title={grid.nodes[node]} style={{ lineHeight: extent }}>
          {grid.nodes[node]}
        </span>
      ))}
    </div>
  );
}
