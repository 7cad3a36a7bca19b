"""The Tab key: what meshctl offers, and that real shells take it."""

import shutil
import subprocess

import pytest

from conftest import url
from loopback import free_port
from meshctl import Meshctl
from waiting import PATIENCE

COMMANDS = ["agents", "check", "completion", "config", "downtime", "events", "mesh", "mtu", "open", "paths",
            "ping", "report", "sla", "verdicts", "version", "wait"]


@pytest.fixture
def offered(ask):
    def offer(*words):
        ended = ask("__complete", "--", *words)
        assert (ended.code, ended.err) == (0, ""), ended
        return ended.out.splitlines()
    return offer


def test_commands(offered):
    assert offered("") == COMMANDS
    assert offered("ver") == ["verdicts", "version"]
    assert offered("downtime", "") == ["add", "end", "list"]
    assert offered("-o", "json", "ch") == ["check"]
    assert offered("completion", "") == ["bash", "fish", "zsh"]


def test_flags_and_their_values(offered):
    assert offered("check", "--fail") == ["--fail-on"]
    assert "--server" in offered("check", "--") and "--since" not in offered("check", "--")
    assert offered("check", "--fail-on", "") == ["critical", "none", "warning"]
    assert offered("check", "-o", "j") == ["json", "junit"]
    assert offered("mesh", "--layer", "") == ["host", "pod"]
    assert offered("wait", "--for", "") == ["ok"]
    assert offered("downtime", "add", "--for", "") == []
    assert offered("downtime", "add", "--type", "Acc") == ["Accident"]


def test_nodes_come_from_the_server(offered, lost, fine):
    assert offered("paths", "") == ["node1", "node2"]
    assert offered("mesh", "--node", "node2") == ["node2"]
    assert offered("paths", "node1", "") == []
    assert lost("__complete", "--", "-s", url(fine), "paths", "").out == "node1\nnode2\n"
    assert lost("__complete", "--", "paths", "", "-s").code == 0


def test_a_server_that_is_away_offers_nothing(lost):
    ended = lost("__complete", "--", "-s", f"127.0.0.1:{free_port()}", "paths", "")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_names_that_a_shell_would_run_are_not_offered(launch, lost):
    server = launch("-db", "")
    for number, node in enumerate(["good", "$(touch x)", "a b", "`x`", "a;b"]):
        assert server.post({"report_interval": 5, "podname": f"p{number}", "nodename": node}).status == 200
    assert lost("__complete", "--", "-s", url(server), "paths", "").out == "good\n"


def shell(name):
    found = shutil.which(name)
    assert found, f"{name} is missing: tools/packages test"
    return found


@pytest.fixture
def typed(fine, home):
    """Runs a script of a shell, with meshctl in its path."""
    environment = Meshctl(home, MESHCTL_SERVER=url(fine), TERM="xterm").environment

    def run(*command):
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment, check=False,
                               stdin=subprocess.DEVNULL)
        assert ended.returncode == 0, ended
        return ended.stdout
    return run


@pytest.mark.parametrize("words, wanted", [
    (["verd"], "verdicts"), (["paths", "node"], "node1 node2"), (["check", "--fail-on", ""], "critical none warning"),
    (["downtime", "en"], "end")])
def test_bash(typed, words, wanted):
    line = " ".join(f"'{word}'" for word in words)
    script = f"""source <(meshctl completion bash)
        COMP_WORDS=(meshctl {line}); COMP_CWORD={len(words)}; complete -p meshctl >/dev/null
        _meshctl; echo "${{COMPREPLY[*]}}" """
    assert typed(shell("bash"), "--norc", "-c", script).strip() == wanted


@pytest.mark.parametrize("line, wanted", [
    ("meshctl verd", "verdicts"), ("meshctl paths node", "node1 node2"), ("meshctl check --fail-on ", "critical none warning"),
    ("meshctl downtime en", "end")])
def test_fish(typed, line, wanted):
    script = f"meshctl completion fish | source; complete --do-complete '{line}'"
    assert " ".join(typed(shell("fish"), "--no-config", "-c", script).split()) == wanted


SOURCED = "autoload -U compinit; compinit -u -D; source <(meshctl completion zsh)"
IN_FPATH = "mkdir -p ~/f; meshctl completion zsh >~/f/_meshctl; fpath=(~/f $fpath); autoload -U compinit; compinit -u -D"


@pytest.mark.parametrize("line, wanted, setup", [
    ("meshctl verd", "verdicts", SOURCED), ("meshctl downtime en", "end", SOURCED), ("meshctl completion z", "zsh", IN_FPATH)])
def test_zsh(typed, line, wanted, setup):
    """In a terminal of its own, since zsh completes only there. What it adds shows; the line is what was typed and that."""
    script = f"""
        zmodload zsh/zpty
        zpty -b z {shell("zsh")} -f -i
        zpty -w z 'PS1=READY; {setup}; print -n DO; print NE'
        text=''; until [[ $text == *DONE*READY* ]]; do zpty -r -t z chunk && text+=$chunk; done
        zpty -n -w z $'{line}\\t'
        text=''; until [[ $text == *'{wanted}'* ]]; do zpty -r -t z chunk && text+=$chunk; done
        print -r -- $text; zpty -d z"""
    assert wanted in typed(shell("zsh"), "-f", "-c", script)
