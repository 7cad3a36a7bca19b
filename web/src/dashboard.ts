// Links to the Grafana dashboard, where the server knows one (-dashboard-url).
export function dashboardLink(url: string, node = ""): string {
  const made = new URL(url);
  // The dashboard's variable, which chooses the node in its graphs.
  if (node) made.searchParams.set("var-node", node);
  return made.href;
}
