"""The server over time: who is missing, who is deleted, what a crash leaves, and how it ends."""

import os
import resource
import signal
import socket
import sqlite3
import time

import pytest

from server import (FAIL_MESSAGE, UNKNOWN_AGENT, Server, compact, payload, probe, record_text, run, success_message,
                    without_times)
from waiting import wait_for


@pytest.fixture
def inventory(tmp_path):
    """A file of expected agents."""
    class File:
        path = tmp_path / "inventory.yaml"

        def write(self, *names):
            self.path.write_text(compact({"agents": list(names)}))

        def replace(self, *names):
            other = tmp_path / "inventory.new"
            other.write_text(compact({"agents": list(names)}))
            os.replace(other, self.path)

    return File()


def check_is(server, status, absent=None, outdated=None):
    answer = server.check()
    found = answer.json()
    return (answer.status, found["Absent"], found["Outdated"]) == (status, absent, outdated)


# --- who is missing


def test_names_absent_and_outdated_agents_in_the_inventorys_order(launch, inventory):
    inventory.write("z", "silent", "b", "gone", "late", "a")
    server = launch("-db", "", "-inventory", inventory.path)
    assert check_is(server, 400, ["z", "silent", "b", "gone", "late", "a"], [])
    for name in ("late", "z"):
        server.post(payload(name, report_interval=1))
    for name in ("a", "b"):
        server.post(payload(name, report_interval=3600))
    assert check_is(server, 400, ["silent", "gone"], [])
    wait_for(lambda: check_is(server, 400, ["silent", "gone"], ["z", "late"]), "two are late")
    assert server.check().json()["Message"] == FAIL_MESSAGE
    for name in ("silent", "gone", "late", "z"):
        server.post(payload(name, report_interval=3600))
    assert check_is(server, 200)
    assert server.check().json()["Message"] == success_message(6)


def test_says_when_only_outdated(launch):
    server = launch("-db", "", "-outdated-factor", 1)
    server.post(payload("b", nodename="node-b", report_interval=1))
    server.post(payload("a", nodename="node-a", report_interval=1))
    assert check_is(server, 200)
    wait_for(lambda: check_is(server, 400, [], ["a", "b"]), "both are late")
    server.post(payload("b", nodename="node-b", report_interval=60))
    assert check_is(server, 400, [], ["a"])
    assert server.metric("meshcheck_agents_outdated") == 1


def test_a_replaced_pod_is_not_missed_without_an_inventory(launch):
    server = launch("-db", "", "-check-interval", 1)
    server.post(payload("netchecker-agent-old", report_interval=1))
    wait_for(lambda: check_is(server, 400, [], ["netchecker-agent-old"]), "the old pod is silent")
    server.post(payload("netchecker-agent-new", report_interval=60))
    assert check_is(server, 200)
    wait_for(lambda: list(server.agents()) == ["netchecker-agent-new"], "the old pod is forgotten")


def test_waits_for_outdated_factor_intervals(launch):
    server = launch("-db", "", "-outdated-factor", 1.5)
    start = time.monotonic()
    server.post(payload("a", report_interval=1))
    wait_for(lambda: check_is(server, 400, [], ["a"]), "it is late")
    assert time.monotonic() - start >= 1.5


def test_refuses_agents_that_the_inventory_does_not_name(launch, inventory):
    inventory.write("a")
    server = launch("-db", "", "-inventory", inventory.path)
    answer = server.post("stranger")
    assert answer.status == 403 and "inventory does not name this agent" in answer.text
    assert server.agents() == {} and server.ncagent() == {}
    assert server.metric("meshcheck_reports_refused_not_in_inventory_total") == 1


# --- the inventory changes


