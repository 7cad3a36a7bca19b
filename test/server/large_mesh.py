"""A mesh of many nodes without one: reports made by hand, as its agents would send them."""

import json
import random
import threading

from mesh_report import DOWN, UP, agent, path, report
from waiting import looks

PEERS = 20
LAYERS = ("pod", "host")


class LargeMesh:
    """Two agents a node; each probes PEERS others, as beyond 50 nodes. Nodes stand in ten zones.

    `fault(source, target, layer)` gives what differs from a path that is up: a dict, maybe empty. Nodes of `silent` do not report.
    """

    def __init__(self, nodes, fault=None, silent=()):
        self.nodes = nodes
        self.fault = fault or (lambda source, target, layer: {})
        self.silent = set(silent)
        self.turn = 0
        self.peers = [self.choose_peers(number) for number in range(nodes)]

    def zone(self, number):
        return f"zone-{10 * number // self.nodes}"

    def choose_peers(self, number):
        """The same each time; as in a real mesh, there is no pattern in them."""
        others = [*range(number), *range(number + 1, self.nodes)]
        return sorted(random.Random(number).sample(others, min(PEERS, len(others))))

    def write_inventory(self, file):
        file.write_text(json.dumps({"agents": [{"name": agent(number, layer), "node": f"node{number}", "zone": self.zone(number)}
                                               for number in range(self.nodes) for layer in LAYERS]}))

    def post(self, server, number, layer):
        """The report of an agent. Round trips differ from those of the report before."""
        rows = []
        for peer in self.peers[number]:
            base = 80 if self.zone(peer) == self.zone(number) else 300
            state = UP | {"p50_us": base + (number * peer + 37 * self.turn) % 400} | self.fault(number, peer, layer)
            rows.append(path(agent(peer, layer), **state))
        answer = server.post(report(number, layer, paths=rows))
        assert answer.status == 200, answer

    def post_all(self, server):
        for layer in LAYERS:
            for number in range(self.nodes):
                if number not in self.silent:
                    self.post(server, number, layer)
        self.turn += 1

    def keep_posting(self, server, period, stop):
        """Each agent in turn, once in `period` seconds, until the event `stop`."""
        agents = [(number, layer) for number in range(self.nodes) if number not in self.silent for layer in LAYERS]
        done = 0
        for passed in looks():
            while done < passed / period * len(agents) and not stop.is_set():
                self.post(server, *agents[done % len(agents)])
                done += 1
                self.turn += done % len(agents) == 0
            if stop.is_set():
                return

    def posting(self, server, period):
        """A thread that does so, and the event that ends it."""
        stop = threading.Event()
        thread = threading.Thread(target=self.keep_posting, args=(server, period, stop), daemon=True)
        thread.start()
        return thread, stop


def node_down(node):
    """Nothing comes back from it."""
    return lambda source, target, layer: DOWN if target == node else {}
