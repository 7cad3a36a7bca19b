"""README and doc/start/kubernetes_install.md, followed word by word: their commands, with the substitutions of documents.py."""

import contextlib
import json
import os
import pathlib
import subprocess

import pytest

from chart import ROOT, program, run
from documents import FOLLOWED, INSTALL, commands, here, reason_not_to_run
from loopback import free_port
from waiting import wait_for

# An uninstall takes a minute at times.
DOCUMENTS = [pytest.param(document, marks=[] if document == INSTALL else pytest.mark.quick) for document in FOLLOWED]


@pytest.fixture
def shell(cluster, tmp_path):
    """Runs a command as a reader does, one after the other, in a folder that shows the chart as the repository's root does."""
    (tmp_path / "helm-chart").symlink_to(ROOT / "helm-chart")
    folders = [str(pathlib.Path(program(name)).parent) for name in ("helm", "kubectl")]
    there = ["env", "-C", tmp_path, "PATH=" + os.pathsep.join([*folders, os.environ["PATH"]]), "bash", "-euo", "pipefail", "-c"]
    said = tmp_path / "background"
    with contextlib.ExitStack() as running:
        def enter(command):
            if not command.endswith("&"):
                return run(*there, command, timeout=300)
            with open(said, "w") as log:
                started = subprocess.Popen([*there, f"exec {command.rstrip('&')}"], stdout=log, stderr=subprocess.STDOUT)
            running.callback(started.wait, 20)
            running.callback(started.terminate)
            # A reader is slower than a test.
            wait_for(lambda: "Forwarding from" in said.read_text(), lambda: f"{command} to begin: {said.read_text()}")
            return None
        yield enter


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_document_says_works(cluster, image, new_namespace, shell, document):
    names = {"namespace": new_namespace(), "port": free_port(),
             "image": " ".join(f"--set-json {key}='{json.dumps(value)}'" for key, value in image.items())}
    try:
        for command in commands(document):
            if reason_not_to_run(command):
                continue
            ended = shell(here(command, **names))
            assert ended is None or ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
            if command.startswith("helm install "):
                assert "/api/v1/connectivity_check" in ended.stdout  # How to ask the server.
            if command.startswith("curl "):
                assert f"All {2 * len(cluster.nodes())} pods successfully reported back" in ended.stdout
    finally:
        run(program("helm"), "uninstall", "--namespace", names["namespace"], "meshcheck", "--ignore-not-found", "--wait",
            timeout=150)
