"""The lab keeps its promises: everybody reaches everybody, a fault breaks what it says and nothing
else, and nothing is left when it is over. All of it is shown with real packets."""

import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from lab import SCRIPT, Lab, find
from loopback import free_port
from packets import PLACES, PYTHON, addresses, arrives, lost
from waiting import eventually

# ---- who reaches whom

def families(lab):
    return (False, True) if lab.ipv6 else (False,)


# Pings all its arguments at once and prints the address of each that answers.
PING_ALL = 'for a; do ping -nqc1 -W0.3 "$a" >/dev/null 2>&1 && echo "$a" & done; wait'


def unreached(lab):
    """The triples (from, to, IPv6?) without an answer, over hosts, pods, server, gateway and beyond."""
    targets = {address: (name, ipv6) for ipv6 in families(lab) for name, address in addresses(ipv6).items()}
    running = {source: lab.popen(*where, "bash", "-c", PING_ALL, "ping", *targets)
               for source, where in PLACES.items()}
    lost = set()
    for source, process in running.items():
        answered = process.communicate(timeout=20)[0].split()
        lost |= {(source, *target) for address, target in targets.items() if address not in answered}
    return lost


def node_of(place):
    return int(place[-1]) if place[-1].isdigit() else None


def assert_unreached(lab, breaks):
    """Exactly the pairs that `breaks` names are cut, in IPv4 and in IPv6. A fault is in force at
    once, but a neighbour or a carrier may take a moment to be found again."""
    want = {(source, target, ipv6) for source in PLACES for target in addresses(False) for ipv6 in families(lab)
            if source != target and breaks(source, target)}
    wrong = None

    def right():
        nonlocal wrong
        wrong = unreached(lab) ^ want
        return not wrong
    assert eventually(right), f"reached though cut, or cut though not meant to be: {sorted(wrong)}"


def nothing(*_):
    return False


def touches(*nodes):
    return lambda source, target: node_of(source) in nodes or node_of(target) in nodes


def over_overlay(source, target):
    return target.startswith("pod") and node_of(source) != node_of(target)


# ---- a healthy lab


def test_everybody_reaches_everybody(lab):
    assert_unreached(lab, nothing)


def test_ipv4_alone_and_another_mtu():
    with Lab(nodes=3, mtu=9000) as small:
        assert_unreached(small, nothing)
        assert arrives(small, "pod1", "pod3", size=8950, dont_fragment=True)
        assert "fd00" not in small.exec(1, "pod", "ip", "-6", "address").stdout


def test_mtu_is_exact_on_both_layers(lab):
    for layer, mtu in (("node", 1500), ("pod", 1450)):
        for ipv6 in (False, True):
            assert arrives(lab, f"{layer}1", f"{layer}2", size=mtu, ipv6=ipv6, dont_fragment=True)
            where = PLACES[f"{layer}1"]
            too_long = lab.exec(*where, "ping", "-M", "do", "-c1", "-W0.1", "-s", mtu + 1 - (48 if ipv6 else 28), addresses(ipv6)[f"{layer}2"])
            assert "message too long" in too_long.stderr + too_long.stdout


def test_pods_are_masqueraded_to_their_node(lab):
    server = lab.popen("server", PYTHON, "-c", """
import socket
s = socket.create_server(("::", 8081), family=socket.AF_INET6, dualstack_ipv6=True); print("ready", flush=True)
for _ in 1, 2: print(s.accept()[1][0], flush=True)""")
    assert server.stdout.readline() == "ready\n"
    for name in ("10.200.0.253", "fd00:200::253"):
        lab.exec(2, "pod", "bash", "-c", f": < /dev/tcp/{name}/8081")
    assert server.communicate(timeout=5)[0].split() == ["::ffff:10.200.0.2", "fd00:200::2"]


def test_names_resolve_in_the_lab_only(lab):
    before = pathlib.Path("/etc/resolv.conf").read_text()
    for name, v4, v6 in (("node3", "10.200.0.3", "fd00:200::3"), ("pod2", "10.244.2.2", "fd00:244:2::2"),
                         ("netchecker-service", "10.200.0.253", "fd00:200::253"),
                         ("gateway", "10.200.0.254", "fd00:200::254")):
        assert v4 in lab.exec(1, "pod", "getent", "ahostsv4", name).stdout
        assert v6 in lab.exec(1, "pod", "getent", "ahostsv6", name).stdout
    assert lab.exec(1, "pod", "getent", "hosts", "no.such.name").returncode == 2
    assert pathlib.Path("/etc/resolv.conf").read_text() == before != lab.exec("gw", "cat", "/etc/resolv.conf").stdout


# ---- faults that cut: each breaks exactly these pairs, and heals

