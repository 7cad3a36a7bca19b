"""Verdicts as users meet them: the check, their list, their history, events, metrics and the log."""

import re
import sqlite3
import time

import pytest

from listener import Listener
from mesh_report import DOWN, UP, agent, path, report
from openapi_test import check_answer, operation_of
from waiting import wait_for

NODES = 4
LAYERS = ("pod", "host")
SENTENCE = re.compile(r"^pod network of node2 is broken \(6 of 6 paths, host network fine, since \d\d:\d\d:\d\d\)$")


class Cluster:
    """Reports of four nodes; of the pods of the node `cut` nothing arrives."""

    def __init__(self, server):
        self.server = server
        self.cut = None
        self.cut_at = 0.0

    def break_pods(self, node):
        self.cut, self.cut_at = node, time.monotonic()

    def rows(self, node, layer):
        since = round((time.monotonic() - self.cut_at) * 1000)
        for peer in range(1, NODES + 1):
            if peer == node:
                continue
            lost = layer == "pod" and self.cut in (node, peer)
            yield path(agent(peer, layer), **(DOWN | {"state_ms": since, "answer_ms": since + 3000} if lost else UP))
        yield path(agent(node, "host" if layer == "pod" else "pod"), **(UP | {"relation": "twin"}))

    def report(self):
        for node in range(1, NODES + 1):
            for layer in LAYERS:
                answer = self.server.post(report(node, layer, paths=self.rows(node, layer)))
                assert answer.status == 200, answer

    def until(self, condition, what):
        """Reports go on until it holds."""
        def step():
            self.report()
            return condition()
        return wait_for(step, what)

    def verdicts(self, query=""):
        return self.server.get("/api/v1/verdicts" + query).json()["verdicts"]

    def check(self):
        return self.server.get("/api/v1/connectivity_check")


@pytest.fixture
def cluster(server):
    return Cluster(server)


def broken_cluster(server):
    cluster = Cluster(server)
    cluster.report()
    cluster.break_pods(2)
    cluster.until(cluster.verdicts, "a verdict")
    return cluster


@pytest.fixture
def broken(server):
    return broken_cluster(server)


def test_names_a_broken_pod_network(broken):
    (verdict,) = broken.verdicts()
    assert SENTENCE.match(verdict["sentence"])
    wanted = {"state": "open", "kind": "pod_network", "severity": "critical", "subject": "node2", "layer": "pod",
              "way": "both", "failing": 6, "observed": 6, "closed": None, "subject_type": "node"}
    assert {key: verdict[key] for key in wanted} == wanted
    assert len(verdict["evidence"]) == 6 and verdict["next_command"].startswith("kubectl ")


def closed_port(server, cross_check):
    """The sentence of a host whose paths are all down; without a cross check its agents are too old for one."""
    cluster = Cluster(server)
    old = cross_check is None

    def rows(node):
        for peer in range(1, NODES + 1):
            if peer != node:
                changes = DOWN | {"cross_check": cross_check or ""} if 2 in (node, peer) else UP
                row = path(agent(peer, "host"), **changes)
                yield row[:-1] if old else row

    def step():
        for node in range(1, NODES + 1):
            made = report(node, "host", paths=rows(node))
            if old:
                made["mesh"]["paths"]["columns"] = made["mesh"]["paths"]["columns"][:-1]
            assert server.post(made).status == 200
        return cluster.verdicts()
    (verdict,) = wait_for(step, "a verdict")
    return verdict["kind"], re.sub(r"since \d\d:\d\d:\d\d", "since ...", verdict["sentence"]), verdict["next_command"]


def test_names_the_port_where_pings_pass(server):
    kind, sentence, command = closed_port(server, "answered")
    assert (kind, sentence) == (
        "reachability", "UDP port 8862 is closed from and to node2 on the host network: pings pass (6 of 6 paths, since ...)")
    assert re.fullmatch(r"timeout 5 tcpdump -nni any -c 1 udp src port 8862 and src host 10\.1\.0\.2  # on node[134]", command)


def test_does_not_guess_of_agents_that_do_not_say(server):
    kind, sentence, _ = closed_port(server, None)
    assert (kind, sentence) == (
        "host_link", "network of node2 is cut off (6 of 6 paths, its agents still report, pings not known, since ...)")


def test_fails_the_check_while_it_is_critical(broken):
    answer = broken.check()
    body = answer.json()
    assert answer.status == 400
    assert list(body) == ["Message", "Absent", "Outdated", "Verdicts"]
    assert body["Message"] == ("Connectivity check fails. Reason: 1 critical verdict; look up the payload")
    assert (body["Absent"], body["Outdated"]) == ([], [])
    (text,) = body["Verdicts"]
    assert SENTENCE.match(text.removeprefix("critical: "))
    broken.cut = None
    broken.until(lambda: broken.check().status == 200, "the check to pass")
    assert list(broken.check().json()) == ["Message", "Absent", "Outdated"]


def test_leaves_the_check_alone_if_told_to(launch):
    cluster = broken_cluster(launch("-verdicts-fail-check=false"))
    answer = cluster.check()
    assert answer.status == 200 and answer.json()["Absent"] is None
    assert len(answer.json()["Verdicts"]) == 1


