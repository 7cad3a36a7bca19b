"""The fault matrix: what is done to sizes and fragments on the lab, and what the mesh has to say of it.

    make fault-matrix
    MESHCHECK_BUILD=build/dev /usr/bin/python3 test/lab/fault_matrix.py [--labs N] [--only TEXT]

Each fault is injected once into a mesh of three nodes and gives a row for each layer and family. A row is
ok if all its paths are as expected, exactly, within 30 s, and stay so; if they are healthy within 60 s of being healed,
and stay so; and if at no time a path was accused that had no part in it. What is expected follows from the network:
see doc/internals/lab.md.
"""

import argparse
import collections
import pathlib
import queue
import sys
import tempfile
import threading
import time

from lab import Lab, usable
from mesh import NOT_BUILT, SERVER, Mesh
from size_watch import DIRECTIONS, POLL, SIZE_CLASSES, SizeWatch, describe, paths_of, ways
from waiting import looks

NODES = 3
LABS = 9
FOUND_WITHIN = 30.0
HEALED_WITHIN = 60.0
HOLD = 10.0          # So long after FOUND_WITHIN it has to be as it was found, and to stay healed.
WRONG_MAX = 12       # Lines that say why a fault failed.
OVERHEAD = 50        # Of the lab's overlay.
LAYERS = ("host", "pod")
FAMILIES = ("ipv4", "ipv6")
ROUTERS = {"ipv4": "10.200.0.250", "ipv6": "fd00:200::250"}


# ---- what is expected

Expect = collections.namedtuple("Expect", "name size nodes way findings overlay too_big")
Fault = collections.namedtuple("Fault", "commands host pod pod_ipv6 mtu")
ALL = tuple(range(1, NODES + 1))
NARROW, ONE_WAY = ("path_mismatch",), ("path_mismatch", "asymmetric")


def expect(name="clear", size=None, nodes=(2,), way="both", findings=(), overlay=None, too_big=None):
    """Of one layer: the class of what goes into `nodes`, out of them, or both, and the size that passes there, which is
    the sender's link if none is said. All else is clear. overlay: cause, and the largest MTU that would fit."""
    return Expect(name, size, nodes, way, frozenset(findings), overlay, too_big)


def fault(*commands, host=expect(), pod=expect(), pod_ipv6=None, mtu=1500):
    return Fault(commands, host, pod, pod_ipv6 or pod, mtu)


def told(size, **options):
    return expect("reduced_signalled", size, findings=NARROW, too_big=size, **options)


def port(mtu, way, nodes="2", underlay=1500, findings=NARROW):
    """A switch port between hosts whose links are larger. It tells nobody, on no layer."""
    hurt = {"nodes": tuple(map(int, nodes.split())), "way": way, "findings": findings}
    inside = mtu - OVERHEAD
    return fault(f"port-mtu {mtu} {nodes} {way}", mtu=underlay, host=expect("black_hole", mtu, **hurt),
                 pod=expect("black_hole", inside, overlay=("too_large", inside), **hurt))


def router(mtu, how=""):
    """The outer packets of the overlay have no DF: the router cuts them and the other node joins them. Pods see nothing
    of it; what there is to say is that their overlay is larger than its underlay. But a node that was told holds the
    IPv6 packets that it forwards into the overlay to what it was told, if that leaves 1280 for them."""
    inside = mtu - OVERHEAD
    seen = expect("black_hole", mtu, findings=NARROW) if how else told(mtu)
    return fault(f"router-mtu {mtu} 2 {how}".strip(), host=seen, pod=expect(overlay=("too_large_fragmented", inside)),
                 pod_ipv6=told(inside, overlay=("too_large", inside)) if inside >= 1280 and not how else None)


def fragments(which, way):
    lost = expect("fragments_dropped", way=way)
    return fault(f"fragments-dropped 2 {which} {way}", host=lost, pod=lost)


FAULTS = [
    port(1400, "both"), port(1400, "in", findings=ONE_WAY), port(1400, "out", findings=ONE_WAY),
    # An overlay made for 1500 on an underlay of 1400.
    port(1400, "both", nodes="1 2 3"),
    port(1500, "both", underlay=9000, findings=(*NARROW, "jumbo_island")),
    router(1300), router(1300, "silent"), router(1400),
    fragments("all", "both"), fragments("later", "both"), fragments("first", "both"), fragments("all", "in"), fragments("all", "out"),
    # Pods of 1500 over 1500: the outer packets go as fragments, and while those pass nothing is lost. The overlay's device
    # notes that what it sends is cut, and the node, which forwards by such notes in IPv6 only, tells its pod.
    fault("overlay-mtu 1500 1 2 3", pod=expect(nodes=ALL, overlay=("too_large_fragmented", 1450)),
          pod_ipv6=told(1450, nodes=ALL, overlay=("too_large", 1450))),
    fault("overlay-mtu 1500 1 2 3", "fragments-dropped 1 2 3", host=expect("fragments_dropped", nodes=ALL),
          pod=expect("black_hole", 1450, nodes=ALL, findings=NARROW, overlay=("too_large", 1450)),
          pod_ipv6=expect("fragments_dropped", 1450, nodes=ALL, findings=NARROW, overlay=("too_large", 1450), too_big=1450)),
    # The other nodes tell the one that believes in 1500 what their pods' links are.
    fault("overlay-mtu 1500 2",
          pod=expect("reduced_signalled", 1450, way="out", findings=("link_mismatch",), overlay=("too_large", 1450), too_big=1450)),
    fault("mss-clamped 1300 2"),
    fault("loss 5 1 2 3"),
    fault(),
]


