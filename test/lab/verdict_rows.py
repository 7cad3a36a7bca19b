"""What is done to the lab, alone and together, and the verdicts that it must give: the rows of the verdict matrix.

They follow from what each fault does to packets (doc/internals/lab.md), not from what the program says.
"""

import collections

from mesh import Mesh

CLOSED_WITHIN = 20.0        # Seconds, as all that follows.
SIZES_CLOSED_WITHIN = 60.0
LOSS_CLOSED_WITHIN = 75.0   # Agents look back a minute.
DNS_NAME = "outside"        # What all agents look up.


# way: None where none can be known. Of a pair the subject tells it.
Claim = collections.namedtuple("Claim", "kind subject layer way severity")
# What is done, by lines with nodes as {a}, {b}, ...; what it has to give, and what it may give on the way there and back;
# the limits in seconds; whether agents find the server by name.
Row = collections.namedtuple("Row", "lines claims allowed within closed by_name")


class Fault:
    """A line for the lab or for the mesh, and its verdicts."""

    def __init__(self, lines, *claims, allowed=(), within=10.0, closed=CLOSED_WITHIN, by_name=False):
        self.lines = (lines,) if isinstance(lines, str) else tuple(lines)
        self.claims, self.allowed = claims, tuple(allowed)
        self.within, self.closed, self.by_name = within, closed, by_name


def critical(kind, subject, layer="both", way=None):
    return Claim(kind, subject, layer, way, "critical")


def warning(kind, subject, layer="both", way=None):
    return Claim(kind, subject, layer, way, "warning")


def row(*faults):
    lines, claims, allowed = ([item for fault in faults for item in getattr(fault, name)] for name in ("lines", "claims", "allowed"))
    return Row(tuple(lines), tuple(claims), tuple(allowed), max(fault.within for fault in faults),
               max(fault.closed for fault in faults), any(fault.by_name for fault in faults))


def node_down(node="{a}"):
    return Fault(f"node-down {node}", critical("node_down", f"node-{node}"))


def link_down(node="{a}"):
    """Nothing of what still works inside gets out: from outside it is a dead node."""
    return Fault(f"link-down {node}", critical("node_down", f"node-{node}"))


def pod_network(node="{a}"):
    return Fault(f"pod-network-down {node}", critical("pod_network", f"node-{node}", "pod", "both"))


def gateway(node="{a}"):
    """A pod's gateway is its own host."""
    return Fault(f"gateway-down {node}", critical("gateway", f"node-{node}", "host"))


def gateway_of_all():
    """It is one device, but known by its addresses, and each is a fault of its own."""
    return Fault("gateway-down", critical("gateway", "10.200.0.254"), critical("gateway", "fd00:200::254"))


def server(*nodes):
    """The DNS has another address."""
    return Fault("server-unreachable " + " ".join(nodes), *(warning("server_unreachable", f"node-{node}", way="out") for node in nodes))


def one_way(layer, source="{a}", target="{b}"):
    return Fault(f"one-way-drop {source} {target} {layer}", warning("reachability", f"node-{source} to node-{target}", layer))


def loss(percent, node="{a}", within=30.0):
    return Fault(f"loss {percent} {node}", warning("partial_loss", f"node-{node}", way="both"), within=within, closed=LOSS_CLOSED_WITHIN)


def size_fault(lines, *claims):
    return Fault(lines, *claims, within=30.0, closed=SIZES_CLOSED_WITHIN)


def port(node="{a}", way="both"):
    """What hosts cannot carry, pods cannot either."""
    return size_fault(f"port-mtu 1400 {node} {way}", critical("mtu_black_hole", f"node-{node}", way=way))


def silent_router(node="{a}"):
    """The overlay's outer packets have no DF, so they pass in fragments: it is a matter of hosts alone."""
    return size_fault(f"router-mtu 1400 {node} silent", critical("mtu_black_hole", f"node-{node}", "host", "both"))


def fragments(node="{a}", which="all", way="both"):
    return size_fault(f"fragments-dropped {node} {which} {way}", warning("fragments_dropped", f"node-{node}", way=way))


def overlay(subject, way, *lines):
    """Pods, whose link has just changed, look for lost fragments sooner than hosts."""
    fault = size_fault(lines, critical("overlay_mtu", subject, "pod", way), warning("fragments_dropped", subject, way=way and "both"))
    fault.allowed = (warning("fragments_dropped", subject, "pod"),)
    return fault


def dns():
    return Fault("dns-down", critical("dns", DNS_NAME), within=15.0)


def killed(layer, node="{a}"):
    return Fault(f"kill {node} {layer}", warning("agent_down", Mesh.name(node, layer), layer))


def frozen(layer, node="{a}"):
    """Who does not run does not answer, and cannot say why before it runs again."""
    return Fault(f"freeze {node} {layer}", warning("agent_down", Mesh.name(node, layer), layer))