def test_tells_metrics_and_the_log(broken):
    metrics = broken.server.get("/metrics").text
    series = 'meshcheck_verdict{kind="pod_network",severity="critical",layer="pod",subject="node2"} 1'
    assert series in metrics
    assert broken.server.metric('meshcheck_verdicts_open', severity="critical") == 1
    line = broken.server.wait_log(r'level=warning event="verdict opened" id=1 .*').group()
    assert 'kind=pod_network subject=node2 verdict="pod network of node2 is broken' in line
    broken.cut = None
    broken.until(lambda: not broken.verdicts(), "the verdict to close")
    broken.server.wait_log('level=info event="verdict closed" id=1 ')
    assert series not in broken.server.get("/metrics").text
    assert broken.server.metric("meshcheck_verdicts_closed_total", kind="pod_network", severity="critical") == 1


def test_keeps_what_was_over_a_kill_and_goes_on_with_its_numbers(launch):
    broken = broken_cluster(launch())
    broken.cut = None
    broken.until(lambda: not broken.verdicts(), "the verdict to close")
    (healed,) = broken.verdicts("?since=1h")
    assert (healed["state"], healed["ending"]) == ("closed", "healed")
    broken.break_pods(3)
    broken.until(broken.verdicts, "another verdict")
    rows = "SELECT count(*) FROM verdict WHERE sentence LIKE '%node3%'"
    wait_for(lambda: sqlite3.connect(broken.server.database).execute(rows).fetchone() == (1,), "the row")
    broken.server.process.kill()
    broken.server.process.wait()
    broken.server.start()
    assert broken.verdicts() == []
    before = {one["id"]: one for one in broken.verdicts("?since=1h")}
    assert before[1] == healed
    assert (before[2]["state"], before[2]["ending"], before[2]["subject"]) == ("closed", "restart", "node3")
    broken.until(broken.verdicts, "it to be found again")
    assert [one["id"] for one in broken.verdicts()] == [3]


def test_answers_as_described(broken):
    verdicts, operation = operation_of("getVerdicts")
    check, check_operation = operation_of("checkConnectivity")
    check_answer(check_operation, broken.server.get(check))
    check_answer(operation, broken.server.get(verdicts))
    for query in ("?since=x", "?sincee=1h", "?at=0s", "?at=1h&since=1h", "?at=2100-01-01T00:00:00Z", "?at=366d"):
        check_answer(operation, broken.server.get(verdicts + query))
    broken.cut = None
    broken.until(lambda: not broken.verdicts(), "the verdict to close")
    (healed,) = broken.verdicts("?since=1h")
    check_answer(operation, broken.server.get(verdicts + "?since=1h"))
    assert broken.verdicts(f"?at={healed['opened']}") == [healed]
    assert broken.verdicts(f"?at={healed['closed']}") == []


def test_refuses_a_time_it_cannot_read(server):
    for since in ("yesterday", "5", "-1h", "1y", "9999999999999999999d", "400d", "1hh", "1h1d"):
        answer = server.get(f"/api/v1/verdicts?since={since}")
        assert answer.status == 400 and answer.text.startswith("since: ")
    for since in ("2026-11-21T12:00:00Z", "0s", "366d", "1h30m"):
        assert server.get(f"/api/v1/verdicts?since={since}").status == 200


@pytest.mark.parametrize("path, allowed", [
    ("/api/v1/verdicts?sincee=1h", "allowed are since, at"),
    ("/api/v1/sla?gruop=dns", "allowed are from, to, step, group, probe, target, mute, format"),
    ("/public/api/status?peak=1", "allowed are peek"),
    ("/api/v1/events?since=1h", "allowed are cells"),
    ("/api/v1/downtimes?since=1h", "none is allowed"),
    ("/api/v1/agents/a/paths?layer=pod", "none is allowed"),
])
def test_refuses_keys_that_are_not_known(server, path, allowed):
    answer = server.get(path)
    assert (answer.status, answer.text) == (400, f"unknown key in the query; {allowed}\n")


def test_sends_events_as_they_happen(cluster):
    cluster.report()
    listener = Listener(cluster.server)
    assert "HTTP/1.1 200 OK" in listener.head and "text/event-stream" in listener.head
    kind, first_id, snapshot = listener.event()
    assert (kind, snapshot) == ("verdicts", [])
    cluster.break_pods(2)
    cluster.until(cluster.verdicts, "a verdict")
    kind, opened_id, verdict = listener.event()
    assert (kind, verdict["state"]) == ("verdict_opened", "open") and SENTENCE.match(verdict["sentence"])
    listener.close()
    cluster.cut = None
    cluster.until(lambda: not cluster.verdicts(), "the verdict to close")
    # Who comes back hears what it missed; who is new, what is.
    back = Listener(cluster.server, opened_id)
    kind, _, verdict = back.event()
    assert (kind, verdict["ending"]) == ("verdict_closed", "healed")
    back.close()
    stranger = Listener(cluster.server, "1-1")
    assert stranger.event()[0] == "verdicts"
    stranger.close()
    assert first_id != opened_id


def test_tells_who_falls_silent_and_who_is_back(cluster):
    cluster.server.post(report(1) | {"report_interval": 1})
    listener = Listener(cluster.server)
    assert listener.event()[0] == "verdicts"
    kind, _, data = listener.event()
    assert (kind, data["agent"]) == ("agent_outdated", agent(1))
    cluster.server.post(report(1) | {"report_interval": 1})
    assert listener.event()[0] == "agent_back"
    cluster.server.request("DELETE", f"/api/v1/agents/{agent(1)}")
    kind, _, data = listener.event()
    assert (kind, data["agent"]) == ("agent_removed", agent(1))
    listener.close()


def test_ends_listeners_when_it_stops(server):
    listener = Listener(server)
    assert listener.event()[0] == "verdicts"
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 4
    assert listener.event() is None
    listener.close()
