"""A server and its agents within the chart's limits: what they took of them, and whether they were killed or held back.

    make limits-soak [MINUTES=10] [CPU=100]
    MESHCHECK_BUILD=build/release /usr/bin/python3 test/lab/limits_soak.py [--minutes N] [--cpu MILLICORES]

The chart limits memory and no processor time; --cpu holds every program to so many thousandths of a core as well, as a
LimitRange of the namespace may. Needs root, and control groups of either version.
"""

import argparse
import dataclasses
import os
import pathlib
import sys
import tempfile
import time

import yaml

from lab import Lab, usable
from mesh import NOT_BUILT, PROGRAMS, SERVER, Mesh
from waiting import looks

NODES = 6
MINUTES = 10.0
LOOK_EVERY = 5.0  # Seconds between two scrapes and checks.
PERIOD_US = 100_000
VALUES = pathlib.Path(__file__).resolve().parents[2] / "helm-chart" / "meshcheck" / "values.yaml"
SECTIONS = {SERVER: "server", PROGRAMS["pod"]: "agent", PROGRAMS["host"]: "agentHostnet"}
ROOTS = {2: {"memory": "/sys/fs/cgroup", "cpu": "/sys/fs/cgroup"},
         1: {"memory": "/sys/fs/cgroup/memory", "cpu": "/sys/fs/cgroup/cpu"}}
# In the group before anything else is done, and by the open file: the lab's processes have a /sys of their own.
JOIN = 'for file in $1; do echo 0 >&"$file"; eval "exec $file>&-"; done; shift; exec "$@"'


def version():
    """Of the control groups that can be used here; None: none."""
    if "memory" in read("/sys/fs/cgroup/cgroup.controllers").split():
        return 2
    return 1 if pathlib.Path(ROOTS[1]["memory"], "memory.limit_in_bytes").exists() else None


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def bytes_of(text):
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
    return int(text[:-2]) * units[text[-2:]] if text[-2:] in units else int(text)


def limit_of(program):
    return bytes_of(yaml.safe_load(VALUES.read_text())[SECTIONS[program]]["resources"]["limits"]["memory"])


def numbers(text):
    return {key: int(value) for key, value in (line.split() for line in text.splitlines() if len(line.split()) == 2)}


@dataclasses.dataclass
class Figures:
    limit: int
    peak: int
    killed: int
    throttled: int
    throttled_ms: float
    cpu_seconds: float