def hurts(want, source, target):
    return (want.way != "out" and target in want.nodes) or (want.way != "in" and source in want.nodes)


class Row:
    """A fault on one layer in one family: what is expected, and what has been seen."""

    def __init__(self, injected, layer, family):
        self.fault, self.layer, self.family = injected, layer, family
        self.expect = injected.pod_ipv6 if (layer, family) == ("pod", "ipv6") else getattr(injected, layer)
        # Random loss may take a path down for a moment, but has nothing to do with sizes.
        self.lossy = any(command.startswith("loss") for command in injected.commands)
        self.found_after = self.healed_after = None
        self.accused = {}      # Ways that had no part in it, with what was said of them, and when first.
        self.found = ""        # What is said of those that have.

    def ok(self):
        return (self.found_after is not None and self.found_after <= FOUND_WITHIN
                and self.healed_after is not None and self.healed_after <= HEALED_WITHIN and not self.accused)

    def mine(self, paths):
        return [path for path in paths if path["layer"] == self.layer and path["family"] == self.family]

    def links(self):
        """Of each node, while the fault is in force."""
        links = dict.fromkeys(range(1, NODES + 1), self.healthy_link())
        for kind, mtu, *nodes in (command.split() for command in self.fault.commands if self.layer == "pod"):
            if kind == "overlay-mtu":
                links.update(dict.fromkeys(map(int, nodes), int(mtu)))
        return links

    def healthy_link(self):
        return self.fault.mtu - (OVERHEAD if self.layer == "pod" else 0)

    def unhealed(self, paths):
        links = dict.fromkeys(range(1, NODES + 1), self.healthy_link())
        return [text for path in self.mine(paths) for text in wrong(path, expect(), links)]

    def unfound(self, paths):
        """What is not as it should be; nothing if all is."""
        links = self.links()
        return [] if self.lossy else [text for path in self.mine(paths) for text in wrong(path, self.expect, links)]

    def look(self, paths, seconds):
        """One look while the fault is in force."""
        if self.unfound(paths) or not paths:
            self.found_after = None
        elif self.found_after is None:
            self.found_after = seconds
        said = collections.Counter()
        for path in self.mine(paths):
            for ends, way in ways(path):
                hurt = path["relation"] == "peer" and self.expect.name != "clear" and hurts(self.expect, *ends)
                if hurt or (self.expect.name == "clear" and path["relation"] == "peer"):
                    said[f"{way['class']} {way['size']}"] += 1
                if not hurt and (way["class"] in SIZE_CLASSES or (way["class"] == "down" and not self.lossy)):
                    self.accused.setdefault((path["from"], path["to"], *ends, way["class"]), seconds)
        self.found = ", ".join(f"{count} x {text}" for text, count in said.most_common(2)) + (", ..." if len(said) > 2 else "")


def wrong(path, want, links):
    """What is not as expected of one path, as text."""
    name = describe(path)
    if path["relation"] == "twin":   # Their packets stay inside the node.
        return [f"{name}: {way}" for _, way in ways(path) if way["class"] != "clear"]
    said = [(way["class"], way["size"], way["link_mtu"]) for _, way in ways(path)]
    wanted = [(want.name, want.size or links[source], links[source]) if hurts(want, source, target) else
              ("clear", links[source], links[source]) for (source, target), _ in ways(path)]
    if said != wanted:
        return [f"{name}: {said} and not {wanted}"]
    return [f"{name}: {text}" for text in wrong_reasons(path, want)]


def wrong_reasons(path, want):
    hurt = [hurts(want, *ends) for ends, _ in ways(path)]
    if frozenset(path["findings"]) != (want.findings if any(hurt) else frozenset()):
        yield f"findings {path['findings']}"
    told = path["too_big"] or {}
    if want.too_big and hurt[0]:
        if told.get("mtu") != want.too_big or (path["layer"] == "host" and told["from"] != ROUTERS[path["family"]]):
            yield f"too big: {told}"
    for direction, is_hurt in zip(DIRECTIONS, hurt):
        overlay = (path["overlay"] or {}).get(direction) or {}
        if want.overlay and is_hurt and (overlay.get("cause"), overlay.get("link_mtu_max")) != want.overlay:
            yield f"overlay {direction}: {overlay}"


# ---- the runner

