"""The server behind `kubectl port-forward`. kubectl is a stand-in here; test/e2e has the real one."""

import os
import pathlib
import signal
import time

import pytest

from mesh_report import agent, report
from meshctl import Meshctl
from waiting import wait_for

STAND_IN = pathlib.Path(__file__).resolve().parent / "kubectl_stand_in"


@pytest.fixture
def meshctl(home, fine):
    (home / "bin").mkdir()
    (home / "bin" / "kubectl").symlink_to(STAND_IN)
    made = Meshctl(home, STAND_IN_LOG=str(home / "calls"), STAND_IN_PORT=str(fine.port))
    made.environment["PATH"] = f"{home}/bin:{made.environment['PATH']}"
    return made


def calls(home):
    return [line.split() for line in (home / "calls").read_text().splitlines()]


def gone(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_kubeconfig_is_enough(meshctl, home):
    (home / ".kube").mkdir()
    (home / ".kube" / "config").touch()
    ended = meshctl.run("check", "-v")
    assert ended.code == 0, ended
    assert "(the kubeconfig, by kubectl port-forward)" in ended.err
    (call,) = calls(home)
    assert call[1:] == ["--namespace=meshcheck", "port-forward", "--address=127.0.0.1", "service/meshcheck-server", ":http"]
    assert gone(call[0])


def test_flags_name_the_service(meshctl, home):
    ended = meshctl.run("check", "--kube-context=prod", "-n", "net", "--service=mc")
    assert ended.code == 0, ended
    assert calls(home)[0][1:] == ["--context=prod", "--namespace=net", "port-forward", "--address=127.0.0.1", "service/mc", ":http"]


def test_a_flag_wins_over_the_environment(meshctl, home):
    ended = meshctl.run("check", "--kube-context=prod", MESHCTL_SERVER="http://127.0.0.1:1")
    assert ended.code == 0, ended
    assert "--context=prod" in calls(home)[0]


def test_a_pod_that_is_not_reached_at_once_is_waited_for(meshctl):
    assert meshctl.run("check", "-n", "net", STAND_IN_REFUSED="5").code == 0


@pytest.mark.parametrize("flag", ["--token-file", "--ca-file", "--certificate-file"])
def test_a_server_without_tls_gets_no_secret(meshctl, home, flag):
    (home / "file").write_text("0123456789abcdef0123456789abcdef\n")
    (home / "bytes").touch()  # A file that is no certificate ends meshctl before kubectl has begun.
    ended = meshctl.run("check", "-n", "net", flag, home / "file", STAND_IN_LOG_BYTES=str(home / "bytes"))
    assert (ended.code, ended.out) == (2, ""), ended
    assert b"0123456789abcdef" not in (home / "bytes").read_bytes()


def test_a_server_that_is_cut_off_is_not_asked_in_the_clear(meshctl, home):
    ended = meshctl.run("check", "-n", "net", STAND_IN_REFUSED="1000", STAND_IN_LOG_BYTES=str(home / "bytes"))
    assert (ended.code, ended.out) == (2, "")
    assert "https://" in ended.err and "http://" not in ended.err
    assert b"GET" not in (home / "bytes").read_bytes()


def test_kubectl_errors_are_shown(meshctl):
    ended = meshctl.run("check", "-n", "net", STAND_IN_ERROR="Error from server (NotFound): services not found")
    assert (ended.code, ended.out) == (2, "")
    assert "kubectl port-forward: Error from server (NotFound): services not found" in ended.err


def test_no_kubectl_is_said(home):
    (home / "empty").mkdir()
    ended = Meshctl(home, PATH=str(home / "empty")).run("check", "-n", "net")
    assert ended.code == 2 and "kubectl cannot be run" in ended.err


def test_kubectl_ends_with_meshctl_however_that_ends(meshctl, home):
    following = meshctl.popen("events", "-n", "net", "-v")
    assert "server" in following.stderr.readline()
    (call,) = calls(home)
    assert not gone(call[0])
    following.send_signal(signal.SIGKILL)
    following.wait(20)
    wait_for(lambda: gone(call[0]), "the end of kubectl")


def test_wait_waits_for_a_service(meshctl, home):
    kubectl = home / "bin" / "kubectl"
    kubectl.unlink()
    kubectl.write_text(f"#!/bin/sh\necho $$ >>{home}/calls\necho no such service >&2\nexit 1\n")
    kubectl.chmod(0o755)
    waiting = meshctl.popen("wait", "-n", "net", "--timeout=60s")
    wait_for((home / "calls").exists, "the first call")
    (home / "bin" / "next").symlink_to(STAND_IN)
    (home / "bin" / "next").replace(kubectl)
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert out.startswith("ok: ") and "no such service" not in err


def test_wait_forwards_anew_what_broke(meshctl, home, launch):
    server = launch("-db", "")
    waiting = meshctl.popen("wait", "-n", "net", "--timeout=60s", "-v", STAND_IN_PORT=str(server.port))
    assert "waiting" in waiting.stderr.readline()
    assert "by kubectl port-forward" in waiting.stderr.readline()
    os.kill(int(calls(home)[0][0]), signal.SIGTERM)
    wait_for(lambda: len(calls(home)) > 1, "another kubectl")
    server.post(report(1), agent(1))
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert out.startswith("ok: ")


def test_wait_is_not_kept_by_kubectl(meshctl, home):
    kubectl = home / "bin" / "kubectl"
    kubectl.unlink()
    kubectl.write_text("#!/bin/sh\nexec sleep 60\n")
    kubectl.chmod(0o755)
    began = time.monotonic()
    assert meshctl.run("wait", "-n", "net", "--timeout=1s").code == 2
    assert time.monotonic() - began < 10


def test_open_forwards_until_it_is_ended(meshctl, home):
    opening = meshctl.popen("open", "--print", "-n", "net")
    assert opening.stdout.readline().startswith("http://127.0.0.1:")
    assert "until Ctrl-C" in opening.stderr.readline()
    (call,) = calls(home)
    os.kill(int(call[0]), signal.SIGTERM)
    assert opening.wait(20) == 0


def test_the_tab_key_does_not_wait_for_kubectl(meshctl, home):
    ended = meshctl.run("__complete", "--", "-n", "net", "paths", "")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert not (home / "calls").exists()
