import { describe, expect, it } from "vitest";
import type { Downtime } from "../api/client";
import { ending } from "./downtimes";

const downtime: Downtime = {
  uid: "a b",
  name: "n",
  type: "Maintenance",
  startDate: 1000,
  endDate: 5000,
  description: "switches",
  affected: [],
};

describe("ending", () => {
  it("ends one that runs, by the clock that it is given", () => {
    const [method, path, body] = ending(downtime, 2_500_900);
    expect([method, path]).toEqual(["PUT", "api/v1/downtimes/a%20b"]);
    expect(body).toMatchObject({ startDate: 1000, endDate: 2500, name: "n" });
    expect(body).not.toHaveProperty("affected");
  });
  it("takes one away that has not begun", () => {
    expect(ending(downtime, 999_000)).toEqual(["DELETE", "api/v1/downtimes/a%20b"]);
  });
});
