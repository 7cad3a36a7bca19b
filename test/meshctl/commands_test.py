"""The other commands, in each format."""

import csv
import io
import json
import select
import signal
import tarfile
import threading

import pytest
import yaml

from conftest import PATIENT, url
from later_server import NOW, later_server
from mesh_report import agent, mtu, path, report, UP
from meshctl import FORMATS, Meshctl
from verdict_test import Cluster
from waiting import eventually, wait_for

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def sized(launch):
    """A server that knows sizes of packets too."""
    server = launch("-db", "")
    for node, other in ((1, 2), (2, 1)):
        server.post(report(node, paths=[path(agent(other), **UP)], mtus=[mtu(agent(other), forward=("black_hole", 1400))]))
    return server


def without_time(tree):
    """Without that of the answer, and without what ages, of trees that were asked for one after the other."""
    if isinstance(tree, dict):
        ageing = ("time", "last_seen", "from", "to", "start", "end", "steps", "state_since", "last_answer", "since", "confirmed")
        return {key: without_time(value) for key, value in tree.items() if key not in ageing}
    return [without_time(one) for one in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("command", [
    ["verdicts"], ["verdicts", "--since=1h"], ["mesh"], ["mesh", "--node=node2"], ["mesh", "--layer=pod"], ["agents"],
    ["paths", "node2"], ["mtu"], ["sla"], ["downtime", "list"], ["version"], ["open", "--print"]], ids=" ".join)
def test_every_format_of_every_command(ask_broken, command):
    outs = {form: ask_broken(*command, "-o", form) for form in FORMATS}
    for form, ended in outs.items():
        assert (ended.code, ended.err) == (0, ""), form
    assert without_time(yaml.safe_load(outs["yaml"].out)) == without_time(outs["json"].json())
    rows = list(csv.reader(io.StringIO(outs["csv"].out, newline="")))
    assert rows and all(len(row) == len(rows[0]) for row in rows)
    assert all(line and " " not in line for line in outs["name"].out.splitlines())
    refused = ask_broken(*command, "-o", "junit")
    assert (refused.code, refused.out) == (2, "") and "junit" in refused.err


def test_verdicts(ask, ask_broken):
    assert ask("verdicts").out == "no verdict is open\n"
    ended = ask_broken("verdicts")
    heading, row = ended.out.splitlines()
    assert heading.split() == ["ID", "STATE", "SEVERITY", "KIND", "LAYER", "SUBJECT", "OPENED", "SENTENCE"]
    assert "pod_network" in row and "node2" in row and " ago" in row


def test_mesh(ask_broken):
    out = ask_broken("mesh").out.splitlines()
    assert out[0].startswith("4 nodes, 24 pairs: 18 up, 0 degraded, 6 down")
    assert out[1:5] == ["node1   .DUU", "node2   D.DD", "node3   UD.U", "node4   UDU."]
    row = ask_broken("mesh", "--node", "node2", "--layer", "host").out.splitlines()
    assert row[0].split() == ["NODE", "TO", "IT", "FROM", "IT"] and "U up" in row[1]
    assert ask_broken("mesh", "--node", "nowhere").code == 2


def test_a_mesh_that_is_larger_than_the_screen_is_zones_by_zones(launch, tmp_path):
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(json.dumps({"agents": [
        {"name": agent(node, layer), "zone": "east" if node < 3 else "west"} for node in range(1, 5) for layer in ("pod", "host")]}))
    server = launch("-db", "", "-inventory", inventory)
    cluster = Cluster(server)
    cluster.break_pods(2)
    cluster.report()
    meshctl = Meshctl(tmp_path, MESHCTL_SERVER=url(server))
    wait_for(lambda: meshctl.run("mesh", "-o", "json").json()["zones"] == ["east", "east", "west", "west"], "the zones")
    out = meshctl.run("mesh", "--layer=pod", LINES="7").out.splitlines()
    assert out[1:3] == ["east    DD", "west    DU"], out
    assert out[3].startswith("4 nodes in 2 zones, each with its worst pair")


def test_agents(ask):
    tree = ask("agents", "-o", "json").json()
    assert [one["name"] for one in tree] == ["agent-host-1", "agent-host-2", "agent-pod-1", "agent-pod-2"]
    assert {one["state"] for one in tree} == {"reporting"}
    assert tree[2]["addresses"] == ["10.0.0.1"] and tree[2]["layer"] == "pod"


def test_paths(ask_broken):
    out = ask_broken("paths", "node2").out.splitlines()
    assert "D down" in out[1] and "U up" in out[-1]
    ended = ask_broken("paths", "nowhere")
    assert ended.code == 2 and "nowhere" in ended.err


def test_mtu(sized, lost):
    row = lost("mtu", "-s", url(sized)).out.splitlines()[1].split()
    assert row[:4] == ["node1", "pod", "1400", "1500"] and "black_hole=1" in row
    assert "black_hole" in lost("mtu", "node1", "-s", url(sized)).out
    assert lost("mtu", "nowhere", "-s", url(sized)).code == 2


def agent_that_pings(server, round_trips, stop):
    """A stand-in for an agent: reports, and carries out what it is ordered with those results."""
    results = []
    while not stop.is_set():
        answer = server.post(report(1, mesh={"pings": results}))
        orders = answer.json().get("pings", []) if answer.body else []
        results = [{"id": order["id"], "round_trips_us": round_trips, "lost_forward": 0, "lost_backward": 0, "error": ""}
                   for order in orders]
        eventually(stop.is_set, 0.1)


@pytest.mark.parametrize("round_trips, code", [([210, 190], 0), ([210, None], 1), ([], 2)])
def test_ping(launch, lost, round_trips, code):
    server = launch(*PATIENT)
    server.post(report(2))
    server.post(report(1, mesh={"pings": []}))
    stop = threading.Event()
    pinging = threading.Thread(target=agent_that_pings, args=(server, round_trips, stop))
    pinging.start()
    try:
        outs = {form: lost("ping", "node1", "node2", "--count=2", "-o", form, "-s", url(server)) for form in FORMATS}
    finally:
        stop.set()
        pinging.join()
    assert {ended.code for ended in outs.values()} == {code}, outs
    assert outs["json"].json()["rtt_ms"] == [time and time / 1000 for time in round_trips]
    assert outs["table"].out.startswith("node1 (agent-pod-1) pings node2 (agent-pod-2) on the pod network, 10.0.0.2 port 8862\n")
    assert outs["name"].out.startswith("ping/")


def test_ping_says_what_is_wrong(ask):
    assert "too old" in ask("ping", "node1", "node2").err
    assert "node7" in ask("ping", "node7", "node2").err
    assert "--size" in ask("ping", "node1", "node2", "--size=big").err
    assert "count" in ask("ping", "node1", "node2", "--count=0").err
    assert ask("ping", "node1").code == 2


def test_downtimes_are_added_listed_and_ended(launch, lost):
    server = url(launch())
    added = lost("downtime", "add", "--for=2h", "--affected=demo", "--affected=demo/x", "--description=new switch",
                 "-o", "json", "-s", server)
    assert added.code == 0, added
    uid = added.json()["uid"]
    assert added.json()["affected"] == ["demo", "demo/x"]
    listed = lost("downtime", "list", "-s", server).out
    assert uid in listed and "running" in listed
    assert lost("downtime", "end", uid, "-s", server).code == 0
    assert "ended" in lost("downtime", "list", "-s", server).out
    assert lost("downtime", "end", uid, "-s", server).code == 2
    later = lost("downtime", "add", "--start=2030-01-01T00:00:00Z", "--end=2030-01-01T01:00:00Z", "-o", "name", "-s", server)
    planned = later.out.strip().removeprefix("downtime/")
    assert lost("downtime", "end", planned, "-s", server).out == "deleted\n"
    assert planned not in lost("downtime", "list", "-s", server).out
    assert lost("downtime", "add", "-s", server).code == 2
    assert lost("downtime", "add", "--for=1h", "--end=2030-01-01T00:00:00Z", "-s", server).code == 2


def test_downtimes_are_by_the_clock_of_the_server(lost):
    with later_server("u") as (server, changes):
        assert "running" in lost("downtime", "list", "-s", server).out
        assert lost("downtime", "end", "u", "-s", server).code == 0
        assert lost("downtime", "add", "--for=1h", "-s", server).code == 0
    ended, added = changes
    assert ended["endDate"] == NOW
    assert (added["startDate"], added["endDate"]) == (NOW, NOW + 3600)


def test_the_past_is_by_the_clock_of_the_server(lost):
    questions = []
    with later_server("u", questions) as (server, _):
        lost("sla", "--since=1h", "-s", server)
    assert [path for path in questions if f"from={NOW - 3600}&" in path], questions


def test_a_watch_prints_a_line_for_each_event(broken, home):
    meshctl = Meshctl(home, MESHCTL_SERVER=url(broken))
    watching = meshctl.popen("verdicts", "-w", "-o", "json")
    first = json.loads(watching.stdout.readline())
    assert first["event"] == "open" and first["data"]["kind"] == "pod_network"
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == -signal.SIGINT


def test_events_tell_of_agents(launch, home):
    server = launch("-db", "")
    server.post(report(1), agent(1))
    listening = Meshctl(home, MESHCTL_SERVER=url(server)).popen("events")

    def comes_and_goes():
        server.post(report(1), agent(1))
        assert server.request("DELETE", f"/api/v1/agents/{agent(1)}").status == 204
        return select.select([listening.stdout], [], [], 0.1)[0]

    wait_for(comes_and_goes, "a line")
    assert listening.stdout.readline().endswith(f"agent removed  {agent(1)}\n")
    listening.stdout.close()
    listening.kill()


def test_a_stream_that_the_server_ends_is_2(launch, home):
    server = launch("-db", "")
    listening = Meshctl(home).popen("events", "-s", url(server))
    eventually(lambda: False, 0.3)  # Whether it has begun to listen makes no difference to what follows.
    assert server.stop() == 0
    out, err = listening.communicate(timeout=60)
    assert (listening.returncode, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_events_refuse_forms_that_have_no_lines(ask):
    assert ask("events", "-o", "yaml").code == 2


def test_a_report_has_all_but_secrets(launch, lost, home):
    token = home / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    server = launch("-db", "", "-read-auth", "token", "-read-token-file", token)
    server.post(report(1, mesh={"note": f"Bearer {TOKEN}"}), agent(1))
    flags = ["-s", url(server), "--token-file", token]
    ended = lost("report", "--file", home / "a.tar.gz", *flags, patience=60)
    assert ended.code == 0, ended
    with tarfile.open(home / "a.tar.gz") as archive:
        files = {name.split("/")[1]: archive.extractfile(name).read() for name in archive.getnames()}
    assert {"agents.json", "mesh.json", "mtu.json", "verdicts.json", "metrics.txt", "version.json", "events.txt",
            "sla.json", "downtimes.json", "connectivity_check.json", "readyz.txt", "about.json"} == set(files)
    assert ended.out.splitlines()[0].split() == ["NAME", "BYTES"]
    assert {line.split()[0] for line in ended.out.splitlines()[1:-1]} == set(files)
    assert not any(TOKEN.encode() in text for text in files.values())
    assert b"10.0.0.1" in files["agents.json"] and json.loads(files["agents.json"])
    assert b"event: verdicts" not in files["events.txt"]
    refused = lost("report", "--file", home / "a.tar.gz", *flags, patience=60)
    assert refused.code == 2 and "exists" in refused.err


def test_a_report_can_go_without_addresses(fine, lost, home):
    ended = lost("report", "--file", home / "b.tar.gz", "--redact-addresses", "-s", url(fine), patience=60)
    assert ended.code == 0, ended
    with tarfile.open(home / "b.tar.gz") as archive:
        texts = [archive.extractfile(name).read() for name in archive.getnames()]
    assert not any(b"10.0.0." in text or b"10.1.1.1" in text for text in texts)
    assert any(b"address-1" in text for text in texts)


def test_open_runs_a_browser(ask, fine, home):
    browser = home / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" >{home}/seen\n")
    browser.chmod(0o755)
    assert ask("open", BROWSER=str(browser)).out == url(fine) + "/\n"
    assert (home / "seen").read_text() == url(fine) + "/\n"
    assert ask("open", BROWSER="/nowhere").code == 2


def test_version(ask, lost):
    assert ask("version", "-o", "json").json() == {"client": "0.1.0", "server": "0.1.0"}
    assert lost("version", "--client").out.split() == ["PROGRAM", "VERSION", "meshctl", "0.1.0"]
    assert lost("--version").out == "meshctl 0.1.0\n"
    assert lost("version").code == 2


def write_config(home, text):
    (home / ".config" / "meshctl").mkdir(parents=True)
    file = home / ".config" / "meshctl" / "config.yaml"
    file.write_text(text)
    return file


def test_contexts_name_servers(fine, broken, lost, home):
    file = write_config(home, f"# mine\ncurrent: good\ncontexts:\n  good: {{server: '{url(fine)}'}}\n  bad: {{server: '{url(broken)}'}}\n")
    assert lost("check").code == 0
    assert lost("check", "--context", "bad").code == 1
    assert lost("check", MESHCTL_CONTEXT="bad").code == 1
    assert lost("check", "--context", "bad", MESHCTL_SERVER=url(fine)).code == 1
    assert lost("check", MESHCTL_CONTEXT="bad", MESHCTL_SERVER=url(fine)).code == 0
    assert lost("check", "--context", "bad", "-s", url(fine)).code == 0
    assert lost("check", "-s", url(broken), MESHCTL_SERVER=url(fine)).code == 1
    assert "(as told)" in lost("check", "-v").err
    assert lost("config", "use", "bad").code == 0
    assert lost("check").code == 1
    assert file.read_text().startswith("# mine\ncurrent: bad\n")
    assert lost("config", "view", "-o", "json").json()["current"] == "bad"
    ended = lost("config", "use", "none")
    assert ended.code == 2 and "bad, good" in ended.err


def test_a_lab_that_publishes_a_port_is_found(fine, lost, home):
    lab = home / "labs" / "demo"
    (lab / "published").mkdir(parents=True)
    (lab / "published" / f"127.0.0.1@{fine.port}").touch()
    (lab / "lab").write_text("1 0 0 0 4 1500 no\n")
    ended = lost("check", "-v")
    assert ended.code == 0 and "(the lab)" in ended.err
    assert lost("check", "--token-file", "/nowhere").code == 0  # A lab gets no token, and so it is not read.
    (lab / "published").chmod(0o777)
    assert lost("check").code == 2
    (lab / "published").chmod(0o755)
    (lab / "lab").write_text("999999999 0 0 0 4 1500 no\n")
    assert lost("check").code == 2