@pytest.mark.parametrize("how", ["edit", "rename", "link", "hang up"])
def test_reads_the_inventory_again(launch, inventory, tmp_path, how):
    inventory.write("a", "b")
    path = inventory.path
    if how == "link":  # As Kubernetes changes a mounted ConfigMap.
        path = tmp_path / "link.yaml"
        path.symlink_to(inventory.path)
    server = launch("-inventory", path)
    server.post("a")
    server.post("b")
    if how == "rename":
        inventory.replace("b", "c")
    elif how == "link":
        (tmp_path / "second.yaml").write_text(compact({"agents": ["b", "c"]}))
        (tmp_path / "link.new").symlink_to(tmp_path / "second.yaml")
        os.replace(tmp_path / "link.new", path)
    else:
        inventory.write("b", "c")
    if how == "hang up":
        server.signal(signal.SIGHUP)
    wait_for(lambda: check_is(server, 400, ["c"], []), "the new inventory")
    assert list(server.agents()) == ["b"], "TestGetSingleAgentCleanCache"
    assert server.get("/api/v1/agents/a").body == UNKNOWN_AGENT
    assert server.post("a").status == 403 and server.post("c").status == 200
    server.wait_log(r'level=info event="inventory read" file=\S+ agents=2')


BROKEN = [
    ("agents: [a, a]", "agents: `a` is there twice"),
    ("agents: []", "`agents` is empty: nobody would be expected"),
    ("agents:", "`agents` has to be a list"),
    ("", "expected a map with the key `agents`"),
    ("- a", "expected a map with the key `agents`"),
    ("agents: [a]\nnodes: [b]", "line 2: unknown key `nodes`; known is `agents`"),
    ("agents:\n  - a\n  - {name: b, zones: c}",
     "line 3: agents: unknown key `zones`; known are `name`, `node` and `zone`"),
    ("agents:\n  - {name: b, zone: [c]}", "line 2: agents: `zone` has to be a text"),
    ("agents:\n  - {node: n}", "line 2: an agent's name is empty"),
    ("agents:\n  - {name: [a]}", "line 2: agents: `name` has to be a text"),
    ("agents:\n  - [a]", "line 2: agents: each is a name or a map with `name`, `node` and `zone`"),
    ("agents: [a/b]", "an agent's name has a '/'"),
    (f"agents: [{'x' * 254}]", "an agent's name is longer than 253 bytes"),
    ('agents: ["a\\nb"]', "an agent's name has a control character"),
    ("agents: [a", "line 1: "),
    ("agents: " + "[" * 100_000, "line 1: "),
    ("#" * 8 * 1024 * 1024 + "\nagents: [a]", "larger than 8388608 bytes"),
]


@pytest.mark.parametrize("text, reason", BROKEN, ids=[reason[:40] for _, reason in BROKEN])
def test_refuses_a_broken_inventory_at_start(inventory, text, reason):
    inventory.path.write_text(text)
    ended = run("-db", "", "-endpoint", "127.0.0.1:0", "-inventory", inventory.path)
    assert ended.returncode == 1
    assert 'event="cannot start"' in ended.stderr
    assert reason in ended.stderr.replace('\\"', '"'), ended.stderr
    assert f"inventory {inventory.path}: " in ended.stderr


def test_keeps_the_inventory_before_a_broken_one_and_says_so(launch, inventory):
    inventory.write("a", "b")
    server = launch("-db", "", "-inventory", inventory.path)
    server.post("a")
    failures = "meshcheck_inventory_reload_failures_total"
    assert server.metric(failures) == 0
    inventory.path.write_text("agents: [a, a]")
    wait_for(lambda: server.metric(failures) == 1, "the failure is counted")
    server.wait_log("level=error event=.inventory is not usable; the one before stays in force.*"
                    "`a` is there twice")
    assert check_is(server, 400, ["b"], [])
    inventory.path.unlink()
    wait_for(lambda: server.metric(failures) == 2, "a missing file is a failure")
    server.wait_log("No such file")
    assert check_is(server, 400, ["b"], []) and list(server.agents()) == ["a"]
    inventory.write("a")
    wait_for(lambda: check_is(server, 200), "the repaired file")
    assert server.metric(failures) == 2


