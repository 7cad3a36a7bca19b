// Verdicts over time, open and ended, and agents that went or came while this page was open.
import type { Verdict } from "../api/client";
import { link, route } from "../router";
import { agentEvents, closed, problem, verdicts } from "../state";
import { Clock } from "../time";
import { VerdictItem } from "../verdict";

const DAY_MS = 86_400_000;

function byDay(list: Verdict[]): [string, Verdict[]][] {
  const days = new Map<string, Verdict[]>();
  for (const verdict of list) {
    const day = new Date(verdict.opened).toLocaleDateString();
    days.set(day, [...(days.get(day) ?? []), verdict]);
  }
  return [...days];
}

export function EventsView() {
  const id = Number(route.value.query.get("id"));
  const all = [...(verdicts.value ?? []), ...closed.value].sort((a, b) =>
    b.opened.localeCompare(a.opened),
  );
  const linked = all.find((verdict) => verdict.id === id);
  if (verdicts.value === null) {
    return (
      <>
        <h1>Events</h1>
        <p class="quiet">{problem.value ?? "The verdicts are being read."}</p>
      </>
    );
  }
  return (
    <>
      <h1>Events</h1>
      {id ? (
        <section aria-label="The verdict of this link">
          {linked ? (
            <ul class="verdicts">
              <VerdictItem verdict={linked} />
            </ul>
          ) : (
            <p>Verdict {id} is neither open nor among those that ended in the last week.</p>
          )}
          <p>
            <a href={link("events")}>All of the last week</a>
          </p>
        </section>
      ) : (
        <>
          {agentEvents.value.length > 0 ? (
            <section aria-label="Agents">
              <h2>Agents, since this page was opened</h2>
              <ul class="agents">
                {agentEvents.value.map(({ type, time, agent }) => (
                  <li key={`${time} ${agent} ${type}`}>
                    <Clock time={time} /> {agent}{" "}
                    {type === "agent_back" ? "reports again" : `is ${type.slice(6)}`}
                  </li>
                ))}
              </ul>
            </section>
          ) : null}
          {byDay(all).map(([day, list]) => (
            <section key={day} aria-label={day}>
              <h2>{day}</h2>
              <ul class="verdicts">
                {list.map((verdict) => (
                  <VerdictItem verdict={verdict} key={verdict.id} />
                ))}
              </ul>
            </section>
          ))}
          {all.length === 0 ? (
            <p class="quiet">
              Nothing broke since {new Date(Date.now() - 7 * DAY_MS).toLocaleDateString()}.
            </p>
          ) : null}
        </>
      )}
    </>
  );
}
