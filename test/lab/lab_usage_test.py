"""What the lab says when it is asked for something wrong, or cannot do what it is asked."""

import json
import os
import subprocess

import pytest

from lab import SCRIPT, Lab, find

@pytest.mark.parametrize("arguments, says", [
    ("", "usage"), ("dance", "'dance'"), ("up --nodes 65", "'65' is not a whole number from 1 to 64"),
    ("up --nodes", "--nodes"), ("up --mtu big", "'big'"), ("up --fast", "'--fast'"), ("down now", "'now'"),
    ("status --xml", "'--xml'"), ("fault", "port-mtu"), ("fault flood 1", "'flood'"),
    ("fault node-down 4", "'4'; lab"), ("fault node-down", "which nodes"), ("fault loss 101 1", "'101'"),
    ("fault loss 5", "which nodes"), ("fault port-mtu 1 1", "'1' is not"), ("fault one-way-drop 1", "FROM"),
    ("fault one-way-drop 1 1", "both node 1"), ("fault one-way-drop 1 2 wire", "'wire'"),
    ("fault port-mtu 1400 2 up", "'up'"), ("fault port-mtu 1400 in", "which nodes"), ("fault router-mtu 1279 1", "'1279'"),
    ("fault router-mtu 1300", "which nodes"), ("fault mss-clamped 9217 1", "'9217'"), ("fault mss-clamped 1300 1 in", "'in'"),
    ("fault fragments-dropped 1 in all", "'in'"), ("fault fragments-dropped later", "which nodes"),
    ("fault dns-down 1", "'1'"), ("fault overlay-mtu 1000 1", "'1000'"), ("heal flood", "'flood'"),
    ("exec", "no place"), ("exec moon ls", "'moon'"), ("exec 9 pod ls", "'9'"), ("exec 1 attic ls", "'attic'"),
    ("exec server", "no command"), ("publish 0", "'0'"), ("publish 80 here", "'here'"), ("--name ../x status", "'../x'"),
])
def test_mistakes_are_named(lab, arguments, says):
    result = lab.run(*arguments.split())
    assert result.returncode == 2 and says in result.stderr and result.stdout == ""


def test_help_version_and_a_lab_that_is_not_there(tmp_path):
    assert "one-way-drop" in subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=True).stdout
    link = tmp_path / "lab"
    link.symlink_to(SCRIPT)
    absent = Lab(name="absent", script=link)
    assert absent.run("--version").stdout.startswith("meshcheck lab")
    for command in ("heal", "fault dns-down", "exec server true", "publish 80"):
        result = absent.run(*command.split())
        assert result.returncode == 1 and "lab up --name absent" in result.stderr
    assert json.loads(absent.run("status", "--json").stdout) == {"name": "absent", "up": False}


def test_labs_that_begin_and_end_at_once_do_not_hurt_each_other(tmp_path):
    """They share a directory, which the last one removes: here another lab does so just before this one looks."""
    real = {tool: find(tool) for tool in ("mkdir", "rmdir")}
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rmdir").write_text(f"#!/bin/sh\ncase $1 in --ignore*) {real['rmdir']} -- \"$3\";; esac\nexec {real['rmdir']} \"$@\"\n")
    (tools / "mkdir").write_text(f"#!/bin/sh\ncase $1 in -p) [ -e {tmp_path}/ended ] || {{ : > {tmp_path}/ended; exit 1; }};; esac\n"
                                 f"exec {real['mkdir']} \"$@\"\n")
    for tool in real:
        (tools / tool).chmod(0o755)
    labs = tmp_path / "labs"
    labs.mkdir()
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "XDG_RUNTIME_DIR": str(labs)}
    hasty = Lab(nodes=1, name="hasty")
    up = hasty.run("up", "--nodes", "1", env=environment)
    down = hasty.run("down", env=environment)
    assert (up.returncode, down.returncode, down.stderr) == (0, 0, ""), up.stderr
    assert list(labs.iterdir()) == []


def test_a_missing_tool_is_named_with_its_package():
    become = [] if os.geteuid() == 0 else ["--map-root-user"]
    hide = f"mount --bind /dev/null {find('socat')}; mount --bind /dev/null {find('nft')}; exec {SCRIPT} up --name absent"
    result = subprocess.run(["unshare", *become, "--mount", "sh", "-c", hide], capture_output=True, text=True, check=False)
    assert result.returncode == 3
    assert result.stderr == "lab: missing: nft socat; on Debian: apt install nftables socat\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a root to take the capability from")
def test_a_root_that_may_not_make_namespaces_is_told_so():
    weak = Lab(name="absent", prefix=["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"])
    result = weak.run("up")
    assert result.returncode == 3 and "CAP_SYS_ADMIN" in result.stderr
    assert weak.run("status").returncode == 1
