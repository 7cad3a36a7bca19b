"""Sizes of packets: reports with `mesh.mtu` go in; classes, sums and padded answers come out."""

import csv
import io

import pytest

from mesh_report import DOWN, UP, agent, mtu, path, report


def post(server, *arguments, **more):
    assert server.post(report(*arguments, **more)).status == 200


CLEAR = ("clear", 1500)
HOLE = ("black_hole", 1400)


@pytest.fixture
def sizes(server):
    """Large packets from 0 to 1 vanish, on the wire between the hosts; 2 is down."""
    post(server, 0, paths=[path(agent(1), **UP), path(agent(2), **DOWN),
                           path(agent(0, "host"), relation="twin", **UP)],
         mtus=[mtu(agent(1), ("black_hole", 1350), ("clear", 1450), forward_link_mtu=1450,
                   backward_link_mtu=1450),
               mtu(agent(2), ("down", None), ("down", None)),
               mtu(agent(0, "host"), relation="twin")])
    post(server, 1, paths=[path(agent(0), **UP)],
         mtus=[mtu(agent(0), ("clear", 1450), ("reduced", 1350), forward_link_mtu=1450,
                   backward_link_mtu=1450)])
    post(server, 2)
    post(server, 0, "host", paths=[path(agent(1, "host"), **UP)],
         mtus=[mtu(agent(1, "host"), ("reduced_signalled", 1400), CLEAR,
                   too_big=(1400, "10.200.0.9", 5000))])
    post(server, 1, "host", paths=[path(agent(0, "host"), **UP)],
         mtus=[mtu(agent(0, "host"), CLEAR, ("reduced", 1400), too_big=(1400, "", 5000))])
    return server


def test_shows_what_sizes_each_path_carries(sizes):
    answer = sizes.get("/api/v1/mtu")
    assert answer.type == "application/json" and answer.headers["transfer-encoding"] == "chunked"
    document = answer.json()
    assert set(document) == {"time", "summary", "paths", "total"}
    assert document["total"] == len(document["paths"]) == 6
    shown = {(p["from"], p["to"]): p for p in document["paths"]}
    classes = {ends: (p["forward"]["class"], p["forward"]["size"],
                      p["backward"]["class"], p["backward"]["size"]) for ends, p in shown.items()}
    a, b, c, x, y = agent(0), agent(1), agent(2), agent(0, "host"), agent(1, "host")
    assert classes == {(a, b): ("black_hole", 1350, "clear", 1450),
                       (b, a): ("clear", 1450, "black_hole", 1350),
                       (a, c): ("down", None, "down", None),
                       (a, x): ("clear", 1500, "clear", 1500),
                       (x, y): ("reduced_signalled", 1400, "clear", 1500),
                       (y, x): ("clear", 1500, "reduced_signalled", 1400)}
    one = shown[a, b]
    assert {key: one[key] for key in list(one)[:7]} == {
        "from": a, "from_node": "node0", "layer": "pod", "to": b, "to_node": "node1",
        "relation": "peer", "family": "ipv4"}
    assert one["forward"]["link_mtu"] == 1450 and one["forward"]["fragments"] == "passed"
    assert one["forward"]["since"] < one["forward"]["confirmed"] < document["time"]
    assert one["findings"] == ["path_mismatch", "asymmetric"] and one["too_big"] is None
    assert one["overlay"] == {"forward": {"cause": "too_large", "link_mtu_max": 1350},
                              "backward": {"cause": "fits", "link_mtu_max": 1450}}
    assert shown[a, x]["findings"] == [] and shown[a, x]["overlay"] is None
    assert shown[a, c]["forward"]["confirmed"] is None and shown[a, c]["overlay"] is None
    assert shown[x, y]["too_big"].pop("at") < document["time"]
    assert shown[x, y]["too_big"] == {"mtu": 1400, "from": "10.200.0.9"}
    assert shown[y, x]["too_big"]["from"] == "", "its own kernel"