class Bench:
    """A lab with a mesh on it, into which faults are injected one after the other."""

    def __init__(self, mtu, folder):
        self.lab = Lab(nodes=NODES, ipv6=True, mtu=mtu)
        self.folder = folder
        self.watch = None

    def run(self, faults, done):
        with self.lab as lab:
            Mesh(lab, self.folder)
            self.watch = SizeWatch(lab)
            self.watch.wait_until_clear()
            while True:
                try:
                    done(*self.inject(faults.get_nowait()))
                except queue.Empty:
                    return

    def inject(self, injected):
        """The rows, and what was wrong at the end."""
        rows = [Row(injected, layer, family) for layer in LAYERS for family in FAMILIES]
        began = time.monotonic()
        for command in injected.commands:
            self.lab.fault(*command.split())
        setting_up = time.monotonic() - began
        for passed in looks(FOUND_WITHIN + HOLD - setting_up, POLL):
            paths = self.watch.paths()
            for row in rows:
                row.look(paths, setting_up + passed)
        complaints = [text for row in rows for text in row.unfound(paths)]
        self.lab.heal()
        for passed in looks(HEALED_WITHIN + HOLD, POLL):
            paths = self.watch.paths()
            whole = len(paths) == paths_of(self.lab)
            for row in rows:
                good = whole and not row.unhealed(paths)
                row.healed_after = (row.healed_after or passed) if good else None
            if all(row.healed_after is not None and passed - row.healed_after >= HOLD for row in rows):
                break
        return rows, complaints + [f"not healed: {text}" for row in rows if row.healed_after is None for text in row.unhealed(paths)]


class Matrix:
    """All faults, on several labs side by side: they cost time and hardly any processor."""

    def __init__(self, faults, folder):
        self.faults = faults
        self.folder = folder
        self.results = {}   # Rows and what was wrong, by the fault's place in the list.
        self.failures = []

    def run(self, labs):
        queues = collections.defaultdict(queue.Queue)
        for injected in self.faults:
            queues[injected.mtu].put(injected)
        threads = []
        for mtu, waiting in queues.items():
            for number in range(min(labs, waiting.qsize())):
                folder = self.folder / f"{mtu}-{number}"
                folder.mkdir()
                threads.append(threading.Thread(target=self._work, args=(Bench(mtu, folder), waiting)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, bench, waiting):
        try:
            bench.run(waiting, self._done)
        except Exception as error:   # A thread's end is nobody's otherwise.
            self.failures.append(f"lab {bench.lab.name}: {error!r}")

    def _done(self, rows, complaints):
        self.results[self.faults.index(rows[0].fault)] = rows, complaints
        print(f"{title(rows[0].fault)}: {'ok' if all(row.ok() for row in rows) else 'FAILED'}", file=sys.stderr, flush=True)

    def ok(self):
        return (not self.failures and len(self.results) == len(self.faults)
                and all(row.ok() for rows, _ in self.results.values() for row in rows))

    def table(self):
        lines = [("row", "fault", "layer", "family", "expected", "found", "found s", "healed s", "others", "")]
        for place in sorted(self.results):
            for row in self.results[place][0]:
                lines.append((len(lines), title(row.fault), row.layer, row.family, wanted(row), row.found, rounded(row.found_after),
                              rounded(row.healed_after), len(row.accused), "ok" if row.ok() else "FAILED"))
        widths = [max(len(str(line[column])) for line in lines) for column in range(len(lines[0]))]
        yield from ("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
        yield ""
        for rows, complaints in self.results.values():
            if not all(row.ok() for row in rows):
                yield f"{title(rows[0].fault)}:"
                accused = [f"accused after {after:.1f} s: {entry}" for row in rows for entry, after in sorted(row.accused.items())]
                yield from (f"  {text}" for text in (complaints + accused)[:WRONG_MAX])
        yield from self.failures
        yield from (f"not run: {title(injected)}" for place, injected in enumerate(self.faults) if place not in self.results)


def title(injected):
    return (" + ".join(injected.commands) or "healthy") + (f", hosts of {injected.mtu}" if injected.mtu != 1500 else "")


def wanted(row):
    want = row.expect
    if want.name == "clear":
        return f"clear {row.links()[1]}"
    return f"{want.name} {want.way} {want.size or row.links()[2]}"


def rounded(value):
    return "never" if value is None else f"{value:.1f}"


def run_matrix(labs=LABS, only=""):
    """Runs and prints all, or the faults whose titles contain `only`; true if every row is ok."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fault-matrix-") as folder:
        matrix = Matrix([injected for injected in FAULTS if only in title(injected)], pathlib.Path(folder))
        matrix.run(labs)
    print("\n".join(matrix.table()))
    rows = [row for entry, _ in matrix.results.values() for row in entry]
    print(f"{sum(row.ok() for row in rows)} of {len(rows)} rows ok, in {time.monotonic() - began:.0f} s")
    return matrix.ok()


def main():
    parser = argparse.ArgumentParser(description="Runs the fault matrix.")
    parser.add_argument("--labs", type=int, default=LABS, help="so many side by side")
    parser.add_argument("--only", default="", help="faults that have this in their names")
    options = parser.parse_args()
    reason = usable() or (None if SERVER.is_file() else NOT_BUILT)
    if reason:
        sys.exit(f"fault_matrix: {reason}")
    sys.exit(0 if run_matrix(options.labs, options.only) else 1)


if __name__ == "__main__":
    main()
