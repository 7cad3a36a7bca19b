"""Meshes without agents: their reports are made by hand and posted to a real server, which cannot tell."""

import contextlib
import dataclasses
import datetime
import http.client
import json
import threading
import time
import typing

from mesh_report import DOWN, UP, address, agent, mtu, path, report
from waiting import looks

LAYERS = ("pod", "host")
PERIOD = 2.0  # Seconds between two reports of an agent: less than it says, so that none is outdated on a busy machine.
GATEWAY, NAME, TARGET = "10.9.0.254", "outside", "10.9.9.9:443"


def never(*_):
    return False


@dataclasses.dataclass
class Fault:
    """What differs from a mesh that is well. `layer` is always "pod" or "host"; what is not said stays fine."""

    nodes: int = 4
    zones: bool = False                    # The first half of the nodes is in "east", the others in "west".
    down: typing.Callable = never          # (source, target, layer): that path between nodes is down.
    cross_check: str = "unanswered"        # Of such a path.
    lossy: typing.Callable = never         # Likewise: it loses a quarter of its packets, there.
    slow: typing.Callable = never          # Likewise: its round trips take 5 ms.
    twin_down: typing.Callable = never     # (node, layer)
    target_down: typing.Callable = never   # (node, layer)
    sizes: typing.Callable = lambda *_: {}  # (source, target, layer): for mesh_report.mtu().
    says: typing.Callable = lambda *_: {}   # (node, layer, turn): what the report itself says.
    twice: typing.Callable = never         # (node, layer): another agent of that name reports too.
    clock: typing.Callable = lambda *_: 0   # (node, layer): seconds that its wall clock is ahead.


class StandIns:
    """All agents of one mesh. They report while a `Posting` has them do so."""

    def __init__(self, server, fault):
        self.server, self.fault = server, fault
        self.since = None  # When the fault began; None: it is not there.
        self.turn = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)

    @staticmethod
    def write_inventory(fault, file):
        zone = {node: ("east", "west")[2 * node // fault.nodes] if fault.zones else "" for node in range(fault.nodes)}
        file.write_text(json.dumps({"agents": [
            {"name": agent(node, layer), "node": f"node{node}"} | ({"zone": zone[node]} if fault.zones else {})
            for node in zone for layer in LAYERS]}))

    def begin(self):
        self.since = time.monotonic()

    def end(self):
        self.since = None

    def down(self):
        """A row of a path that nothing has answered since the fault began."""
        lasted = round(1000 * (time.monotonic() - self.since))
        return DOWN | {"state_ms": lasted, "answer_ms": lasted + 3000, "cross_check": self.fault.cross_check}

    def row(self, source, target, layer, fault):
        changes = UP
        if fault.down(source, target, layer):
            changes = self.down()
        elif fault.lossy(source, target, layer):
            lost = min(40, 15 + self.turn)  # It goes on.
            changes = UP | {"state": "degraded", "lost": lost, "lost_forward": lost}
        elif fault.slow(source, target, layer):
            changes = UP | {"p50_us": 5000, "p90_us": 6000, "p99_us": 7000, "max_us": 8000}
        return path(agent(target, layer), **changes)

    def report(self, node, layer, fault):
        peers = [peer for peer in range(fault.nodes) if peer != node]
        rows = [self.row(node, peer, layer, fault) for peer in peers]
        other = "host" if layer == "pod" else "pod"
        twin = self.down() | {"cross_check": "unanswered"} if fault.twin_down(node, layer) else UP
        target = self.down() | {"cross_check": ""} if fault.target_down(node, layer) else UP
        rows += [path(agent(node, other), **twin | {"relation": "twin"}),
                 path(GATEWAY, **UP | {"relation": "gateway", "probe": "icmp"}),
                 path(NAME, **UP | {"relation": "target", "probe": "dns", "family": ""}),
                 path(TARGET, **target | {"relation": "target", "probe": "tcp"})]
        mtus = [mtu(agent(peer, layer), **fault.sizes(node, peer, layer)) for peer in peers]
        made = report(node, layer, paths=rows, mtus=mtus, **fault.says(node, layer, self.turn))
        wall = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=fault.clock(node, layer))
        made["hostdate"] = wall.isoformat()
        return made

    def post(self, made):
        self.connection.request("POST", f"/api/v1/agents/{made['podname']}", json.dumps(made))
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text

    def post_all(self):
        fault = self.fault if self.since is not None else Fault(nodes=self.fault.nodes)
        self.turn += 1
        for node in range(fault.nodes):
            for layer in LAYERS:
                made = self.report(node, layer, fault)
                self.post(made)
                if fault.twice(node, layer):
                    made["mesh"]["probing"] |= {"ssid": 60000, "addresses": [address(250, layer)]}
                    self.post(made)


class Posting:
    """A thread in which all of several meshes report, again and again."""

    def __init__(self, meshes):
        self.meshes = meshes
        self.stop = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            for _ in looks(pause=PERIOD):
                for mesh in self.meshes:
                    if self.stop.is_set():
                        return
                    mesh.post_all()
        except (AssertionError, OSError, http.client.HTTPException) as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        for mesh in self.meshes:
            with contextlib.suppress(OSError):
                mesh.connection.close()
        assert self.error is None, self.error
