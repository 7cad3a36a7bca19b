"""Colours and progress, on a terminal and without one."""

import os
import pty
import socket
import subprocess

import pytest

from conftest import url
from later_server import later_server
from meshctl import FORMATS, PROGRAM, Meshctl

ESCAPE = "\x1b["


def on_terminal(home, arguments, stderr=False, **environment):
    """What a program writes to a terminal that is its stdout, and with `stderr` its stderr too."""
    ours, theirs = pty.openpty()
    meshctl = Meshctl(home, **({"TERM": "xterm"} | environment))
    process = subprocess.Popen([PROGRAM, *arguments], stdout=theirs, stderr=theirs if stderr else subprocess.DEVNULL,
                               stdin=subprocess.DEVNULL, env=meshctl.environment)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:
        pass  # The other end is closed.
    os.close(ours)
    process.wait(20)
    return text.decode()


@pytest.mark.parametrize("environment, flags, coloured", [
    ({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({"TERM": "dumb"}, [], False),
    ({}, ["--color=never"], False), ({"NO_COLOR": "1"}, ["--color=always"], True),
    ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, [], False)])
@pytest.mark.parametrize("command", ["check", "mesh", "verdicts"])
def test_a_terminal_has_colours_unless_told_otherwise(broken, home, command, environment, flags, coloured):
    text = on_terminal(home, [command, *flags], MESHCTL_SERVER=url(broken), **environment)
    assert (ESCAPE in text) == coloured, text


def test_a_pipe_has_none_unless_forced(ask_broken):
    assert ESCAPE not in ask_broken("check").out
    assert ESCAPE in ask_broken("check", CLICOLOR_FORCE="1").out
    assert ESCAPE in ask_broken("mesh", "--color=always").out
    assert ESCAPE not in ask_broken("check", "-o", "json", CLICOLOR_FORCE="1").out


NAME = "agent\u202e\u009b31m\x7f"


@pytest.mark.parametrize("form", FORMATS)
def test_a_terminal_gets_no_commands_from_names(home, form):
    with later_server(NAME) as (server, _):
        text = on_terminal(home, ["downtime", "list", "-o", form], MESHCTL_SERVER=server, NO_COLOR="1")
    assert "agent" in text and not set(text) & set("\u202e\u009b\x7f\x1b"), text


def test_a_pipe_gets_names_as_they_are(lost):
    with later_server(NAME) as (server, _):
        assert lost("downtime", "list", "-o", "json", "-s", server).json()["downtimes"][0]["uid"] == NAME


def test_errors_command_no_terminal(home):
    text = on_terminal(home, ["check", "-s", "http://x\u202e\u009b31m"], stderr=True, NO_COLOR="1")
    assert "meshctl: " in text and not set(text) & set("\u202e\u009b\x1b"), text


@pytest.fixture
def slow():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_progress_comes_on_a_terminal_and_is_wiped(home, slow):
    text = on_terminal(home, ["check", "-s", slow, "--request-timeout=1500ms"], stderr=True)
    assert "waiting for the server, 1 s" in text and "\r\x1b[K" in text


def test_progress_is_none_without_colours_or_a_terminal(home, slow, lost):
    flags = ["check", "-s", slow, "--request-timeout=1500ms"]
    assert "waiting" not in on_terminal(home, flags, stderr=True, NO_COLOR="1")
    assert len(lost(*flags).err.splitlines()) == 1


def test_the_map_is_as_wide_as_the_screen(ask_broken):
    for width in (20, 60):
        lines = ask_broken("mesh", COLUMNS=str(width), LINES="8").out.splitlines()
        assert all(len(line) <= width for line in lines[1:-2])
    assert "--all has each node" in ask_broken("mesh", LINES="8").out
    assert "--all has" not in ask_broken("mesh", "--all", LINES="8").out
