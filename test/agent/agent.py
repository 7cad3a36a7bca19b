"""An agent's process, and a sink on loopback that its reports go to."""

import http.server
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from waiting import eventually, late


BUILD = pathlib.Path(os.environ["MESHCHECK_BUILD"])
PROGRAMS = {
    "pod": BUILD / "agent" / "meshcheck-agent",
    "host": BUILD / "agent-hostnet" / "meshcheck-agent-hostnet",
}
# Reports come when they are due only: without the mesh, a gateway that answers no pings is no news.
ON_TIME = "-probeport=0"


class Sink:
    """Keeps every report with the time of its arrival; answers as `status` says, or not at all."""

    def __init__(self):
        self.status = 200
        self.text = b""
        self.location = None  # Where answers to reports send the agent.
        self.hang = threading.Event()  # Set: reports are read and not answered.
        self.reports = []
        self.questions = []  # Paths and headers of what was only asked for.
        self.errors = []  # When a connection failed, for tests that have it do so.
        self.changed = threading.Condition()
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with sink.changed:
                    sink.reports.append((time.monotonic(), self.path, dict(self.headers), body))
                    sink.changed.notify_all()
                eventually(lambda: not sink.hang.is_set(), 120)
                self.answer(sink.status, sink.text)

            def do_GET(self):
                sink.questions.append((self.path, dict(self.headers)))
                if self.path == "/slow":
                    late(0.12)  # The agent's clock for it begins a little later, and it cuts to milliseconds.
                    self.answer(200, b"x" * 10, pause=0.15)
                elif self.path == "/error":
                    self.answer(500, b"")
                elif self.path == "/redirect":
                    self.send_response(302)
                    self.send_header("Location", "/api/v1/ping")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self.answer(200, b"")

            def answer(self, status, body, pause=0.0):
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    if sink.location:
                        self.send_header("Location", sink.location)
                    self.end_headers()
                    self.wfile.write(body[:1])
                    self.wfile.flush()
                    late(pause)
                    self.wfile.write(body[1:])
                except OSError:
                    pass  # The agent has gone.

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def wait_for(self, count, timeout=10.0):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.reports) >= count, timeout), \
                "%d of %d reports came" % (len(self.reports), count)
            return list(self.reports)

    def close(self):
        self.hang.clear()
        self.server.shutdown()
        self.server.server_close()


class Agent:
    def __init__(self, layer, arguments, environment=None, wrapper=(), log=subprocess.PIPE):
        """`wrapper`: a command that executes the agent's, which follows it."""
        environment = {"MY_POD_NAME": "pod-1", "MY_NODE_NAME": "node-1"} \
            if environment is None else environment
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MY_")}
        self.process = subprocess.Popen(
            [*wrapper, str(PROGRAMS[layer]), *arguments], env={**inherited, **environment},
            stdout=subprocess.PIPE, stderr=log, text=True)

    def finish(self, timeout=20):
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def terminate(self, number=signal.SIGTERM):
        """The exit code, the seconds it took, and the log."""
        begin = time.monotonic()
        self.process.send_signal(number)
        code, _, err = self.finish()
        return code, time.monotonic() - begin, err


def run(*arguments, layer="pod", environment=None):
    return Agent(layer, list(arguments), environment).finish()


def refusing_endpoint():
    """A port that is taken and does not listen; kept by the returned socket."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken, "127.0.0.1:%d" % taken.getsockname()[1]
