"""Faults of each kind that the lab does not make, or not soon, as the page shows them.

The server and the browser are real. The reports are made by hand, and stand in for those of agents (stand_ins.py);
page_test.py has faults of a real network. Each mesh has a server of its own, so that no fault hides another.
"""

import contextlib
import json
import pathlib
import sys

import pytest

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("lab", "server")]
from kubernetes import Kubernetes, node, pod  # pylint: disable=wrong-import-position
from listener import Listener  # pylint: disable=wrong-import-position
from mesh_report import address, payload  # pylint: disable=wrong-import-position
from server import Server  # pylint: disable=wrong-import-position
from waiting import eventually, wait_for  # pylint: disable=wrong-import-position
from browser import Browser  # pylint: disable=wrong-import-position
from stand_ins import LAYERS, Fault, Posting, StandIns, never  # pylint: disable=wrong-import-position

HEADLINE = ".headline h1"
FINE = "The network is fine."
VERDICTS = "ul[aria-label='Open verdicts']"
FAILING = """[...document.querySelectorAll('details.failing tbody tr')]
    .map((row) => [...row.querySelectorAll('td')].slice(0, 3).map((cell) => cell.textContent).join(' ')).sort()"""


def at_2(source, target, *_):
    return 2 in (source, target) and source != target


def across(source, target, *_):
    """Between the halves of six nodes."""
    return (source < 3) != (target < 3)


def between_1_and_3(source, target, *_):
    return {source, target} == {1, 3}


class Kind:
    """`sentence` is what a person reads, `command` what the next one begins with. `cells` are those of the pod network that
    fail, as (source, target) and with one state; `layer` is another network to look at."""

    def __init__(self, fault, sentence, command, cells=never, state="down", layer="pod", says=None):
        self.fault, self.sentence, self.command = fault, sentence, command
        self.layer, self.says = layer, says
        nodes = range(fault.nodes)
        self.cells = sorted(f"node{source} node{target} {state}" for source in nodes for target in nodes
                            if cells(source, target))


def sizes(fault_class, size, layers=LAYERS):
    """Sizes that pass neither to nor from node 2."""
    way = (fault_class, size)
    return lambda source, target, layer: {"forward": way, "backward": way} if layer in layers and at_2(source, target) else {}


def pods_of(*nodes):
    return lambda node, layer, *_: layer == "pod" and node in nodes


