"""Who may report and read."""

import base64
import contextlib
import http.client
import http.server
import json
import signal
import socket
import struct
import threading

import pytest

from mesh_report import report as mesh_report
from server import OPEN, READS, compact, payload, run
from waiting import PATIENCE, wait_for

REPORT_TOKEN = "report-token-of-the-test"
READ_TOKEN = "read-token-of-the-test-1"


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


def post(server, name, token=None, **arguments):
    headers = bearer(token)["headers"] if token else {}
    return server.request("POST", f"/api/v1/agents/{name}", payload(name), headers=headers,
                          **arguments)


@pytest.fixture
def tokens(tmp_path):
    (tmp_path / "report").write_text(REPORT_TOKEN + "\n")
    (tmp_path / "read").write_text(f"  {READ_TOKEN}\n\n")
    return tmp_path


def test_reports_need_the_token(launch, tokens):
    server = launch("-report-token-file", tokens / "report", "-v", 5)
    assert post(server, "good", REPORT_TOKEN).status == 200
    for token in [None, "wrong", REPORT_TOKEN + "x", REPORT_TOKEN[:-1] + "x", READ_TOKEN]:
        answer = post(server, "bad", token)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer", token
        assert "token" in answer.text
    basic = {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}
    assert server.request("POST", "/api/v1/agents/bad", payload("bad"),
                          headers=basic).status == 401
    lower = {"authorization": "bearer   " + REPORT_TOKEN}
    assert server.request("POST", "/api/v1/agents/good", payload("good"),
                          headers=lower).status == 200
    assert [agent for agent in server.agents()] == ["good"], "nothing of the refused is stored"
    assert server.metric("meshcheck_reports_total") == 2
    assert server.metric("meshcheck_auth_refused_total", reason="no_token") == 1
    assert server.metric("meshcheck_auth_refused_total", reason="bad_token") == 5
    assert server.log.count("request refused; others within a minute") == 1
    assert server.log.count('event="request refused"') == 5
    assert "-token-of" not in server.log, "no secret in the log"


def test_one_connection_goes_on_after_a_refusal(launch, tokens):
    server = launch("-report-token-file", tokens / "report")
    body = compact(payload("a"))
    head = f"POST /api/v1/agents/a HTTP/1.1\r\nHost: s\r\nContent-Length: {len(body)}\r\n"
    good = head + f"Authorization: Bearer {REPORT_TOKEN}\r\n"
    answer = server.raw((head + "\r\n" + body + good + "Connection: close\r\n\r\n" + body).encode())
    assert answer.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
    assert b"HTTP/1.1 200 OK\r\n" in answer


def test_old_agents_may_report_without_a_token_but_get_no_key(launch, tokens):
    server = launch("-report-token-file", tokens / "report", "-accept-unauthenticated-reports")
    assert post(server, "old").status == 200
    assert post(server, "old", "wrong-token-wrong-token").status == 401
    body = mesh_report(0)
    path = f"/api/v1/agents/{body['podname']}"
    assert server.request("POST", path, body).body == b""
    assert "key" in server.request("POST", path, body, **bearer(REPORT_TOKEN)).json()
    assert server.metric("meshcheck_auth_unauthenticated_reports_total") == 2


def test_reading_and_deleting_need_the_token(launch, tokens):
    server = launch("-read-token-file", tokens / "read")
    assert post(server, "x").status == 200
    for path in READS:
        assert server.get(path).status == 401, path
        assert server.request("HEAD", path).body == b""
        assert server.get(path, **bearer(REPORT_TOKEN)).status == 401, path
        expected = {"/nothing": 404}.get(path, 200)
        assert server.get(path, **bearer(READ_TOKEN)).status == expected, path
    for path in OPEN:
        assert server.get(path).status == 200, path
    for path in ["//metrics", "/METRICS", "/api/v1/agents//x", "/healthz/../metrics", "/%6detrics"]:
        assert server.get(path).status == 401, path
    assert server.request("DELETE", "/api/v1/agents/x").status == 401
    assert server.request("POST", "/api/v1/agents/", "{}").status == 401
    assert server.request("OPTIONS", "/metrics").status == 401
    assert server.request("DELETE", "/api/v1/agents/x", **bearer(READ_TOKEN)).status == 204


def test_where_reports_need_a_token_not_everybody_deletes(launch, tokens):
    server = launch("-report-token-file", tokens / "report")
    assert post(server, "x", REPORT_TOKEN).status == 200
    answer = server.request("DELETE", "/api/v1/agents/x")
    assert (answer.status, answer.body) == (403, b"Nobody may, without -read-auth.\n")
    assert server.get("/api/v1/agents/x").status == 200
    assert server.request("OPTIONS", "/metrics").status == 200


def test_one_file_may_be_for_both(launch, tokens):
    server = launch("-read-token-file", tokens / "read", "-report-token-file", tokens / "read")
    assert post(server, "x", READ_TOKEN).status == 200
    assert server.get("/metrics", **bearer(READ_TOKEN)).status == 200


