// How a node's paths were over time.

import { GraphFigure } from "../graphs/graph";
import { GRAPHS, type History, isEmpty, RANGE_NAMES, RANGES, type Range } from "../graphs/series";
import type { Layer } from "../grid";
import { useAnswer } from "../load";
import { route, set } from "../router";
import { Choice } from "./choice";

export function HistorySection({ node, layer }: { node: string; layer: Layer }) {
  const wanted = route.value.query.get("range") as Range;
  const range = RANGES.includes(wanted) ? wanted : "1h";
  const { value, error } = useAnswer<History>(
    `api/v1/history?node=${encodeURIComponent(node)}&layer=${layer}&from=${range}`,
    range === "1h" ? 10_000 : 60_000,
  );
  return (
    <section aria-label="Over time">
      <h2>Over time</h2>
      <div class="switches">
        <Choice
          label="Range"
          name="range"
          values={RANGES.map((each) => [each, RANGE_NAMES[each]])}
          value={range}
          onChange={(each) => set({ range: each === "1h" ? "" : each })}
        />
      </div>
      {error ? <p class="error">{error}</p> : null}
      {value && isEmpty(value) ? (
        <p class="quiet">
          Nothing of this node is known of this time. The server looks each ten seconds; without a
          database it keeps an hour.
        </p>
      ) : null}
      {value && !isEmpty(value)
        ? GRAPHS.map((graph) => <GraphFigure graph={graph} history={value} key={graph.title} />)
        : null}
    </section>
  );
}
