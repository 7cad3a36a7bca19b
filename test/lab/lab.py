"""A lab (examples/lab, doc/internals/lab.md) as a Python object, for black-box tests.

    with Lab(nodes=3) as lab:
        agent = lab.popen(2, "pod", "meshcheck-agent", "--config", path)
        lab.fault("port-mtu", 1400, 2)
        lab.heal()

Leaving the block ends the lab and every process started in it.
"""

import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys

# For what is run by hand, and not by pytest: waiting.py is there.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "examples" / "lab" / "lab"

_numbers = itertools.count(1)


class LabError(Exception):
    """A lab command did not succeed; the text is what it said."""


class Lab:
    """One lab with a name of its own. `script` and `prefix` (words before it, say to become another
    user) are for testing the lab itself."""

    def __init__(self, nodes=3, ipv6=False, mtu=1500, name=None, script=SCRIPT, prefix=()):
        self.nodes = nodes
        self.ipv6 = ipv6
        self.mtu = mtu
        self.name = name or f"test-{os.getpid()}-{next(_numbers)}"
        self._command = [*prefix, str(script), "--name", self.name]

    def __enter__(self):
        self.up()
        return self

    def __exit__(self, *_):
        self.down()

    def run(self, *arguments, **options):
        """Any lab command; returns subprocess's result whatever the exit code is."""
        options = {"capture_output": True, "text": True, "timeout": 30, **options}
        return subprocess.run([*self._command, *map(str, arguments)], check=False, **options)

    def _must(self, *arguments):
        result = self.run(*arguments)
        if result.returncode != 0:
            raise LabError(result.stderr.strip() or f"lab {arguments} exited {result.returncode}")
        return result.stdout

    def up(self):
        self._must("up", "--nodes", self.nodes, "--mtu", self.mtu, *(["--ipv6"] if self.ipv6 else []))

    def down(self):
        self._must("down")

    def fault(self, kind, *arguments):
        self._must("fault", kind, *arguments)

    def heal(self, *kinds):
        self._must("heal", *kinds)

    def publish(self, port, *address):
        self._must("publish", port, *address)

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    # where: "server", "gw" or "sw"; or a node's number and "pod" or "host". Then the command.
    def exec(self, *where_and_command, **options):
        """Runs a command to its end; returns subprocess's result whatever the exit code is."""
        return self.run("exec", *where_and_command, **options)

    def popen(self, *where_and_command, **options):
        """Starts a command; signals sent to it reach the command, and it ends with the lab."""
        options = {"stdout": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen([*self._command, "exec", *map(str, where_and_command)], **options)


def usable():
    """Why no lab can be made here, or nothing."""
    missing = [tool for tool in ("ip", "nft", "dnsmasq", "socat", "unshare") if not find(tool)]
    if missing:
        return "missing: " + " ".join(missing)
    probe = subprocess.run(
        ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net", "--mount", "--pid", "--fork", "true"],
        capture_output=True, check=False)
    return None if probe.returncode == 0 else "the kernel allows no namespaces here"


def find(tool):
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
