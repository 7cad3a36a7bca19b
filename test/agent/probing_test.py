"""An agent's part of the mesh: a sink that hands out assignments, and STAMP from tests/stamp at the
other end, which was written from the RFCs alone."""

import json
import pathlib
import signal
import socket
import sys
import threading
import time

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "stamp"))
import stamp  # noqa: E402

from waiting import eventually

KEY = bytes(range(32))
SCHEMA = json.loads((ROOT / "doc" / "reference" / "report.schema.json").read_text())


class Peer:
    """A foreign reflector on loopback. Drops what it is told to."""

    def __init__(self, key=KEY, address="127.0.0.2"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.address, self.port = self.socket.getsockname()
        self.reflector = stamp.Reflector(key)
        self.silent = False
        self.senders = set()
        self.refused = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                packet, sender = self.socket.recvfrom(65535)
            except OSError:
                return
            received = time.time_ns()
            if self.silent:
                continue
            try:
                reply = self.reflector.reflect(packet, received, time.time_ns(), 64)
            except AssertionError:
                self.refused += 1
                continue
            self.senders.add(sender)
            self.socket.sendto(reply, sender)

    def close(self):
        self.socket.close()


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.close()


def assignment(*peers, revision="1", key=KEY, **more):
    return json.dumps({
        "schema": 1, "revision": revision, "epoch": 1, "report_interval_s": 0,
        "probe": {"interval_ms": 100, "timeout_ms": 100}, "key": key.hex(),
        "peers": [{"name": f"peer-{peer.port}", "node": "node-2", "relation": "peer",
                   "addresses": [peer.address], "port": peer.port} for peer in peers], **more}).encode()


def mesh_of(report):
    return json.loads(report[3])["mesh"]


def rows(mesh):
    return [dict(zip(mesh["paths"]["columns"], row)) for row in mesh["paths"]["rows"]]


def latest(sink):
    return mesh_of(sink.reports[-1]) if sink.reports else None


def path_to(sink, peer):
    mesh = latest(sink)
    found = [row for row in rows(mesh) if row["to"] == f"peer-{peer.port}"] if mesh else []
    return found[0] if found else None


def state(sink, peer):
    row = path_to(sink, peer)
    return row and row["state"]


def begin(sink, start, *arguments):
    # Only an agent on loopback probes there.
    return start("-serverendpoint", sink.endpoint, "-reportinterval=1", "-probeport=18862",
                 "-addresses=127.0.0.1", "-zeroextenderlength=0", *arguments)


def test_probes_the_peers_it_is_assigned(sink, start, peer):
    sink.text = assignment(peer)
    begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    assert eventually(lambda: path_to(sink, peer)["sent"] >= 20)
    row = path_to(sink, peer)
    assert (row["lost"], row["late"], row["relation"], row["probe"], row["family"]) == (0, 0, "peer", "stamp", "ipv4")
    assert 0 < row["p50_us"] < 20_000
    mesh = latest(sink)
    assert mesh["probing"]["assignment"] == "1"
    assert mesh["probing"]["clock"] == "kernel"
    # Nearly all: what the kernel did not time in time is left out.
    assert sum(mesh["probing"]["rtt"]["counts"]) >= 15
    # Its source ports sweep over a small set, so that all ways of an ECMP network are tried; sizes have one.
    assert len(peer.senders) == 5
    assert peer.refused == 0


def test_reports_are_as_the_schema_says(sink, start, peer):
    sink.text = assignment(peer)
    agent = begin(sink, start, "-ping", "127.0.0.1,192.0.2.300.example", "-tcpPing", sink.endpoint)
    sink.wait_for(4)
    agent.terminate()
    for report in sink.reports:
        errors = list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(json.loads(report[3])))
        assert not errors, errors