def test_sums_sizes_up_by_node_and_layer(sizes):
    document = sizes.get("/api/v1/mtu?relation=twin&class=black_hole").json()
    assert document["paths"] == [], "what is asked of paths is no matter here"
    summary = {(s["node"], s["layer"]): s for s in document["summary"]}
    assert set(summary) == {(f"node{n}", layer) for n in (0, 1) for layer in ("pod", "host")}
    none = dict.fromkeys(["unknown", "clear", "reduced", "reduced_signalled", "black_hole",
                          "fragments_dropped", "down"], 0)
    assert summary["node0", "pod"] == {
        "node": "node0", "layer": "pod", "size_min": 1350, "size_max": 1450, "link_mtu": 1450,
        "classes": none | {"black_hole": 1, "clear": 1, "down": 2}}
    assert summary["node1", "host"]["classes"] == none | {"clear": 1, "reduced_signalled": 1}
    one = sizes.get("/api/v1/mtu?node=node1&layer=pod").json()["summary"]
    assert one == [summary["node1", "pod"]]


@pytest.mark.parametrize("query, total", [
    ("layer=pod", 4), ("class=black_hole", 2), ("class=clear", 5), ("class=reduced", 0),
    ("relation=twin", 1), ("relation=gateway", 0), ("node=node1", 4), ("family=ipv6", 0),
    ("family=ipv4&layer=host&class=reduced_signalled", 2),
])
def test_shows_the_sizes_that_are_asked_for(sizes, query, total):
    document = sizes.get(f"/api/v1/mtu?{query}").json()
    assert document["total"] == len(document["paths"]) == total


@pytest.mark.parametrize("query, message", [
    ("class=x", "class: unknown value; allowed are unknown, clear, reduced, reduced_signalled, "
                "black_hole, fragments_dropped, down\n"),
    ("family=x", "family: unknown value; allowed are ipv4, ipv6\n"),
    ("layer=x", "layer: unknown value; allowed are pod, host\n"),
    ("state=up", "unknown key in the query; allowed are layer, class, relation, node, family, "
                 "format\n"),
])
def test_refuses_sizes_that_it_does_not_know(server, query, message):
    answer = server.get(f"/api/v1/mtu?{query}")
    assert (answer.status, answer.text) == (400, message)


def test_writes_sizes_as_csv(sizes):
    answer = sizes.get("/api/v1/mtu?format=csv")
    assert answer.type == "text/csv; charset=utf-8" and answer.text.count("\r\n") == 7
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert None not in rows[0] and all(None not in row.values() for row in rows)
    plain = sizes.get("/api/v1/mtu").json()["paths"]
    assert len(rows) == len(plain)
    for row, one in zip(rows, plain):
        overlay, too_big = one["overlay"], one["too_big"]
        assert (row["from"], row["to"]) == (one["from"], one["to"])
        for way in ("forward", "backward"):
            for key in ("class", "since", "size", "link_mtu", "confirmed", "fragments"):
                value = one[way][key]
                assert row[f"{way}_{key}"] == ("" if value is None else str(value))
            assert row[f"overlay_{way}_cause"] == (overlay[way]["cause"] if overlay else "")
        assert row["icmp_fragments"] == one["icmp_fragments"] == "passed"
        assert row["findings"] == " ".join(one["findings"])
        assert row["too_big_mtu"] == (str(too_big["mtu"]) if too_big else "")