CUTS = {
    "node-down 2": touches(2),
    "link-down 2": lambda s, t: touches(2)(s, t) and node_of(s) != node_of(t),
    "pod-network-down 2": lambda s, t: over_overlay(s, t) and touches(2)(s, t),
    "gateway-down": lambda s, t: t in ("gw", "outside"),
    "gateway-down 1 3": lambda s, t: t in ("gw", "outside") and node_of(s) != 2,
    "server-unreachable 2": lambda s, t: t == "server" and node_of(s) == 2,
    "icmp-filtered 2": touches(2),
    "one-way-drop 1 2": lambda s, t: {node_of(s), node_of(t)} == {1, 2},
    # From a pod to another node's host is host traffic (masqueraded); the reverse is pod traffic.
    "one-way-drop 1 2 pod": lambda s, t: {node_of(s), node_of(t)} == {1, 2} and over_overlay(s, t),
    "loss 100 3": lambda s, t: touches(3)(s, t) and node_of(s) != node_of(t),
}


@pytest.mark.parametrize("fault", CUTS)
def test_fault_cuts_exactly_what_it_says(lab, fault):
    lab.fault(*fault.split())
    lab.fault(*fault.split())  # Twice is once.
    assert_unreached(lab, CUTS[fault])
    lab.heal(fault.split()[0])
    assert_unreached(lab, nothing)


def test_link_down_is_seen_by_the_node(lab):
    def carrier():
        return lab.exec(2, "host", "cat", "/sys/class/net/eth0/carrier").stdout.strip()
    assert carrier() == "1"
    lab.fault("link-down", 2)
    assert eventually(lambda: carrier() == "0")


def test_one_way_drop_is_one_way(lab):
    lab.fault("one-way-drop", 1, 2)
    for ipv6 in (False, True):
        for layer in ("node", "pod"):
            assert lost(lab, f"{layer}1", f"{layer}2", ipv6=ipv6)
            assert arrives(lab, f"{layer}2", f"{layer}1", ipv6=ipv6)
    lab.fault("one-way-drop", 1, 2, "host")
    assert arrives(lab, "pod1", "pod2") and lost(lab, "node1", "node2")


def test_icmp_filter_lets_the_rest_pass_and_neighbours_be_found(lab):
    lab.fault("icmp-filtered", 1, 2)
    lab.exec(2, "host", "ip", "neighbour", "flush", "dev", "eth0")
    for ipv6 in (False, True):
        for layer in ("node", "pod"):
            assert arrives(lab, f"{layer}1", f"{layer}2", ipv6=ipv6)
            assert arrives(lab, f"{layer}2", f"{layer}3", ipv6=ipv6)


def test_dns_down_is_silence(lab):
    ask = ("server", "env", "RES_OPTIONS=timeout:1 attempts:1", "getent", "hosts", "node1")
    lab.fault("dns-down")
    assert lab.exec(*ask).returncode == 2
    assert unreached(lab) == set()
    lab.heal("dns-down")
    assert lab.exec(*ask).returncode == 0


# ---- faults that hurt some packets


def test_loss_is_random_each_way(lab):
    lab.fault("loss", 10, 2)
    count = 1000
    output = lab.exec(1, "pod", "ping", "-n", "-c", count, "-i", "0.002", "-W", "0.3", "10.244.2.2").stdout
    answered = {int(number) for number in re.findall(r"icmp_seq=(\d+)", output)}
    lost = [number for number in range(1, count + 1) if number not in answered]
    # 0.9 squared answers; five standard deviations. Neighbours in time are lost independently.
    assert 190 - 62 < len(lost) < 190 + 62
    pairs = sum(number + 1 in lost for number in lost)
    assert 10 < pairs < 80  # 36 expected
    clean = lab.exec(1, "pod", "ping", "-q", "-c", 300, "-i", "0.002", "10.244.3.2").stdout
    assert " 0% packet loss" in clean


def test_faults_add_up_and_heal_one_by_one(lab):
    lab.fault("node-down", 2)
    lab.fault("link-down", 2, 3)
    lab.fault("port-mtu", 1300, 1)
    lab.fault("port-mtu", 1400, 1)
    assert lab.status()["faults"] == [
        {"kind": "node-down", "node": 2}, {"kind": "link-down", "node": 2},
        {"kind": "link-down", "node": 3}, {"kind": "port-mtu", "node": 1, "mtu": 1400, "direction": "both"}]
    lab.heal("node-down")
    assert_unreached(lab, lambda s, t: touches(2, 3)(s, t) and node_of(s) != node_of(t))
    lab.heal()
    assert lab.status()["faults"] == []
    assert_unreached(lab, nothing)
    for where in ("sw", "gw", "router", "server"):
        assert lab.exec(where, "nft", "list", "ruleset").stdout == ""


# ---- exec and publish


