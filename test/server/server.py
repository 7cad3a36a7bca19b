"""The server as its users meet it: a process, a port, a log, a database file."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess

from waiting import PATIENCE, wait_for


PROGRAM = pathlib.Path(os.environ["MESHCHECK_BUILD"]) / "server" / "meshcheck-server"
ROOT = pathlib.Path(__file__).resolve().parents[2]

OLD_KEYS = ["report_interval", "nodename", "podname", "hostdate", "uptime", "last_updated",
            "nslookup", "network_probes", "ips"]
FAIL_MESSAGE = ("Connectivity check fails. Reason: there are absent or outdated pods; "
                "look up the payload")
# Paths: where rights are asked for, and what everybody may.
READS = ["/metrics", "/api/v1/mesh/grid", "/api/v1/agents/", "/api/v1/agents/x", "/api/v1/connectivity_check",
         "/api/v1/mesh", "/api/v1/events", "/api/v1/verdicts", "/api/v1/version", "/nothing"]
PAGE = ["/", "/index.js", "/libraries.js", "/status", "/status.js", "/style.css", "/licences.txt"]
OPEN = [*PAGE, "/healthz", "/readyz", "/api/v1/ping"]
UNKNOWN_AGENT = b"There is no such entry in the agent cache\n"


def success_message(agents):
    return f"All {agents} pods successfully reported back to the server"


def run(*flags, patience=PATIENCE, cwd=None):
    """The program until it ends by itself: for what never starts to listen."""
    return subprocess.run([PROGRAM, *flags], capture_output=True, text=True, timeout=patience,
                          cwd=cwd, check=False)


def payload(name="test", **changes):
    """Fixture A of netchecker's tests, under any name."""
    report = {
        "report_interval": 5, "nodename": "test-node", "podname": name,
        "hostdate": "2026-11-21T01:32:23.444961774Z", "uptime": 65536,
        "nslookup": {"netchecker-service": ["10.0.0.1"]},
        "ips": {"eth0": ["10.1.1.1/24", "fe80::1/64"], "lo": ["127.0.0.1/8"]},
        "network_probes": [probe()],
    }
    return report | changes


def probe(url="http://0.0.0.0:8081", **changes):
    return {"URL": url, "ConnectionResult": 1, "HTTPCode": 200, "Total": 50, "ContentTransfer": 1,
            "TCPConnection": 0, "DNSLookup": 0, "Connect": 0, "ServerProcessing": 0} | changes


def compact(value):
    """JSON as Go's encoding/json prints it, for text without special characters."""
    return json.dumps(value, separators=(",", ":"))


def record_text(report):
    """What the server gives back for `report`, with an X for last_updated."""
    return compact({key: "X" if key == "last_updated" else report.get(key) for key in OLD_KEYS})


def without_times(text):
    """Replaces the server's own times, the one part of an answer that a test cannot know."""
    text = text.decode() if isinstance(text, bytes) else text
    time_pattern = r'"last_updated":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"'
    return re.sub(time_pattern, '"last_updated":"X"', text)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        # A stream of events has no end.
        self.body = b"" if self.type == "text/event-stream" else response.read()

    @property
    def type(self):
        return self.headers.get("content-type")

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


def parse_metrics(text):
    """(name, sorted labels) -> value; a series that is there twice is an error."""
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r'([a-z_0-9]+)(?:\{(.*)\})? (\S+)', line)
        assert match, line
        labels = re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', match[2] or "")
        key = (match[1], tuple(sorted(labels)))
        assert key not in samples, f"twice: {line}"
        samples[key] = float(match[3])
    return samples


class Server:
    """One data directory and the process that serves from it; may be started again and again."""

    def __init__(self, directory, *flags):
        self.directory = pathlib.Path(directory)
        self.flags = [str(flag) for flag in flags]
        self.log_path = self.directory / "stderr.log"
        self.database = self.directory / "meshcheck.db"
        self.process = None
        self.port = None

    def start(self):
        flags = list(self.flags)
        given = {flag.lstrip("-").split("=")[0] for flag in flags}
        if not given & {"endpoint", "config"}:
            flags += ["-endpoint", "127.0.0.1:0"]
        if not given & {"db", "config"}:
            flags += ["-db", str(self.database)]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([PROGRAM, *flags], cwd=self.directory,
                                            stdout=subprocess.DEVNULL, stderr=log)
        self.port = wait_for(self._listening_port, "the log line that names the port")
        return self

    def _listening_port(self):
        match = re.search(r"event=listening endpoint=\S+:(\d+) ", self.log)
        assert match or self.process.poll() is None, f"ended early: {self.log}"
        return int(match[1]) if match else None

    @property
    def log(self):
        return self.log_path.read_text()

    def wait_log(self, pattern):
        return wait_for(lambda: re.search(pattern, self.log), f"/{pattern}/ in the log")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, patience=PATIENCE):
        """Ends it as Kubernetes does, and returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(patience)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            if isinstance(body, dict):
                body = compact(body)
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())

    def get(self, path, **arguments):
        return self.request("GET", path, **arguments)

    def raw(self, data, half_close=False):
        """Sends bytes as they are and returns all that comes until the server closes."""
        with self.connect() as connection:
            with contextlib.suppress(ConnectionError):  # Refused before all was sent.
                connection.sendall(data)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(65536):
                    answer += chunk
            return answer

    def post(self, body, name=None):
        """A report; `body` is a dict, or a name to use fixture A."""
        if isinstance(body, str):
            body = payload(body)
        return self.request("POST", f"/api/v1/agents/{name or body['podname']}", body)

    def agents(self):
        return self.get("/api/v1/agents/").json()

    def check(self):
        return self.get("/api/v1/connectivity_check")

    def metrics(self):
        answer = self.get("/metrics")
        assert answer.status == 200
        return parse_metrics(answer.text)

    def metric(self, name, **labels):
        return self.metrics().get((name, tuple(sorted(labels.items()))))

    def ncagent(self):
        return {key: value for key, value in self.metrics().items() if key[0].startswith("ncagent")}
