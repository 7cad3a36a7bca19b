import { expect, test } from "vitest";
import { momentOf } from "./verdict";

test("the mesh of a verdict is of a time at which it was open", () => {
  const opened = "2026-11-01T12:00:00.000Z";
  const at = (closed: string | null) => momentOf({ opened, closed });
  expect(at("2026-11-01T12:05:00.000Z")).toBe("2026-11-01T12:00:05.000Z");
  expect(at("2026-11-01T12:00:04.000Z")).toBe("2026-11-01T12:00:03.999Z");
  expect(at(opened)).toBe(opened);
  const fresh = new Date().toISOString();
  expect(momentOf({ opened: fresh, closed: null }) <= new Date().toISOString()).toBe(true);
});
