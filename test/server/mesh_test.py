"""The mesh: reports with `mesh` go in; assignments, paths and metrics come out."""

import csv
import io
import json
import re
import socket

import pytest

from mesh_report import DOWN, UP, address, agent, path, report
from openapi_test import check_answer, operation_of
from server import UNKNOWN_AGENT, payload, run
from waiting import wait_for

def post(server, *arguments, **more):
    answer = server.post(report(*arguments, **more))
    assert answer.status == 200, answer
    if not answer.body:
        return None
    assert answer.type == "application/json"
    return answer.json()


def names(assignment):
    return [peer["name"] for peer in assignment["peers"]]


# --- pings


_, POST_PING = operation_of("postPing")
_, GET_PING = operation_of("getPing")
PINGS, LIST_PINGS = operation_of("listPings")


def order(server, **changes):
    return server.request("POST", PINGS, json.dumps({"from": "node0", "to": "node1"} | changes),
                          headers={"Content-Type": "application/json"})


def test_lets_an_agent_ping_another_one(server):
    post(server, 1)
    held = post(server, 0, mesh={"pings": []})["revision"]
    ordered = order(server, size=1400)
    check_answer(POST_PING, ordered)
    assert ordered.status == 202, ordered
    ping = ordered.json()
    assert (ping["state"], ping["from"], ping["to"], ping["address"]) == ("ordered", agent(0), agent(1), address(1))
    told = post(server, 0, assignment=held, mesh={"pings": []})
    assert told["pings"] == [{"id": ping["id"], "to": agent(1), "address": address(1), "port": 8862, "size": 1400, "count": 3}]
    assert (told["revision"], names(told)) == (held, [agent(1)]), "all that the agent has to know besides"
    result = {"id": ping["id"], "round_trips_us": [210, None, 190], "lost_forward": 1, "lost_backward": 0, "error": ""}
    assert post(server, 0, assignment=held, mesh={"pings": [result]}) is None
    path_of_one = f"{PINGS}/{ping['id']}"
    done = server.get(path_of_one)
    check_answer(GET_PING, done)
    assert (done.json()["state"], done.json()["rtt_ms"], done.json()["lost"]) == ("done", [0.21, None, 0.19], 1)
    listed = server.get(PINGS)
    check_answer(LIST_PINGS, listed)
    assert listed.json()["pings"] == [done.json()]
    assert "pings" not in server.get(f"/api/v1/agents/{agent(0)}").json()["mesh"]
    assert f'from={agent(0)} to={agent(1)} bytes=1400 probes=3' in server.log.replace('"', "")


def test_orders_no_ping_of_an_agent_that_knows_none(server):
    post(server, 0)
    post(server, 1)
    assert order(server).status == 409
    assert order(server, **{"from": "node7"}).status == 404
    assert server.get("/api/v1/pings/1").status == 404


# --- assignments


def test_answers_with_an_assignment_until_the_agent_has_it(server):
    assert names(post(server, 0)) == []
    answer = post(server, 1)
    assert set(answer) == {"schema", "revision", "epoch", "report_interval_s", "probe", "key",
                           "peers", "rank", "targets"}
    assert answer["peers"] == [{"name": agent(0), "node": "node0", "relation": "peer",
                                "addresses": [address(0)], "port": 8862}]
    assert post(server, 1, assignment=answer["revision"]) is None
    # Younger than two report intervals and 5 s: who has an assignment of before keeps it.
    assert post(server, 2, assignment="of the server before") is None
    assert names(post(server, 1, assignment=answer["revision"])) == [agent(0), agent(2)]


def test_gives_twins_and_only_peers_of_the_same_layer(server):
    for number in (0, 1):
        for layer in ("pod", "host"):
            post(server, number, layer)
    peers = {peer["name"]: peer["relation"] for peer in post(server, 0)["peers"]}
    assert peers == {agent(1): "peer", agent(0, "host"): "twin"}


def test_hands_out_nobody_who_stops_is_deleted_or_has_no_reflector(server):
    for number in range(4):
        post(server, number)
    assert post(server, 1, stopping=True) is None
    server.request("DELETE", f"/api/v1/agents/{agent(2)}")
    post(server, 3, port=0)
    assert names(post(server, 0)) == []
    post(server, 1)
    assert names(post(server, 0)) == [agent(1)]


def test_answers_old_agents_as_netchecker_does(server):
    answer = server.post(payload("old"))
    assert (answer.status, answer.body, answer.type) == (200, b"", None)
    assert server.metric("meshcheck_mesh_agents") == 0


