"""The padding of a report against servers that large requests do not get through to."""

import contextlib
import json
import select
import socket
import threading
import time

import pytest

from agent import ON_TIME, run
from waiting import eventually


class NarrowServer:
    """Answers requests of at most `limit` bytes, headers included. Of a larger one it reads the headers, or
    all if `reads` is set, and no more happens. `sizes` are those of the reports that were answered."""

    def __init__(self, limit, reads=False):
        self.limit = limit
        self.reads = reads
        self.reports = []
        self.sizes = []
        self.attempts = 0
        self.changed = threading.Condition()
        self.listening = socket.socket()
        # Small, so that what is not read does not hide in the kernel.
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(16)
        self.endpoint = "127.0.0.1:%d" % self.listening.getsockname()[1]
        self.ended = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError, ValueError):  # Closed.
            while not self.ended:
                if select.select([self.listening], [], [], 0.02)[0]:
                    threading.Thread(target=self.talk, args=(self.listening.accept()[0],), daemon=True).start()

    @staticmethod
    def more_of(stream, size):
        data = stream.recv(size)
        if not data:
            raise ConnectionError("the agent has gone")
        return data

    def talk(self, stream):
        with stream, contextlib.suppress(ConnectionError):
            received = b""
            while b"\r\n\r\n" not in received:
                received += self.more_of(stream, 1)
            head, _, _ = received.partition(b"\r\n\r\n")
            headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            size = len(received) + int(headers.get(b"Content-Length", 0))
            is_report = head.startswith(b"POST")
            with self.changed:
                self.attempts += is_report
                self.changed.notify_all()
            stalls = size > self.limit
            while len(received) < size and (self.reads or not stalls):
                received += self.more_of(stream, 65536)
            if stalls:
                eventually(lambda: self.ended or self.closed_by_peer(stream), 120)
                return
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if is_report:
                with self.changed:
                    self.reports.append(json.loads(received.partition(b"\r\n\r\n")[2]))
                    self.sizes.append(size)
                    self.changed.notify_all()

    @staticmethod
    def closed_by_peer(stream):
        # A FIN waits behind the data that nobody reads: the state tells, 1 is "established".
        return stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1

    def wait_for(self, condition, timeout=15.0):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), timeout), \
                [report["mesh"]["padding"] for report in self.reports]
            return list(self.reports)

    def close(self):
        self.ended = True
        self.listening.close()


@pytest.fixture
def narrow():
    servers = []

    def make(*arguments, **options):
        servers.append(NarrowServer(*arguments, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def padding(report):
    return report["mesh"]["padding"]


def test_a_stalled_report_goes_without_its_padding(narrow):
    server = narrow(100_000)
    code, _, err = run("-once", "-serverendpoint", server.endpoint, "-reportinterval=6",
                       "-zeroextenderlength=200000")
    assert code == 0, err
    report, = server.wait_for(lambda server: server.reports)
    assert report["zero_extender"] == []
    assert padding(report) == {"requested": 400000, "delivered": 0, "lost_ms": None, "stage": ""}
    assert "report stalled; it goes without its padding" in err and "stage=send" in err


def test_what_is_lost_is_said_and_taken_back(narrow, start):
    server = narrow(100_000)
    agent = start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=2", "-zeroextenderlength=200000")
    begin = time.monotonic()
    reports = server.wait_for(lambda server: any(padding(r)["lost_ms"] for r in server.reports))
    assert time.monotonic() - begin < 2 * 2 + 1
    lost = padding(reports[-1])
    assert lost["delivered"] == 0 and lost["stage"] == "send" and 1000 <= lost["lost_ms"] < 5000
    assert len(reports) == 2 and padding(reports[0])["lost_ms"] is None
    # One attempt a round with the padding, and one without.
    server.wait_for(lambda server: len(server.reports) == 4)
    assert server.attempts == 2 * 4
    assert padding(server.reports[-1])["lost_ms"] > lost["lost_ms"]
    server.limit = 1_000_000
    reports = server.wait_for(lambda server: server.reports[-1]["zero_extender"])
    # It said so before it knew that it arrives; the next one knows.
    count = len(reports)
    server.wait_for(lambda server: len(server.reports) > count)
    assert padding(server.reports[-1]) == {"requested": 400000, "delivered": 400000, "lost_ms": None, "stage": ""}
    code, _, err = agent.terminate()
    assert code == 0
    assert err.count("large reports are lost, small ones arrive") == 1
    assert err.count("large reports arrive again") == 1


def test_a_slow_server_that_has_it_all_is_no_loss(narrow, start):
    server = narrow(100_000, reads=True)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1", "-zeroextenderlength=200000")
    reports = server.wait_for(lambda server: len(server.reports) == 4)
    assert all(padding(report) == {"requested": 400000, "delivered": 0, "lost_ms": None, "stage": ""} for report in reports)


def test_stays_fresh_with_reports_each_second(narrow, start):
    server = narrow(100_000)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1", "-zeroextenderlength=200000")
    begin = time.monotonic()
    server.wait_for(lambda server: len(server.reports) >= 6)
    assert time.monotonic() - begin < 8


def test_no_claim_when_small_reports_fail_too(narrow, start):
    server = narrow(0)
    agent = start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1")
    server.wait_for(lambda server: server.attempts >= 6)
    server.limit = 1_000_000
    reports = server.wait_for(lambda server: len(server.reports) >= 2)
    assert all(padding(report)["lost_ms"] is None for report in reports)
    assert "large reports are lost" not in agent.terminate()[2]


def test_a_refusal_is_no_loss(sink, start):
    sink.status, sink.text = 413, b"too large"
    start("-serverendpoint", sink.endpoint, "-reportinterval=1")
    reports = [json.loads(report[3]) for report in sink.wait_for(4)]
    assert all(padding(report)["lost_ms"] is None for report in reports)
    assert all(padding(report)["delivered"] == 3000 for report in reports)


def test_no_padding_is_asked_for_and_none_is_lost(narrow, start):
    server = narrow(0)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1", "-zeroextenderlength=0")
    server.wait_for(lambda server: server.attempts >= 2)
    server.limit = 1_000_000
    report = server.wait_for(lambda server: server.reports)[0]
    assert padding(report) == {"requested": 0, "delivered": 0, "lost_ms": None, "stage": ""}


def test_tells_of_the_connection_of_the_report_before(narrow, start):
    server = narrow(1_000_000)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1")
    first, second = server.wait_for(lambda server: len(server.reports) >= 2)[:2]
    assert "tcp" not in first["mesh"]
    tcp = second["mesh"]["tcp"]
    assert 500 < tcp["mss"] < tcp["pmtu"] and tcp["retransmits"] == 0 and tcp["rtt_ms"] > 0


def test_sweeps_around_what_segments_carry(narrow, start):
    server = narrow(10_000_000)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-reportinterval=1", "-zeroextenderlength=7", "-padding-sweep")
    reports = server.wait_for(lambda server: len(server.reports) >= 14, timeout=25)
    assert all(padding(r)["requested"] == padding(r)["delivered"] == 2 * len(r["zero_extender"]) for r in reports)
    mss = reports[1]["mesh"]["tcp"]["mss"]
    ends = {(size + mss // 2) % mss - mss // 2 for size in server.sizes}
    assert ends >= {-3, -1, 1} or ends >= {-2, 0, 2}, ends
    assert {0, 14, 1500, 9000} <= {padding(report)["requested"] for report in reports}
