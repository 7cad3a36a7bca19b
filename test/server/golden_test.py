"""What netchecker's server answered, byte for byte, as far as we keep it; doc/start/netchecker.md lists
where we do not."""

import datetime
import json
import re
import sqlite3
import urllib.parse
from typing import Any, NamedTuple

import pytest

from server import (FAIL_MESSAGE, UNKNOWN_AGENT, compact, payload, probe, record_text, run, success_message,
                    without_times)
from waiting import wait_for

# A report as netchecker's agent v1.2 sent it, and what its server made of it.
CAPTURED = (
    '{"report_interval":2,"nodename":"","podname":"p","hostdate":"2026-11-21T01:32:23.444961774Z",'
    '"uptime":675,"nslookup":{"127.0.0.1":["127.0.0.1"]},'
    '"ips":{"eth0":["192.0.2.2/24","fd00::2/64"],"lo":["127.0.0.1/8","::1/128"]},'
    '"network_probes":[{"URL":"http://127.0.0.1:18181/api/v1/ping","ConnectionResult":1,'
    '"HTTPCode":200,"Total":9223372036854,"ContentTransfer":9223372036854,"TCPConnection":0,'
    '"DNSLookup":0,"Connect":0,"ServerProcessing":1}],"zero_extender":[0,0,0]}')
CAPTURED_RECORD = (
    '{"report_interval":2,"nodename":"","podname":"p","hostdate":"2026-11-21T01:32:23.444961774Z",'
    '"uptime":675,"last_updated":"X","nslookup":{"127.0.0.1":["127.0.0.1"]},'
    '"network_probes":[{"URL":"http://127.0.0.1:18181/api/v1/ping","ConnectionResult":1,'
    '"HTTPCode":200,"Total":9223372036854,"ContentTransfer":9223372036854,"TCPConnection":0,'
    '"DNSLookup":0,"Connect":0,"ServerProcessing":1}],'
    '"ips":{"eth0":["192.0.2.2/24","fd00::2/64"],"lo":["127.0.0.1/8","::1/128"]}}')
DETAILS = "Error while unmarshaling data. Details: "

PODS = ["agent-pod", "agent-pod-hostnet"]
A = payload("test")


class Row(NamedTuple):
    """One test of netchecker's own: what is there before, what is asked, what comes back."""
    name: str
    method: str
    path: str
    status: int
    answer: Any  # The whole body, times replaced; or a pattern that stands in it.
    reports: list = []
    inventory: list = None
    ages: dict = {}  # Seconds since the last report, where not now.
    body: Any = None
    agents: list = None  # Who is held afterwards.


TABLE = [
    Row("TestUpdateAgents", "POST", "/api/v1/agents/test", 200, "", body=A, agents=["test"]),
    Row("TestUpdateAgentsFailedUnmarshal", "POST", "/api/v1/agents/test", 400,
        re.compile("^Error while unmarshaling data."), body="some text", agents=[]),
    Row("TestGetAgents", "GET", "/api/v1/agents/", 200, '{"test":' + record_text(A) + "}",
        reports=[A]),
    Row("TestGetSingleAgent", "GET", "/api/v1/agents/test", 200, record_text(A), reports=[A]),
    Row("TestGetSingleAgentCleanCache", "GET", "/api/v1/agents/test", 404, UNKNOWN_AGENT.decode(),
        reports=[A, payload("test-pod")], ages={"test": 0, "test-pod": 0}, inventory=PODS,
        agents=[]),
    Row("TestConnectivityCheckSuccess", "GET", "/api/v1/connectivity_check", 200,
        compact({"Message": success_message(2), "Absent": None, "Outdated": None}),
        reports=[payload(name) for name in PODS], inventory=PODS),
    Row("TestMetricsGetSuccess", "GET", "/metrics", 200,
        re.compile(r'ncagent_report_count_total\{agent="test-node-private_network"\} 1\n'),
        reports=[A]),
    Row("TestConnectivityCheckFail", "GET", "/api/v1/connectivity_check", 400,
        compact({"Message": FAIL_MESSAGE, "Absent": ["agent-pod"],
                 "Outdated": ["agent-pod-hostnet"]}),
        reports=[payload("agent-pod-hostnet")], ages={"agent-pod-hostnet": 11}, inventory=PODS),
]


