"""Every bound of the server (doc/operate/configuration.md has the table): it is told, counted, and changes
nothing else."""

import contextlib
import http.client
import json
import resource
import select
import socket
import time

import pytest

from server import PROGRAM, compact, payload, probe
from waiting import wait_for

DETAILS = "Error while unmarshaling data. Details: "
MIB = 1024 * 1024


def short(value):
    """A test's name: the environment of a process has no place for a long one."""
    return ascii(value)[:40]


@contextlib.contextmanager
def nothing_changes(server):
    """What an operator sees of the agents is the same before and after."""
    before = (server.get("/api/v1/agents/").body, server.ncagent())
    yield
    assert (server.get("/api/v1/agents/").body, server.ncagent()) == before


@pytest.fixture
def occupied(server):
    """One that has a report already."""
    assert server.post("before").status == 200
    return server


def head(method="POST", target="/api/v1/agents/test", **headers):
    lines = [f"{method} {target} HTTP/1.1", "Host: h"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def stream(server, first, chunk, chunks):
    """Sends `chunk` until the server has had enough of it; what it answered, and how much it took."""
    sent = 0
    with server.connect() as connection:
        connection.sendall(first)
        for _ in range(chunks):
            if select.select([connection], [], [], 0)[0]:
                break
            try:
                connection.sendall(chunk)
            except ConnectionError:
                break
            sent += len(chunk)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    return answer, sent


def test_refuses_a_body_of_60_mb_before_it_is_sent(occupied):
    with nothing_changes(occupied):
        size = 60 * MIB
        answer, sent = stream(occupied, head(Content_Length=size), b" " * 65536, size // 65536)
        assert answer.startswith(b"HTTP/1.1 413 Payload Too Large\r\n")
        assert b"larger than 1048576 bytes" in answer and b"Connection: close\r\n" in answer
        assert sent < size, "the answer comes while the body is on its way"


def test_refuses_a_body_of_60_mb_instead_of_100_continue(occupied):
    with nothing_changes(occupied):
        answer = occupied.raw(head(Content_Length=60 * MIB, Expect="100-continue"))
        assert answer.startswith(b"HTTP/1.1 413 ") and b"100 Continue" not in answer


def test_refuses_a_chunked_body_of_60_mb(occupied):
    with nothing_changes(occupied):
        resident = occupied.metric("process_resident_memory_bytes")
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        first = head(Transfer_Encoding="chunked")
        answer, sent = stream(occupied, first, chunk, 60 * MIB // 65536)
        assert answer.startswith(b"HTTP/1.1 413 ") and sent < 60 * MIB
        assert occupied.metric("process_resident_memory_bytes") < resident + 16 * MIB


def test_takes_what_fits(server):
    body = compact(payload("test")).encode()
    with server.connect() as connection:
        connection.sendall(head(Content_Length=len(body), Expect="100-continue"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    first = head(Transfer_Encoding="chunked", Connection="close")
    assert server.raw(first + chunks + b"0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    padded = payload("test", zero_extender=[0] * 500_000)
    assert len(compact(padded)) < MIB
    assert server.post(padded).status == 200
    assert server.request("POST", "/api/v1/agents/test", compact(payload("test")).ljust(MIB)
                          ).status in (200, 400)


def test_holds_body_max_to_the_byte(launch):
    server = launch("-db", "", "-body-max", 1024)
    body = compact(payload("test"))
    padding = (1024 - len(body) - len(',"zero_extender":[]')) // 2
    body = compact(payload("test", zero_extender=[0] * padding)).ljust(1024)
    assert server.request("POST", "/api/v1/agents/test", body).status == 200
    with nothing_changes(server):
        answer = server.request("POST", "/api/v1/agents/test", body + " ")
        assert (answer.status, answer.text) == (
            413, "The request's body is larger than 1024 bytes.\n")


@pytest.mark.parametrize("target, podname, reason", [
    ("test", "other", 'podname is "other" and the report was sent to agents/test; '
                      "they have to be the same"),
    ("test", "", 'podname is "" and the report was sent to agents/test'),
    ("test", "Test", 'podname is "Test" and'),
    ("te%0Ast", "te\nst", "an agent's name has a control character"),
    ("te%00st", "te\0st", "an agent's name has a control character"),
    ("test%7F", "test\x7f", "an agent's name has a control character"),
    ("x" * 254, "x" * 254, "an agent's name is longer than 253 bytes"),
    ("%C3%A9" * 127, "é" * 127, "an agent's name is longer than 253 bytes"),
    ("%FF", "\ufffd", "podname is "),
    (".", ".", "an agent's name is '.' or '..'"), ("%2E%2E", "..", "an agent's name is '.' or '..'"),
], ids=short)
def test_refuses_bad_names(occupied, target, podname, reason):
    with nothing_changes(occupied):
        answer = occupied.request("POST", f"/api/v1/agents/{target}", payload(podname))
        assert answer.status == 400 and reason in answer.body.decode(errors="replace")
    assert occupied.get(f"/api/v1/agents/{target}").status == 404


@pytest.mark.parametrize("target, podname", [
    ("x" * 253, "x" * 253), ("a%20b", "a b"), ("%C3%A9", "é"), ("a%25b", "a%b"), ("...", "..."),
    ("%3Cscript%3E", "<script>"), ("a?query=1", "a"),
], ids=short)
def test_takes_any_other_name(server, target, podname):
    assert server.request("POST", f"/api/v1/agents/{target}", payload(podname)).status == 200
    assert list(server.agents()) == [podname]
    assert server.get(f"/api/v1/agents/{target}").json()["podname"] == podname
    assert server.request("DELETE", f"/api/v1/agents/{target}").status == 204


def nested(depth):
    return '{"podname":"test","report_interval":1,"x":' + "[" * depth + "]" * depth + "}"


TOO_LARGE = "without its padding the report is larger than 65536 bytes"
REPORT = compact(payload("test"))


@pytest.mark.parametrize("body, reason", [
    (REPORT.replace(":65536", ":NaN"), ""),
    (REPORT.replace(":65536", ":Infinity"), ""),
    (REPORT.replace(":65536", ":1e400"), ""),
    (REPORT.replace(":65536", ":01"), ""),
    (REPORT.replace(":65536", ":18446744073709551616"), ""),
    (REPORT.replace('"report_interval":5', '"report_interval":9223372036854775808'),
     "json: cannot unmarshal number 9223372036854775808 into Go struct field "
     "AgentSpec.report_interval of type int"),
    (REPORT.replace('"Total":50', '"Total":9223372036854775808'),
     "ProbeResult.Total of type int"),
    (compact(payload("test", report_interval=0)), "report_interval has to be 1 to 86400 seconds"),
    (compact(payload("test", report_interval=-1)), "report_interval has to be 1 to 86400 seconds"),
    (compact(payload("test", report_interval=86401)), "report_interval has to be 1 to 86400"),
    (compact(payload("test", hostdate="yesterday")), "not an RFC 3339 time"),
    (compact(payload("test", nodename="n" * 254)), "nodename is longer than 253 bytes"),
    (compact(payload("test", nodename="a\nb")), "nodename has a control character"),
    (compact(payload("test", network_probes=[probe()] * 65)), "more than 64 probes"),
    (compact(payload("test", network_probes=[probe("u" * 2049)])), "longer than 2048 bytes"),
    (compact(payload("test", ips={"i": ["1" * 66_000]})), TOO_LARGE),
    (compact(payload("test", mesh={"x": "y" * 66_000})), TOO_LARGE),
    (compact(payload("test", mesh=[])), "cannot unmarshal array"),
    (compact(payload("test", ips=[1])), "AgentSpec.ips of type map[string][]string"),
    ("[]", "json: cannot unmarshal array into Go value of type AgentSpec"),
    ("null", "json: cannot unmarshal null into Go value of type AgentSpec"),
    (nested(40), ""), (nested(100_000), ""), ("[" * 500_000, ""), ('{"a":' * 100_000, ""),
    (REPORT + REPORT, "invalid character '{' after top-level value"),
    (REPORT + "\0", ""),
    ("\ufeff\ufeff" + REPORT, ""),
    ('{"x":"\\ud800",' + REPORT[1:], ""),
    (REPORT.replace("test-node", "\x01"), ""),
], ids=short)
def test_refuses_bad_reports(occupied, body, reason):
    with nothing_changes(occupied):
        answer = occupied.request("POST", "/api/v1/agents/test", body)
        assert answer.status == 400
        assert answer.text.startswith(DETAILS) and reason in answer.text, answer.text
    assert occupied.metric("meshcheck_reports_refused_malformed_total") == 1


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3",
                                 b"\x80"])
def test_refuses_what_is_not_utf8(occupied, bad):
    with nothing_changes(occupied):
        body = REPORT.encode().replace(b"test-node", b"te" + bad + b"st")
        assert occupied.request("POST", "/api/v1/agents/test", body).status == 400


def test_refuses_every_truncation_of_a_report(occupied):
    body = compact(payload("test", mesh={"schema": 1}, zero_extender=[0] * 5)).encode()
    connection = http.client.HTTPConnection("127.0.0.1", occupied.port)
    with nothing_changes(occupied), contextlib.closing(connection):
        for size in range(len(body)):
            connection.request("POST", "/api/v1/agents/test", body[:size])
            answer = connection.getresponse()
            assert answer.status == 400, body[:size]
            assert answer.read().startswith(DETAILS.encode())
        # The same bytes, but the connection ends where the report does not.
        for size in range(0, len(body), 40):
            first = head(Content_Length=len(body))
            assert occupied.raw(first + body[:size], half_close=True) == b""
    assert occupied.post("test").status == 200


@pytest.mark.parametrize("request_bytes, status", [
    (head("GET", "/" + "x" * 8200), 414),
    (head("GET", "/" + "x" * 200_000), 414),
    (head("GET", "/", X="y" * 17_000), 431),
    (head("GET", "/", X="y" * 500_000), 431),
    (head("GET", "/", **{"y" * 17_000: "x"}), 431),
    (head("GET", "/", **{f"X{i}": "y" for i in range(100)}), 431),
    (head("POST", Content_Length=3, Expect="miracles"), 417),
    (b"nonsense\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"GET /api/v1/ping HTTP/9.9\r\n\r\n", 505),
    (b"GET /api/v1/ping\r\n", 505),
    (b"GET /api/v1/ping HTTP/1.1\r\n\r\n", 400),
    (head("GET", "/", HOST="again"), 400),
    (head("POST", Content_Length="-1"), 400),
    (head("POST", Content_Length="99999999999999999999"), 400),
    (b"POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (head("POST", Transfer_Encoding="chunked") + b"zz\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: s\r\nA b\r\n\r\n", 400),
], ids=short)
def test_refuses_bad_requests_and_ends_the_connection(occupied, request_bytes, status):
    with nothing_changes(occupied):
        answer = occupied.raw(request_bytes)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
        assert b"Connection: close\r\n" in answer and answer.count(b"HTTP/1.1 ") == 1


def test_takes_a_target_with_a_host_and_a_blank_behind_a_value(server):
    request = b"GET http://elsewhere/api/v1/agents HTTP/1.1\r\nHost: s \r\nConnection: close \r\n\r\n"
    assert b"\r\nLocation: ../../api/v1/agents/\r\n" in server.raw(request)


def test_answers_pipelined_requests_in_order(server):
    body = compact(payload("test")).encode()
    answer = server.raw(head(Content_Length=len(body)) + body + head("GET", "/api/v1/agents/test") +
                        head("GET", "/api/v1/ping", Connection="close"))
    assert answer.count(b"HTTP/1.1 200 OK") == 3 and b'"podname":"test"' in answer


def test_serves_others_while_2000_clients_crawl(launch):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = launch("-db", "", "-threads", 1)
    server.post("test")
    crawling = []
    try:
        began = time.monotonic()
        for i in range(2000):
            connection = server.connect()
            crawling.append(connection)
            # A third sends nothing, a third half a head, a third a head and half a body.
            connection.sendall((b"", b"POST /api/v1/agents/x HT", head(Content_Length=99))[i % 3])
        wait_for(lambda: server.metric("meshcheck_http_connections") > 2000, "2000 connections")
        times = []
        for i in range(400):
            start = time.monotonic()
            assert server.get("/api/v1/connectivity_check").status in (200, 400)
            times.append(time.monotonic() - start)
            with contextlib.suppress(OSError):
                crawling[3 * i + 1 + i % 2].sendall(b"T" if i % 2 == 0 else b"x")
        times.sort()
        assert times[int(0.99 * len(times))] < 0.25, times[-10:]

        crawling[2].settimeout(20)
        answer = crawling[2].recv(1000)
        assert answer.startswith(b"HTTP/1.1 408 ") or answer == b""
        assert time.monotonic() - began < 20
        wait_for(lambda: server.metric("meshcheck_http_connections") < 700, "the crawling are cut")
        assert server.metric("meshcheck_http_connections_timed_out_total") >= 1300
    finally:
        for connection in crawling:
            connection.close()


def test_turns_connections_away_that_are_too_many(launch):
    server = launch("-db", "", "-threads", 1, "-connections-max", 20)
    server.post("test")
    with contextlib.ExitStack() as open_connections:
        # Those of the requests before may still be closing.
        wait_for(lambda: server.metric("meshcheck_http_connections") == 1, "only ours")
        held = [open_connections.enter_context(server.connect()) for _ in range(20)]
        for connection in held:
            connection.sendall(head("GET", "/api/v1/ping"))
        answers = [connection.recv(1000) for connection in held]
        refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
        assert len(refused) <= 1, "metric()'s own connection may have been the twentieth"
        wait_for(lambda: server.raw(head("GET", "/api/v1/ping", Connection="close")).startswith(
            b"HTTP/1.1 503 Service Unavailable\r\n"), "no place is left")
        held[0].sendall(head("GET", "/api/v1/agents/test"))
        if not answers[0].startswith(b"HTTP/1.1 503 "):
            assert held[0].recv(1000).startswith(b"HTTP/1.1 200 "), "who is in stays in"
    wait_for(lambda: server.get("/api/v1/ping").status == 200, "there is place again")
    assert server.metric("meshcheck_http_connections_refused_total") >= 1


def test_answers_the_kubelet_when_descriptors_are_short(launch, monkeypatch, tmp_path):
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -n 128\nexec {PROGRAM} "$@"\n')
    limited.chmod(0o755)
    monkeypatch.setattr("server.PROGRAM", limited)
    server = launch("-db", "", "-threads", 1)
    with contextlib.ExitStack() as open_connections:
        for _ in range(70):
            open_connections.enter_context(server.connect())
        wait_for(lambda: server.raw(head("GET", "/api/v1/ping")).startswith(b"HTTP/1.1 503 "))
        assert server.get("/healthz").status == 200 and server.get("/readyz").status == 200
        server.wait_log("event=\"no room for connections")
    wait_for(lambda: server.get("/api/v1/ping").status == 200, "there is place again")
    assert server.metric("meshcheck_http_connections_refused_total") >= 3
    assert server.log.count("no room for connections") == 1


def test_holds_only_agents_max_agents(launch):
    server = launch("-db", "", "-agents-max", 2)
    assert server.post("a").status == 200 and server.post("b").status == 200
    with nothing_changes(server):
        answer = server.post("c")
        assert answer.status == 503 and "-agents-max" in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert server.metric("meshcheck_reports_refused_full_total") == 1
    assert server.post("a").status == 200, "who is known is still taken"
    assert server.request("DELETE", "/api/v1/agents/b").status == 204
    assert server.post("c").status == 200 and list(server.agents()) == ["a", "c"]


def test_counts_refusals(server):
    server.raw(head("GET", "/" + "x" * 9000))
    server.get("/nothing")
    assert server.metric("meshcheck_http_responses_client_error_total") == 2
    assert server.metric("meshcheck_http_responses_server_error_total") == 0


def test_is_not_held_up_by_a_client_that_does_not_read(server):
    for i in range(50):
        server.post(payload(f"agent-{i}", ips={"i": ["x" * 20_000]}))
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(head("GET", "/api/v1/agents/") * 200)
        resident = server.metric("process_resident_memory_bytes")
        for _ in range(20):
            assert server.get("/api/v1/ping").status == 200
        assert server.metric("process_resident_memory_bytes") < resident + 32 * MIB
    assert len(json.loads(server.get("/api/v1/agents/").body)) == 50