def test_has_nothing_to_read_again_without_an_inventory(server):
    server.signal(signal.SIGHUP)
    server.wait_log("nothing to read again: there is no -inventory")
    assert server.get("/healthz").status == 200


# --- deletion


def test_deletes_an_agent_with_its_series(launch):
    server = launch()
    server.post(payload("a", nodename="n", network_probes=[probe("u")]))
    server.post(payload("b", nodename="m"))
    answer = server.request("DELETE", "/api/v1/agents/a")
    assert (answer.status, answer.body) == (204, b"")
    assert server.request("DELETE", "/api/v1/agents/a").status == 404
    assert list(server.agents()) == ["b"]
    assert {dict(labels)["agent"] for _, labels in server.ncagent()} == {"m-private_network"}
    server.wait_log('event="agent deleted" agent=a')
    assert server.stop() == 0
    assert list(server.start().agents()) == ["b"]


# --- what survives


def rows_of(server):
    """What the database holds, read as an administrator would."""
    if not server.database.exists():
        return {}
    database = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)
    try:
        return {name: without_times(record)
                for name, record in database.execute("SELECT name, record FROM agent")}
    except sqlite3.OperationalError:  # Not created yet.
        return {}
    finally:
        database.close()


def test_loses_nothing_written_on_kill(launch, inventory):
    inventory.write("b", "a")
    server = launch("-inventory", inventory.path)
    for name in ("a", "b", "a"):
        server.post(payload(name, report_interval=3600, nodename="n"))
    label = {"agent": "n-private_network"}
    assert server.metric("ncagent_report_count_total", **label) == 3
    wait_for(lambda: server.metric("meshcheck_store_rows_written_total") >= 3, "the rows")
    wait_for(lambda: len(rows_of(server)) == 2, "the rows in the file")
    before = server.get("/api/v1/agents/").body
    server.kill()
    server.start()
    assert check_is(server, 200), "nobody turns absent"
    assert server.get("/api/v1/agents/").body == before, "last_updated too"
    wait_for(lambda: server.metric("ncagent_report_count_total", **label) == 3, "counters go on")
    server.post(payload("a", report_interval=3600, nodename="n"))
    assert server.metric("ncagent_report_count_total", **label) == 4


def test_counts_errors_over_a_restart(launch):
    server = launch("-check-interval", 1)
    server.post(payload("a", report_interval=1, nodename="n"))
    label = {"agent": "n-private_network"}
    wait_for(lambda: server.metric("ncagent_error_count_total", **label) >= 1, "a missed report")
    assert server.stop() == 0
    server.start()
    assert server.metric("ncagent_error_count_total", **label) >= 1
    assert server.metric("ncagent_report_count_total", **label) == 1


def test_goes_on_in_memory_while_the_disk_is_full_and_writes_it_later(launch):
    server = launch()
    server.post("small")
    wait_for(lambda: len(rows_of(server)) == 1, "the first row in the file")
    # A limit on the size of files stands in for the full disk; the write-ahead log runs into it.
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (64 * 1024, hard))
    names = [f"large-{i}" for i in range(5)]
    for name in names:
        assert server.post(payload(name, mesh={"x": "y" * 60_000})).status == 200
    wait_for(lambda: server.metric("meshcheck_store_up") == 0, "the trouble in the metric")
    assert server.metric("meshcheck_store_writes_failed_total") >= 1
    assert server.get("/readyz").text.startswith("ok, but reports cannot be written: ")
    assert sorted(server.agents()) == [*names, "small"]
    server.wait_log("reports cannot be written; they are kept in memory and tried again")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    wait_for(lambda: server.metric("meshcheck_store_up") == 1, "the recovery in the metric")
    assert server.get("/readyz").text == "ok\n"
    server.wait_log("reports are written again")
    server.kill()
    assert sorted(server.start().agents()) == [*names, "small"]


