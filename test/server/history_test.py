"""Graphs: what the mesh was like over time."""

import datetime
import sqlite3
import time

import pytest

from mesh_report import DOWN, UP, agent, path, report
from openapi_test import check_answer, operation_of
from verdict_test import broken_cluster
from waiting import wait_for

HISTORY, OPERATION = operation_of("getHistory")
_, TRAIL = operation_of("getVerdictPaths")
# As mesh/history/point_codec.h has it: a format, then each series' name, layer and values, each one more than it is.
VALUES = ["up", "degraded", "down", "unknown", "loss", "loss_max", "loss_forward", "loss_backward", "rtt_p50_ms",
          "rtt_p99_ms", "mtu"]


def tick(node, up, down):
    """A minute of one node's pod network, whose round trips were not measured."""
    return bytes([1, len(node)]) + node.encode() + bytes([0, up + 1, 1, down + 1, 1] + [1] * 4 + [0] * 3)


def get(server, query):
    answer = server.get(f"{HISTORY}?{query}")
    check_answer(OPERATION, answer)
    return answer


def measured(document):
    return {key: [value for value in document[key] if value is not None] for key in VALUES}


def test_has_the_last_hour_in_steps_of_ten_seconds(server):
    def look():
        for number in (1, 2, 0):
            paths = [path(agent(1), **UP), path(agent(2), **DOWN)] if number == 0 else []
            assert server.post(report(number, paths=paths)).status == 200
        return measured(get(server, "node=node0").json())["up"]
    assert not measured(get(server, "node=node0").json())["up"]
    wait_for(look, "a point")
    document = get(server, "node=node0&layer=pod").json()
    points = measured(document)
    assert document["step_s"] == 10 and len(document["up"]) in (360, 361)
    assert {len(document[key]) for key in VALUES} == {len(document["up"])}
    assert (points["up"][-1], points["down"][-1], points["unknown"][-1]) == (1, 1, 0)
    assert points["loss"][-1] == pytest.approx(20 / 120, abs=1e-4)
    assert points["rtt_p50_ms"][-1] == pytest.approx(0.101, rel=0.02)
    for other in ("node=node0&layer=host", "node=node9"):
        assert not measured(get(server, other).json())["up"]
    assert server.metric("meshcheck_history_series") == 1
    # Without a database there is no more than that hour, and the answer says so.
    longer = get(server, "node=node0&from=7d").json()
    assert datetime.datetime.fromisoformat(longer["start"].replace("Z", "+00:00")).timestamp() > time.time() - 3700


def test_keeps_minutes_over_a_restart(launch):
    server = launch()
    server.stop()
    now = int(time.time()) // 60 * 60
    with sqlite3.connect(server.database) as database:
        database.executemany("INSERT INTO history_tick VALUES (?, ?)",
                             [(now - 60 * ago, tick("node7", up=ago, down=1)) for ago in range(1, 31)])
        # A row that is damaged is left out.
        database.execute("INSERT INTO history_tick VALUES (?, x'07')", (now - 60 * 40,))
    server.start()
    minutes = list(range(30, 0, -1))
    for query, each in (("from=2h", 1), ("from=1h", 6), ("", 6)):
        document = get(server, f"node=node7&{query}").json()
        points = measured(document)
        assert document["step_s"] == 60 // each, query
        assert points["up"] == [ago for ago in minutes for _ in range(each)], query
        assert set(points["down"]) == {1} and points["rtt_p50_ms"] == []
    assert not measured(get(server, "node=node7&from=2h&to=1h").json())["up"]


@pytest.mark.parametrize("query, message", [
    ("", "node: the name of a node is expected"), ("node=a&layer=x", "layer: unknown value; allowed are pod, host"),
    ("node=a&points=0", "points: "), ("node=a&from=x", "from: a time as "), ("node=a&from=1h&to=2h", "from: it is not"),
    ("node=a&nod=b", "unknown key in the query; allowed are node, layer, from, to, points"),
])
def test_refuses_what_it_does_not_know(server, query, message):
    answer = get(server, query)
    assert answer.status == 400 and answer.text.startswith(message)


def trail_of(server, verdict):
    answer = server.get(f"/api/v1/verdicts/{verdict}/paths")
    check_answer(TRAIL, answer)
    return answer


def test_has_the_paths_of_a_verdict_and_keeps_them_over_a_restart(launch):
    server = launch()
    cluster = broken_cluster(server)
    verdict = cluster.verdicts()[0]
    trail = trail_of(server, verdict["id"]).json()
    assert set(trail) == {"id", "opened"}
    assert [path["path"] for path in trail["opened"]["paths"]] == verdict["evidence"]
    assert {len(path[key]) for path in trail["opened"]["paths"] for key in ("state", "loss", "rtt_p50_ms")} <= set(range(30, 61))

    def seen_down():
        cluster.report()
        paths = trail_of(server, verdict["id"]).json()["opened"]["paths"]
        return all("down" in path["state"] and max(loss or 0 for loss in path["loss"]) > 0 for path in paths)
    wait_for(seen_down, "a look at the paths that are down")
    assert server.metric("meshcheck_history_paths") > 0
    assert trail_of(server, 999).status == 404
    assert trail_of(server, "x").status == 400
    assert server.stop() == 0
    again = server.start()
    kept = trail_of(again, verdict["id"]).json()
    assert "down" in kept["opened"]["paths"][0]["state"]
    assert "closed" not in kept, "nobody saw how the fault went on"
