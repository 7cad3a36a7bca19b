"""Reports and answers too large for a path, with real packets: the agents stay fresh, and the server says
which of them large packets are lost with, and which way."""

import json

import pytest

from lab import Lab
from mesh import NOT_BUILT, SERVER, Mesh
from waiting import eventually

INTERVAL = 5  # Seconds between two reports.
POD, HOST = Mesh.name(2, "pod"), Mesh.name(2, "host")

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Lab(nodes=2) as lab:
        mesh = Mesh(lab, tmp_path_factory.mktemp("padding"), options=("-report-interval", str(INTERVAL)))
        assert mesh.healthy()
        assert eventually(lambda: all(interval(mesh, name) == INTERVAL for name in mesh.names()), 10)
        yield mesh


@pytest.fixture
def mesh(running):
    assert eventually(lambda: answer(running)[0] == 200, 3 * INTERVAL), answer(running)
    yield running
    running.lab.heal()


def answer(mesh):
    status, body = mesh.get("/api/v1/connectivity_check")
    return status, json.loads(body)


def record(mesh, name):
    return json.loads(mesh.get(f"/api/v1/agents/{name}")[1])


def interval(mesh, name):
    return record(mesh, name)["report_interval"]


def unpadded(mesh):
    """Who is named; nobody may be absent or outdated meanwhile."""
    status, body = answer(mesh)
    assert not body["Absent"] and not body["Outdated"], body
    assert (status == 400) == ("Unpadded" in body), body
    return body.get("Unpadded", [])


def test_kernels_do_not_probe_for_the_mtu_themselves(mesh):
    assert mesh.lab.exec(2, "host", "cat", "/proc/sys/net/ipv4/tcp_mtu_probing").stdout.strip() == "0"


def test_all_is_well_without_a_fault(mesh):
    padding = record(mesh, HOST)["mesh"]["padding"]
    assert padding == {"requested": 3000, "delivered": 3000, "lost_ms": None, "stage": ""}
    assert eventually(lambda: record(mesh, HOST)["mesh"]["padded_answer"]["delivered"] == 3000, 2 * INTERVAL)
    tcp = record(mesh, HOST)["mesh"]["tcp"]
    assert (tcp["mss"], tcp["pmtu"]) == (1448, 1500)


@pytest.mark.parametrize("way, message", [
    ("out", "to the server from 2 agents"),
    ("in", "from the server to 2 agents"),
    ("both", "both ways between the server and 2 agents"),
])
def test_a_black_hole_is_named_with_its_direction_and_the_agents_stay_fresh(mesh, way, message):
    mesh.lab.fault("port-mtu", 1400, 2, way)
    assert eventually(lambda: HOST in unpadded(mesh), 2 * INTERVAL), record(mesh, HOST)["mesh"]
    assert eventually(lambda: unpadded(mesh) == sorted([POD, HOST]), INTERVAL)
    assert eventually(lambda: message in answer(mesh)[1]["Message"], 2 * INTERVAL), answer(mesh)
    told = record(mesh, HOST)["mesh"]
    if way == "in":
        assert told["padding"] == {"requested": 3000, "delivered": 3000, "lost_ms": None, "stage": ""}
    else:
        assert told["padding"]["stage"] == "send" and told["padding"]["lost_ms"] > 0
        assert (told["padding"]["requested"], told["padding"]["delivered"]) == (3000, 0)
    if way == "out":
        assert told["padded_answer"] == {"requested": 3000, "delivered": 3000, "lost_ms": None, "stage": ""}
    else:
        assert told["padded_answer"]["stage"] == "answer" and told["padded_answer"]["lost_ms"] > 0
    mesh.lab.heal()
    assert eventually(lambda: not unpadded(mesh), 3 * INTERVAL), answer(mesh)
    assert mesh.healthy()


def test_the_log_says_it_too(mesh):
    mesh.lab.fault("port-mtu", 1400, 2, "out")
    assert eventually(lambda: unpadded(mesh) == sorted([HOST, POD]), 3 * INTERVAL)
    log = (mesh.folder / f"{HOST}.log").read_text()
    assert 'event="large reports are lost, small ones arrive"' in log
