import { describe, expect, it } from "vitest";
import { link, parse, pastTime } from "./router";

describe("router", () => {
  it("reads what it writes", () => {
    const text = link("node", "a/b %", { layer: "host" });
    expect(text).toBe("#/node/a%2Fb%20%25?layer=host");
    const { view, name, query } = parse(text.slice(2));
    expect([view, name, query.get("layer")]).toEqual(["node", "a/b %", "host"]);
  });
  it("reads a past time, and takes anything else as now", () => {
    const at = (query: string) => pastTime(parse(`now?${query}`));
    expect(at("at=2026-11-30T12:00:00Z")).toBe("2026-11-30T12:00:00.000Z");
    expect(at("at=yesterday")).toBeNull();
    expect(at("layer=host")).toBeNull();
  });
  it("begins with Now, and takes a broken escape as it is", () => {
    expect(parse("").view).toBe("now");
    expect(parse("node/%zz").name).toBe("%zz");
  });
});
