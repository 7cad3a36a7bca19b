import { describe, expect, it } from "vitest";
import { dashboardLink } from "./dashboard";

describe("dashboardLink", () => {
  it("keeps what the address has, and chooses the node", () => {
    const url = "https://grafana.example/d/meshcheck?orgId=2";
    expect(dashboardLink(url)).toBe(url);
    expect(dashboardLink(url, "node 1&x")).toBe(`${url}&var-node=node+1%26x`);
    expect(dashboardLink("http://g/d/meshcheck", "node-1")).toBe(
      "http://g/d/meshcheck?var-node=node-1",
    );
  });
});
