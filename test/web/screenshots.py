#!/usr/bin/python3
"""The pictures of doc/images: the page with the real programs on the lab, and with 1,000 nodes by reports made by hand.

Usage: make screenshots        MESHCHECK_BUILD=BUILD tools/web ../test/web/screenshots.py [lab|large]...
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "test" / folder) for folder in ("", "lab", "server")]
from browser import Browser  # pylint: disable=wrong-import-position
from lab import Lab  # pylint: disable=wrong-import-position
from large_mesh import LargeMesh, node_down  # pylint: disable=wrong-import-position
from mesh import Mesh  # pylint: disable=wrong-import-position
from server import Server  # pylint: disable=wrong-import-position
from waiting import hold_for, wait_for  # pylint: disable=wrong-import-position

IMAGES = ROOT / "doc" / "images"
NODES = 8
HISTORY = 1200  # Seconds of a healthy mesh before the last fault: a graph of an hour, in steps of a minute, has something to show.


def shoot(browser, name, url, shows, has="main", width=1280, height=800, **options):
    """`shows` is what a person has to read there first, and `has` a selector of what has to be seen."""
    browser.open(url=url, width=width, height=height, **options)
    wait_for(lambda: browser.shows(shows, of="main", seconds=1), lambda: f"'{shows}' in {browser.text()}", patience=60)
    wait_for(lambda: browser.count(of=has) > 0, lambda: f"{has} of {name}", patience=60)
    wait_for(lambda: browser.count(of=".live.live") == 1, "a live page")
    wait_for(lambda: browser.evaluate(code="document.fonts.ready.then(() => true)"), "fonts")
    assert browser.complaints() == []
    image = IMAGES / f"{name}.png"
    browser.screenshot(path=str(image))
    # A palette of 64: a third of the size, for colours as flat as these.
    subprocess.run(["pngquant", "64", "--force", "--strip", "--nofs", "--output", image, image], check=True)
    print(f"{image.name} {image.stat().st_size / 1000:.0f} kB", flush=True)


class FaultyLab:
    """Does a fault until the mesh knows it, and undoes it until the mesh is fine again."""

    def __init__(self, mesh):
        self.mesh = mesh

    def open_kinds(self):
        answer = self.mesh.get("/api/v1/verdicts")
        return [verdict["kind"] for verdict in json.loads(answer[1])["verdicts"] if verdict["state"] == "open"]

    def fault(self, kind, *line):
        self.mesh.lab.fault(*line)
        wait_for(lambda: kind in self.open_kinds(), f"a verdict {kind} of {line}", patience=60)

    def heal(self):
        self.mesh.lab.heal()
        wait_for(lambda: not self.open_kinds(), "the end of all verdicts", patience=90)


def name_zones(mesh):
    half = mesh.lab.nodes // 2
    mesh.write_inventory([{"name": mesh.name(node, layer), "node": f"node-{node}", "zone": "east" if node <= half else "west"}
                          for node in mesh.nodes() for layer in ("pod", "host")])


def shoot_the_lab(folder):
    with Lab(nodes=NODES) as lab:
        mesh = Mesh(lab, folder)
        assert mesh.healthy(), (folder / "server.log").read_text()
        name_zones(mesh)
        page = "http://127.0.0.1:8081/"
        browser = Browser(lambda command, **options: lab.popen("server", *command, **options))
        try:
            faulty = FaultyLab(mesh)
            wait_for(lambda: {row["state"] for row in mesh.paths()} == {"up"} and not faulty.open_kinds(), "all paths to be up")
            shoot(browser, "page_fine", page, "The network is fine.", height=760)
            faulty.fault("reachability", "one-way-drop", 2, 6)
            faulty.heal()
            faulty.fault("mtu_black_hole", "port-mtu", 1400, 7)
            faulty.heal()
            hold_for(HISTORY, lambda: not faulty.open_kinds(), "a mesh without a fault", pause=1)
            faulty.fault("pod_network", "pod-network-down", 3)
            wait_for(lambda: len(mesh.paths("state=down&relation=peer")) >= 2 * (NODES - 1), "all its paths to be down")
            shoot(browser, "page_dark", page, "node-3", has="a.node.down", height=1000, dark=True)
            shoot(browser, "page_phone", page, "node-3", has="a.node.down", width=390, height=844)
            shoot(browser, "page_node", page + "#/node/node-3", "Other nodes", height=1500)
            shoot(browser, "page_events", page + "#/events", "packets above", height=500)
        finally:
            browser.close()


def shoot_the_large_mesh(folder):
    """A node that is cut off, and a zone from which packets to another are lost."""
    mesh = LargeMesh(1000)
    mesh.write_inventory(folder / "inventory.yaml")
    server = Server(folder, "-inventory", folder / "inventory.yaml", "-agents-max", "3000", "-outdated-factor", "4").start()
    browser = Browser()
    try:
        mesh.post_all(server)
        cut = node_down(412)
        lost = {"sent": 60, "lost": 15, "lost_forward": 15, "state": "degraded"}
        mesh.fault = lambda source, target, layer: cut(source, target, layer) or (
            lost if (mesh.zone(source), mesh.zone(target)) == ("zone-2", "zone-7") else {})
        mesh.silent = {412}
        wait_for(lambda: mesh.post_all(server) or "node412 is down" in server.check().text, "a verdict on the node", patience=120)
        shoot(browser, "page_1000", f"http://127.0.0.1:{server.port}/", "1000 nodes", height=1560)
    finally:
        browser.close()
        server.kill()


PARTS = {"lab": shoot_the_lab, "large": shoot_the_large_mesh}


def main():
    IMAGES.mkdir(exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[part](pathlib.Path(folder))


if __name__ == "__main__":
    main()
