import { dashboardLink } from "../dashboard";
import { dashboardUrl } from "../state";

export function DashboardLink({ node = "" }: { node?: string }) {
  if (!dashboardUrl.value) return null;
  return (
    <p>
      <a href={dashboardLink(dashboardUrl.value, node)} target="_blank" rel="noreferrer">
        {node ? `${node} in Grafana` : "Dashboard in Grafana"}
      </a>
    </p>
  );
}