def age_reports(server, ages):
    """Stops the server, makes reports older in its database, and starts it again."""
    server.stop()
    with sqlite3.connect(server.database) as database:
        for name, age in ages.items():
            then = datetime.datetime.utcnow() - datetime.timedelta(seconds=age)
            (text,) = database.execute("SELECT record FROM agent WHERE name = ?", (name,)).fetchone()
            record = json.loads(text) | {"last_updated": then.isoformat() + "Z"}
            database.execute("UPDATE agent SET record = ? WHERE name = ?", (compact(record), name))
    database.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_answers_as_netcheckers_own_tests_want(launch, tmp_path, row):
    inventory = tmp_path / "inventory.yaml"
    if row.inventory:
        inventory.write_text(compact({"agents": row.inventory}))
    server = launch(*(["-inventory", inventory] if row.inventory and not row.ages else []))
    for report in row.reports:
        assert server.post(report).status == 200
    if row.ages:
        age_reports(server, row.ages)
        server.flags += ["-inventory", str(inventory)]
        server.start()
    answer = server.request(row.method, row.path, row.body)
    assert answer.status == row.status
    if isinstance(row.answer, re.Pattern):
        assert row.answer.search(answer.text)
    else:
        assert without_times(answer.text) == row.answer
    if row.agents is not None:
        assert list(server.agents()) == row.agents
    if row.name == "TestUpdateAgents":
        assert without_times(server.get("/api/v1/agents/test").text) == record_text(A)


def test_update_agents_fail_read_body(server):
    """TestUpdateAgentsFailReadBody: a body that ends early is no report."""
    head = b"POST /api/v1/agents/test HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n"
    assert server.raw(head + compact(A).encode(), half_close=True) == b""
    assert server.agents() == {} and server.ncagent() == {}


def test_connectivity_check_fail_due_error(tmp_path):
    """TestConnectivityCheckFailDueError: who is expected cannot be found out. We say so at start."""
    ended = run("-db", "", "-endpoint", "127.0.0.1:0", "-inventory", tmp_path / "none.yaml")
    assert ended.returncode == 1
    assert f"inventory {tmp_path}/none.yaml: No such file" in ended.stderr


def test_e2e_connectivity_check_should_pass(launch, tmp_path):
    """netchecker's end to end test, and the contract of kubespray's test case 040. (TestSendInfo and
    the uptimer's tests are the agent's: agent and test/agent.)"""
    inventory = tmp_path / "inventory.yaml"
    names = [f"netchecker-agent{kind}-{node}" for node in range(3) for kind in ("", "-hostnet")]
    inventory.write_text(compact({"agents": names}))
    server = launch("--kubeproxyinit=false", "--logtostderr", "--v=5", "-inventory", inventory)
    assert server.get("/api/v1/agents/").body == b"{}"
    for name in names:
        assert server.post(payload(name, report_interval=10)).status <= 200
    answer = server.get("/api/v1/agents/")
    assert answer.status == 200 and answer.text.startswith("{") and len(answer.json()) == 2 * 3
    assert sorted(answer.json()) == sorted(names)
    check = server.check()
    assert check.status == 200 and check.text.startswith("{")
    assert not check.json()["Absent"] and not check.json()["Outdated"]


def test_takes_a_captured_report_and_gives_it_back_in_the_old_order(server):
    assert server.request("POST", "/api/v1/agents/p", CAPTURED).status == 200
    answer = server.get("/api/v1/agents/p")
    assert without_times(answer.text) == CAPTURED_RECORD
    assert answer.type == "application/json"
    assert without_times(server.get("/api/v1/agents/").text) == '{"p":' + CAPTURED_RECORD + "}"


@pytest.mark.parametrize("change", [str.upper, str.title, str.swapcase], ids=lambda f: f.__name__)
def test_takes_keys_in_any_letter_case(server, change):
    body = re.sub(r'"([A-Za-z_]+)":(?!\["[\d:])', lambda key: change(key[0]), CAPTURED)
    assert body != CAPTURED
    assert server.request("POST", "/api/v1/agents/p", body).status == 200
    record = without_times(server.get("/api/v1/agents/p").text)
    assert record.lower() == CAPTURED_RECORD.lower()
    assert list(json.loads(record)) == list(json.loads(CAPTURED_RECORD))


def test_answers_reports_and_pings_with_an_empty_body(server):
    for answer in (server.post("test"), server.get("/api/v1/ping")):
        assert answer.status == 200 and answer.body == b""
        assert answer.headers["content-length"] == "0" and answer.type is None