def test_passes_settings_and_targets_on(launch):
    server = launch("-db", "", "-probe-interval", 250, "-probe-timeout", 700, "-report-interval", 3,
                    "-ping", "10.0.0.1,gateway.example", "-tcpPing", "[fd00::1]:80",
                    "-udpPing", "10.0.0.1:53", "-dns", "kubernetes.default",
                    "-mesh-unauthenticated")
    answer = post(server, 0)
    assert answer["probe"] == {"interval_ms": 250, "timeout_ms": 700}
    assert answer["report_interval_s"] == 3
    assert answer["targets"] == {"ping": ["10.0.0.1", "gateway.example"], "tcpPing": ["[fd00::1]:80"],
                                 "udpPing": ["10.0.0.1:53"], "dns": ["kubernetes.default"]}
    assert answer["key"] == ""


def test_limits_peers_beyond_the_full_mesh_and_minds_zones(launch, tmp_path):
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(json.dumps({"agents": [
        {"name": agent(number), "zone": "east" if number < 3 else "west"} for number in range(30)]}))
    server = launch("-db", "", "-mesh-degree", 4, "-mesh-full-max", 10, "-inventory", inventory)
    for number in range(30):
        post(server, number)
    for number in range(30):
        answer = post(server, number)
        assert 4 <= len(answer["peers"]) <= 5 and answer["epoch"] > 0
        if number < 3:
            assert {agent(0), agent(1), agent(2)} & set(names(answer))
    assert server.metric("meshcheck_mesh_nodes") == 30
    assert server.metric("meshcheck_mesh_epoch") == answer["epoch"]


def test_keeps_its_key_and_its_members_over_a_restart(launch):
    server = launch()
    post(server, 0)
    key = post(server, 1)["key"]
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert all(file.stat().st_mode & 0o077 == 0 for file in server.database.parent.glob(server.database.name + "*"))
    wait_for(lambda: server.metric("meshcheck_store_rows_written_total") >= 3, "both are written")
    server.kill()
    server.start()
    answer = post(server, 1)
    assert answer["key"] == key
    assert names(answer) == [agent(0)], "known from before"
    assert key not in server.log


def test_without_a_database_the_key_is_another_each_time(launch):
    assert post(launch("-db", ""), 0)["key"] != post(launch("-db", ""), 0)["key"]


def test_takes_the_key_from_a_file(launch, tmp_path):
    key = "00112233445566778899aabbccddeeff"
    (tmp_path / "key").write_text(key + "\n")
    assert post(launch("-mesh-key-file", tmp_path / "key"), 0)["key"] == key
    (tmp_path / "key").write_text("too short")
    ended = run("-db", "", "-mesh-key-file", tmp_path / "key", "-endpoint", "127.0.0.1:0")
    assert ended.returncode == 1 and "16 to 64 bytes" in ended.stderr
    assert "too short" not in ended.stderr


@pytest.mark.parametrize("flags, message", [
    (["-mesh-degree", "30"], "-mesh-full-max 50 is too small for -mesh-degree 30"),
    (["-mesh-key-file", "x", "-mesh-unauthenticated"], "give one of them"),
    (["-tcpPing", "a"], "-tcpPing: "),
    (["-probe-interval", "99"], "100 to 60000"),
    (["-probe-interval", "100", "-probe-timeout", "5001"], "at most 50 times as much"),
])
def test_refuses_flags_that_do_not_go_together(flags, message):
    ended = run(*flags)
    assert ended.returncode == 2 and message in ended.stderr


# --- paths


@pytest.fixture
def mesh(server):
    """Three nodes: 0 and 1 are fine, the way from 0 to 2 is cut."""
    gateway = path("10.0.0.254", relation="gateway", probe="icmp", **UP)
    post(server, 0, paths=[path(agent(1), **UP), path(agent(2), **DOWN), gateway],
         heard=[(1, 200), (2, 200)])
    post(server, 1, paths=[path(agent(0), **UP)], heard=[(0, 200)])
    post(server, 2, paths=[path(agent(0), **DOWN)], heard=[(0, 20000)])
    post(server, 0, "host", paths=[path("web:80", relation="target", probe="tcp", **UP)])
    return server


