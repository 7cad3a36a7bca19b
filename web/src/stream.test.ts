import { describe, expect, it } from "vitest";
import { EventParser } from "./stream";

describe("EventParser", () => {
  it("takes events in pieces, wherever they are cut", () => {
    const text =
      'retry: 2000\n\n:\n\nevent: verdicts\nid: 1-0\ndata: []\n\nevent: missed\ndata: {"a":\ndata: 1}\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new EventParser();
      const events = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
      expect(events).toEqual([
        { type: "verdicts", data: "[]" },
        { type: "missed", data: '{"a":\n1}' },
      ]);
      expect(parser.lastId).toBe("1-0");
    }
  });
  it("has no event of a line that does not end", () => {
    expect(new EventParser().feed("data: x")).toEqual([]);
  });
});