def test_exec_passes_everything_through(lab, tmp_path):
    assert lab.exec("server", "cat", input="in and out").stdout == "in and out"
    assert lab.exec("server", "bash", "-c", "exit 7").returncode == 7
    assert lab.exec("server", "/no/such/command").returncode == 127
    assert lab.exec(1, "pod", "bash", "-c", 'echo "$PWD $ANSWER"', cwd=tmp_path,
                    env={**os.environ, "ANSWER": "42"}).stdout == f"{tmp_path} 42\n"
    assert set(lab.exec(1, "host", "ls", "/sys/class/net").stdout.split()) == {"lo", "eth0", "vx", "cni0"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_exec_forwards_signals(lab, number):
    command = f"trap 'echo caught; exit 9' {number.name[3:]}; echo ready; while :; do read -t 0.02; done"
    process = lab.popen(1, "pod", "bash", "-c", command, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=5)[0] == "caught\n"
    assert process.returncode == 9


def test_exec_killed_takes_its_command_along(lab):
    process = lab.popen(1, "pod", "bash", "-c", "echo $$; exec sleep 1000")
    inner = process.stdout.readline().strip()
    assert lab.exec("gw", "test", "-e", f"/proc/{inner}").returncode == 0
    process.kill()
    assert eventually(lambda: lab.exec("gw", "test", "-e", f"/proc/{inner}").returncode == 1)
    process.wait()
    process.stdout.close()


def check_publish(lab):
    port = free_port()
    server = lab.popen("server", PYTHON, "-m", "http.server", port, stderr=subprocess.DEVNULL)
    lab.publish(port)
    lab.publish(port)  # Twice is once.
    assert lab.status()["published"] == [{"address": "127.0.0.1", "port": port}]

    def fetched():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).status == 200
        except OSError:
            return False
    assert eventually(fetched)
    lab.down()
    server.communicate(timeout=5)
    socket.create_server(("127.0.0.1", port)).close()


def test_publish_ends_with_the_lab_and_refuses_a_taken_port(lab):
    with Lab(nodes=1) as other:
        check_publish(other)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = lab.run("publish", taken.getsockname()[1])
        assert result.returncode == 1 and "Address already in use" in result.stderr


# ---- several labs, and the end of one


def machine():
    """What a lab could leave behind, apart from processes."""
    def shown(*command):
        return subprocess.run([find(command[0]), *command[1:]], capture_output=True, check=True).stdout
    return {"links": shown("ip", "-o", "link"), "routes": shown("ip", "route"), "netns": shown("ip", "netns"),
            "mounts": pathlib.Path("/proc/self/mounts").read_text(),
            "resolv.conf": pathlib.Path("/etc/resolv.conf").read_text()}


def processes(lab):
    """The processes in a lab's PID namespace, its holder's parent, and any that carry its name."""
    space = os.stat(f"/proc/{lab.status()['pid']}/ns/pid").st_ino if lab.status()["up"] else None
    found = set()
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            same = space and (entry / "ns/pid").stat().st_ino == space
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if same or lab.name.encode() in text:
            found.add(entry)
    return found


def check_leaves_nothing(lab, directory):
    before = machine()
    lab.up()
    sleeper = lab.popen(1, "pod", "bash", "-c", "echo ready; trap '' TERM HUP; (setsid sleep 1000 &) ; sleep 1000")
    assert sleeper.stdout.readline() == "ready\n"
    lab.fault("loss", 5, 1)
    during = processes(lab)
    assert len(during) >= 5 and machine() == before
    lab.down()
    sleeper.communicate(timeout=5)
    assert machine() == before
    # The holder's parent may wait for the machine's init to bury it.
    assert eventually(lambda: not [entry for entry in during if entry.exists()]) and not processes(lab)
    assert list(directory.iterdir()) == []
    assert lab.run("status").returncode == 1


def test_down_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_DIR", str(tmp_path))
    check_leaves_nothing(Lab(nodes=2, ipv6=True), tmp_path)


def test_a_killed_holder_leaves_a_lab_that_can_be_made_again():
    with Lab(nodes=1) as lab:
        os.kill(lab.status()["pid"], signal.SIGKILL)
        assert eventually(lambda: not lab.status()["up"])
        lab.nodes = 2
        lab.up()
        assert lab.status()["nodes"] == 2


def test_labs_side_by_side_do_not_meet(lab):
    with Lab(nodes=3) as other:
        other.fault("node-down", 1)
        assert_unreached(other, touches(1))
        assert unreached(lab) == set()
        assert other.run("up").returncode == 1
    assert unreached(lab) == set()


def test_works_without_root(tmp_path, monkeypatch):
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        become = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
        if subprocess.run([*become, "test", "-x", str(SCRIPT)], check=False).returncode != 0:
            pytest.skip("nobody may not read this checkout")
        if subprocess.run([*become, "unshare", "--user", "--map-root-user", "--net", "true"], check=False).returncode != 0:
            pytest.skip("the kernel does not let nobody make namespaces")
        # pytest's own directories are closed to nobody.
        directory = pathlib.Path(f"/tmp/lab-test-{os.getpid()}")
        directory.mkdir()
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    else:
        become, directory = [], tmp_path
    monkeypatch.chdir("/")
    monkeypatch.setenv("LAB_DIR", str(directory))
    try:
        with Lab(nodes=3, ipv6=True, prefix=become) as lab:
            assert_unreached(lab, nothing)
            lab.fault("port-mtu", 1400, 2)
            assert lost(lab, "pod1", "pod2", 1351, dont_fragment=True)
            lab.heal()
            check_publish(lab)
        check_leaves_nothing(Lab(nodes=1, prefix=become), directory)
    finally:
        if os.geteuid() == 0:
            directory.rmdir()