@pytest.mark.parametrize("body, details", [
    ("some text", "invalid character 's' looking for beginning of value"),
    ("", "unexpected end of JSON input"),
    ("  ", "unexpected end of JSON input"),
    ('{"report_interval":"5"}', "json: cannot unmarshal string into Go struct field "
                                "AgentSpec.report_interval of type int"),
    ('{"report_interval":5.5}', "json: cannot unmarshal number 5.5 into Go struct field "
                                "AgentSpec.report_interval of type int"),
    ('{"uptime":-1}', "json: cannot unmarshal number -1 into Go struct field "
                      "AgentSpec.uptime of type uint64"),
    (compact(A) + " trailing", "invalid character 't' after top-level value"),
    (compact(A)[:-1], "unexpected end of JSON input"),
])
def test_says_what_is_wrong_in_the_old_words(server, body, details):
    answer = server.request("POST", "/api/v1/agents/test", body)
    assert (answer.status, answer.text) == (400, DETAILS + details + "\n")
    assert answer.type == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert server.agents() == {} and server.ncagent() == {}, "a malformed report is not a report"


def test_knows_no_unknown_agent(server):
    for method in ("GET", "DELETE"):
        answer = server.request(method, "/api/v1/agents/nobody")
        assert (answer.status, answer.body) == (404, UNKNOWN_AGENT)


@pytest.mark.parametrize("value", ["a<b>&c", "tab\tline\nquote\"back\\", "\u2028\u2029", "ünï→😀",
                                   "\b\f\u007f\u0001"])
def test_escapes_text_as_go_does(server, value):
    escaped = json.dumps(value, ensure_ascii=False)
    for plain, go in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"),
                      ("\u2029", "\\u2029"), ("\\b", "\\u0008"), ("\\f", "\\u000c")):
        escaped = escaped.replace(plain, go)
    body = payload("test", ips={"i": [value]}, network_probes=[probe(value)])
    assert server.post(body).status == 200
    text = server.get("/api/v1/agents/test").text
    assert f'"ips":{{"i":[{escaped}]}}' in text and f'{{"URL":{escaped},' in text


def test_prints_absent_values_as_go_does(server):
    body = {"podname": "p", "report_interval": 1, "ips": {"b": [], "a": None}, "unknown": 1}
    assert server.post(body).status == 200
    assert without_times(server.get("/api/v1/agents/p").text) == (
        '{"report_interval":1,"nodename":"","podname":"p","hostdate":"0001-01-01T00:00:00Z",'
        '"uptime":0,"last_updated":"X","nslookup":null,"network_probes":null,'
        '"ips":{"a":null,"b":[]}}')


def test_ignores_the_content_type_of_a_report(server):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = server.request("POST", "/api/v1/agents/test", A, {"Content-Type": content_type})
        assert answer.status == 200


def test_sorts_the_agents_by_name(server):
    for name in ("b", "a.10", "a", "B", "a-1"):
        assert server.post(name).status == 200
    assert list(server.agents()) == ["B", "a", "a-1", "a.10", "b"]


def test_keeps_our_own_key_behind_the_old_ones(server):
    mesh = {"schema": 1, "layer": "pod", "links": [{"name": "eth0", "mtu": 1450}]}
    assert server.post(payload("test", mesh=mesh)).status == 200
    text = without_times(server.get("/api/v1/agents/test").text)
    assert text == record_text(A)[:-1] + ',"mesh":' + compact(mesh) + "}"
    assert server.post(payload("test", mesh=None)).status == 200
    assert without_times(server.get("/api/v1/agents/test").text) == record_text(A)


def test_expects_nobody_and_says_so(server):
    answer = server.check()
    assert answer.status == 400 and answer.type == "application/json"
    assert answer.json()["Message"].startswith("Connectivity check fails. Reason: no agents are "
                                               "expected")
    assert list(answer.json()) == ["Message", "Absent", "Outdated"]


