// The public page: one word for all, one a group. No names of nodes, no verdicts.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { components } from "./api/openapi";

type Status = components["schemas"]["PublicStatus"];
interface Answer {
  status: Status;
  rows: {
    status: Status;
    group: string;
    probes: { probe: string; availability: number; status: Status }[];
  }[];
}

const INTERVAL_MS = 10_000;
const SIGNS: Record<Status, string> = {
  Operational: "✓",
  Degraded: "!",
  Outage: "×",
  "No Data": "?",
};
const CLASS: Record<Status, string> = {
  Operational: "ok",
  Degraded: "warning",
  Outage: "critical",
  "No Data": "unknown",
};

function StatusPage() {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [late, setLate] = useState(false);
  const [closed, setClosed] = useState(false); // Not public.
  useEffect(() => {
    const read = async () => {
      try {
        const response = await fetch("public/api/status", { signal: AbortSignal.timeout(15_000) });
        setClosed(response.status === 401 || response.status === 403);
        if (!response.ok) throw new Error(`${response.status}`);
        setAnswer((await response.json()) as Answer);
        setLate(false);
      } catch {
        setLate(true);
      }
    };
    void read();
    const timer = setInterval(read, INTERVAL_MS);
    return () => clearInterval(timer);
  }, []);
  const status = answer?.status ?? "No Data";
  return (
    <main class={late ? "stale narrow" : "narrow"}>
      <div class={`headline ${CLASS[status]}`}>
        <h1 aria-live="polite">
          <span class="sign" aria-hidden="true">
            {SIGNS[status]}
          </span>{" "}
          {answer ? status : "Asking…"}
        </h1>
      </div>
      {late ? (
        <p class="error">
          {closed
            ? "This status is not public: the server asks for a token."
            : "The last update is pending: the server does not answer."}
        </p>
      ) : null}
      <table>
        <tbody>
          {(answer?.rows ?? []).map((row) => (
            <tr key={row.group}>
              <th scope="row">{row.group}</th>
              <td class={`state ${CLASS[row.status]}`}>
                <span aria-hidden="true">{SIGNS[row.status]}</span> {row.status}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

const root = document.getElementById("page");
if (root) render(<StatusPage />, root);