def test_tokens_are_read_again(launch, tokens):
    server = launch("-report-token-file", tokens / "report")
    for token in ["the-second-token", "the-third-token-"]:
        new = tokens / "new"
        new.write_text(token)
        new.rename(tokens / "report")
        server.signal(signal.SIGHUP)
        wait_for(lambda token=token: post(server, "a", token).status == 200, token)
        assert post(server, "a", REPORT_TOKEN).status == 401
    (tokens / "report").unlink()
    server.signal(signal.SIGHUP)
    server.wait_log("credentials cannot be read; those before stay in force")
    server.signal(signal.SIGHUP)
    wait_for(lambda: server.metric("meshcheck_auth_reload_failures_total") >= 2)
    assert server.log.count("cannot be read") == 1
    assert post(server, "a", "the-third-token-").status == 200
    (tokens / "report").write_text("short")
    server.signal(signal.SIGHUP)
    server.wait_log("at least 16 bytes")
    (tokens / "report").write_text(REPORT_TOKEN)  # It looks by itself, every ten seconds.
    wait_for(lambda: post(server, "a", REPORT_TOKEN).status == 200)


@pytest.mark.parametrize("flags, code, text", [
    (["-report-auth", "token"], 2, "-report-auth token needs a token: pass -report-token-file"),
    (["-read-auth", "token"], 2, "-read-auth token needs a token: pass -read-token-file"),
    (["-report-auth", "none", "-report-token-file", "f"], 2, "-report-token-file has no effect"),
    (["-read-auth", "kubernetes", "-read-token-file", "f"], 2, "-read-token-file has no effect"),
    (["-report-auth", "maybe"], 2, "-report-auth"),
    (["-report-auth", "kubernetes", "-token-audience", ""], 2, "-token-audience"),
    (["-accept-unauthenticated-reports"], 2, "-accept-unauthenticated-reports"),
    (["-tls-cert", "f"], 2, "-tls-cert needs its key: pass -tls-key FILE"),
    (["-tls-key", "f"], 2, "-tls-key needs a certificate: pass -tls-cert FILE"),
    (["-tls-client-ca", "f"], 2, "-tls-client-ca needs TLS: pass -tls-cert FILE and -tls-key"),
    (["-tls-cert", "absent", "-tls-key", "f"], 1, "-tls-cert: read absent: No such file"),
    (["-report-token-file", "absent"], 1, "-report-token-file: open absent: No such file"),
    (["-read-token-file", "short"], 1, "-read-token-file: short: a token has at least 16 bytes"),
    (["-report-auth", "kubernetes"], 1, "pass -kubeconfig FILE"),
    (["-read-auth", "kubernetes", "-kubeconfig", "absent"], 1, "kubeconfig absent"),
])
def test_what_cannot_work_is_said_at_the_start(tmp_path, flags, code, text):
    (tmp_path / "short").write_text("123456789012345")
    ended = run("-endpoint", "127.0.0.1:0", "-db", "", *flags, cwd=tmp_path)
    assert ended.returncode == code, ended.stderr
    assert text in ended.stderr


class Api(http.server.ThreadingHTTPServer):
    """What a Kubernetes API says of tokens; `users` and `allowed` are the test's."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ApiHandler)
        self.users = {}
        self.allowed = set()
        self.reviews = []
        self.status = 201
        self.go_on = threading.Event()
        self.go_on.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def add_pod(self, token, pod, namespace="net", audience="meshcheck"):
        self.users[token] = (audience, {
            "username": f"system:serviceaccount:{namespace}:agent", "uid": "u",
            "groups": ["system:serviceaccounts"],
            "extra": {"authentication.kubernetes.io/pod-name": [pod],
                      "authentication.kubernetes.io/pod-uid": [f"uid-{pod}"]} if pod else {}})

    def answer(self, spec):
        if "token" not in spec:
            attributes = spec["nonResourceAttributes"]
            question = (spec["user"], attributes["verb"], attributes["path"])
            return {"allowed": question in self.allowed, "reason": "the test says so"}
        audience, user = self.users.get(spec["token"], (None, None))
        asked = spec.get("audiences", ["api"])
        if user is None or audience not in asked:
            return {"error": "invalid bearer token"}
        return {"authenticated": True, "user": user, "audiences": asked}


class ApiHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.reviews.append((review["kind"], review["spec"]))
        self.server.go_on.wait(PATIENCE)
        status = self.server.status
        answer = {"status": self.server.answer(review["spec"])} if status == 201 else {
            "kind": "Status", "message": "the test forbids it"}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(tmp_path):
    api = Api()
    port = api.server_address[1]
    (tmp_path / "kubeconfig").write_text(f"""
