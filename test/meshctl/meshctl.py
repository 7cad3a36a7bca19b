"""meshctl as its users run it: arguments, an environment, an exit code, stdout, stderr."""

import json
import os
import pathlib
import subprocess

from waiting import PATIENCE

PROGRAM = pathlib.Path(os.environ["MESHCHECK_BUILD"]) / "meshctl" / "meshctl"
FORMATS = ["table", "wide", "json", "yaml", "name", "csv"]


class Ended:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout.decode()  # With its carriage returns.
        self.err = process.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"<{self.code} {self.out[:2000]!r} {self.err[:1000]!r}>"


class Meshctl:
    """With an empty home, so that nothing of this machine is found; `environment` is added."""

    def __init__(self, home, **environment):
        self.home = pathlib.Path(home)
        path = f"{PROGRAM.parent}:{os.environ['PATH']}"
        self.environment = {"HOME": str(home), "PATH": path, "LAB_DIR": str(self.home / "labs"), "TZ": "UTC",
                            "LANG": "C.UTF-8"} | environment

    def run(self, *arguments, patience=PATIENCE, **environment):
        return Ended(subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=patience, check=False,
                                    env=self.environment | environment, stdin=subprocess.DEVNULL))

    def popen(self, *arguments, **environment):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment | environment, stdin=subprocess.DEVNULL)
