"""kill -9 of the server and of agents, again and again, while episodes are posted: what was answered with 200 is known
afterwards, and nothing is counted twice.

Between agents and server stands a relay that notes each message that the server has acknowledged. Besides real agents,
which post a message each half minute, some posters send episodes of the past hours as fast as they are taken, each
again and again until it is acknowledged. At the end what the server says of each five minutes is compared with
what the model makes of the notes.

    MESHCHECK_KILLS=200 python3 -m pytest -s test/sla/crash_test.py
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import urllib.request

import pytest

from loopback import free_port
from model import EPISODE, NANOSECONDS, Ledger, episode, timestamp_of
from waiting import hold_for, looks, wait_for

BUILD = pathlib.Path(os.environ["MESHCHECK_BUILD"])
SERVER = BUILD / "server" / "meshcheck-server"
AGENT = BUILD / "agent" / "meshcheck-agent"
KILLS = int(os.environ.get("MESHCHECK_KILLS", "15"))
SEED = int(os.environ.get("MESHCHECK_SEED", random.randrange(1 << 30)))
POSTERS, AGENTS, PROBES = 3, 3, 4
PATIENCE = 30.0


class Relay:
    """Passes all on to the server and keeps what it acknowledged."""

    def __init__(self, server_port):
        self.ledger = Ledger()
        self.acknowledged = 0
        self.lock = threading.Lock()
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(*relay.pass_on(self.path, body, server_port))

            def do_GET(self):
                self.answer(200, b"ok\n")

            def answer(self, status, body):
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # The agent was killed.

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = "127.0.0.1:%d" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def pass_on(self, path, body, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            return 503, b"the server is away\n"
        finally:
            connection.close()
        if path == "/downtime" and answer.status == 200:
            with self.lock:
                self.ledger.add(json.loads(body))
                self.acknowledged += 1
        return answer.status, text


class Poster(threading.Thread):
    """Posts episodes of the past, each until it is acknowledged."""

    def __init__(self, number, relay, newest):
        super().__init__(daemon=True)
        self.relay, self.origin = relay, f"poster-{number}"
        self.random = random.Random(SEED + number)
        self.newest, self.stopping = newest, threading.Event()

    def run(self):
        slot = 0
        while not self.stopping.is_set() and slot < 2000:
            slot += 1
            start = self.newest - slot * EPISODE
            message = {"origin": self.origin, "episodes": [
                episode("load", f"probe-{probe}", start, self.times()) for probe in range(PROBES)]}
            body = json.dumps(message).encode()
            # Also what was acknowledged goes again now and then: it must change nothing.
            for _ in range(1 + self.random.randrange(2)):
                self.until_acknowledged(body)

    def times(self):
        left, parts = EPISODE * 1000, []
        for _ in range(3):
            parts.append(self.random.randrange(left + 1))
            left -= parts[-1]
        self.random.shuffle(parts)
        return tuple(parts)

    def until_acknowledged(self, body):
        host, _, port = self.relay.endpoint.partition(":")
        for _ in looks():
            connection = http.client.HTTPConnection(host, int(port), timeout=15)
            try:
                connection.request("POST", "/downtime", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    return
                assert answer.status == 503, (answer.status, text)
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()


class Program:
    """A process that is killed and started again."""

    def __init__(self, *command, log, **environment):
        self.command, self.log = [str(word) for word in command], log
        self.environment = {**os.environ, **environment}
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment)

    def kill(self):
        assert self.process.poll() is None, f"it ended by itself: {self.log.read_text()[-2000:]}"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)


def ask(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.loads(answer.read())


def wait_for_server(port):
    def answers():
        with contextlib.suppress(OSError):
            ask(port, "/api/probe")
            return True
    wait_for(answers, "the server to answer", PATIENCE)


def all_run(programs):
    return all(program.process.poll() is None for program in programs)


def rollups_of(port, ref, begin, end):
    """What the server says of each five minutes of which it knows anything."""
    group, probe = ref
    told = ask(port, f"/api/status/range?from={begin}&to={end}&step=300&group={group}&probe={probe}")
    rollups = {}
    for summary in told["statuses"][group][probe]:
        times = tuple(summary[key] / NANOSECONDS for key in ("up", "down", "unknown"))
        if summary["ts"] >= 0 and any(times):
            rollups[summary["ts"]] = times
    return rollups


@pytest.mark.skipif(not SERVER.is_file(), reason=f"not built: {SERVER}")
def test_what_was_acknowledged_survives_and_counts_once(tmp_path):
    draw = random.Random(SEED)
    print(f"seed {SEED}, {KILLS} kills")
    began = int(time.time())
    port = free_port()
    server = Program(SERVER, "-endpoint", f"127.0.0.1:{port}", "-db", tmp_path / "server.db", log=tmp_path / "server.log")
    relay = Relay(port)
    checks = tmp_path / "checks.yaml"
    checks.write_text("groups:\n  - name: real\n    agents: all\n    probes:\n"
                      f"      - {{name: relay, checker: http, period: 200ms, timeout: 1s, with: {{url: 'http://{relay.endpoint}/'}}}}\n")
    wait_for_server(port)
    agents = [Program(AGENT, "-serverendpoint", relay.endpoint, "-reportinterval=5", "-probeport=0", f"-sla={checks}",
                      f"-spool={tmp_path}/spool-{number}.db", "-export-interval=1s", log=tmp_path / f"agent-{number}.log",
                      MY_POD_NAME=f"agent-{number}", MY_NODE_NAME=f"node-{number}") for number in range(AGENTS)]
    # Behind what real agents tell, so that both have their own rollups.
    posters = [Poster(number, relay, began - began % EPISODE - 10 * EPISODE) for number in range(POSTERS)]
    for poster in posters:
        poster.start()
    killed_servers = 0
    for _ in range(KILLS):
        hold_for(draw.uniform(0.05, 1.0), lambda: all_run([server, *agents]), "all running")
        victim = server if draw.random() < 0.7 else draw.choice(agents)
        victim.kill()
        hold_for(draw.uniform(0.0, 0.2), lambda: all_run({server, *agents} - {victim}), "the others running")
        victim.start()
        if victim is server:
            killed_servers += 1
            wait_for_server(port)
    for poster in posters:
        poster.stopping.set()
    for poster in posters:
        poster.join(PATIENCE)
        assert not poster.is_alive()
    # The agents' episode of now has to end, and to be sent.
    hold_for(EPISODE - time.time() % EPISODE + 3, lambda: all_run(agents), "all agents running")
    for agent in agents:
        agent.stop()
    server.kill()
    server.start()
    wait_for_server(port)
    end = int(time.time())
    compared = 0
    for ref in relay.ledger.episodes:
        expected = relay.ledger.rollups(ref)
        assert rollups_of(port, ref, min(expected), end) == expected, (ref, timestamp_of(min(expected)))
        compared += len(expected)
    assert ("real", "relay") in relay.ledger.episodes and compared > 4 * PROBES
    server.stop()
    print(f"{killed_servers} kills of the server, {KILLS - killed_servers} of agents; {relay.acknowledged} messages "
          f"acknowledged, {compared} rollups compared, all as they should be")
