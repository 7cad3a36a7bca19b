"""doc/reference/openapi.yaml says what the server does: neither more nor less."""

import re
import time

import jsonschema
import pytest
import yaml

from mesh_report import DOWN, UP, agent, mtu, path, report
from server import PAGE, ROOT, payload
from waiting import wait_for

DOCUMENT = yaml.safe_load((ROOT / "doc" / "reference" / "openapi.yaml").read_text())
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"]


def resolve(node):
    """Follows $ref, and turns OpenAPI 3.0's `nullable` into JSON Schema's own way."""
    if isinstance(node, list):
        return [resolve(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return resolve(target)
    node = {key: resolve(value) for key, value in node.items()}
    if node.pop("nullable", False) and "type" in node:
        node["type"] = [node["type"], "null"]
    return node


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


def at(path):
    return re.sub(r"\{\w+\}", "test", path)


def check_answer(operation, answer):
    """The status is documented, and headers, type and body are as the document has them."""
    documented = operation["responses"]
    assert str(answer.status) in documented, answer
    response = resolve(documented[str(answer.status)])
    for name, header in response.get("headers", {}).items():
        jsonschema.validate(answer.headers[name.lower()], header["schema"])
    if "content" not in response or (response.get("x-may-be-empty") and not answer.body):
        assert answer.body == b"" and answer.type is None
        return
    plain_type = answer.type.split(";")[0]
    ((content_type, content),) = [item for item in response["content"].items()
                                  if item[0] in (answer.type, plain_type)]
    body = answer.json() if plain_type == "application/json" else answer.text
    jsonschema.validate(body, content["schema"], jsonschema.Draft7Validator)


DOWNTIME = {"startDate": "2026-11-21T12:00:00Z", "endDate": 1795269600, "type": "Maintenance",
            "description": "new disks", "affected": ["synthetic"], "name": "disks"}
EPISODES = {"origin": "7d2d90cf", "episodes": [
    {"probeRef": {"group": "synthetic", "probe": "dns"}, "success": 29_000_000_000,
     "ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() // 30 * 30 - 60)),
     "fail": 1_000_000_000, "unknown": 0, "nodata": 0, "checks": 6, "successes": 5}]}

# Each operation's answers: (flags, what was done before, body) -> expected status.
CASES = [
    ("listAgents", [], [], None, 200),
    ("listAgents", [], ["test", "other"], None, 200),
    ("postReport", [], [], payload("test"), 200),
    ("postReport", [], [], {"podname": "test", "report_interval": 1, "mesh": {"x": [1]}}, 200),
    ("postReport", [], [], report(0) | {"podname": "test"}, 200),
    ("postReport", [], [], "nonsense", 400),
    ("postReport", [], [], payload("test", report_interval=0), 400),
    ("postReport", ["-inventory", "{inventory}"], [], payload("test"), 403),
    ("postReport", ["-report-token-file", "{token}"], [], payload("test"), 401),
    ("postReport", ["-agents-max", "1"], ["other"], payload("test"), 503),
    ("getAgent", [], ["test"], None, 200),
    ("getAgent", [], [], None, 404),
    ("getAgentPaths", [], [], None, 404),
    ("getMesh", [], [], None, 200),
    ("getMtu", [], [], None, 200),
    ("deleteAgent", [], ["test"], None, 204),
    ("deleteAgent", [], [], None, 404),
    ("checkConnectivity", [], ["test"], None, 200),
    ("checkConnectivity", [], [], None, 400),
    ("checkConnectivity", ["-inventory", "{inventory}"], [], None, 400),
    ("ping", [], [], None, 200),
    ("getVerdicts", [], ["test"], None, 200),
    ("getVersion", [], [], None, 200),
    ("getVersion", ["-dashboard-url", "https://grafana.example/d/meshcheck"], [], None, 200),
    ("getMetrics", [], ["test"], None, 200),
    ("getHealth", [], [], None, 200),
    ("getReadiness", [], [], None, 200),
    ("getPage", [], ["test"], None, 200),
    ("getStatusPage", [], [], None, 200),
    ("getMeshGrid", [], [], None, 200),
    ("postEpisodes", [], [], EPISODES, 200),
    ("postEpisodes", [], [], "nonsense", 400),
    ("listProbes", [], [], None, 200),
    ("getStatusRange", [], [], None, 400),
    ("getPublicStatus", [], [], None, 200),
    ("getSla", [], [], None, 200),
    ("listDowntimes", [], [], None, 200),
    ("postDowntime", [], [], DOWNTIME, 201),
    ("postDowntime", [], [], {}, 400),
    ("putDowntime", [], [], DOWNTIME, 200),
    ("putDowntime", [], [], {}, 400),
    ("deleteDowntime", [], [], None, 404),
    ("deleteProbe", [], [], None, 404),
]


@pytest.mark.parametrize("name, flags, before, body, status", CASES,
                         ids=[f"{case[0]}-{case[4]}-{i}" for i, case in enumerate(CASES)])
def test_answers_as_described(launch, tmp_path, name, flags, before, body, status):
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text("agents: [expected]")
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    server = launch("-db", "", *[flag.format(inventory=inventory, token=token) for flag in flags])
    for agent in before:
        assert server.post(agent).status == 200
    ((method, path, operation),) = [o for o in operations() if o[2]["operationId"] == name]
    answer = server.request(method, at(path), body, headers={"Content-Type": "application/json"})
    assert answer.status == status
    check_answer(operation, answer)


def operation_of(name):
    ((_, path_, operation),) = [o for o in operations() if o[2]["operationId"] == name]
    return path_, operation


def test_shows_paths_as_described(server):
    """Each state, an agent without answers, both formats, and a query that is wrong."""
    never = path("10.0.0.9", relation="target", probe="tcp", state="down", answer_ms=None)
    rows = [path(agent(1), **UP), path(agent(2), **DOWN), path("10.0.0.1", state="unknown"), never,
            path("name", relation="target", probe="dns", family="", **(UP | {"state": "degraded"}))]
    sizes = [mtu(agent(1), ("black_hole", 1400), too_big=(1400, "fd00::9", 5)),
             mtu(agent(2)), mtu("10.0.0.1", ("unknown", None), ("unknown", None))]
    server.post(report(0, paths=rows, mtus=sizes))
    server.post(report(1))
    for layer in ("pod", "host"):  # An overlay and what is below.
        server.post(report(3, layer, paths=[path(agent(4, layer), **UP)],
                           mtus=[mtu(agent(4, layer))]))
        server.post(report(4, layer))
    mtus, operation = operation_of("getMtu")
    shown = server.get(mtus).json()
    assert shown["total"] == 5 and shown["summary"]
    assert sum(one["overlay"] is not None for one in shown["paths"]) == 1
    for query in ("", "?format=csv", "?class=x"):
        check_answer(operation, server.get(mtus + query))
    ping, operation = operation_of("ping")
    for query in ("?size=3000", "?size=x"):
        check_answer(operation, server.get(ping + query))
    server.request("DELETE", f"/api/v1/agents/{agent(3)}")
    server.request("DELETE", f"/api/v1/agents/{agent(3, 'host')}")
    mesh, operation = operation_of("getMesh")
    assert server.get(mesh).json()["total"] == len(rows)
    for query in ("", "?format=csv", "?layer=x"):
        check_answer(operation, server.get(mesh + query))
    paths, operation = operation_of("getAgentPaths")
    for query in ("", "?layer=pod"):
        check_answer(operation, server.get(paths.replace("{name}", agent(0)) + query))


def test_shows_the_sla_as_described(server):
    json_type = {"Content-Type": "application/json"}
    assert server.request("POST", "/downtime", EPISODES, headers=json_type).status == 200
    put, operation = operation_of("putDowntime")
    check_answer(operation, server.request("PUT", at(put), DOWNTIME))
    post, operation = operation_of("postDowntime")
    check_answer(operation, server.request("POST", post, DOWNTIME))
    now = int(time.time())
    lasting = DOWNTIME | {"startDate": now - 7200, "endDate": now + 7200}
    assert server.request("PUT", at(put), lasting, headers=json_type).status == 200
    for name, queries in {
            "listProbes": [""], "getPublicStatus": ["", "?peek=1", "?x=1"],
            "listDowntimes": ["", "?x=1"], "getEvents": ["?x=1", "?cells=x"],
            "getStatusRange": [f"?group=synthetic&probe=dns&to={now}"],
            "getSla": ["", "?format=csv", "?mute=none", "?step=x"]}.items():
        path, operation = operation_of(name)
        for query in queries:
            check_answer(operation, server.get(path + query))
    delete, operation = operation_of("deleteDowntime")
    check_answer(operation, server.request("DELETE", at(delete)))
    delete, operation = operation_of("deleteProbe")
    for group, probe in (("synthetic", "dns"), ("synthetic", "a b")):
        ref = delete.replace("{group}", group).replace("{probe}", probe.replace(" ", "%20"))
        check_answer(operation, server.request("DELETE", ref))


def test_names_agents_whose_padding_is_lost_as_described(server):
    server.post(report(0, mesh={"padding": {"requested": 1500, "delivered": 0, "lost_ms": 9000,
                                            "stage": "answer"}}))
    check, operation = operation_of("checkConnectivity")
    answer = server.get(check)
    assert answer.json()["Unpadded"] == [agent(0)]
    check_answer(operation, answer)


def test_says_stopping_while_it_drains(launch):
    """The one answer that only a connection sees which was busy when the server was told to stop."""
    server = launch("-db", "")
    with server.connect() as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: s\r\n")
        wait_for(lambda: server.metric("meshcheck_http_connections") == 2, "it is in a request")
        server.process.terminate()
        server.wait_log("event=stopping")
        connection.sendall(b"\r\n")
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"\r\n\r\nstopping\n")
    assert server.process.wait(20) == 0


@pytest.mark.parametrize("name", ["getPage", "getStatusPage", "getMeshGrid"])
def test_sends_nothing_to_those_who_have_it(server, name):
    ((_, path, operation),) = [o for o in operations() if o[2]["operationId"] == name]
    etag = server.get(path).headers["etag"]
    answer = server.get(path, headers={"If-None-Match": etag})
    assert answer.status == 304
    check_answer(operation, answer)
    if name == "getMeshGrid":
        refused = server.get(path + "?layer=both")
        assert refused.status == 400
        check_answer(operation, refused)


def test_orders_pings_as_described(server):
    json_type = {"Content-Type": "application/json"}
    for number in (0, 1):
        server.post(report(number, mesh={"pings": []}))
    server.post(report(2))
    pings, operation = operation_of("postPing")
    wish = '{"from":"node0","to":"node1"}'
    statuses = [server.request("POST", pings, body, headers=headers) for body, headers in (
        (wish, json_type), ("{}", json_type), (wish, {}), (wish.replace("node1", "node9"), json_type),
        ('{"from":"node2","to":"node1"}', json_type), *[(wish, json_type)] * 4)]
    for answer in statuses:
        check_answer(operation, answer)
    assert [answer.status for answer in statuses] == [202, 400, 415, 404, 409, 202, 202, 202, 503]
    one, operation = operation_of("getPing")
    at_one = one.replace("{id}", str(statuses[0].json()["id"]))
    for path, status in ((at_one, 200), (at_one + "?x=1", 400), (one.replace("{id}", "1"), 404)):
        answer = server.get(path)
        check_answer(operation, answer)
        assert answer.status == status
    _, operation = operation_of("listPings")
    for query, status in (("", 200), ("?x=1", 400)):
        answer = server.get(pings + query)
        check_answer(operation, answer)
        assert answer.status == status


def test_tries_every_documented_status():
    documented = {(operation["operationId"], int(status)) for _, _, operation in operations()
                  for status in operation["responses"]}
    tried = {(case[0], case[4]) for case in CASES} | {
        ("getReadiness", 503), ("getMesh", 400), ("getMtu", 400), ("ping", 400),
        ("getAgentPaths", 200), ("getAgentPaths", 400), ("getVerdicts", 400), ("getEvents", 200),
        ("getEvents", 400), ("getPublicStatus", 400), ("listDowntimes", 400),
        ("getStatusRange", 200), ("getSla", 400), ("deleteDowntime", 204),
        ("getPage", 304), ("getStatusPage", 304), ("getMeshGrid", 304), ("getMeshGrid", 400),
        ("getMeshGrid", 404), ("getVerdicts", 404), ("getHistory", 200), ("getHistory", 400),
        ("deleteProbe", 204), ("deleteProbe", 400), ("postDowntime", 415), ("putDowntime", 415),
        *[("postPing", status) for status in (202, 400, 404, 409, 415, 503)],
        ("getPing", 200), ("getPing", 400), ("getPing", 404), ("listPings", 200), ("listPings", 400),
        *[("getVerdictPaths", status) for status in (200, 400, 404)],  # By history_test.py.
        ("postEpisodes", 503)}  # The last one by sla_test.py, with a full disk.
    assert tried == documented


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_knows_no_other_method(server, path):
    documented = {method for method, other, _ in operations() if other == path}
    documented |= {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
    allow = server.request("OPTIONS", at(path)).headers["allow"].split(", ")
    assert set(allow) == documented and len(allow) == len(documented)
    for method in METHODS:
        answer = server.request(method, at(path), "" if method == "POST" else None)
        assert (answer.status == 405) == (method not in documented), method


def test_lists_the_routes_that_the_server_has(server):
    source = (ROOT / "server" / "api.cc").read_text()
    added = re.findall(r'router_\.add\(\s*Method::k(\w+),\s*"([^"]+)"', source)
    # The files of the page are added by a loop; the document has those that people open.
    assert len(added) == source.count("router_.add(") - 1, "a route is written in another way"
    assert {(method.upper(), path) for method, path in added} | {("GET", "/"), ("GET", "/status")} == {
        (method, path) for method, path, _ in operations()}
    for path in PAGE:
        assert server.get(path).status == 200, path
    for path in ("/api/v1/", "/api", "/api/v1/agents/test/x", "/debug/pprof/", "/api/v2/agents/"):
        assert server.request("OPTIONS", path).status == 404


def examples(node, where="#"):
    """Every schema with an example in the document, and the example."""
    if isinstance(node, dict):
        if "example" in node:
            yield where, node.get("schema", node), node["example"]
        for key, value in node.items():
            yield from examples(value, f"{where}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from examples(value, f"{where}/{i}")


@pytest.mark.parametrize("schema, example", [
    pytest.param(schema, example, id=where) for where, schema, example in examples(DOCUMENT)])
def test_gives_right_examples(schema, example):
    jsonschema.validate(example, resolve(schema), jsonschema.Draft7Validator)


def test_gives_an_example_of_a_report_that_the_server_takes(server):
    operation = DOCUMENT["paths"]["/api/v1/agents/{name}"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert server.post(example).status == 200
    record = server.get(f"/api/v1/agents/{example['podname']}").json()
    shown = DOCUMENT["components"]["schemas"]["Record"]
    assert record | {"last_updated": 0} == shown["example"] | {"last_updated": 0}
    assert list(record) == list(shown["properties"])[:-1] == list(shown["example"])
