"""Random loss on every node and all processors busy: no path may be accused of a fault of sizes.

    make size-soak [MINUTES=30]
    MESHCHECK_BUILD=build/dev /usr/bin/python3 test/lab/size_soak.py [--minutes N]
"""

import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

from lab import Lab, usable
from mesh import NOT_BUILT, SERVER, Mesh
from size_watch import SIZE_CLASSES, SizeWatch, ways
from waiting import looks

NODES = 4
LOSS = 5         # % at each end of the wire.
MINUTES = 30.0
SHOWN_MAX = 20   # Accusations that are printed.


def observe(watch, seconds):
    """How often each class was seen, and each accusation, of which there should be none."""
    seen, accusations = collections.Counter(), set()
    for passed in looks(seconds, 1.0):
        for path in watch.paths():
            for ends, way in ways(path):
                seen[way["class"]] += 1
                accusation = (path["from"], path["to"], path["family"], *ends, way["class"], way["size"], way["since"])
                if way["class"] in SIZE_CLASSES and accusation not in accusations:
                    accusations.add(accusation)
                    if len(accusations) <= SHOWN_MAX:
                        print(f"after {passed:.0f} s: {accusation}", flush=True)
    return seen, accusations


def soak(minutes=MINUTES):
    """True if nobody was accused, and sizes were known most of the time."""
    with tempfile.TemporaryDirectory(prefix="size-soak-") as folder, Lab(nodes=NODES, ipv6=True) as lab:
        Mesh(lab, pathlib.Path(folder))
        watch = SizeWatch(lab)
        watch.wait_until_clear()
        lab.fault("loss", LOSS, *range(1, NODES + 1))
        busy = [subprocess.Popen(["yes"], stdout=subprocess.DEVNULL) for _ in range(os.cpu_count())]
        try:
            seen, accusations = observe(watch, minutes * 60)
        finally:
            for process in busy:
                process.kill()
                process.wait()
    print(f"{minutes:g} minutes, {LOSS} % loss at each node, {len(busy)} busy processors: {len(accusations)} accusations")
    for name, count in seen.most_common():
        print(f"  {name}: {count}")
    return not accusations and seen["clear"] > sum(seen.values()) / 2


def main():
    parser = argparse.ArgumentParser(description="Watches a healthy mesh that loses packets at random.")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    options = parser.parse_args()
    reason = usable() or (None if SERVER.is_file() else NOT_BUILT)
    if reason:
        sys.exit(f"size_soak: {reason}")
    sys.exit(0 if soak(options.minutes) else 1)


if __name__ == "__main__":
    main()
