"""The real server and the real agents on the lab's network: who reports, and who is missing."""

import json
import os
import pathlib
import signal
import time

import pytest

from lab import Lab, eventually

BUILD = pathlib.Path(os.environ.get("MESHCHECK_BUILD", ""))
SERVER = BUILD / "server" / "meshcheck-server"
PROGRAMS = {"pod": BUILD / "agent" / "meshcheck-agent",
            "host": BUILD / "agent-hostnet" / "meshcheck-agent-hostnet"}
NODES = 4
NEVER = "netchecker-agent-99"

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason="MESHCHECK_BUILD names no built server")


class Mesh:
    """A server and two agents a node, started like a cluster would."""

    def __init__(self, lab, folder, ipv6=False):
        self.lab = lab
        self.folder = folder
        self.endpoint = "[::]:8081" if ipv6 else "0.0.0.0:8081"
        self.agents = {}
        self.write_inventory(self.names())
        self.start_server()
        for node in range(1, NODES + 1):
            for layer in PROGRAMS:
                self.start_agent(node, layer)

    @staticmethod
    def name(node, layer):
        return f"netchecker-agent-{'hostnet-' if layer == 'host' else ''}{node}"

    def names(self):
        return [self.name(node, layer) for node in range(1, NODES + 1) for layer in PROGRAMS]

    def write_inventory(self, names):
        new = self.folder / "inventory.new"
        new.write_text(json.dumps({"agents": names}))
        new.rename(self.folder / "inventory.yaml")

    def start_server(self):
        self.server = self.lab.popen("server", SERVER, "-endpoint", self.endpoint,
                                     "-inventory", self.folder / "inventory.yaml",
                                     "-db", self.folder / "meshcheck.db",
                                     stderr=open(self.folder / "server.log", "a"))

    def start_agent(self, node, layer):
        name = self.name(node, layer)
        self.agents[name] = self.lab.popen(
            node, layer, PROGRAMS[layer], "-serverendpoint", "netchecker-service:8081",
            "-reportinterval", "1", env={**os.environ, "MY_POD_NAME": name, "MY_NODE_NAME": f"node-{node}"},
            stderr=open(self.folder / f"{name}.log", "a"))

    def stop_agent(self, node, layer, number=signal.SIGTERM):
        agent = self.agents.pop(self.name(node, layer))
        agent.send_signal(number)
        agent.wait(5)

    def get(self, path):
        """Status and body, or None while nobody answers."""
        result = self.lab.exec("server", "curl", "-s", "--max-time", "2", "-w", "\n%{http_code}",
                               f"http://127.0.0.1:8081{path}")
        if result.returncode != 0:
            return None
        body, _, status = result.stdout.rpartition("\n")
        return int(status), body

    def check(self):
        answer = self.get("/api/v1/connectivity_check")
        if answer is None:
            return None
        body = json.loads(answer[1])
        return answer[0], body["Absent"], body["Outdated"]

    def healthy(self, seconds=15):
        all_well = f"All {len(self.names())} pods successfully reported back to the server"
        return eventually(lambda: all_well in (self.get("/api/v1/connectivity_check") or (0, ""))[1], seconds)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with Lab(nodes=NODES, ipv6=True) as lab:
        mesh = Mesh(lab, tmp_path_factory.mktemp("mesh"))
        assert mesh.healthy(), (mesh.folder / "server.log").read_text()
        yield mesh


@pytest.fixture(autouse=True)
def healed(mesh):
    yield
    mesh.lab.heal()
    assert mesh.healthy(), mesh.get("/api/v1/connectivity_check")