def test_shows_every_path(mesh):
    answer = mesh.get("/api/v1/mesh")
    assert answer.type == "application/json" and answer.headers["transfer-encoding"] == "chunked"
    document = answer.json()
    assert set(document) == {"time", "paths", "total"} and document["total"] == 6
    shown = {(p["from"], p["to"]): (p["state"], p["direction"]) for p in document["paths"]}
    assert shown == {(agent(0), agent(1)): ("up", "none"),
                     (agent(0), agent(2)): ("down", "forward"),
                     (agent(0), "10.0.0.254"): ("up", "none"),
                     (agent(1), agent(0)): ("up", "none"),
                     (agent(2), agent(0)): ("down", "backward"),
                     (agent(0, "host"), "web:80"): ("up", "none")}
    one = next(p for p in document["paths"] if p["to"] == agent(1))
    assert one["rtt_ms"] == {"p50": 0.101, "p90": 0.15, "p99": 0.9, "max": 1.5}
    assert one["jitter_ms"] == {"forward": 0.007, "backward": None}
    assert one["to_node"] == "node1" and one["loss"] == 0


@pytest.mark.parametrize("query, total", [
    ("layer=pod", 5), ("layer=host", 1), ("state=down", 2), ("state=unknown", 0),
    ("node=node2", 2), ("relation=gateway", 1), ("layer=pod&state=up&relation=peer", 2),
])
def test_shows_what_is_asked_for(mesh, query, total):
    document = mesh.get(f"/api/v1/mesh?{query}").json()
    assert document["total"] == len(document["paths"]) == total


def test_says_from_when_on_it_knows_a_past_grid(mesh):
    grid, operation = operation_of("getMeshGrid")
    for query in ("at=1h", "at=x", "at=2100-01-01T00:00:00Z"):
        check_answer(operation, mesh.get(f"{grid}?{query}"))
    assert mesh.get(f"{grid}?at=1h").status == 404


@pytest.mark.parametrize("query, message", [
    ("layer=x", "layer: unknown value; allowed are pod, host\n"),
    ("state=broken", "state: unknown value; allowed are unknown, up, degraded, down\n"),
    ("relation=x", "relation: unknown value; allowed are peer, twin, gateway, target\n"),
    ("format=xml", "format: unknown value; allowed are json, csv\n"),
    ("lyer=pod", "unknown key in the query; allowed are layer, state, relation, node, format\n"),
])
def test_refuses_what_it_does_not_know(server, query, message):
    answer = server.get(f"/api/v1/mesh?{query}")
    assert (answer.status, answer.text) == (400, message)


def test_writes_csv(mesh):
    by_key = mesh.get("/api/v1/mesh?format=csv")
    by_header = mesh.get("/api/v1/mesh", headers={"Accept": "text/csv"})
    assert by_key.type == by_header.type == "text/csv; charset=utf-8"
    assert by_key.text.count("\r\n") == 7
    rows = list(csv.DictReader(io.StringIO(by_key.text, newline="")))
    assert len(rows) == 6 and None not in rows[0] and None not in rows[0].values()
    plain = mesh.get("/api/v1/mesh").json()["paths"]
    for row, one in zip(rows, plain):
        assert row["from"] == one["from"] and row["error"] == one["error"]
        assert row["rtt_p50_ms"] == ("" if one["rtt_ms"] is None else str(one["rtt_ms"]["p50"]))


def test_answers_head_and_http_1_0(mesh):
    head = mesh.request("HEAD", "/api/v1/mesh")
    assert head.status == 200 and head.body == b""
    answer = mesh.raw(b"GET /api/v1/mesh HTTP/1.0\r\n\r\n")
    headers, body = answer.split(b"\r\n\r\n", 1)
    assert b"Transfer-Encoding" not in headers and b"Connection: close" in headers
    assert json.loads(body)["total"] == 6


def test_shows_one_agent(mesh):
    shown = mesh.get(f"/api/v1/agents/{agent(0)}/paths").json()
    assert shown["name"] == agent(0) and shown["node"] == "node0" and shown["layer"] == "pod"
    assert shown["clock"] == "kernel" and shown["icmp"] == "datagram"
    assert shown["starved"] == 1 and shown["receive_drops"] == 2
    assert shown["totals"]["sent"] == 100 and shown["totals"]["voided"] == 5
    assert shown["assignment"]["revision"] == post(mesh, 0)["revision"]
    assert len(shown["paths"]) == 3
    for name in ("nobody", "old"):
        mesh.post("old")
        answer = mesh.get(f"/api/v1/agents/{name}/paths")
        assert (answer.status, answer.body) == (404, UNKNOWN_AGENT)


