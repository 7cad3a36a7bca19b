"""Every row of the fault matrix is as it should be, and a minute of random loss on a busy machine accuses nobody."""

import pytest

from fault_matrix import FAMILIES, FAULTS, LAYERS, NODES, Row, hurts, run_matrix, title
from mesh import NOT_BUILT, SERVER, Mesh
from size_soak import soak

built = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)


def way(want, links, source, target):
    hurt = hurts(want, source, target)
    return {"class": want.name if hurt else "clear", "size": want.size or links[source] if hurt else links[source], "link_mtu": links[source]}


def answer(row):
    """What a server would say that is always right."""
    paths = []
    for source, target in ((a, b) for a in range(1, NODES + 1) for b in range(1, NODES + 1) if a != b):
        want, links = row.expect, row.links()
        hurt = hurts(want, source, target) or hurts(want, target, source)
        overlay = dict(zip(("cause", "link_mtu_max"), want.overlay or ()))
        paths.append({
            "from": Mesh.name(source, row.layer), "from_node": f"node-{source}", "to": Mesh.name(target, row.layer), "to_node": f"node-{target}",
            "layer": row.layer, "family": row.family, "relation": "peer", "forward": way(want, links, source, target),
            "backward": way(want, links, target, source), "findings": list(want.findings) if hurt else [],
            "too_big": {"mtu": want.too_big, "from": "10.200.0.250" if row.family == "ipv4" else "fd00:200::250"} if want.too_big else None,
            "overlay": {"forward": overlay, "backward": overlay}})
    return paths


ROWS = [Row(injected, layer, family) for injected in FAULTS for layer in LAYERS for family in FAMILIES]


def test_the_matrix_has_thirty_rows_that_hurt():
    assert sum(row.expect.name != "clear" for row in ROWS) >= 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{title(row.fault)} {row.layer} {row.family}")
def test_the_runner_accepts_what_is_right_and_nothing_else(row):
    right = answer(row)
    row.look(right, 7.0)
    assert (row.unfound(right), row.found_after, row.accused) == ([], 7.0, {})
    # One byte less, at any place.
    for path in right:
        path["backward"]["size"] -= 1
        assert row.lossy or row.unfound(right)
        path["backward"]["size"] += 1
    # A path that has no part in it.
    spared = [path for path in right if row.expect.name == "clear" or not hurts(row.expect, int(path["from_node"][-1]), int(path["to_node"][-1]))]
    for path in spared[:1]:
        path["forward"]["class"] = "black_hole"
        row.look(right, 8.0)
        assert len(row.accused) == 1 and not row.ok()


@built
def test_every_fault_of_sizes_is_named_exactly_and_nobody_else_is_accused():
    assert run_matrix(), "the table above has rows that failed"


@built
def test_random_loss_on_a_busy_machine_is_no_fault_of_sizes():
    assert soak(minutes=1)
