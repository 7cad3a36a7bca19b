"""How much is lost, as the mesh reports it, next to how much the lab drops at random."""

import json
import math

import pytest

from lab import Lab
from mesh import NOT_BUILT, PROGRAMS, SERVER, Mesh
from waiting import eventually, hold_for

NODES = 4

pytestmark = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    """Four nodes that probe ten times a second, so that 1 % of loss shows within half a minute."""
    with Lab(nodes=NODES) as lab:
        mesh = Mesh(lab, tmp_path_factory.mktemp("loss"), options=("-probe-interval", "100"))
        assert eventually(lambda: len(mesh.paths("state=up&relation=peer")) == 24, 20), mesh.paths()
        yield mesh


def bounds(count, probability):
    """A 99 % interval for the number of losses: the normal approximation, corrected for continuity."""
    deviation = 2.5758 * math.sqrt(count * probability * (1 - probability)) + 0.5
    return count * probability - deviation, count * probability + deviation


def measure(mesh, seconds):
    def totals():
        return json.loads(mesh.get(f"/api/v1/agents/{Mesh.name(2, 'host')}/paths")[1])["totals"]
    def since(before):
        after = totals()
        return {key: after[key] - before[key] for key in after}
    before = totals()
    hold_for(seconds, lambda: mesh.server.poll() is None, "a server that runs")
    # Reports get lost too, and the latest may be seconds old.
    assert eventually(lambda: since(before)["sent"] > 20 * seconds, 30), since(before)
    return since(before)


def hurt(mesh):
    return {(row["from"], row["to"]) for row in mesh.paths("relation=peer") if row["state"] in ("degraded", "down")}


def paths_of(node):
    return {pair for layer in PROGRAMS for other in range(1, NODES + 1) if other != node
            for pair in ((Mesh.name(node, layer), Mesh.name(other, layer)), (Mesh.name(other, layer), Mesh.name(node, layer)))}


@pytest.mark.parametrize("percent, seconds", [(1, 40), (5, 20), (20, 15)])
def test_random_loss_is_measured_right_in_each_direction(mesh, percent, seconds):
    mesh.lab.fault("loss", percent, 2)
    # Until what was under way is settled, and reported.
    hold_for(3, lambda: mesh.server.poll() is None, "a server that runs")
    # One of a hundred right measurements lies outside of its interval: a second one decides.
    for _ in range(2):
        measured = measure(mesh, seconds)
        sent, forward, backward = (measured[key] for key in ("sent", "lost_forward", "lost_backward"))
        inside = True
        for direction, lost, count in (("forward", forward, sent), ("backward", backward, sent - forward)):
            low, high = bounds(count, percent / 100)
            inside = inside and low <= lost <= high
            print(f"\n{percent} %: {lost} of {count} lost {direction}; 99 % interval {low:.0f} to {high:.0f}")
        if inside:
            break
    # From 5 % on, counting both ways, a path is degraded; those that the node has no part in are not.
    assert eventually(lambda: hurt(mesh) == (paths_of(2) if percent >= 5 else set()), 40), hurt(mesh)
    mesh.lab.heal()
    assert inside
