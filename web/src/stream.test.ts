import { describe, expect, it, vi } from "vitest";
import { EventParser, whenHidden } from "./stream";

describe("whenHidden", () => {
  it("calls once the page was hidden for so long without a break", () => {
    vi.useFakeTimers();
    let hidden = false;
    vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
    const show = (shown: boolean) => {
      hidden = !shown;
      document.dispatchEvent(new Event("visibilitychange"));
    };
    const left = vi.fn();
    const end = whenHidden(60_000, left);
    vi.advanceTimersByTime(600_000);
    show(false);
    vi.advanceTimersByTime(59_000);
    show(true);
    vi.advanceTimersByTime(59_000);
    show(false);
    vi.advanceTimersByTime(59_999);
    expect(left).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(left).toHaveBeenCalledOnce();
    end();
    show(false);
    vi.advanceTimersByTime(600_000);
    expect(left).toHaveBeenCalledOnce();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
});

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