def test_all_agents_report_from_both_layers(mesh):
    status, body = mesh.get("/api/v1/connectivity_check")
    assert (status, json.loads(body)) == (200, {
        "Message": "All 8 pods successfully reported back to the server", "Absent": None, "Outdated": None})
    records = json.loads(mesh.get("/api/v1/agents/")[1])
    assert sorted(records) == sorted(mesh.names())
    for name, record in records.items():
        layer = "host" if "hostnet" in name else "pod"
        assert record["mesh"]["layer"] == layer
        node = record["nodename"].removeprefix("node-")
        address = f"10.200.0.{node}/24" if layer == "host" else f"10.244.{node}.2/24"
        assert address in record["ips"]["eth0"]
        links = {link["name"]: link for link in record["mesh"]["links"]}
        assert links["eth0"]["mtu"] == (1500 if layer == "host" else 1450)
        gateways = [gateway["address"] for gateway in record["mesh"]["gateways"]]
        assert ("10.200.0.254" if layer == "host" else f"10.244.{node}.1") in gateways
        assert record["nslookup"]["netchecker-service"]
    def probes():
        return {name: (probe["URL"], probe["ConnectionResult"], probe["HTTPCode"])
                for name, record in json.loads(mesh.get("/api/v1/agents/")[1]).items()
                for probe in record["network_probes"]}
    good = ("http://netchecker-service:8081/api/v1/ping", 1, 200)
    # The first round may have begun before the server listened.
    assert eventually(lambda: set(probes().values()) == {good}, 5), probes()


def test_a_killed_agent_is_outdated_after_two_intervals_and_recovers(mesh):
    mesh.stop_agent(2, "pod", signal.SIGKILL)
    killed = time.monotonic()
    assert eventually(lambda: mesh.check() == (400, [], ["netchecker-agent-2"]), 8), mesh.check()
    # Two intervals of 1 s after the last report, and it was at most one old when it was killed.
    assert 0.8 < time.monotonic() - killed < 4
    mesh.start_agent(2, "pod")


def test_absent_and_outdated_at_once_and_recovery_without_restart(mesh):
    mesh.write_inventory(mesh.names() + [NEVER])
    mesh.stop_agent(1, "host")
    assert eventually(lambda: mesh.check() == (400, [NEVER], ["netchecker-agent-hostnet-1"]), 8), mesh.check()
    mesh.write_inventory(mesh.names())
    assert eventually(lambda: mesh.check() == (400, [], ["netchecker-agent-hostnet-1"]), 5), mesh.check()
    mesh.start_agent(1, "host")


def test_a_killed_server_comes_back_with_nobody_absent(mesh):
    time_to_write = lambda: mesh.get("/metrics")[1].count("\nmeshcheck_store_up 1\n") == 1
    assert eventually(time_to_write, 5)
    for _ in range(2):
        mesh.server.kill()
        mesh.server.wait(5)
        mesh.start_server()
        first = eventually(mesh.check, 5)
        assert first is not None and not first[1], first


FAULTS = [
    (("node-down", 3), ["netchecker-agent-3", "netchecker-agent-hostnet-3"]),
    (("link-down", 4), ["netchecker-agent-4", "netchecker-agent-hostnet-4"]),
    (("server-unreachable", 1), ["netchecker-agent-1", "netchecker-agent-hostnet-1"]),
    (("node-down", 1, 2), ["netchecker-agent-1", "netchecker-agent-hostnet-1", "netchecker-agent-2",
                           "netchecker-agent-hostnet-2"]),
]


@pytest.mark.parametrize("fault,outdated", FAULTS, ids=[" ".join(map(str, fault)) for fault, _ in FAULTS])
def test_a_fault_silences_exactly_its_agents(mesh, fault, outdated):
    mesh.lab.fault(*fault)
    assert eventually(lambda: mesh.check() == (400, [], outdated), 15), mesh.check()


def test_a_padded_report_does_not_cross_a_black_hole_and_a_small_request_does(mesh):
    """Why reports are padded: behind a switch port of 1,300 bytes only large packets are lost."""
    mesh.lab.fault("port-mtu", 1300, 2)
    silent = ["netchecker-agent-2", "netchecker-agent-hostnet-2"]
    assert eventually(lambda: mesh.check() == (400, [], silent), 20), mesh.check()
    for layer in PROGRAMS:
        small = mesh.lab.exec(2, layer, "curl", "-s", "--max-time", "3", "http://netchecker-service:8081/healthz")
        assert small.stdout == "ok\n"


def test_without_names_all_agents_fall_silent(mesh):
    mesh.lab.fault("dns-down")
    assert eventually(lambda: mesh.check() == (400, [], mesh.names()), 20), mesh.check()