KINDS = {
    "duplicate_agent": Kind(Fault(twice=pods_of(2)), "Two agents report as agent-pod-2, from", "kubectl get pods"),
    "host_link": Kind(Fault(down=at_2), "Network of node2 is cut off (12 of 12 paths, its agents still report", "ip -s link  # on node2",
                      at_2),
    "pair": Kind(Fault(down=between_1_and_3), "No packets pass between node1 and node3 (4 of 4", "ping -c 10", between_1_and_3),
    "closed_port": Kind(Fault(down=lambda source, target, layer: layer == "host" and at_2(source, target), cross_check="answered"),
                        "UDP port 8862 is closed from and to node2 on the host network: pings pass", "timeout 5 tcpdump", at_2, layer="host"),
    "twin_path": Kind(Fault(twin_down=lambda node, _: node == 2), "Host and pod network of node2 do not reach each other",
                      "ip -d link; ip route  # on node2", lambda source, target: source == target == 2),
    "zone_partition": Kind(Fault(nodes=6, zones=True, down=across), "No packets pass between zones east and west",
                           "kubectl get nodes -L topology.kubernetes.io/zone", across),
    "zone_degradation": Kind(Fault(nodes=6, zones=True, lossy=across), "% of packets are lost between zones east and west",
                             "kubectl get nodes -L", across, state="degraded"),
    "partial_loss": Kind(Fault(nodes=6, lossy=at_2), "% of packets are lost from and to node2", "ping -c 10", at_2, state="degraded"),
    "latency": Kind(Fault(slow=at_2), "Round trips of node2 take 6.0 ms instead of", "ping -c 10"),
    "target": Kind(Fault(target_down=lambda *_: True), "Probes of 10.9.9.9:443 fail (8 of 8 agents and targets", "kubectl get endpoints"),
    "mtu_black_hole": Kind(Fault(sizes=sizes("black_hole", 1400)), "MTU black hole: packets above 1400 bytes vanish without a word", "ping -M do",
                           says="sizes: black hole"),
    "overlay_mtu": Kind(Fault(sizes=sizes("black_hole", 1450, ("pod",))), "MTU of the overlay is too large: packets above 1450 bytes are lost",
                        "ping -M do", says="sizes: black hole"),
    "fragments_dropped": Kind(Fault(sizes=sizes("fragments_dropped", 1500)), "Fragments are lost from and to node2", "ping -M dont",
                              says="sizes: fragments dropped"),
    "agent_starved": Kind(Fault(says=lambda node, layer, turn: {"starved": 10 + turn} if pods_of(2)(node, layer) else {}),
                          "Agent agent-pod-2 did not get to run", "kubectl get pods"),
    "clock_skew": Kind(Fault(clock=lambda node, layer: 60 * pods_of(2)(node, layer)), "Wall clock of agent agent-pod-2 is 60 s ahead of the server's",
                       "timedatectl  # on node2"),
    "address_conflict": Kind(Fault(says=lambda node, layer, _: {"addresses": [address(2)]} if pods_of(2, 3)(node, layer) else {}),
                             "Agents agent-pod-2 and agent-pod-3 are all at one address", "ip -br address"),
}
LIVE = "pair"
LOOKED_THROUGH = ("zone_partition", "mtu_black_hole", "clock_skew")  # By axe: critical, sizes, info.
# What is told of a fault that is over, where it is not that all is fine.
AFTER = {"clock_skew": "Wall clock of agent agent-pod-2 was set by"}


@pytest.fixture(scope="module")
def meshes(tmp_path_factory):
    """By the kind of the fault, which is not there yet."""
    made = {}
    with contextlib.ExitStack() as stack:
        for name, kind in KINDS.items():
            folder = tmp_path_factory.mktemp(name)
            StandIns.write_inventory(kind.fault, folder / "inventory.yaml")
            server = Server(folder, "-inventory", folder / "inventory.yaml", "-db", "").start()
            stack.callback(server.kill)
            made[name] = StandIns(server, kind.fault)
        stack.enter_context(Posting(list(made.values())))
        yield made


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def faults(meshes, browser):
    """They begin once all meshes are well. The page of one of them is open all the time, and follows the stream by then."""
    for name, mesh in meshes.items():
        wait_for(lambda mesh=mesh: mesh.turn > 2 and mesh.server.check().status == 200, f"{name} to be well")
    live = meshes[LIVE].server
    browser.open(window="live", url=url_of(LIVE, live))
    assert browser.shows(FINE, of=HEADLINE), browser.text()
    listener = Listener(live, query="?cells=pod")
    told = [listener.event()[0] for _ in range(3)]
    assert told == ["verdicts", "cells", "cells"]
    listener.close()
    browser.grids_read_before = grids_read(browser)
    for mesh in meshes.values():
        mesh.begin()


def url_of(name, server):
    return f"http://127.0.0.1:{server.port}/#/now?layer={KINDS[name].layer}"


def grids_read(browser):
    return sum("mesh/grid" in url for url in browser.requested())


def has_cells(browser, cells):
    return eventually(lambda: browser.evaluate(code=FAILING) == cells, 20)


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize("name", KINDS)
def test_a_fault_is_named_with_its_cells_and_command(meshes, browser, name):
    kind = KINDS[name]
    browser.open(url=url_of(name, meshes[name].server))
    assert browser.shows(kind.sentence, of=VERDICTS, seconds=40), browser.text()
    assert eventually(lambda: browser.text(of=f"{VERDICTS} .verdict code").startswith(kind.command), 10), browser.text()
    assert has_cells(browser, kind.cells), browser.evaluate(code=FAILING)
    if kind.says:
        for _ in range(3):
            browser.press(of=".heatmap .frame", key="ArrowRight")
        assert eventually(lambda: kind.says in browser.text(of=".says"), 20), browser.text(of=".says")
        assert browser.text(of=".says").startswith("node0 to node2: up"), browser.text(of=".says")
    if name in LOOKED_THROUGH:
        assert browser.axe() == []
    assert browser.complaints() == []
    if name != LIVE:
        meshes[name].end()