AGENT_METHODS = {"POST", "GET", "HEAD", "DELETE", "OPTIONS"}
READ_METHODS = {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("method, path, allowed", [
    ("PUT", "/api/v1/agents/a", AGENT_METHODS), ("PATCH", "/api/v1/agents/a", AGENT_METHODS),
    ("POST", "/api/v1/agents/", READ_METHODS), ("POST", "/api/v1/ping", READ_METHODS),
    ("DELETE", "/metrics", READ_METHODS), ("PUT", "/api/v1/connectivity_check", READ_METHODS),
    ("TRACE", "/", READ_METHODS),
])
def test_names_the_methods_it_knows(server, method, path, allowed):
    answer = server.request(method, path)
    assert (answer.status, answer.text) == (405, "Method Not Allowed\n")
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.headers["allow"].endswith(", OPTIONS")
    assert answer.headers["x-content-type-options"] == "nosniff"
    options = server.request("OPTIONS", path)
    assert (options.status, options.body) == (200, b"")
    assert options.headers["allow"] == answer.headers["allow"]


@pytest.mark.parametrize("method, path, status, target", [
    ("GET", "/api/v1/agents", 301, "/api/v1/agents/"),
    ("GET", "/api/v1/ping/", 301, "/api/v1/ping"),
    ("GET", "/API/V1/PING", 301, "/api/v1/ping"),
    ("GET", "//api//v1/ping", 301, "/api/v1/ping"),
    ("HEAD", "/api/v1/ping/", 301, "/api/v1/ping"),
    ("GET", "/Metrics/?x=1", 301, "/metrics?x=1"),
    ("POST", "/api/v1/agents/test/", 307, "/api/v1/agents/test"),
    ("POST", "/API/v1/agents/Te%20st", 307, "/api/v1/agents/Te%20st"),
    ("POST", "/api/v1/agents", 307, "/api/v1/agents/"),
])
def test_redirects_to_the_right_path(server, method, path, status, target):
    answer = server.request(method, path)
    location = answer.headers.get("location")
    assert answer.status == status and not location.startswith("/")
    base = "http://h" + path  # urljoin takes what follows two slashes for a host.
    assert urllib.parse.urljoin(base, location) == "http://h" + target
    assert server.get(target if method != "HEAD" else "/").status < 500


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/agents/a%2Fb", "/api/v2/ping", "/api", "*"])
def test_says_404_in_the_old_words(server, path):
    answer = server.get(path)
    assert (answer.status, answer.text) == (404, "404 page not found\n")
    assert answer.type == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/api/v1/ping", "/api/v1/agents/", "/api/v1/agents/test",
                                  "/api/v1/connectivity_check", "/healthz", "/nothing"])
def test_answers_head_as_get_without_the_body(server, path):
    server.post("test")
    get, head = server.get(path), server.request("HEAD", path)
    assert head.body == b"" and head.status == get.status
    assert ({**head.headers, "date": ""}) == ({**get.headers, "date": ""})


HELP = {
    "report_count_total": "Total number of reports (keepalive messages) from the agent.",
    "error_count_total": "Total number of errors (keepalive miss count) for the agent.",
    "http_probe_connection_result": "Connection result: 0 - error, 1 - success",
    "http_probe_code": "HTTP status code.",
    "http_probe_total_time_ms": "The total duration of http request.",
    "http_probe_content_transfer_time_ms":
        "The duration of content transfer, from the first response byte till the end (in ms).",
    "http_probe_tcp_connection_time_ms": "TCP establishing time in ms.",
    "http_probe_dns_lookup_time_ms": "DNS lookup time in ms.",
    "http_probe_connect_time_ms": "Connection time in ms",
    "http_probe_server_processing_time_ms": "Server processing time in ms.",
}


def test_shows_the_old_metrics(server):
    private = (("agent", "n-private_network"),)
    server.post(payload("a", nodename="n", network_probes=[]))
    assert server.ncagent() == {("ncagent_report_count_total", private): 1,
                                ("ncagent_error_count_total", private): 0}
    values = {"ConnectionResult": 1, "HTTPCode": 204, "Total": 9223372036854, "ContentTransfer": 2,
              "TCPConnection": 3, "DNSLookup": 4, "Connect": 7, "ServerProcessing": 5}
    server.post(payload("a", nodename="n", network_probes=[probe("http://u/", **values)]))
    server.post(payload("a-hostnet-1", nodename="n", network_probes=[]))
    text = server.get("/metrics").text
    for name, help_text in HELP.items():
        kind = "counter" if name.endswith("count_total") else "gauge"
        assert f"# HELP ncagent_{name} {help_text}\n# TYPE ncagent_{name} {kind}\n" in text
    metrics = server.ncagent()
    assert metrics[("ncagent_report_count_total", private)] == 2
    assert metrics[("ncagent_report_count_total", (("agent", "n-host_network"),))] == 1
    gauges = {name: metrics[(f"ncagent_http_probe_{name}", private + (("url", "http://u/"),))]
              for name in ("connection_result", "code", "total_time_ms", "content_transfer_time_ms",
                           "tcp_connection_time_ms", "dns_lookup_time_ms", "connect_time_ms",
                           "server_processing_time_ms")}
    assert list(gauges.values()) == list(values.values())


def test_counts_missed_reports_from_the_second_on(launch):
    server = launch("-db", "", "-check-interval", 1)
    server.post(payload("a", report_interval=1))
    label = {"agent": "test-node-private_network"}
    assert server.metric("ncagent_error_count_total", **label) == 0
    wait_for(lambda: server.metric("ncagent_error_count_total", **label) >= 2, "two errors")


def test_shows_one_sample_of_a_url_that_is_probed_twice(server):
    server.post(payload("a", network_probes=[probe("u", Total=1), probe("u", Total=2)]))
    assert server.metric("ncagent_http_probe_total_time_ms", agent="test-node-private_network",
                         url="u") == 2
    assert len(server.agents()["a"]["network_probes"]) == 2
