"""What changes in the grid of the mesh, for those who listen to /api/v1/events?cells=."""

import json
import struct

import pytest

from listener import Listener
from mesh_report import DOWN, UP, agent, path, report

NODES = 3
UP_CELL = [1, 0, 4, 1]     # 101 us are of level 4; nothing was lost.
DOWN_CELL = [7, 0, 0, 7]   # The other end hears nothing: packets there get lost; 20 of 60 were.
EVENTS_MAX = 6             # In half a minute.


class Grid:
    """The grid as a client holds it."""

    def __init__(self, answer):
        self.etag = answer.headers["etag"]
        line, _, columns = answer.body.partition(b"\n")
        self.head = json.loads(line)
        nodes, count = len(self.head["nodes"]), self.head["cells"]
        ends = struct.unpack_from(f"<{nodes}I", columns)
        places = struct.unpack_from(f"<{count}H", columns, 4 * nodes)
        values = columns[4 * nodes + 2 * count:]
        rows = [row for row, end in enumerate(ends) for _ in range(end - (ends[row - 1] if row else 0))]
        self.cells = {(row, to): [values[index + column * count] for column in range(4)]
                      for index, (row, to) in enumerate(zip(rows, places))}

    def follow(self, event):
        """The places of what changed. An event of before the grid was read is known."""
        if event["before"] != self.etag:
            assert event["etag"] == self.etag
            return set()
        for row, to, *values in event["cells"]:
            if values:
                self.cells[row, to] = values
            else:
                del self.cells[row, to]
        self.etag = event["etag"]
        return {(row, to) for row, to, *_ in event["cells"]}


class Mesh:
    """Nodes that probe each other on the pod network; `cut` are pairs of which nothing comes back."""

    def __init__(self, server):
        self.server = server
        self.cut = set()

    def report(self, nodes=NODES):
        for node in range(nodes):
            rows = [path(agent(peer), **(DOWN if (node, peer) in self.cut else UP)) for peer in range(nodes) if peer != node]
            assert self.server.post(report(node, paths=rows)).status == 200

    def grid(self, layer="pod"):
        return Grid(self.server.get(f"/api/v1/mesh/grid?layer={layer}"))


@pytest.fixture
def mesh(server):
    mesh = Mesh(server)
    mesh.report()
    mesh.report()  # Now all know each other.
    return mesh


def cells_event(listener):
    """The next one; others come by the way."""
    while True:
        kind, number, data = listener.event()
        if kind == "cells":
            assert number is None, "the id of the last other event stays"
            return data


def follow_until(listener, held, condition):
    """The places of all cells that changed until then."""
    changed = set()
    for _ in range(EVENTS_MAX):
        if condition():
            return changed
        changed |= held.follow(cells_event(listener))
    raise AssertionError(f"never so: {held.cells}")


def test_a_grid_stays_that_of_the_server_by_what_the_stream_tells(mesh):
    listener = Listener(mesh.server, query="?cells=pod")
    assert listener.event()[0] == "verdicts"
    held = mesh.grid()
    assert held.cells == {(row, to): UP_CELL for row in range(NODES) for to in range(NODES) if row != to}
    mesh.cut = {(0, 1), (2, 1)}
    mesh.report()
    assert follow_until(listener, held, lambda: held.cells[2, 1] == DOWN_CELL) == mesh.cut
    assert held.cells[0, 1] == DOWN_CELL
    mesh.cut = {(2, 1)}
    mesh.report()
    assert follow_until(listener, held, lambda: held.cells[0, 1][0] == 1) == {(0, 1)}
    real = mesh.grid()
    assert (held.etag, held.cells) == (real.etag, real.cells)
    listener.close()


def test_nodes_that_come_have_the_grid_read_again(mesh):
    listener = Listener(mesh.server, query="?cells=both")
    held = {layer: mesh.grid(layer) for layer in ("pod", "host")}
    mesh.report(NODES + 1)
    mesh.report(NODES + 1)
    told = {}
    for _ in range(EVENTS_MAX):
        event = cells_event(listener)
        if event["before"] == held[event["layer"]].etag:
            told.setdefault(event["layer"], event)
    assert told["pod"]["cells"] is None
    assert (told["host"]["cells"], told["host"]["before"]) == ([], told["host"]["etag"])
    listener.close()


def test_who_does_not_ask_for_cells_hears_of_none(mesh):
    plain, asks = Listener(mesh.server), Listener(mesh.server, query="?cells=host")
    cells_event(asks)
    mesh.server.request("DELETE", f"/api/v1/agents/{agent(0)}")
    kinds = [plain.event()[0], plain.event()[0]]
    assert kinds == ["verdicts", "agent_removed"]
    assert cells_event(asks)["layer"] == "host"
    plain.close()
    asks.close()


def test_refuses_a_layer_that_it_does_not_know(server):
    answer = server.get("/api/v1/events?cells=all")
    assert (answer.status, answer.text) == (400, "cells: unknown value; allowed are pod, host, both\n")
