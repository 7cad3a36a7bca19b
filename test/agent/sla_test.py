"""An agent's checks: real processes, against a receiver of POST /downtime on loopback."""

import http.server
import json
import pathlib
import threading
import time

import pytest

from agent import ON_TIME, run
from waiting import eventually, hold_for, wait_for

SECOND = 1_000_000_000
EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "sla" / "checks.yaml"


class Receiver:
    """Keeps every episode that was accepted, by group, probe and start; `status` answers."""

    def __init__(self, port=0):
        self.status = 200
        self.accepted = {}
        self.refused = 0
        self.headers = None
        self.changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/downtime":
                    receiver.take(json.loads(body), dict(self.headers))
                    status = receiver.status
                else:
                    status = 200  # A report.
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.endpoint = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, message, headers):
        with self.changed:
            self.headers = headers
            if self.status == 200:
                assert message["origin"] == "pod-1"
                for episode in message["episodes"]:
                    ref = episode["probeRef"]
                    self.accepted[ref["group"], ref["probe"], episode["ts"]] = episode
            else:
                self.refused += len(message["episodes"])
            self.changed.notify_all()

    def wait(self, condition, timeout):
        with self.changed:
            assert self.changed.wait_for(condition, timeout), self.accepted

    def episodes(self, group, probe):
        return [episode for (g, p, _), episode in sorted(self.accepted.items())
                if (g, p) == (group, probe)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def write(path, groups, **more):
    path.write_text(json.dumps({"groups": groups, **more}))
    return str(path)


def group(*probes, name="test", **more):
    return {"name": name, "agents": "all", "probes": list(probes), **more}


def is_dead(process):
    """Gone, or waiting for somebody to take its exit code."""
    status = pathlib.Path("/proc/%d/status" % process)
    def gone():
        try:
            return "State:\tZ" in status.read_text()
        except OSError:
            return True
    return eventually(gone)


def to_boundary(seconds):
    """Waits until half a minute ends in so many seconds, as the clock has it."""
    end = time.time() + (30 - time.time() % 30 - seconds) % 30
    wait_for(lambda: time.time() >= end, "the clock", 31)


def total(episode):
    return sum(episode[key] for key in ("success", "fail", "unknown", "nodata"))


def test_tells_how_long_a_target_was_down_and_goes_on_after_kill_nine(receiver, start, tmp_path):
    """One pass through two boundaries: down for some seconds; receiver away; agent killed."""
    target = Receiver()
    port = int(target.endpoint.split(":")[1])
    checks = write(tmp_path / "checks.yaml", [group(
        {"name": "web", "checker": "http", "period": "200ms", "timeout": "1s",
         "with": {"url": "http://%s/" % target.endpoint}},
        {"name": "shell", "checker": "command", "period": "1s", "timeout": "1s",
         "with": {"argv": ["true"]}})])
    arguments = [ON_TIME, "-serverendpoint", receiver.endpoint, "-sla", checks,
                 "-spool", str(tmp_path / "spool.db"), "-export-interval", "1s"]
    receiver.status = 503
    to_boundary(12)
    agent = start(*arguments)
    hold_for(3, lambda: agent.process.poll() is None, "running")
    target.close()
    hold_for(4, lambda: agent.process.poll() is None, "running")
    target = Receiver(port)
    receiver.wait(lambda: receiver.refused > 0, 15)  # Made, spooled and not accepted.
    agent.process.kill()
    agent.process.wait()
    receiver.status = 200
    start(*arguments)
    receiver.wait(lambda: len(receiver.accepted) == 3, 10)
    web, = receiver.episodes("test", "web")
    shell, = receiver.episodes("test", "shell")
    both, = receiver.episodes("test", "__total__")
    for episode in (web, shell, both):
        assert total(episode) == 30 * SECOND
    assert 3 * SECOND <= web["fail"] <= 5.5 * SECOND
    assert web["success"] >= 5 * SECOND
    assert web["fail"] == both["fail"] and web["nodata"] > 15 * SECOND
    assert shell["fail"] == 0 and shell["success"] >= 9 * SECOND
    assert 30 <= web["checks"] <= 65 and 0 < web["successes"] < web["checks"]
    assert "checks" not in both
    # The new process tells of its own time.
    receiver.wait(lambda: len(receiver.accepted) == 6, 45)
    later = receiver.episodes("test", "web")[1]
    assert later["fail"] == 0 and later["success"] > 20 * SECOND
    target.close()


@pytest.mark.parametrize("groups, error", [
    ([group({"name": "p", "checker": "tcp", "period": "1ms"})],
     "groups[0].probes[0].period: a time from 200ms to 5m is wanted"),
    ([{"name": "g", "probs": []}], "groups[0].probs: unknown key"),
])
def test_refuses_a_bad_file_with_the_place(tmp_path, groups, error):
    code, _, err = run("-sla", write(tmp_path / "checks.yaml", groups))
    assert code == 2
    assert "-sla: " in err and error in err


def test_refuses_a_checker_that_it_does_not_have(tmp_path):
    checks = write(tmp_path / "checks.yaml", [group({"name": "p", "checker": "pigeon"})])
    code, _, err = run(ON_TIME, "-serverendpoint", "127.0.0.1:1", "-sla", checks)
    assert code == 2
    assert "test/p: there is no checker pigeon" in err


def test_an_agent_without_a_rank_runs_what_all_run(sink, start, tmp_path):
    files = [tmp_path / "few", tmp_path / "all"]
    checks = write(tmp_path / "checks.yaml", [
        group({"name": "p", "checker": "command", "period": "200ms",
               "with": {"argv": ["touch", str(file)]}}, name=file.name, agents=agents)
        for file, agents in zip(files, (1, "all"))])
    start(ON_TIME, "-serverendpoint", sink.endpoint, "-sla", checks)
    wait_for(files[1].exists, "the checks that all run", 10)
    hold_for(0.5, lambda: not files[0].exists(), "only these")


def test_the_first_agent_runs_what_one_runs(sink, start, tmp_path):
    file = tmp_path / "ran"
    checks = write(tmp_path / "checks.yaml", [
        group({"name": "p", "checker": "command", "period": "200ms",
               "with": {"argv": ["touch", str(file)]}}, agents=1)])
    sink.text = b'{"schema":1,"revision":"1","rank":0}'
    start("-probeport=18872", "-serverendpoint", sink.endpoint, "-sla", checks)
    wait_for(file.exists, "the check to run", 10)


def test_takes_its_commands_along_when_it_is_stopped(sink, start, tmp_path):
    file = tmp_path / "pid"
    checks = write(tmp_path / "checks.yaml", [group(
        {"name": "p", "checker": "command", "period": "200ms", "timeout": "1m",
         "with": {"argv": ["sh", "-c", "trap '' TERM; echo $$ > %s; sleep 60; sleep 60" % file]}})])
    agent = start(ON_TIME, "-serverendpoint", sink.endpoint, "-sla", checks)
    wait_for(lambda: file.exists() and file.read_text(), "the command to start", 10)
    code, seconds, _ = agent.terminate()
    assert code == 0 and seconds < 3
    assert is_dead(int(file.read_text()))


def test_the_example_is_a_list_of_checks():
    """All but the checkers are looked at before anything else; a bad flag ends it after that."""
    code, _, err = run("-sla", str(EXAMPLE), "-once", "-serverendpoint", "127.0.0.1:1",
                       "-reportinterval", "2")
    assert code == 1 and "-sla" not in err, err