def test_says_what_is_lost_when_the_disk_is_full_at_the_end(launch):
    server = launch()
    server.post("small")
    wait_for(lambda: len(rows_of(server)) == 1, "the first row in the file")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (64 * 1024, hard))
    for i in range(5):
        assert server.post(payload(f"large-{i}", mesh={"x": "y" * 60_000})).status == 200
    wait_for(lambda: server.metric("meshcheck_store_up") == 0, "the trouble in the metric")
    assert server.stop() == 1
    server.wait_log("last reports lost")
    assert sorted(server.start().agents()) == ["small"]


def test_loses_nothing_at_all_on_sigterm(launch):
    server = launch()
    names = [f"agent-{i}" for i in range(200)]
    for name in names:
        assert server.post(name).status == 200
    assert server.stop() == 0
    assert rows_of(server) == {name: record_text(payload(name)) for name in names}
    assert sorted(server.start().agents()) == sorted(names)


def test_starts_with_an_older_report_of_a_smaller_agents_max(launch):
    server = launch()
    for name in ("a", "b", "c"):
        server.post(name)
    server.stop()
    server.flags += ["-agents-max", "2"]
    assert len(server.start().agents()) == 2


def test_leaves_no_file_without_a_database(launch):
    server = launch("-db", "")
    server.post("a")
    assert server.stop() == 0
    assert [entry.name for entry in server.directory.iterdir()] == ["stderr.log"]
    assert server.start().agents() == {}
    assert server.metric("meshcheck_store_up") is None


def test_refuses_a_second_server_on_the_same_database(launch):
    server = launch()
    ended = run("-db", server.database, "-endpoint", "127.0.0.1:0")
    assert ended.returncode == 1
    assert f"in use by another process, which holds {server.database}.lock" in ended.stderr
    assert "-db: " in ended.stderr and server.get("/healthz").status == 200


@pytest.mark.parametrize("make, reason", [
    (lambda path: path.write_text("not a database, and longer than a header of SQLite is " * 9),
     "not a SQLite database; move the file away or give another path"),
    (lambda path: path.mkdir(), ""),
    (lambda path: None, None),
])
def test_says_what_is_wrong_with_the_database(tmp_path, make, reason):
    path = tmp_path / "x.db"
    make(path)
    if reason is None:
        path = tmp_path / "missing" / "x.db"
        reason = f"the directory {tmp_path}/missing does not exist"
    ended = run("-db", path, "-endpoint", "127.0.0.1:0")
    assert ended.returncode == 1 and "-db: " in ended.stderr and reason in ended.stderr


# --- health and end


def test_answers_health_checks(server):
    for path in ("/healthz", "/readyz"):
        answer = server.get(path)
        assert (answer.status, answer.text) == (200, "ok\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_time_whatever_clients_do(launch, number):
    server = launch("-db", "")
    idle, busy = server.connect(), server.connect()
    with idle, busy:
        idle.sendall(b"GET /api/v1/ping HTTP/1.1\r\nHost: s\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200 ")
        busy.sendall(b"POST /api/v1/agents/a HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\n{")
        start = time.monotonic()
        server.signal(number)
        assert idle.recv(1000) == b"", "an idle connection ends at once"
        assert time.monotonic() - start < 3
        assert server.process.wait(20) == 0
        assert time.monotonic() - start < 6
    assert "event=stopping" in server.log


def test_answers_what_is_under_way_before_it_ends(launch):
    server = launch()
    body = compact(payload("a")).encode()
    with server.connect() as connection:
        connection.sendall(b"POST /api/v1/agents/a HTTP/1.1\r\nHost: s\r\nContent-Length: %d\r\n\r\n" %
                           len(body) + body[:10])
        wait_for(lambda: server.metric("meshcheck_http_received_bytes_total") > 10, "its bytes")
        server.signal(signal.SIGTERM)
        server.wait_log("event=stopping")
        wait_for(lambda: not listens(server), "the port is closed")
        connection.sendall(body[10:])
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"Connection: close\r\n" in answer
    assert server.process.wait(20) == 0
    assert list(rows_of(server)) == ["a"], "an answered report is in the database"


def listens(server: Server):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", server.port)) == 0