def test_reports_at_once_when_a_path_goes_down_and_when_it_is_back(sink, start, peer):
    sink.text = assignment(peer, report_interval_s=60)
    begin(sink, start)
    sink.wait_for(1)
    # The path is up and its report was made: nothing more is due for a minute.
    assert eventually(lambda: peer.reflector.sequence > 10)
    peer.silent = True
    began = time.monotonic()
    assert eventually(lambda: state(sink, peer) == "down", 5), state(sink, peer)
    assert time.monotonic() - began < 3
    assert path_to(sink, peer)["lost"] >= 3
    peer.silent = False
    assert eventually(lambda: state(sink, peer) == "up", 5), state(sink, peer)


def test_goes_on_without_the_server(sink, start, peer):
    sink.text = assignment(peer)
    begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    sink.status = 503
    before = peer.reflector.sequence
    refused = len(sink.reports)
    assert eventually(lambda: peer.reflector.sequence - before >= 15 and len(sink.reports) > refused, 2)
    sink.status = 200
    assert eventually(lambda: path_to(sink, peer)["sent"] >= 30)
    assert path_to(sink, peer)["lost"] == 0


def test_keeps_a_path_that_stays_assigned_and_drops_one_that_does_not(sink, start, peer):
    other = Peer(address="127.0.0.3")
    sink.text = assignment(peer)
    begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    since = path_to(sink, peer)["state_ms"]
    sink.text = assignment(peer, other, revision="2")
    assert eventually(lambda: state(sink, other) == "up")
    assert path_to(sink, peer)["state_ms"] > since
    sink.text = assignment(other, revision="3")
    assert eventually(lambda: path_to(sink, peer) is None)
    assert state(sink, other) == "up"
    other.close()


def test_a_bad_assignment_changes_nothing(sink, start, peer):
    sink.text = assignment(peer)
    agent = begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    sink.text = b'{"schema":1,"revision":"2","peers":[{"name":"x"}]}'
    count = len(sink.reports)
    sink.wait_for(count + 3)
    assert state(sink, peer) == "up" and latest(sink)["probing"]["assignment"] == "1"
    _, _, log = agent.terminate()
    assert log.count("assignment refused") == 1 and "peers[0]" in log


def test_does_not_believe_a_reflector_with_another_key(sink, start):
    stranger = Peer(key=bytes(32))
    sink.text = assignment(stranger)
    begin(sink, start)
    assert eventually(lambda: state(sink, stranger) == "down")
    assert stranger.refused > 0
    stranger.close()


def test_changes_the_key_without_losing_a_probe(sink, start, peer):
    sink.text = assignment(peer)
    begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    new = bytes(range(1, 33))
    sink.text = assignment(peer, revision="2", key=new)
    assert eventually(lambda: latest(sink)["probing"]["assignment"] == "2")
    # It answers to both keys at once, and asks with the new one when all have had time to hear of it.
    for key in (KEY, new):
        asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asks.settimeout(2)
        asks.sendto(stamp.request(0, time.time_ns(), key), ("127.0.0.1", latest(sink)["probing"]["port"]))
        assert stamp.read_reply(asks.recv(65535), key)["sender_sequence"] == 0
    assert state(sink, peer) == "up" and peer.refused == 0
    assert eventually(lambda: peer.refused > 0, 6)
    peer.reflector.key = new
    assert eventually(lambda: state(sink, peer) == "up")


