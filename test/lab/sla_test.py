"""An outage as the SLA tells it: a probe's target is away for a measured time, with the server killed and an agent killed -9
during it, and a node cut off afterwards; range, public status, availability and counters say the same, and a Downtime
mutes it.

The server stays away for MESHCHECK_SERVER_AWAY seconds (40; ten minutes by hand).
"""

import json
import os
import signal
import time

import pytest

from lab import Lab
from mesh import NOT_BUILT, SERVER, Mesh
from waiting import eventually, hold_for

OUTAGE = 47.0  # Seconds.
SERVER_AWAY = float(os.environ.get("MESHCHECK_SERVER_AWAY", "40"))
CUT_OFF = 12.0
TOLERANCE = 1.0  # A check each 200 ms sees both ends of it.
MILLISECONDS, NANOSECONDS = 1e3, 1e9
KILLED, UNPLUGGED = 1, 2

CHECKS = """
groups:
  - name: lab
    agents: all
    probes:
      - {name: target, checker: http, period: 200ms, timeout: 1s, with: {url: 'http://netchecker-service:9000/'}}
      - {name: other, checker: tcp, period: 1s, timeout: 1s, with: {address: 'netchecker-service:8081'}}
"""

TARGET = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", 9000), Handler).serve_forever()
"""

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


class Target:
    def __init__(self, lab):
        self.lab = lab
        self.start()

    def start(self):
        self.process = self.lab.popen("server", "python3", "-c", TARGET)
        assert eventually(self.answers, 10)

    def answers(self):
        return self.lab.exec("server", "curl", "-s", "--max-time", "1", "http://127.0.0.1:9000/").returncode == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)


def stay(mesh, seconds):
    """Nothing else happens, to the agents least of all."""
    hold_for(max(0.0, seconds), lambda: all(agent.poll() is None for agent in mesh.agents.values()), "all agents running")


def rest_of_episode(mesh):
    """Until the one of now has been told for sure."""
    stay(mesh, 34 - time.time() % 30)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sla")
    with Lab(nodes=3) as lab:
        (folder / "checks.yaml").write_text(CHECKS)
        target = Target(lab)
        mesh = Mesh(lab, folder, pod_options=[f"-sla={folder}/checks.yaml", f"-spool={folder}/{{name}}.db", "-export-interval=1s"])
        assert mesh.healthy(30)
        stay(mesh, 35 - time.time() % 30)  # A whole episode of all agents.
        began = time.time()
        target.kill()
        stay(mesh, 8)
        mesh.server.send_signal(signal.SIGKILL)
        away = time.time()
        stay(mesh, 8)
        mesh.stop_agent(KILLED, "pod", signal.SIGKILL)
        stay(mesh, 8)
        mesh.start_agent(KILLED, "pod")
        stay(mesh, began + OUTAGE - time.time())
        target.start()
        outage = time.time() - began
        # One agent sees it down for longer: the others know better.
        lab.fault("link-down", UNPLUGGED)
        stay(mesh, CUT_OFF)
        lab.heal()
        stay(mesh, away + SERVER_AWAY - time.time())
        mesh.start_server()
        assert mesh.healthy(60)
        rest_of_episode(mesh)
        ended = time.time()
        print(f"down for {outage:.2f} s, the server away for {ended - away:.0f} s")
        yield {"mesh": mesh, "began": began, "ended": ended, "outage": outage, "folder": folder}


def ask(history, path):
    status, text = history["mesh"].get(path)
    assert status == 200, text
    return json.loads(text)


def total(history, query=""):
    """The last element of the range, which sums it up."""
    begin, end = int(history["began"]) - 600, int(history["ended"]) + 300
    told = ask(history, f"/api/status/range?from={begin}&to={end}&step=300&group=lab&probe=target{query}")
    return told["statuses"]["lab"]["target"][-1]


def sla(history, query=""):
    begin, end = int(history["began"]) - 600, int(history["ended"]) + 300
    return ask(history, f"/api/v1/sla?from={begin}&to={end}&step=300&group=lab&probe=target{query}")


def test_the_range_has_the_outage(history):
    assert total(history)["down"] / NANOSECONDS == pytest.approx(history["outage"], abs=TOLERANCE)


def test_nothing_is_missing_although_the_server_was_away(history):
    """From the first whole episode to the end."""
    told = total(history)
    watched = history["ended"] // 30 * 30 - history["began"] // 30 * 30
    assert (told["up"] + told["down"]) / NANOSECONDS >= watched - TOLERANCE


def test_the_availability_has_it(history):
    (probe,) = sla(history)["series"]
    assert probe["total"]["down_ms"] / MILLISECONDS == pytest.approx(history["outage"], abs=TOLERANCE)
    share = probe["total"]["up_ms"] / (probe["total"]["up_ms"] + probe["total"]["down_ms"])
    assert probe["total"]["availability_percent"] == pytest.approx(100 * share, abs=0.01)


def test_the_counters_have_it(history):
    """A minute after the last episode, and although the server was killed in between."""
    def unavailable():
        (line,) = [line for line in history["mesh"].get("/metrics")[1].splitlines()
                   if line.startswith("meshcheck_sla_unavailable_seconds_total{") and 'probe="target"' in line]
        return float(line.rpartition(" ")[2])
    eventually(lambda: unavailable() > history["outage"] - TOLERANCE, 100)
    assert unavailable() == pytest.approx(history["outage"], abs=TOLERANCE)


def test_what_was_up_is_up(history):
    begin, end = int(history["began"]) - 600, int(history["ended"]) + 300
    told = ask(history, f"/api/status/range?from={begin}&to={end}&step=300&group=lab&probe=__all__")
    assert set(told["statuses"]["lab"]) == {"target", "other"}


def test_the_public_status_has_it(history):
    """Of the last whole minute, in which the outage is no more by and by."""
    def statuses():
        (row,) = ask(history, "/public/api/status?peek=1")["rows"]
        return {probe["probe"]: probe["status"] for probe in row["probes"]}
    assert eventually(lambda: statuses() == {"target": "Operational", "other": "Operational"}, 100), statuses()


def test_a_downtime_mutes_it(history):
    body = json.dumps({"name": "planned", "type": "Maintenance", "startDate": int(history["began"]) - 60,
                       "endDate": int(history["ended"]), "description": "as announced", "affected": ["lab"]})
    made = history["mesh"].lab.exec("server", "curl", "-s", "--fail-with-body", "--json", body,
                                    "http://127.0.0.1:8081/api/v1/downtimes")
    assert made.returncode == 0, made.stdout
    muted = total(history)
    assert muted["down"] == 0 and muted["muted"] / NANOSECONDS >= history["outage"] - TOLERANCE
    (probe,) = sla(history)["series"]
    assert probe["total"]["availability_percent"] == 100
    assert "was_maintenance" in {step["state"] for step in probe["steps"]}
    assert total(history, "&muteDowntimeTypes=none")["down"] / NANOSECONDS == pytest.approx(history["outage"], abs=TOLERANCE)
