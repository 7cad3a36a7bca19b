"""The real server and the real agents on the lab's network: who reports, and who is missing."""

import json
import signal
import time

import pytest

from lab import Lab
from mesh import MESHCTL, NOT_BUILT, PROGRAMS, SERVER, Mesh
from waiting import eventually

NEVER = "netchecker-agent-99"

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with Lab(nodes=4, ipv6=True) as lab:
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


def test_an_agent_pings_another_one_when_it_is_asked(mesh):
    def ping(*arguments):
        ended = mesh.lab.exec("server", MESHCTL, "ping", "-s", "http://127.0.0.1:8081", "-o", "json", *arguments)
        return ended.returncode, json.loads(ended.stdout)
    code, ended = ping("node-1", "node-2", "--count=5")
    assert (code, ended["sent"], ended["lost"], ended["layer"], ended["address"]) == (0, 5, 0, "host", "10.200.0.2")
    assert all(0 < time < 100 for time in ended["rtt_ms"])
    for family, most in (("ipv4", 1450), ("ipv6", 1450)):
        wanted = ["node-3", "node-4", "--layer=pod", f"--family={family}"]
        assert ping(*wanted, f"--size={most}")[0] == 0, "the overlay carries that much"
        code, ended = ping(*wanted, f"--size={most + 1}")
        assert (code, ended["lost"], ended["error"]) == (1, 3, "message too long, MTU 1450")
    mesh.lab.fault("link-down", 2)
    code, ended = ping("node-1", "node-2", "--count=2")
    assert (code, ended["sent"], ended["lost"]) == (1, 2, 2), ended


def test_a_killed_agent_is_outdated_after_two_intervals_and_recovers(mesh):
    mesh.stop_agent(2, "pod", signal.SIGKILL)
    killed = time.monotonic()
    try:
        assert eventually(lambda: mesh.check() == (400, [], ["netchecker-agent-2"]), 8), mesh.check()
        # Two intervals of 1 s after the last report. It was one old when it was killed, and half of one
        # more where the machine is busy.
        assert 0.4 < time.monotonic() - killed < 4
    finally:
        mesh.start_agent(2, "pod")


def test_absent_and_outdated_at_once_and_recovery_without_restart(mesh):
    mesh.write_inventory(mesh.names() + [NEVER])
    mesh.stop_agent(1, "host")
    try:
        assert eventually(lambda: mesh.check() == (400, [NEVER], ["netchecker-agent-hostnet-1"]), 8), mesh.check()
        mesh.write_inventory(mesh.names())
        assert eventually(lambda: mesh.check() == (400, [], ["netchecker-agent-hostnet-1"]), 5), mesh.check()
    finally:
        mesh.write_inventory(mesh.names())
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
    behind = ["netchecker-agent-2", "netchecker-agent-hostnet-2"]
    assert eventually(lambda: json.loads(mesh.get("/api/v1/connectivity_check")[1]).get("Unpadded") == behind, 20)
    assert mesh.check() == (400, [], []), "they are fresh"
    for layer in PROGRAMS:
        small = mesh.lab.exec(2, layer, "curl", "-s", "--max-time", "3", "http://netchecker-service:8081/healthz")
        assert small.stdout == "ok\n"


def test_without_names_no_agent_falls_silent(mesh):
    mesh.lab.fault("dns-down")

    def looked_up():
        return [record["nslookup"] for record in json.loads(mesh.get("/api/v1/agents/")[1]).values()]
    assert eventually(lambda: looked_up() == [{"netchecker-service": None}] * len(mesh.names()), 20), looked_up()
    # Reports go to the address that answered last.
    assert mesh.check() == (200, None, None)


def verdicts(mesh):
    return {(verdict["kind"], verdict["subject"]) for verdict in json.loads(mesh.get("/api/v1/verdicts")[1])["verdicts"]
            if verdict["state"] == "open"}


def test_two_agents_at_one_address_are_named(mesh):
    """A cloned file of defaults: node 2's host agent says that it is where node 1's is."""
    mesh.stop_agent(2, "host")
    mesh.start_agent(2, "host", "-addresses", "10.200.0.1")
    named = {("address_conflict", "netchecker-agent-hostnet-1 and netchecker-agent-hostnet-2")}
    try:
        assert eventually(lambda: verdicts(mesh) == named, 20), verdicts(mesh)
        # Of a real fault of the other one nothing untrue is said.
        mesh.lab.fault("link-down", 2)
        silent = ["netchecker-agent-2", "netchecker-agent-hostnet-2"]
        assert eventually(lambda: mesh.check() == (400, [], silent), 15), mesh.check()
        subjects = {subject for kind, subject in verdicts(mesh) - named}
        assert subjects <= {"node-2", "netchecker-agent-2", "netchecker-agent-hostnet-2"}, verdicts(mesh)
    finally:
        mesh.lab.heal()
        mesh.stop_agent(2, "host")
        mesh.start_agent(2, "host")
    assert eventually(lambda: not verdicts(mesh), 30), verdicts(mesh)


def test_two_agents_of_one_name_are_named(mesh):
    """A cloned machine: node 2's host agent goes by the name of node 1's."""
    twin, own = mesh.name(1, "host"), mesh.agents[mesh.name(1, "host")]
    mesh.stop_agent(2, "host")
    mesh.start_agent(2, "host", name=twin)
    mesh.agents[mesh.name(2, "host")] = mesh.agents[twin]
    mesh.agents[twin] = own
    try:
        assert eventually(lambda: ("duplicate_agent", twin) in verdicts(mesh), 20), verdicts(mesh)
    finally:
        mesh.stop_agent(2, "host")
        mesh.start_agent(2, "host")