def ask(port, key=None):
    """A reply to one request, or nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
        asks.settimeout(0.3)
        asks.sendto(stamp.request(5, time.time_ns(), key), ("127.0.0.1", port))
        try:
            return stamp.read_reply(asks.recv(65535), key)
        except TimeoutError:
            return None


def test_answers_who_has_the_key_and_nobody_else(sink, start, peer):
    begin(sink, start)
    sink.wait_for(1)
    port = latest(sink)["probing"]["port"]
    assert ask(port) is None and ask(port, KEY) is None
    sink.text = assignment(peer)
    assert eventually(lambda: latest(sink)["probing"]["assignment"])
    assert ask(port, KEY)["sender_sequence"] == 5
    assert ask(port) is None and ask(port, bytes(32)) is None
    assert eventually(lambda: [heard for heard in latest(sink)["heard"] if heard[0] == "127.0.0.1" and heard[1] == 7])


def test_answers_foreign_senders_where_it_may(sink, start, peer):
    sink.text = assignment(peer)
    begin(sink, start, "-probeportopen")
    assert eventually(lambda: latest(sink) and latest(sink)["probing"]["assignment"])
    port = latest(sink)["probing"]["port"]
    assert ask(port)["sender_sequence"] == 5
    assert ask(port, KEY)["sender_sequence"] == 5


def test_a_mesh_without_a_key_is_open(sink, start):
    peer = Peer(key=None)
    sink.text = assignment(peer, key=b"")
    begin(sink, start)
    assert eventually(lambda: state(sink, peer) == "up")
    assert ask(latest(sink)["probing"]["port"])["sender_sequence"] == 5
    peer.close()


def test_takes_another_port_if_its_own_is_taken(sink, start, peer):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
        taken.bind(("::", 18862))
        sink.text = assignment(peer)
        begin(sink, start)
        assert eventually(lambda: latest(sink) and latest(sink)["probing"]["assignment"])
        port = latest(sink)["probing"]["port"]
        assert port not in (0, 18862)
        assert ask(port, KEY)


def test_says_goodbye_to_a_server_of_the_mesh_alone(sink, start, peer):
    agent = begin(sink, start)
    sink.wait_for(2)
    agent.terminate()
    assert not any("stopping" in mesh_of(report) for report in sink.reports)
    sink.reports.clear()
    sink.text = assignment(peer)
    agent = begin(sink, start)
    sink.wait_for(2)
    code, seconds, _ = agent.terminate(signal.SIGTERM)
    assert code == 0 and seconds < 2
    assert [mesh_of(report).get("stopping") for report in sink.reports][-2:] == [None, True]


def test_reports_as_often_as_it_is_told(sink, start, peer):
    sink.text = assignment(peer, report_interval_s=1)
    start("-serverendpoint", sink.endpoint, "-reportinterval=60", "-probeport=18862")
    reports = sink.wait_for(4)
    assert json.loads(reports[0][3])["report_interval"] == 60
    assert json.loads(reports[3][3])["report_interval"] == 1


def test_without_a_port_it_has_no_part_in_the_mesh(sink, start, peer):
    sink.text = assignment(peer)
    start("-serverendpoint", sink.endpoint, "-reportinterval=1", "-probeport=0")
    sink.wait_for(3)
    assert latest(sink)["probing"]["port"] == 0
    assert latest(sink)["paths"]["rows"] == []
    assert not peer.senders


def test_probes_targets_and_says_what_is_wrong_with_them(sink, start):
    with socket.socket() as listening, socket.socket() as refusing:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        refusing.bind(("127.0.0.1", 0))
        good, bad = ("127.0.0.1:%d" % s.getsockname()[1] for s in (listening, refusing))
        sink.text = assignment(targets={"ping": ["127.0.0.1"], "tcpPing": [bad], "udpPing": [], "dns": []})
        begin(sink, start, "-tcpPing", good)
        def found():
            mesh = latest(sink)
            return {row["to"]: (row["probe"], row["state"] != "unknown" and row["sent"] > 0, row["error"])
                    for row in rows(mesh) if row["relation"] == "target"} if mesh else {}
        assert eventually(lambda: found().get(good) == ("tcp", True, "")), found()
        assert eventually(lambda: found().get(bad, ())[2:] == ("connection refused",)), found()
        icmp = latest(sink)["probing"]["icmp"]
        if icmp not in ("datagram", "raw"):
            pytest.skip(f"no ICMP here: {icmp}")
        assert eventually(lambda: found().get("127.0.0.1", (0, 0))[1]), found()


def test_an_address_of_the_pod_that_no_link_has_is_not_told(sink, start):
    agent = start("-serverendpoint", sink.endpoint, "-reportinterval=1", "-probeport=18862",
                  environment={"MY_POD_NAME": "pod-1", "MY_POD_IPS": "192.0.2.77"})
    sink.wait_for(3)
    assert "192.0.2.77" not in latest(sink)["probing"]["addresses"]
    _, _, log = agent.terminate()
    assert log.count('event="no link has this address of MY_POD_IPS" addresses=192.0.2.77') == 1
