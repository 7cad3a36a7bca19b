import { render } from "preact";
import { token, tokenWanted } from "./api/client";
import { link, route } from "./router";
import { age, now, problem, STALE_AFTER_MS, stale, start, stream, version } from "./state";
import { ago } from "./time";
import { AvailabilityView } from "./views/availability";
import { EventsView } from "./views/events";
import { NodeView } from "./views/node";
import { NowView } from "./views/now";

const VIEWS: Record<string, { title: string; view: () => preact.JSX.Element }> = {
  now: { title: "Now", view: NowView },
  availability: { title: "Availability", view: AvailabilityView },
  events: { title: "Events", view: EventsView },
  node: { title: "Node", view: NodeView },
};

// Says how old what is shown is, and what is done about it.
function Live() {
  const retry = stream.value.retryAt;
  const old = age.value;
  let text = old === null ? "Nothing was read yet." : `Data is ${ago(old)} old.`;
  if (problem.value) text += ` ${problem.value}`;
  if (stale.value) text += ` Not live: it is older than ${STALE_AFTER_MS / 1000} s.`;
  if (!stream.value.connected && retry !== null) {
    text += ` Reconnecting in ${Math.max(0, Math.ceil((retry - now.value) / 1000))} s.`;
  }
  const state = stream.value.connected && !stale.value ? "live" : "lost";
  return (
    <p class={`live ${state}`}>
      <span aria-hidden="true">{state === "live" ? "●" : "○"}</span> {text}
    </p>
  );
}

function Login() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    token.value = String(new FormData(event.target as HTMLFormElement).get("token")).trim();
    tokenWanted.value = null;
  };
  return (
    <form class="form login" onSubmit={submit}>
      <h1>A token is needed</h1>
      <p class="error" role="alert">
        {tokenWanted.value}
      </p>
      <label>
        Token <input type="password" name="token" autocomplete="off" required pattern="[!-~]+" />
      </label>
      <p class="quiet">It is kept by this tab, and sent as a header. Closing the tab forgets it.</p>
      <button type="submit">Use it</button>
    </form>
  );
}

function Page() {
  const { view } = route.value;
  const known = Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined;
  const { title, view: View } = known ?? { title: "Not found", view: NotFound };
  document.title = `${title} – meshcheck`;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header>
        <nav aria-label="Views">
          <strong>meshcheck</strong>
          {["now", "availability", "events"].map((each) => (
            <a key={each} href={link(each)} aria-current={each === view ? "page" : undefined}>
              {VIEWS[each]?.title}
            </a>
          ))}
          <a href="status">Public status</a>
        </nav>
        <Live />
      </header>
      <main id="main" tabIndex={-1} class={stale.value ? "stale" : ""}>
        {tokenWanted.value === null ? <View /> : <Login />}
      </main>
      <footer>
        <p>
          {version.value ? `Server ${version.value}. ` : ""}
          {token.value ? null : (
            <>
              As JSON: <a href="api/v1/verdicts">verdicts</a>,{" "}
              <a href="api/v1/connectivity_check">check</a>, <a href="api/v1/mesh">paths</a> (
              <a href="api/v1/mesh?format=csv">CSV</a>), <a href="metrics">metrics</a>.{" "}
            </>
          )}
          <a href="licences.txt">Licences</a>
        </p>
      </footer>
    </>
  );
}

function NotFound() {
  return (
    <p>
      There is no such view. <a href={link("now")}>Now</a>
    </p>
  );
}

start();
const root = document.getElementById("page");
if (root) render(<Page />, root);
