"""smoke-mini as its probes see it: real instances on addresses of loopback, real sockets."""

import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from loopback import free_port, full_pipe
from waiting import wait_for

PROGRAM = pathlib.Path(os.environ["MESHCHECK_BUILD"]) / "smoke-mini" / "meshcheck-smoke-mini"


class Instance:
    """A process. `pod` is its name; without a port the kernel chooses one."""

    def __init__(self, *arguments, address="127.0.0.1", port=0, pod="smoke-mini-a-0", file_size=None):
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(("KUBE", "POD_", "HOSTNAME"))}
        environment |= {"POD_NAME": pod, "POD_NAMESPACE": "net"}

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

        self.address = address
        self.process = subprocess.Popen(
            [PROGRAM, f"-endpoint={address}:{port}", *arguments], env=environment, text=True,
            stderr=subprocess.PIPE, preexec_fn=limit if file_size else None)
        line = self.process.stderr.readline()
        found = re.search(r'endpoint=\S*:(\d+)', line.replace('"', ""))
        assert found, line
        self.port = int(found[1])

    def ask(self, path, method="GET"):
        """The status, and the answer's JSON or its text."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=20)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        if answer.headers["Content-Type"] == "application/json":
            return answer.status, json.loads(body) if body else None
        return answer.status, body


class Fake:
    """A server on loopback that answers by path: a status and an object. None: never."""

    def __init__(self, answers):
        self.asked = []
        self.ended = threading.Event()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                fake.asked.append((self.path, self.headers["Authorization"]))
                status, body = answers.get(self.path.split("?")[0], (404, {}))
                if status is None:
                    fake.ended.wait(20)
                    return
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def start():
    made = []

    def start_one(*arguments, **options):
        made.append(Instance(*arguments, **options))
        return made[-1]

    yield start_one
    for instance in made:
        if instance.process.poll() is None:
            instance.process.kill()
        instance.process.communicate()


@pytest.fixture
def fake():
    made = []

    def start_one(answers):
        made.append(Fake(answers))
        return made[-1]

    yield start_one
    for one in made:
        one.close()


def kubeconfig(directory, url):
    path = directory / "kubeconfig"
    path.write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "secret"}}]}))
    return f"-kubeconfig={path}"


def failed(answer, part, status=500):
    assert answer[0] == status, answer
    assert answer[1]["status"] == "failed", answer
    assert part in answer[1]["reason"], answer
    return answer[1]["seconds"]


def well(answer):
    assert answer[0] == 200 and answer[1]["status"] == "ok" and "reason" not in answer[1], answer
    assert 0 <= answer[1]["seconds"] < 5, answer


def test_answers_what_needs_nothing(start):
    instance = start()
    assert instance.ask("/") == (200, "ok")
    assert instance.ask("/", "HEAD") == (200, "")
    failed(instance.ask("/error"), "asked for")
    well(instance.ask("/ready"))
    assert instance.ask("/nothing")[0] == 404
    assert instance.ask("/", "POST")[0] == 405


def test_looks_names_up(start):
    well(start("-dns-name=localhost").ask("/dns"))
    instance = start("-dns-name=nowhere.invalid")
    assert failed(instance.ask("/dns"), "") < 2.5
    assert instance.ask("/dns", "HEAD") == (500, None)


def test_tries_the_disk(start, tmp_path):
    well(start(f"-disk={tmp_path}").ask("/disk"))
    assert not list(tmp_path.iterdir()), "the file is deleted"
    failed(start(f"-disk={tmp_path}/missing").ask("/disk"), "No such file")


def test_finds_a_disk_on_which_nothing_fits(start, tmp_path):
    instance = start(f"-disk={tmp_path}", file_size=1000)
    for _ in range(2):
        failed(instance.ask("/disk"), "File too large")
    assert not list(tmp_path.iterdir()), "what was written is deleted"
    assert instance.ask("/") == (200, "ok")


def test_answers_all_who_ask_at_once(start, tmp_path):
    instance = start(f"-disk={tmp_path}")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for answer in pool.map(instance.ask, ["/disk"] * 40):
            well(answer)


def test_asks_for_its_own_pod(start, fake, tmp_path):
    answers = {"/api/v1/namespaces/net/pods/smoke-mini-a-0": (200, {"kind": "Pod"})}
    api = fake(answers)
    instance = start(kubeconfig(tmp_path, api.url))
    well(instance.ask("/api"))
    assert api.asked[0][1] == "Bearer secret"
    answers.clear()
    failed(instance.ask("/api"), "(404)")
    failed(start().ask("/api"), "KUBE")


def test_asks_prometheus_and_looks_at_its_answer(start, fake):
    good = {"status": "success", "data": {"result": [{"value": [1, "1"]}]}}
    answers = {"/api/v1/query": (200, good)}
    prometheus = fake(answers)
    instance = start(f"-prometheus-url={prometheus.url}/")
    well(instance.ask("/prometheus"))
    assert prometheus.asked[0][0] == "/api/v1/query?query=vector%281%29"
    answers["/api/v1/query"] = (500, good)
    failed(instance.ask("/prometheus"), "500")
    answers["/api/v1/query"] = (200, {"status": "error"})
    failed(instance.ask("/prometheus"), "no success")
    failed(start().ask("/prometheus"), "-prometheus-url")


def group(start, count=5, more=()):
    """Instances on 127.0.1.1, 127.0.1.2, ..., all on one port, each with the others as neighbours."""
    with socket.socket() as probe:
        probe.bind(("127.0.1.1", 0))
        port = probe.getsockname()[1]
    addresses = [f"127.0.1.{number}" for number in range(1, count + 1)]
    neighbors = ",".join(f"{address}:{port}" for address in addresses)
    return [start(f"-neighbors={neighbors}", "-timeout=1", *more, address=address, port=port, pod=address)
            for address in addresses]


def test_asks_its_neighbours(start):
    first, *others = group(start)
    well(first.ask("/neighbor"))
    for number, instance in enumerate(others, 1):
        instance.process.kill()
        instance.process.wait()
        if number <= 2:
            well(first.ask("/neighbor"))
        else:
            failed(first.ask("/neighbor"), "neighbors failed, such as http://127.0.1.")


def test_does_not_wait_for_two_silent_neighbours(start):
    first, second, third, *_ = group(start)
    for instance in (second, third):
        instance.process.send_signal(signal.SIGSTOP)
    well(first.ask("/neighbor"))
    _[0].process.send_signal(signal.SIGSTOP)
    assert 0.7 < failed(first.ask("/neighbor"), "3 of 4 neighbors failed") < 1.1


def test_asks_as_many_as_it_has_neighbours_by_the_service(start, fake):
    service = start(address="127.0.1.9")
    first = start("-neighbors=smoke-mini-a,b,c,d,e", f"-service=127.0.1.9:{service.port}")
    well(first.ask("/neighbor-via-service"))
    service.process.kill()
    service.process.wait()
    failed(first.ask("/neighbor-via-service"), "3 of 4 neighbors failed")
    # What answers something else is no neighbour.
    other = fake({"/": (200, "ok")})
    second = start("-neighbors=smoke-mini-a,b,c,d,e", f"-service={other.url}/")
    failed(second.ask("/neighbor-via-service"), "neighbors failed")
    failed(start().ask("/neighbor-via-service"), "nobody to ask")


def test_bounds_how_long_and_how_many(start, fake):
    silent = fake({"/api/v1/query": (None, None)})
    instance = start(f"-prometheus-url={silent.url}", "-timeout=0.7", "-runs-max=2")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        two = [pool.submit(instance.ask, "/prometheus") for _ in range(2)]
        wait_for(lambda: len(silent.asked) == 2, "both questions")
        failed(instance.ask("/dns"), "too many", status=503)
        assert instance.ask("/") == (200, "ok")
        for one in two:
            assert 0.6 < failed(one.result(), "") < 1.2


def test_says_that_it_ends_before_it_does(start):
    instance = start("-grace=0.6")
    began = time.monotonic()
    instance.process.terminate()
    wait_for(lambda: instance.ask("/ready")[0] != 200, "it to be about to end")
    failed(instance.ask("/ready"), "about to end")
    assert instance.ask("/") == (200, "ok"), "it still works"
    assert instance.process.wait(10) == 0
    assert time.monotonic() - began > 0.55


def test_ends_at_once_when_it_is_told_twice(start):
    instance = start("-grace=60")
    instance.process.terminate()
    wait_for(lambda: instance.ask("/ready")[0] != 200, "it to be about to end")
    instance.process.terminate()
    assert instance.process.wait(10) == 0


def test_explains_its_flags():
    shown = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    for flag in ("-endpoint", "-timeout", "-dns-name", "-disk", "-neighbors", "-service",
                 "-prometheus-url", "-v", "-grace"):
        assert f"{flag}" in shown
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    assert re.search(r"\d+\.\d+\.\d+", version.stdout)
    wrong = subprocess.run([PROGRAM, "-endpoint=here"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "-endpoint" in wrong.stderr


def test_a_log_that_nobody_reads_stops_no_answer():
    log, writer = full_pipe()
    port = free_port()
    process = subprocess.Popen([PROGRAM, f"-endpoint=127.0.0.1:{port}"], stderr=writer)
    os.close(writer)

    def answers():
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        return False
    with log:
        try:
            wait_for(answers, "an answer")
            assert log.read(4096) == b"x" * 4096
            assert b"event=listening" in log.read(4096)
        finally:
            process.kill()
            process.wait()