def test_calls_no_path_down_to_an_agent_that_stops_or_starts(mesh):
    def state():
        (one,) = [p for p in mesh.get("/api/v1/mesh").json()["paths"]
                  if (p["from"], p["to"]) == (agent(0), agent(2))]
        return one["state"], one["reason"]
    post(mesh, 2, stopping=True)
    assert state() == ("unknown", "peer is stopping")
    post(mesh, 2, uptime=0, ssid=900)
    assert state() == ("unknown", "peer restarted")
    mesh.request("DELETE", f"/api/v1/agents/{agent(2)}")
    assert state() == ("unknown", "no report of the peer")


def test_forgets_agents_that_leave_the_inventory(launch, tmp_path):
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(json.dumps({"agents": [agent(0), agent(1)]}))
    server = launch("-db", "", "-inventory", inventory)
    post(server, 0)
    post(server, 1, paths=[path(agent(0), **UP)])
    inventory.write_text(json.dumps({"agents": [agent(0)]}))
    wait_for(lambda: server.metric("meshcheck_mesh_agents") == 1, "one is left")
    assert server.get("/api/v1/mesh").json()["total"] == 0
    assert names(post(server, 0)) == []


# --- size


def test_streams_twenty_thousand_paths_and_holds_no_copy_for_slow_readers(launch):
    server = launch("-db", "", "-threads", 1)
    everybody = [path(agent(number), **UP) for number in range(200)]
    for number in range(100):
        post(server, number, paths=everybody)
    answer = server.get("/api/v1/mesh")
    document = answer.json()
    assert document["total"] == len(document["paths"]) == 20_000
    size = len(answer.body)
    before = server.metric("process_resident_memory_bytes")
    readers = []
    for _ in range(20):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(b"GET /api/v1/mesh HTTP/1.1\r\nHost: s\r\n\r\n")
        assert reader.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        readers.append(reader)
    post(server, 0)  # Nobody waits for the lock.
    grown = server.metric("process_resident_memory_bytes") - before
    assert grown < size, f"{grown} bytes for 20 readers of {size}"
    for reader in readers:
        reader.close()
    wait_for(lambda: server.metric("meshcheck_http_connections") == 1, "all are gone")


# --- metrics


def test_sums_by_node_and_layer(mesh):
    metrics = mesh.metrics()

    def value(name, **labels):
        return metrics.get((name, tuple(sorted(labels.items()))))

    node = {"node": "node0", "layer": "pod"}
    assert value("meshcheck_probes_sent_total", **node) == 100
    assert value("meshcheck_probes_lost_total", direction="forward", **node) == 4
    assert value("meshcheck_probes_lost_total", direction="backward", **node) == 1
    assert value("meshcheck_probes_lost_unresolved", **node) == 2
    assert value("meshcheck_rtt_seconds_bucket", le="5e-05", **node) == 0
    assert value("meshcheck_rtt_seconds_bucket", le="0.0001", **node) == 40
    assert value("meshcheck_rtt_seconds_count", **node) == 40
    assert value("meshcheck_rtt_seconds_sum", **node) == 0.004
    assert value("meshcheck_paths", state="down", **node) == 1
    assert value("meshcheck_paths_down", direction="forward", **node) == 1
    down = {"layer": "pod", "relation": "peer", "probe": "stamp", "family": "ipv4"}
    assert value("meshcheck_path_down", direction="forward",
                 **{"from": agent(0), "to": agent(2)}, **down) == 1
    assert value("meshcheck_paths_down_left_out") == 0
    assert len([key for key in metrics if key[0] == "meshcheck_path_down"]) == 2
    restarted = report(0, uptime=1, totals={"sent": 5})
    mesh.post(restarted)
    assert mesh.metric("meshcheck_probes_sent_total", **node) == 105


def test_shows_a_hundred_single_paths_at_most(server):
    post(server, 0, paths=[path(f"10.1.0.{i}", relation="target", probe="icmp",
                                **(DOWN | {"state_ms": 1000 * (i + 1)}))
                           for i in range(150)])
    metrics = server.metrics()
    shown = {dict(labels)["to"] for name, labels in metrics if name == "meshcheck_path_down"}
    assert shown == {f"10.1.0.{i}" for i in range(50, 150)}, "those down for longest"
    assert metrics["meshcheck_paths_down_left_out", ()] == 50