ALL = "{all}"
SINGLES = [
    row(node_down()), row(link_down()), row(pod_network()), row(gateway()), row(gateway_of_all()),
    row(server("{a}")), row(server("{a}", "{b}", "{c}")),
    row(Fault(f"server-unreachable {ALL}", critical("server_unreachable", "all", way="out"))),
    row(one_way("host")), row(one_way("pod")), row(one_way("both")), row(one_way("both", "{b}", "{a}")),
    row(loss(1, within=60.0)), row(loss(5)), row(loss(20)), row(loss(50)),
    row(port()), row(port(way="in")), row(port(way="out")),
    row(size_fault(f"port-mtu 1400 {ALL}", critical("mtu_black_hole", "all"))),
    row(silent_router()),
    # Who is told of a smaller size has no fault.
    row(size_fault("router-mtu 1300 {a}")), row(size_fault("router-mtu 1400 {a}")),
    row(size_fault("overlay-mtu 1500 {a}")), row(size_fault(f"overlay-mtu 1500 {ALL}")), row(size_fault("mss-clamped 1300 {a}")),
    # Pods believe in 1500 and their outer packets do not pass as fragments. In IPv6 each node tells its own pod. Fragments
    # come first: else some pods are told by other nodes in between.
    row(overlay("all", None, f"fragments-dropped {ALL}", f"overlay-mtu 1500 {ALL}")),
    row(overlay("node-{a}", "both", "fragments-dropped {a}", f"overlay-mtu 1500 {ALL}")),
    # Pods elsewhere know better, so what comes in is small enough.
    row(overlay("node-{a}", "out", "fragments-dropped {a}", "overlay-mtu 1500 {a}")),
    row(fragments()), row(fragments(which="first")), row(fragments(which="later")), row(fragments(way="in")), row(fragments(way="out")),
    row(size_fault(f"fragments-dropped {ALL}", warning("fragments_dropped", "all"))),
    # Gateways are known by pings alone, and a pod's is asked by pings too.
    row(Fault("icmp-filtered {a}", critical("gateway", "node-{a}"))),
    row(dns()),
    # Nobody finds the server by its name, and all go on with its last address.
    row(Fault("dns-down", critical("dns", DNS_NAME), within=15.0, by_name=True)),
    row(killed("pod")), row(killed("host")),
    # Nobody else is there to say that the node lives, but its kernel does: it answers pings.
    row(Fault(("kill {a} pod", "kill {a} host"), critical("agent_down", "node-{a}"))),
    row(frozen("pod")), row(frozen("host")),
    # What ends in an orderly way is no fault: a server, an agent, all agents, a node that is drained.
    row(Fault("restart-server")), row(Fault("restart {a} pod")), row(Fault("restart {a} host")), row(Fault(f"restart {ALL}")),
    row(Fault("drain {a}")), row(Fault(())),
]
PAIRS = [
    row(node_down(), node_down("{b}")), row(link_down(), link_down("{b}")), row(node_down(), pod_network("{b}")),
    row(node_down(), gateway("{b}")), row(node_down(), gateway_of_all()), row(node_down(), server("{b}")),
    row(node_down(), one_way("host", "{b}", "{c}")), row(node_down(), loss(20, "{b}")), row(node_down(), port("{b}")),
    row(node_down(), fragments("{b}")), row(node_down(), dns()), row(node_down(), killed("pod", "{b}")),
    row(pod_network(), pod_network("{b}")), row(pod_network(), gateway("{b}")), row(pod_network(), server("{b}")),
    row(pod_network(), loss(20, "{b}")), row(pod_network(), port("{b}")), row(pod_network(), killed("host", "{b}")),
    row(pod_network(), one_way("both", "{b}", "{c}")), row(pod_network(), gateway_of_all()),
    row(gateway(), gateway("{b}")), row(gateway(), server("{b}")), row(gateway(), port("{b}")), row(gateway(), loss(20, "{b}")),
    row(gateway(), dns()), row(gateway_of_all(), server("{a}")),
    row(server("{a}"), port("{b}")), row(server("{a}"), killed("pod", "{b}")), row(server("{a}"), fragments("{b}")), row(server("{a}"), dns()),
    row(loss(20), loss(20, "{b}")), row(loss(20), port("{b}")), row(loss(20), killed("host", "{b}")),
    row(port(), port("{b}")), row(port(), fragments("{b}")), row(silent_router(), fragments("{b}")),
    row(one_way("host"), one_way("pod", "{c}", "{d}")), row(killed("pod"), killed("host", "{b}")), row(frozen("pod"), node_down("{b}")),
    # At one node: what hides the other, and what does not.
    row(node_down(), Fault("pod-network-down {a}")), row(node_down(), Fault("kill {a} pod")), row(node_down(), Fault("gateway-down {a}")),
    row(link_down(), Fault("port-mtu 1400 {a}")), row(pod_network(), gateway()), row(gateway(), port()), row(loss(20), port()),
    # A black hole is worse than lost fragments, and cannot be told from them below itself.
    row(port(), Fault("fragments-dropped {a}")),
    # Three at once.
    row(node_down(), node_down("{b}"), node_down("{c}")), row(node_down(), pod_network("{b}"), port("{c}")),
    row(gateway(), server("{b}"), dns()), row(loss(20), node_down("{b}"), server("{c}")),
]


def bind(wanted, nodes):
    """The row with numbers in the place of {a}, {b}, ...: the first nodes of the list. A one-way fault from a larger number
    to a smaller one is the same fault."""
    names = {letter: node for letter, node in zip("abcd", nodes)}
    names["all"] = " ".join(str(node) for node in sorted(nodes))
    claims, allowed = (tuple(claim._replace(subject=claim.subject.format(**names)) for claim in some)
                          for some in (wanted.claims, wanted.allowed))
    return wanted._replace(lines=tuple(line.format(**names) for line in wanted.lines), claims=claims, allowed=allowed)


def matches(wanted, seen):
    return wanted._replace(way=seen.way if wanted.way is None else wanted.way) == seen


def claim_of(entry):
    return Claim(entry["kind"], entry["subject"], entry["layer"], entry["way"], entry["severity"])


def describe(claim):
    way = f" {claim.way}" if claim.way else ""
    return f"{claim.kind} {claim.subject}, {claim.layer}{way}, {claim.severity}"


def title(wanted):
    return (" + ".join(wanted.lines) or "nothing") + (", server by name" if wanted.by_name else "")