@pytest.mark.usefixtures("faults")
def test_cells_change_on_an_open_page_without_a_request(meshes, browser):
    browser.choose(window="live")
    assert has_cells(browser, KINDS[LIVE].cells), browser.evaluate(code=FAILING)
    meshes[LIVE].end()
    assert has_cells(browser, []), browser.evaluate(code=FAILING)
    assert browser.shows(FINE, of=HEADLINE, seconds=30), browser.text()
    assert grids_read(browser) == browser.grids_read_before, browser.requested()
    assert browser.complaints() == []


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize("name", reversed(KINDS))
def test_a_fault_that_is_over_is_shown_no_more(meshes, browser, name):
    meshes[name].end()
    browser.open(url=url_of(name, meshes[name].server))
    if name in AFTER:
        assert browser.shows(AFTER[name], of=VERDICTS, seconds=30), browser.text()
    else:
        assert eventually(lambda: FINE in browser.text(of=HEADLINE) and browser.count(of=".verdict") == 0, 60), browser.text()
    assert browser.shows(FINE, of=HEADLINE, seconds=30), browser.text()
    assert has_cells(browser, []), browser.evaluate(code=FAILING)
    own = f"http://127.0.0.1:{meshes[name].server.port}/"
    assert [url for url in browser.requested() if not url.startswith((own, "data:"))] == []


@pytest.fixture
def page(browser, tmp_path):
    """Opens the page of a server with these flags."""
    servers = []

    def open_page(*flags):
        server = Server(tmp_path, "-db", "", *flags).start()
        servers.append(server)
        browser.open(window="alone", url=f"http://127.0.0.1:{server.port}/")
        return server
    yield open_page
    for server in servers:
        server.kill()


def test_a_server_without_agents_says_so(page, browser):
    page()
    assert browser.shows("No agent has told of a path on this network.", of="main"), browser.text()
    assert FINE not in browser.text(of=HEADLINE), browser.text()


def test_absent_and_outdated_agents_are_named(page, browser, tmp_path):
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(json.dumps({"agents": ["here", "silent", "late"]}))
    server = page("-inventory", inventory)
    for name, interval in (("here", 3600), ("silent", 1)):
        assert server.post(payload(name, report_interval=interval)).status == 200
    silent = "section[aria-label='Agents that do not report']"
    assert browser.shows("1 absent (never reported): late", of=silent), browser.text()
    assert browser.shows("1 outdated (fell silent): silent", of=silent), browser.text()
    assert browser.shows("2 agents do not report", of=HEADLINE), browser.text()
    for name in ("silent", "late"):
        assert server.post(payload(name, report_interval=3600)).status == 200
    assert eventually(lambda: browser.count(of=silent) == 0, 20), browser.text()


def test_a_kubernetes_api_that_is_away_is_told(page, browser, tmp_path):
    kubernetes = Kubernetes(tmp_path)
    kubernetes.put(node("n1"), pod("a"))
    try:
        server = page("-kubeproxyinit", "-report-auth=none", "-kubeconfig", kubernetes.kubeconfig)
        assert eventually(lambda: server.check().json()["Absent"] == ["a"], 20)
        assert server.post(payload("a", report_interval=3600)).status == 200
        kubernetes.stop()
        assert browser.shows("may be old", of=VERDICTS, seconds=40), browser.text()
        assert browser.shows("kubectl get --raw", of=f"{VERDICTS} code"), browser.text()
        kubernetes.start()
        assert eventually(lambda: browser.count(of=".verdict") == 0, 60), browser.text()
    finally:
        kubernetes.stop()