def test_shows_sizes_beside_each_path(sizes):
    document = sizes.get("/api/v1/mesh").json()
    of_mtu = {(p["from"], p["to"]): p for p in sizes.get("/api/v1/mtu").json()["paths"]}
    for one in document["paths"]:
        other = of_mtu[one["from"], one["to"]]
        assert set(one["mtu"]) == {"forward", "backward", "icmp_fragments", "too_big", "findings", "overlay"}
        for way in ("forward", "backward"):
            for key in ("class", "size", "link_mtu", "fragments"):
                assert one["mtu"][way][key] == other[way][key]
        assert one["mtu"]["findings"] == other["findings"]
    shown = sizes.get(f"/api/v1/agents/{agent(0)}/paths").json()["paths"]
    assert [p["mtu"]["forward"]["class"] for p in shown] == ["black_hole", "down", "clear"]
    rows = list(csv.DictReader(io.StringIO(sizes.get("/api/v1/mesh?format=csv").text, newline="")))
    assert list(rows[0])[-4:] == ["forward_class", "forward_size", "backward_class",
                                  "backward_size"]
    (one,) = [row for row in rows if (row["from"], row["to"]) == (agent(0), agent(1))]
    assert list(one.values())[-4:] == ["black_hole", "1350", "clear", "1450"]
    post(sizes, 1, paths=[path(agent(0), **UP)])
    (one,) = sizes.get(f"/api/v1/agents/{agent(1)}/paths").json()["paths"]
    assert one["mtu"] is None


def test_keeps_what_the_agent_said_of_its_padding(server):
    padding = {"requested": 1500, "delivered": 0, "lost_ms": 9000, "stage": "answer"}
    post(server, 0, mtus=[mtu(agent(1))], mesh={"padding": padding})
    post(server, 1, "host", mesh={"padded_answer": padding})
    record = server.get(f"/api/v1/agents/{agent(0)}").json()
    assert record["mesh"]["padding"] == padding and "mtu" not in record["mesh"]
    lost = {"agent": agent(0), "node": "node0", "layer": "pod", "direction": "forward"}
    assert server.metric("meshcheck_padding_lost", **lost) == 1
    lost = {"agent": agent(1, "host"), "node": "node1", "layer": "host", "direction": "backward"}
    assert server.metric("meshcheck_padding_lost", **lost) == 1
    assert server.metric("meshcheck_padding_lost_left_out") == 0
    post(server, 0, mesh={"padding": padding | {"delivered": 1500, "lost_ms": None, "stage": ""}})
    shown = [dict(labels)["direction"] for name, labels in server.metrics()
             if name == "meshcheck_padding_lost"]
    assert shown == ["backward"]


def test_sums_sizes_by_node_and_layer(sizes):
    metrics = sizes.metrics()

    def value(name, **labels):
        return metrics.get((f"meshcheck_{name}", tuple(sorted(labels.items()))))

    node = {"node": "node0", "layer": "pod"}
    assert value("path_mtu_bytes", bound="min", **node) == 1350
    assert value("path_mtu_bytes", bound="max", **node) == 1450
    assert value("link_mtu_bytes", **node) == 1450
    assert value("path_mtu_directions", **{"class": "black_hole"}, **node) == 1
    assert value("path_mtu_directions", **{"class": "down"}, **node) == 2
    assert value("path_mtu_directions", **{"class": "reduced"}, **node) is None
    assert value("path_mtu_bytes", bound="min", node="node2", layer="pod") is None
    assert value("mesh_mtus") == 6 and value("mesh_mtus_refused_total") == 0


# --- padded answers


@pytest.mark.parametrize("size", [0, 1, 1400, 65_536, 65_537, 1_000_000])
def test_answers_a_ping_with_as_much_as_is_asked_for(server, size):
    answer = server.get(f"/api/v1/ping?size={size}")
    assert answer.status == 200 and answer.type == "text/plain; charset=utf-8"
    assert answer.body == b"0" * size
    assert server.request("HEAD", f"/api/v1/ping?size={size}").body == b""


@pytest.mark.parametrize("size", ["1000001", "-1", "1e3", "x", "18446744073709551617", "%20"])
def test_refuses_a_ping_of_another_size(server, size):
    answer = server.get(f"/api/v1/ping?size={size}")
    assert (answer.status, answer.text) == (400,
                                            "size: a number from 0 to 1000000 is expected\n")


def test_answers_a_ping_without_a_size_as_netchecker_does(server):
    for query in ("", "?", "?other=1"):
        answer = server.get(f"/api/v1/ping{query}")
        assert (answer.status, answer.body, answer.type) == (200, b"", None)
