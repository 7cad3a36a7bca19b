"""meshctl outside the cluster: by kubectl port-forward, with the server's own certificate."""

import base64
import os
import pathlib
import subprocess

import pytest

from chart import program


@pytest.fixture(name="meshctl")
def made_meshctl(release, tmp_path):
    path = pathlib.Path(os.environ.get("MESHCHECK_BUILD", "build/release")).resolve() / "meshctl" / "meshctl"
    if not path.exists():
        pytest.skip(f"{path} is not there; set MESHCHECK_BUILD to a build tree")
    folder = os.path.dirname(program("kubectl"))
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(tmp_path)}

    def run(*arguments):
        return subprocess.run([path, "--namespace", release.namespace, *arguments], capture_output=True, text=True,
                              timeout=120, env=environment, check=False)
    return run


@pytest.fixture(name="authority")
def made_authority(release, tmp_path):
    text = release.cluster.kubectl("get", "secret", "meshcheck-tls", "--namespace", release.namespace,
                                   "-o", r"jsonpath={.data.ca\.crt}")
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(text))
    return tmp_path / "ca.crt"


def test_the_server_is_reached_through_kubectl(meshctl, authority):
    ended = meshctl("wait", "--timeout=90s", "--ca-file", authority)
    assert ended.returncode == 0, ended
    agents = meshctl("agents", "-o", "name", "--ca-file", authority)
    assert agents.returncode == 0 and agents.stdout.startswith("agent/")


def test_a_certificate_of_an_unknown_authority_is_refused_and_explained(meshctl):
    ended = meshctl("check")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--ca-file ca.crt" in ended.stderr
