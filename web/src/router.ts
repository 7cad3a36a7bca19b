// Everything a view shows is in the URL's hash: #/now?layer=host&metric=rtt. So a link shows another
// person the same, and no server has to know the paths of views.
import { computed, signal } from "@preact/signals";

const read = () => window.location.hash.replace(/^#\/?/, "");
const hash = signal(read());
window.addEventListener("hashchange", () => {
  hash.value = read();
});

export interface Route {
  view: string;
  name: string; // Of #/node/NAME; decoded.
  query: URLSearchParams;
}

export function parse(text: string): Route {
  const [path = "", query = ""] = text.split("?", 2);
  const [view = "", name = ""] = path.split("/", 2);
  let decoded = name;
  try {
    decoded = decodeURIComponent(name);
  } catch {
    // A broken escape stands for itself.
  }
  return { view: view || "now", name: decoded, query: new URLSearchParams(query) };
}

export const route = computed(() => parse(hash.value));

export function link(view: string, name = "", query: Record<string, string> = {}): string {
  const path = name ? `${view}/${encodeURIComponent(name)}` : view;
  const text = new URLSearchParams(query).toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

// The past time that is shown, as the server takes it; null: now.
export function pastTime({ query }: Route): string | null {
  const time = Date.parse(query.get("at") ?? "");
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

// Changes keys of this view's query; '' takes a key away. Leaves no step in the history.
export function set(changes: Record<string, string>): void {
  const { view, name, query } = route.value;
  const next = new URLSearchParams(query);
  for (const [key, value] of Object.entries(changes)) {
    if (value) next.set(key, value);
    else next.delete(key);
  }
  window.history.replaceState(null, "", link(view, name, Object.fromEntries(next)));
  hash.value = read();
}
