import { describe, expect, it } from "vitest";
import { type CellsEvent, FOLLOWED_FOR_MS, FollowedGrid } from "./followed_grid";
import { gridOf } from "./grid_testing";

const event = (before: string, etag: string, cells: number[][] | null): CellsEvent => ({
  time: "2026-11-21T00:00:05Z",
  layer: "pod",
  before,
  etag,
  cells,
});
const held = () => {
  const followed = new FollowedGrid();
  followed.read(gridOf(["a", "b"], [{ from: 0, to: 1, state: 1 }]), "one", 0);
  return followed;
};

describe("FollowedGrid", () => {
  it("has the cells of events that go on from the grid that was read", () => {
    const followed = held();
    expect(followed.isFollowed(0)).toBe(false);
    expect(followed.tell(event("one", "two", [[0, 1, 3, 0, 0, 0]]), 1000)).toBe(true);
    expect(followed.grid?.cell(0, 1)?.state).toBe("down");
    expect(followed.tell(event("two", "three", [[1, 0, 1, 0, 0, 0]]), 6000)).toBe(true);
    expect(followed.grid?.cells).toBe(2);
    expect(followed.isFollowed(6000 + FOLLOWED_FOR_MS)).toBe(true);
  });
  it("is followed while nothing changes, and not for long when nothing is told", () => {
    const followed = held();
    expect(followed.tell(event("one", "one", []), 1000)).toBe(false);
    expect(followed.isFollowed(1000 + FOLLOWED_FOR_MS)).toBe(true);
    expect(followed.isFollowed(1001 + FOLLOWED_FOR_MS)).toBe(false);
    followed.tell(event("one", "one", []), 20_000);
    followed.lose();
    expect(followed.isFollowed(20_000)).toBe(false);
  });
  it("takes an event for known whose grid was read meanwhile", () => {
    const followed = held();
    expect(followed.tell(event("before", "one", [[0, 1, 3, 0, 0, 0]]), 1000)).toBe(false);
    expect(followed.grid?.cell(0, 1)?.state).toBe("up");
    expect(followed.isFollowed(1000)).toBe(true);
  });
  it("has to be read where an event is missing, or tells too much", () => {
    for (const gap of [event("two", "three", []), event("one", "two", null)]) {
      const followed = held();
      followed.tell(event("one", "one", []), 1000);
      expect(followed.tell(gap, 6000)).toBe(false);
      expect(followed.isFollowed(6000)).toBe(false);
      expect(followed.sinceRead(6000)).toBe(6000);
      followed.read(null, "three", 7000);
      expect(followed.tell(event("three", "four", [[0, 1]]), 11_000)).toBe(true);
      expect(followed.grid?.cells).toBe(0);
    }
  });
  it("has nothing to go on from before the first grid", () => {
    const followed = new FollowedGrid();
    expect(followed.tell(event("", "one", []), 0)).toBe(false);
    expect(followed.isFollowed(0)).toBe(false);
  });
});