class Group:
    """One program's control group, with its limits."""

    def __init__(self, name, limit, cpu):
        self.version, self.limit = version(), limit
        self.folders = {kind: pathlib.Path(root, f"meshcheck-{os.getpid()}-{name}") for kind, root in ROOTS[self.version].items()}
        if self.version == 2:
            self.write_all("/sys/fs/cgroup", {"cgroup.subtree_control": "+memory +cpu"})
        for folder in set(self.folders.values()):
            folder.mkdir()
        if self.version == 2:
            self.write_all(self.folders["memory"], {"memory.max": limit, "memory.swap.max": 0})
            self.write_all(self.folders["cpu"], {"cpu.max": f"{cpu * PERIOD_US // 1000} {PERIOD_US}"} if cpu else {})
        else:
            self.write_all(self.folders["memory"], {"memory.limit_in_bytes": limit})
            self.write_all(self.folders["cpu"], {"cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": cpu * PERIOD_US // 1000} if cpu else {})

    @staticmethod
    def write_all(folder, texts):
        for name, text in texts.items():
            pathlib.Path(folder, name).write_text(str(text))

    def open(self):
        return [os.open(folder / "cgroup.procs", os.O_WRONLY) for folder in sorted(set(self.folders.values()))]

    def figures(self):
        memory, cpu = self.folders["memory"], numbers(read(self.folders["cpu"] / "cpu.stat"))
        if self.version == 2:
            return Figures(self.limit, int(read(memory / "memory.peak") or 0), numbers(read(memory / "memory.events"))["oom_kill"],
                           cpu.get("nr_throttled", 0), cpu.get("throttled_usec", 0) / 1e3, cpu["usage_usec"] / 1e6)
        used = numbers(read(memory / "memory.oom_control"))
        return Figures(self.limit, int(read(memory / "memory.max_usage_in_bytes")), used.get("oom_kill", 0), cpu["nr_throttled"],
                       cpu["throttled_time"] / 1e6, sum(self.ticks()) / os.sysconf("SC_CLK_TCK"))

    def ticks(self):
        """Of what runs in the group now."""
        for process in read(self.folders["memory"] / "cgroup.procs").split():
            fields = read(f"/proc/{process}/stat").rpartition(")")[2].split()
            yield from map(int, fields[11:13])

    def remove(self):
        for folder in set(self.folders.values()):
            folder.rmdir()


class LimitedLab(Lab):
    """Each of our programs that is started in it has a group of its own."""

    def __init__(self, cpu, **options):
        super().__init__(**options)
        self.cpu = cpu
        self.groups = {}

    def popen(self, *where_and_command, **options):
        place, program = next(((place, word) for place, word in enumerate(where_and_command) if word in SECTIONS), (None, None))
        if program is None:
            return super().popen(*where_and_command, **options)
        name = "-".join(map(str, where_and_command[:place]))
        group = self.groups[name] = Group(name, limit_of(program), self.cpu)
        files = group.open()
        try:
            return super().popen(*where_and_command[:place], "bash", "-c", JOIN, "join", " ".join(map(str, files)),
                                 *where_and_command[place:], pass_fds=files, **options)
        finally:
            for file in files:
                os.close(file)

    def down(self):
        super().down()
        for group in self.groups.values():
            group.remove()


def observe(mesh, seconds):
    """Scrapes and checks as a cluster would; how many checks failed, of how many."""
    failed = checks = 0
    for _ in looks(seconds, LOOK_EVERY):
        mesh.get("/metrics")
        answer = mesh.get("/api/v1/connectivity_check")
        checks += 1
        failed += answer is None or answer[0] != 200
    return failed, checks


def show(title, figures, seconds):
    worst = max(figures, key=lambda one: one.peak)
    busiest = max(figures, key=lambda one: one.cpu_seconds)
    print(f"{title:26} memory.peak {worst.peak / 2**20:6.1f} MiB of {worst.limit >> 20:3} ({100 * worst.peak / worst.limit:4.1f} %)"
          f"  oom_kill {sum(one.killed for one in figures)}  nr_throttled {max(one.throttled for one in figures)}"
          f"  throttled {max(one.throttled_ms for one in figures):.0f} ms  CPU {100 * busiest.cpu_seconds / seconds:.2f} % of a core")


def soak(minutes, cpu):
    """True if nobody was killed and the mesh was well all the time."""
    with tempfile.TemporaryDirectory(prefix="limits-soak-") as folder, LimitedLab(cpu, nodes=NODES, ipv6=True) as lab:
        began = time.monotonic()
        mesh = Mesh(lab, pathlib.Path(folder))
        healthy = mesh.healthy(60)
        failed, checks = observe(mesh, minutes * 60)
        ran = mesh.server.poll() is None and all(agent.poll() is None for agent in mesh.agents.values())
        figures = {name: group.figures() for name, group in lab.groups.items()}
        seconds = time.monotonic() - began
    held = f"{cpu}m of a core each" if cpu else "no limit of CPU"
    print(f"{minutes:g} minutes, {NODES} dual-stack nodes, a report each second, {held}, cgroup v{version()}; the worst of each kind:")
    for title, ending in (("server", "server"), ("agents, pod network", "-pod"), ("agents, nodes' network", "-host")):
        show(title, [one for name, one in figures.items() if name.endswith(ending)], seconds)
    print(f"{failed} of {checks} checks failed; all that was started still ran: {'yes' if ran else 'no'}", flush=True)
    return healthy and ran and failed == 0 and not any(one.killed for one in figures.values())


def main():
    parser = argparse.ArgumentParser(description="Runs the mesh within the chart's limits.")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--cpu", type=int, default=0, help="thousandths of a core for each program; 0: as the chart, no limit")
    options = parser.parse_args()
    reason = usable() or (None if SERVER.is_file() else NOT_BUILT)
    if not reason and (os.geteuid() != 0 or version() is None):
        reason = "it takes root, and control groups of memory"
    if reason:
        sys.exit(f"limits_soak: {reason}")
    print(f"# {time.strftime('%Y-%m-%d')} {os.uname().release} {' '.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]])}")
    sys.exit(0 if soak(options.minutes, options.cpu) else 1)


if __name__ == "__main__":
    main()
