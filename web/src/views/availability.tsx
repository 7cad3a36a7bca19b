// How available each group and probe was, by steps of a range; the error budget; downtimes.
import { useState } from "preact/hooks";
import type { Downtime, SlaSeries } from "../api/client";
import { useAnswer } from "../load";
import { route, set } from "../router";
import { serverNow } from "../state";
import { Clock } from "../time";
import { Choice } from "./choice";
import { Downtimes, TYPES } from "./downtimes";

const RANGES = {
  "1h": { seconds: 3600, step: "5m" },
  "6h": { seconds: 6 * 3600, step: "15m" },
  "24h": { seconds: 86_400, step: "1h" },
  "7d": { seconds: 7 * 86_400, step: "6h" },
  "30d": { seconds: 30 * 86_400, step: "1d" },
  "90d": { seconds: 90 * 86_400, step: "3d" },
} as const;
type Range = keyof typeof RANGES;

const MUTED_BY_DEFAULT = TYPES.filter((type) => type !== "Accident");

interface Answer {
  from: string;
  to: string;
  step_seconds: number;
  target: number;
  series: SlaSeries[];
  downtimes: Downtime[];
}
type Step = SlaSeries["steps"][number];

const STATE_SIGN: Partial<Record<Step["state"], string>> = {
  up: "",
  down: "×",
  no_data: "·",
  unknown: "?",
};

function titleOf(step: Step): string {
  const share = step.availability_percent === null ? "not known" : `${step.availability_percent} %`;
  const lines = [
    `${new Date(step.start).toLocaleString()} to ${new Date(step.end).toLocaleString()}`,
    `${step.state.replaceAll("_", " ")}, ${share}`,
  ];
  for (const verdict of step.verdicts ?? []) lines.push(verdict.sentence);
  return lines.join("\n");
}

export function minutes(ms: number): string {
  const sign = ms < 0 ? "-" : "";
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 120) return `${sign}${Math.round(seconds)} s`;
  if (seconds < 7200) return `${sign}${Math.round(seconds / 60)} min`;
  return `${sign}${(seconds / 3600).toFixed(1)} h`;
}

function Row({ series, name }: { series: SlaSeries; name: preact.ComponentChild }) {
  const { total } = series;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="bars">
        {series.steps.map((step) => (
          <span
            key={step.start}
            class={`bar ${step.state.startsWith("was_") ? "muted" : step.state}`}
            title={titleOf(step)}
            role="img"
            aria-label={titleOf(step)}
          >
            {STATE_SIGN[step.state] ?? "~"}
          </span>
        ))}
      </td>
      <td class="number">
        {total.availability_percent === null ? "not known" : `${total.availability_percent} %`}
      </td>
      <td class={`number ${total.budget.left_ms < 0 ? "overdrawn" : ""}`}>
        {minutes(total.budget.left_ms)} of {minutes(total.budget.allowed_ms)}
      </td>
    </tr>
  );
}

export function AvailabilityView() {
  const { query } = route.value;
  const wanted = query.get("range") as Range;
  const range: Range = Object.hasOwn(RANGES, wanted) ? wanted : "24h";
  const open = query.get("group") ?? "";
  const muteText = query.get("mute");
  const muted =
    muteText === null
      ? MUTED_BY_DEFAULT
      : TYPES.filter((type) => muteText.split(",").includes(type));
  const [turn, setTurn] = useState(0);
  const { seconds, step } = RANGES[range];
  const ask = (of: string) => {
    const question = `${range} ${muted.join(",")} ${of}`;
    const path = () => {
      const to = Math.floor(serverNow.peek() / 1000);
      return `api/v1/sla?from=${to - seconds}&to=${to}&step=${step}&mute=${muted.join(",") || "none"}&${of}`;
    };
    return [question, 60_000, path, turn] as const;
  };
  const groups = useAnswer<Answer>(...ask("probe=__total__"));
  const probes = useAnswer<Answer>(
    ...ask(open ? `group=${encodeURIComponent(open)}` : "probe=__total__"),
  );
  const inGroup = (probes.value?.series ?? []).filter(
    (series) => series.group === open && series.probe !== "__total__",
  );
  return (
    <>
      <h1>Availability</h1>
      <div class="switches">
        <Choice
          label="Range"
          name="range"
          values={(Object.keys(RANGES) as Range[]).map((each) => [each, each])}
          value={range}
          onChange={(each) => set({ range: each === "24h" ? "" : each })}
        />
        <fieldset class="choice">
          <legend>Time of these counts as up</legend>
          {TYPES.map((type) => (
            <label key={type}>
              <input
                type="checkbox"
                checked={muted.includes(type)}
                onChange={() =>
                  set({
                    mute:
                      TYPES.filter((each) => (each === type) !== muted.includes(each)).join(",") ||
                      "none",
                  })
                }
              />
              {type}
            </label>
          ))}
        </fieldset>
      </div>
      {groups.error ? <p class="error">{groups.error}</p> : null}
      {groups.value && groups.value.series.length === 0 ? (
        <p class="quiet">No probe has told of this range.</p>
      ) : null}
      {groups.value && groups.value.series.length > 0 ? (
        <div class="wide">
          <table class="availability">
            <thead>
              <tr>
                <th scope="col">Group</th>
                <th scope="col">
                  <Clock time={groups.value.from} /> to <Clock time={groups.value.to} />
                </th>
                <th scope="col">Total</th>
                <th scope="col">Budget left, of {groups.value.target * 100} %</th>
              </tr>
            </thead>
            <tbody>
              {groups.value.series.map((series) => (
                <>
                  <Row
                    key={series.group}
                    series={series}
                    name={
                      <button
                        type="button"
                        class="plain"
                        aria-expanded={open === series.group}
                        onClick={() => set({ group: open === series.group ? "" : series.group })}
                      >
                        {open === series.group ? "▾" : "▸"} {series.group}
                      </button>
                    }
                  />
                  {open === series.group
                    ? inGroup.map((probe) => (
                        <Row
                          key={`${probe.group}/${probe.probe}`}
                          series={probe}
                          name={<span class="inner">{probe.probe}</span>}
                        />
                      ))
                    : null}
                </>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      <Downtimes onChange={() => setTurn((before) => before + 1)} />
    </>
  );
}
