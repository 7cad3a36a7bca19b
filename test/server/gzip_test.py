"""Large answers in gzip, for those who ask for it."""

import concurrent.futures
import gzip
import json
import subprocess
import time

import pytest

from loopback import free_port
from mesh_report import UP, agent, mtu, path, report
from server import payload
from waiting import wait_for

ASKS = {"headers": {"Accept-Encoding": "gzip"}}
LARGE = ["/metrics", "/api/v1/agents/", "/api/v1/mesh", "/api/v1/mesh?format=csv", "/api/v1/mtu", "/api/v1/mesh/grid", "/index.js"]


@pytest.fixture
def filled(server):
    for i in range(60):
        peers = [path(agent(j), **UP) for j in range(60) if j != i]
        sizes = [mtu(agent(j)) for j in range(60) if j != i]
        assert server.post(report(i, paths=peers, mtus=sizes)).status == 200
    return server


def curl(server, target, *flags):
    answer = subprocess.run(["curl", "-sS", "--include", *flags, f"http://127.0.0.1:{server.port}{target}"],
                            capture_output=True, check=True, timeout=20).stdout
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().lower(), body


@pytest.mark.parametrize("target", LARGE)
def test_curl_reads_what_is_compressed(filled, target):
    head, body = curl(filled, target, "--compressed")
    assert "\r\ncontent-encoding: gzip" in head and "\r\nvary: accept-encoding" in head
    plain_head, plain = curl(filled, target)
    assert "content-encoding" not in plain_head and "\r\nvary: accept-encoding" in plain_head
    if target == "/metrics":
        assert {line.split()[0] for line in body.decode().splitlines() if line[0] != "#"} == {
            line.split()[0] for line in plain.decode().splitlines() if line[0] != "#"}
    elif target.startswith("/api/v1/agents"):
        assert json.loads(body) == json.loads(plain)
    coded = filled.get(target, **ASKS)
    assert len(coded.body) < len(gzip.decompress(coded.body)) / 2


@pytest.mark.parametrize("codings", ["", "identity", "br, deflate", "gzip;q=0", "*;q=0", "identity, gzip;q=0.1"])
def test_leaves_alone_who_does_not_take_it(filled, codings):
    answer = filled.get("/metrics", headers={"Accept-Encoding": codings})
    assert "content-encoding" not in answer.headers and answer.headers["vary"] == "Accept-Encoding"


def test_leaves_small_answers_padding_and_events_alone(filled):
    for target in ("/healthz", "/api/v1/version", "/api/v1/ping?size=100000"):
        answer = filled.get(target, **ASKS)
        assert "content-encoding" not in answer.headers, target
        assert "vary" not in answer.headers, target
    assert len(filled.get("/api/v1/ping?size=100000", **ASKS).body) == 100_000
    events = filled.get("/api/v1/events", **ASKS)
    assert events.type == "text/event-stream" and "content-encoding" not in events.headers


def test_head_says_what_get_would(filled):
    answer = filled.request("HEAD", "/metrics", **ASKS)
    assert answer.headers["content-encoding"] == "gzip" and answer.body == b""


@pytest.mark.parametrize("target", ["/index.js", "/api/v1/mesh/grid"])
def test_who_has_it_is_told_no_length_and_what_it_goes_by(filled, target):
    etag = filled.get(target, **ASKS).headers["etag"]
    answer = filled.get(target, headers={"If-None-Match": etag, "Accept-Encoding": "gzip"})
    assert answer.status == 304 and answer.headers["vary"] == "Accept-Encoding"
    assert "content-length" not in answer.headers
    assert filled.get("/healthz").status == 200, "on the same connection"


def test_the_answer_with_the_key_is_not_compressed(server):
    """Its length would tell of the key to who chooses names beside it."""
    for i in range(50):
        server.post(report(i))
    answer = server.request("POST", f"/api/v1/agents/{agent(0)}", report(0), **ASKS)
    assert len(answer.body) > 1024 and "content-encoding" not in answer.headers


def test_many_who_ask_at_once_get_the_same(launch):
    server = launch("-db", "", "-threads", 2)
    for i in range(300):
        server.post(payload(f"agent-{i}", ips={"i": [f"{i}-{j}" for j in range(500)]}))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.get("/api/v1/agents/", **ASKS), range(32)))
    for answer in answers:
        assert len(json.loads(gzip.decompress(answer.body))) == 300


def test_prometheus_asks_for_it(filled, tmp_path):
    port = free_port()
    (tmp_path / "prometheus.yml").write_text(json.dumps({"scrape_configs": [
        {"job_name": "meshcheck", "scrape_interval": "1s",
         "static_configs": [{"targets": [f"127.0.0.1:{filled.port}"]}]}]}))
    own = 0

    def counts():
        """Bytes and requests, as of when these metrics were made: up to a second ago."""
        nonlocal own
        own += 1
        metrics = filled.metrics()
        return metrics["meshcheck_http_sent_bytes_total", ()], metrics["meshcheck_http_requests_total", ()]

    first = counts()
    with open(tmp_path / "log", "w") as log, subprocess.Popen(
            ["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log) as prometheus:
        try:
            query = ["curl", "-sS", f"http://127.0.0.1:{port}/api/v1/query?query=up"]
            wait_for(lambda: b'"1"]' in subprocess.run(query, capture_output=True, check=False).stdout,
                     "a scrape that went well")
        finally:
            prometheus.terminate()
    # What is kept for a second says what was before: one that differs from the read before is new, and
    # counts all our own reads before it, which are not compressed.
    kept = counts()
    last = wait_for(lambda: (read := counts())[1] > kept[1] and read, "newer metrics")
    plain = len(filled.get("/metrics").body)
    scrapes = last[1] - first[1] - (own - 1)
    assert scrapes >= 1
    sent = last[0] - first[0] - 1.1 * (own - 1) * plain
    assert sent < scrapes * plain / 3, (first, last, own, plain)


def test_compressing_costs_little(launch):
    """1,000 agents: doc/internals/performance.md has the figures."""
    server = launch("-db", "", "-threads", 1)
    for i in range(1000):
        server.post(payload(f"netchecker-agent-{i:05}", nodename=f"worker-{i}"))
    began = time.monotonic()
    coded = server.get("/metrics", **ASKS).body
    assert time.monotonic() - began < 2
    plain = gzip.decompress(coded)
    print(f"/metrics of 1,000 agents: {len(plain)} bytes, {len(coded)} in gzip")
    assert len(coded) < len(plain) / 8
