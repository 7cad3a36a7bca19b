"""UDP port 8862 is closed and all else is open: the verdict names the port, and what it proposes to run shows it."""

import json
import re

import pytest

from lab import Lab
from mesh import NOT_BUILT, PROGRAMS, SERVER, Mesh
from waiting import hold_for, wait_for

CLOSED = ("add table inet closed; add chain inet closed in { type filter hook input priority 0; }; "
          "add rule inet closed in udp dport 8862 drop")
WITHIN = 15.0  # Seconds until it is told, and until it is over.

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with Lab(nodes=6) as lab:
        mesh = Mesh(lab, tmp_path_factory.mktemp("mesh"))
        assert mesh.healthy(), (mesh.folder / "server.log").read_text()
        wait_for(lambda: {path["state"] for path in mesh.paths("relation=peer")} == {"up"}, "all paths to be up")
        yield mesh


def nft(mesh, nodes, rules, layers=PROGRAMS):
    for node in nodes:
        for layer in layers:
            ran = mesh.lab.exec(node, layer, "nft", rules)
            assert ran.returncode == 0, ran.stderr


def verdicts(mesh):
    answer = mesh.get("/api/v1/verdicts")
    return [entry for entry in json.loads(answer[1])["verdicts"] if entry["severity"] != "info"] if answer else []


def told(mesh, pattern):
    """The verdict that is the only one and says so."""
    def look():
        found = verdicts(mesh)
        return found[0] if len(found) == 1 and re.match(pattern, found[0]["sentence"]) else None
    return wait_for(look, lambda: f"{pattern!r}, and not {[entry['sentence'] for entry in verdicts(mesh)]}", WITHIN)


def answer_comes(mesh, command):
    """Whether what was proposed, run on the node that it names, sees an answer to a probe."""
    found = re.fullmatch(r"(timeout 5 tcpdump -nni any -c 1 udp src port 8862 and src host \S+)  # on node-(\d)", command)
    assert found, command
    ran = mesh.lab.exec(int(found[2]), "host", "sh", "-c", found[1])
    assert ran.returncode in (0, 124), ran.stderr
    return ran.returncode == 0


@pytest.mark.parametrize("nodes, layers, where", [
    ([2], PROGRAMS, r"to node-2"),
    ([3], ["host"], r"to node-3 on the host network"),
    ([1, 2, 3, 4, 5, 6], PROGRAMS, r"between all nodes")], ids=["node", "host", "all"])
def test_a_closed_port_is_named(mesh, nodes, layers, where):
    nft(mesh, nodes, CLOSED, layers)
    try:
        verdict = told(mesh, rf"UDP port 8862 is closed {where}: pings pass \((\d+) of \1 paths, since ")
        assert verdict["kind"] == "reachability"
        hold_for(3.0, lambda: [entry["id"] for entry in verdicts(mesh)] == [verdict["id"]], "one verdict")
        assert not answer_comes(mesh, verdict["next_command"])
    finally:
        nft(mesh, nodes, "delete table inet closed", layers)
    wait_for(lambda: not verdicts(mesh), "the verdict to close", WITHIN)
    assert answer_comes(mesh, verdict["next_command"])


def test_a_node_that_is_cut_off_is_not_taken_for_it(mesh):
    mesh.lab.fault("one-way-drop", 1, 4, "both")
    try:
        told(mesh, r"no packets pass from node-1 to node-4 \(")
    finally:
        mesh.lab.heal()
    wait_for(lambda: not verdicts(mesh), "the verdict to close", WITHIN)
