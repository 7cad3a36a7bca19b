"""Exit codes, and what `check` and `wait` print."""

import json
import socket
import time
import xml.etree.ElementTree as ElementTree

import pytest
import yaml

from conftest import url
from loopback import free_port
from mesh_report import agent, report
from meshctl import FORMATS, Meshctl

SENTENCE = "pod network of node2 is broken"


def test_a_fine_network_is_0(ask):
    ended = ask("check")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "ok: All 4 pods successfully reported back to the server\n"


def test_a_broken_network_is_1_and_is_named(ask_broken):
    ended = ask_broken("check")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith("broken: 1 critical verdict\n")
    assert SENTENCE in ended.out and "  run: " in ended.out and "  see: doc/operate/verdicts.md#kinds" in ended.out


def test_fail_on_none_is_0(ask_broken):
    ended = ask_broken("check", "--fail-on=none")
    assert ended.code == 0 and SENTENCE in ended.out


def test_nobody_is_2(launch, home, lost):
    server = launch("-db", "")
    ended = lost("check", "--server", url(server))
    assert ended.code == 2
    assert ended.out.startswith("unknown: no agents are expected")


@pytest.mark.parametrize("arguments", [
    ["check", "--server", "http://127.0.0.1:1"],                       # connection
    ["check"],                                                         # no server is found
    ["check", "--no-such-flag"], ["no-such-command"], [],              # usage
    ["check", "-o", "xml"], ["check", "--fail-on", "info"], ["check", "--color", "red"],
    ["check", "--request-timeout", "soon"], ["wait", "--timeout", "soon"], ["paths"],
    ["--context", "x", "check"], ["--token-file", "/nowhere", "-s", "http://127.0.0.1:1", "check"]])
def test_what_could_not_be_told_is_2_and_says_why(lost, arguments):
    ended = lost(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_tls_that_is_none_is_2(lost, fine):
    ended = lost("check", "-s", f"https://127.0.0.1:{fine.port}")
    assert (ended.code, ended.out) == (2, "")


def test_a_token_that_is_missing_or_wrong_is_2(launch, lost, home):
    right, wrong = home / "right", home / "wrong"
    right.write_text("0123456789abcdef0123456789abcdef\n")
    wrong.write_text("x123456789abcdef0123456789abcdef\n")
    right.chmod(0o600)
    server = launch("-db", "", "-read-auth", "token", "-read-token-file", right)
    server.post(report(1), agent(1))
    missing = lost("check", "-s", url(server))
    assert missing.code == 2 and "401" in missing.err and "--token-file" in missing.err
    assert lost("check", "-s", url(server), "--token-file", wrong).code == 2
    assert lost("check", "-s", url(server), "--token-file", right).code == 0


def test_errors_are_objects_on_stderr_with_json(lost):
    ended = lost("check", "-o", "json", "-s", "http://127.0.0.1:1")
    assert (ended.code, ended.out) == (2, "")
    assert "127.0.0.1:1" in json.loads(ended.err)["error"]


def test_an_error_is_printed_once_however_often_it_was_tried(lost):
    assert lost("check", "-s", "http://127.0.0.1:1").err.count("127.0.0.1:1/") == 1


def test_another_server_is_2(lost, fine):
    ended = lost("check", "-s", url(fine) + "/healthz")
    assert ended.code == 2 and "no check" in ended.err


def test_formats_say_the_same(ask_broken):
    outs = {form: ask_broken("check", "-o", form) for form in FORMATS}
    assert {ended.code for ended in outs.values()} == {1}
    assert {ended.err for ended in outs.values()} == {""}
    tree = outs["json"].json()
    assert tree == yaml.safe_load(outs["yaml"].out)
    assert tree["state"] == "broken" and SENTENCE in tree["verdicts"][0]["sentence"]
    assert outs["name"].out == f"verdict/{tree['verdicts'][0]['id']}\n"
    assert outs["csv"].out.startswith("what,name,severity,layer,sentence,next_command\r\nverdict,node2,critical,pod,")


def test_junit_has_a_case_for_each_node(ask, ask_broken):
    def cases(ended):
        root = ElementTree.fromstring(ended.out)
        return {(suite.get("name"), case.get("name")): [failure.get("message") for failure in case]
                for suite in root for case in suite}

    good, bad = cases(ask("check", "-o", "junit")), cases(ask_broken("check", "-o", "junit"))
    assert ask_broken("check", "-o", "junit").code == 1
    assert ("pod", "node2 pod network") in good and ("host", "node1 host network") in good
    assert ("cluster", "all agents report") in good
    assert not any(good.values())
    assert set(good) <= set(bad)
    failed = {case for case, failures in bad.items() if failures}
    assert failed == {("pod", "node2 pod network")}
    assert SENTENCE in bad["pod", "node2 pod network"][0]


def test_wait_ends_when_it_is_good(launch, lost, home):
    server = launch("-db", "")
    waiting = Meshctl(home).popen("wait", "--for=ok", "--timeout=60s", "-s", url(server))
    assert waiting.stderr.readline() == "waiting for ok, for 1m at most\n"
    server.post(report(1), agent(1))
    out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, err
    assert out.startswith("ok: ")


def test_wait_that_is_not_in_time_is_1(ask_broken):
    began = time.monotonic()
    ended = ask_broken("wait", "--timeout=1s")
    assert ended.code == 1 and "not ok in time" in ended.err and SENTENCE in ended.out
    assert time.monotonic() - began < 10


def test_wait_without_a_server_is_2_and_says_so_once(lost):
    ended = lost("wait", "--timeout=2s", "-s", f"127.0.0.1:{free_port()}")
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2


def test_wait_that_ends_with_nobody_expected_is_2(launch, lost):
    ended = lost("wait", "--timeout=1s", "-s", url(launch("-db", "")))
    assert ended.code == 2 and "not ok in time" in ended.err
    assert ended.out.startswith("unknown: no agents are expected")


def test_wait_is_not_kept_by_a_server_that_says_nothing(lost):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        ended = lost("wait", "--timeout=2s", "--request-timeout=10m", "-s", f"127.0.0.1:{listener.getsockname()[1]}")
    assert (ended.code, ended.out) == (2, "")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("arguments", [["--context", "x"], ["--token-file", "/nowhere", "-s", "http://127.0.0.1:1"], []])
def test_wait_does_not_wait_for_what_does_not_mend(lost, arguments):
    began = time.monotonic()
    assert lost("wait", *arguments).code == 2
    assert time.monotonic() - began < 10


def test_a_reader_that_left_is_no_hang(fine, home):
    reading = Meshctl(home, MESHCTL_SERVER=url(fine)).popen("check")
    reading.stdout.close()
    assert reading.wait(20) == 2
