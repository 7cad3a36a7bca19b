"""The SLA's arithmetic once more, in the fewest words, for tests to compare the programs with. Times are milliseconds."""

import calendar
import time

EPISODE = 30  # Seconds.
ROLLUP = 300
NANOSECONDS = 1_000_000  # In a millisecond.


def combine(one, other):
    """The best of two views of a stretch: each (up, down, unknown)."""
    measured = max(sum(one), sum(other))
    known = max(one[0] + one[1], other[0] + other[1])
    up = max(one[0], other[0])
    down = min(known - up, measured - up)
    return up, down, measured - up - down


class Ledger:
    """What was acknowledged, and therefore has to be known for ever."""

    def __init__(self):
        self.episodes = {}  # (group, probe): {start: (up, down, unknown)}

    def add(self, message):
        for episode in message["episodes"]:
            ref = episode["probeRef"]["group"], episode["probeRef"]["probe"]
            times = tuple(episode.get(key, 0) // NANOSECONDS for key in ("success", "fail", "unknown"))
            known = self.episodes.setdefault(ref, {})
            start = seconds_of(episode["ts"])
            known[start] = combine(known.get(start, (0, 0, 0)), times)

    def rollups(self, ref):
        """{start of five minutes: (up, down, unknown)}"""
        sums = {}
        for start, times in self.episodes[ref].items():
            rollup = start - start % ROLLUP
            sums[rollup] = tuple(map(sum, zip(sums.get(rollup, (0, 0, 0)), times)))
        return sums


def seconds_of(timestamp):
    """Of a whole second in UTC."""
    assert timestamp.endswith("Z"), timestamp
    return calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))


def timestamp_of(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def episode(group, probe, start, times):
    """As it goes over the wire; `times` as (up, down, unknown)."""
    up, down, unknown = (time_ * NANOSECONDS for time_ in times)
    return {"probeRef": {"group": group, "probe": probe}, "ts": timestamp_of(start), "success": up, "fail": down,
            "unknown": unknown, "nodata": EPISODE * 1000 * NANOSECONDS - up - down - unknown}