apiVersion: v1
kind: Config
current-context: c
contexts: [{{name: c, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: u, user: {{token: our-own-token}}}}]
""")
    api.flags = ["-kubeconfig", tmp_path / "kubeconfig", "-agent-namespace=net"]
    yield api
    api.go_on.set()
    api.shutdown()
    api.server_close()


def test_pods_report_for_themselves(launch, api):
    server = launch("-report-auth", "kubernetes", *api.flags)
    api.add_pod("token-a", "a")
    api.add_pod("token-of-nobody", None)
    api.add_pod("token-for-others", "a", audience="others")
    assert post(server, "a", "token-a").status == 200
    answer = post(server, "b", "token-a")
    assert answer.status == 403 and "is of pod a" in answer.text
    answer = post(server, "b", "token-of-nobody")
    assert answer.status == 403 and "is of no pod" in answer.text
    for token in [None, "made-up", "token-for-others"]:
        answer = post(server, "a2", token)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer", token
    assert [agent for agent in server.agents()] == ["a"]
    asked = [spec["token"] for kind, spec in api.reviews]
    assert asked == ["token-a", "token-of-nobody", "made-up", "token-for-others"]
    assert post(server, "a", "token-a").status == 200
    assert len(api.reviews) == len(asked), "what is known is not asked again"
    assert server.metric("meshcheck_auth_reviews_total") == 4
    assert server.metric("meshcheck_auth_cache_entries") == 4
    assert server.metric("meshcheck_auth_refused_total", reason="other_pod") == 2


def test_many_reports_with_one_token_are_one_question(launch, api):
    server = launch("-report-auth", "kubernetes", "-threads", 1, *api.flags)
    api.add_pod("token-a", "a")
    api.go_on.clear()
    body = compact(payload("a"))
    request = (f"POST /api/v1/agents/a HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer token-a\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(10)]
        for connection in connections[:9]:
            connection.sendall(request + request)
        connections[9].sendall(request)
        wait_for(lambda: server.metric("meshcheck_http_parked_requests") == 10)
        # With RST: who only says FIN may still read.
        connections[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connections.pop().close()
        wait_for(lambda: server.metric("meshcheck_http_parked_requests") == 9)
        api.go_on.set()
        for connection in connections:
            answers = b""
            while answers.count(b"200 OK") < 2:
                answers += connection.recv(65536)
    assert len(api.reviews) == 1


def test_without_an_answer_nobody_is_let_in(launch, api):
    server = launch("-report-auth", "kubernetes", *api.flags)
    api.add_pod("token-a", "a")
    api.status = 403
    answer = post(server, "a", "token-a")
    assert answer.status == 503 and "tokenreviews" in answer.text and "missing" in answer.text
    api.status = 500
    assert post(server, "a", "token-a").status == 503
    api.status = 201
    assert post(server, "a", "token-a").status == 200, "a failure is not remembered"
    api.shutdown()
    api.server_close()
    api.add_pod("token-b", "b")
    answer = post(server, "b", "token-b")
    assert answer.status == 503 and "the Kubernetes API cannot be reached" in answer.text
    assert post(server, "a", "token-a").status == 200, "a verdict is"
    assert [agent for agent in server.agents()] == ["a"]
    assert server.metric("meshcheck_auth_refused_total", reason="not_answered") == 3
    assert server.metric("meshcheck_auth_reviews_failed_total") == 3


def test_it_stops_while_requests_wait(launch, api):
    server = launch("-report-auth", "kubernetes", *api.flags)
    api.go_on.clear()
    body = compact(payload("a"))
    with server.connect() as connection:
        connection.sendall((f"POST /api/v1/agents/a HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer t\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        wait_for(lambda: api.reviews)
        server.signal(signal.SIGTERM)
        assert connection.recv(65536).startswith(b"HTTP/1.1 503 ")
    assert server.process.wait(PATIENCE) == 0


def test_readers_may_what_kubernetes_lets_them(launch, api):
    server = launch("-read-auth", "kubernetes", *api.flags)
    assert post(server, "a").status == 200, "reports are another matter"
    api.users["token-ann"] = ("api", {"username": "ann", "groups": ["people"]})
    api.add_pod("token-a", "a")
    api.allowed = {("ann", "get", "/metrics"), ("ann", "delete", "/meshcheck/api/v1/agents/a")}
    for _ in range(2):
        assert server.get("/metrics", **bearer("token-ann")).status == 200
        answer = server.get("/api/v1/agents/", **bearer("token-ann"))
        assert answer.status == 403
        assert answer.text == "ann may not get /meshcheck/api/v1/agents/: the test says so\n"
    assert len(api.reviews) == 3, "one of the token, one for each path"
    assert "audiences" not in api.reviews[0][1]
    assert server.request("HEAD", "/metrics", **bearer("token-ann")).status == 200
    assert server.get("/metrics", **bearer("token-a")).status == 401, "for another audience"
    assert server.get("/metrics").status == 401
    assert server.get("/healthz").status == 200
    assert server.request("DELETE", "/api/v1/agents/a", **bearer("token-ann")).status == 204
    api.status = 500
    assert server.get("/api/v1/verdicts", **bearer("token-ann")).status == 503
