// The list of downtimes; adds and ends those of the API, where the reader may.
import { useState } from "preact/hooks";
import { type Downtime, type DowntimeItem, send } from "../api/client";
import { useAnswer } from "../load";
import { serverNow } from "../state";
import { Clock } from "../time";

export const TYPES: DowntimeItem["type"][] = [
  "Maintenance",
  "InfrastructureMaintenance",
  "InfrastructureAccident",
  "Accident",
];

// As an input of type datetime-local has it: local, to the minute.
const local = (ms: number) =>
  new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

type Act = (method: string, path: string, body?: DowntimeItem) => Promise<void>;

// One that has not begun is taken away; one that runs ends now, by the server's clock.
export function ending(downtime: Downtime, nowMs: number): Parameters<Act> {
  const path = `api/v1/downtimes/${encodeURIComponent(downtime.uid)}`;
  if (downtime.startDate * 1000 > nowMs) return ["DELETE", path];
  const { startDate, type, description, name, affected } = downtime;
  return [
    "PUT",
    path,
    {
      startDate,
      endDate: Math.max(startDate, Math.floor(nowMs / 1000)),
      type,
      description,
      name,
      ...(affected.length > 0 ? { affected } : {}),
    },
  ];
}

function AddForm({ act }: { act: Act }) {
  // When the form was opened: what a person has typed must not be written over by the next look.
  const [opened] = useState(Date.now());
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const time = (key: string) => new Date(String(form.get(key))).toISOString();
    const affected = String(form.get("affected"))
      .split(/[\s,]+/)
      .filter(Boolean);
    void act("POST", "api/v1/downtimes", {
      startDate: time("start"),
      endDate: time("end"),
      type: String(form.get("type")) as DowntimeItem["type"],
      description: String(form.get("description")),
      ...(affected.length > 0 ? { affected } : {}),
    });
  };
  return (
    <form onSubmit={add} class="form">
      <label>
        From <input type="datetime-local" name="start" required defaultValue={local(opened)} />
      </label>
      <label>
        To{" "}
        <input type="datetime-local" name="end" required defaultValue={local(opened + 3_600_000)} />
      </label>
      <label>
        Type{" "}
        <select name="type">
          {TYPES.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </label>
      <label>
        Affects (groups or group/probe; nothing: everything) <input name="affected" />
      </label>
      <label>
        Description <input name="description" maxLength={1000} />
      </label>
      <button type="submit">Add</button>
    </form>
  );
}

export function Downtimes({ onChange }: { onChange: () => void }) {
  const [turn, setTurn] = useState(0);
  const [refusal, setRefusal] = useState<string | null>(null);
  const path = "api/v1/downtimes";
  const { value, error } = useAnswer<{ downtimes: Downtime[] }>(path, 30_000, undefined, turn);
  const act: Act = async (method, target, body) => {
    try {
      await send(method, target, body);
      setRefusal(null);
    } catch (problem) {
      setRefusal(problem instanceof Error ? problem.message : String(problem));
    }
    setTurn((before) => before + 1);
    onChange();
  };
  const list = [...(value?.downtimes ?? [])].sort((a, b) => b.startDate - a.startDate);
  return (
    <section aria-label="Downtimes">
      <h2>Downtimes</h2>
      {refusal || error ? (
        <p class="error" role="alert">
          {refusal ?? error}
        </p>
      ) : null}
      {value && list.length === 0 ? <p class="quiet">None is known.</p> : null}
      <ul class="downtimes">
        {list.map((downtime) => (
          <li key={downtime.uid}>
            <strong>{downtime.type}</strong> <Clock time={downtime.startDate * 1000} /> to{" "}
            <Clock time={downtime.endDate * 1000} />{" "}
            {downtime.affected.length > 0 ? downtime.affected.join(", ") : "everything"}.{" "}
            {downtime.description} <small>from {downtime.source ?? "api"}</small>{" "}
            {downtime.endDate * 1000 > serverNow.value && downtime.source === "api" ? (
              <button type="button" onClick={() => act(...ending(downtime, serverNow.peek()))}>
                {downtime.startDate * 1000 > serverNow.value ? "Take away" : "End now"}
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      <details>
        <summary>Add a downtime</summary>
        <p class="quiet">
          With -read-auth it needs a right of its own; where readers need no token and reports do,
          it is refused.
        </p>
        <AddForm act={act} />
      </details>
    </section>
  );
}
