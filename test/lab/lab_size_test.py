"""The faults of sizes and of fragments do to real packets what they say, to the byte, and to no others."""

import re
import subprocess

import pytest

from lab import Lab, find
from packets import PLACES, PYTHON, addresses, arrives, lost

TCP_SINK = """
import socket
s = socket.create_server(("", 9000)); print("ready", flush=True)
c = s.accept()[0]; c.settimeout(0.5); got = 0
try:
    while data := c.recv(65536): got += len(data)
except TimeoutError: pass
print(got)
"""


def tcp_bytes(lab, source, target):
    sink = lab.popen(*PLACES[target], PYTHON, "-c", TCP_SINK)
    assert sink.stdout.readline() == "ready\n"
    feed = lab.popen(*PLACES[source], "bash", "-c", f"head -c 300000 /dev/zero > /dev/tcp/{addresses(False)[target]}/9000")
    received = int(sink.communicate(timeout=20)[0])
    feed.kill()
    feed.communicate()
    return received


@pytest.mark.parametrize("direction", ["in", "out"])
def test_port_mtu_of_one_direction_spares_the_other(lab, direction):
    lab.fault("port-mtu", 1400, 2, direction)
    for ipv6 in (False, True):
        for layer, mtu in (("node", 1400), ("pod", 1350)):
            here, there = f"{layer}2", f"{layer}1"
            narrow, wide = ((there, here), (here, there)) if direction == "in" else ((here, there), (there, here))
            assert arrives(lab, *narrow, mtu, ipv6, True) and lost(lab, *narrow, mtu + 1, ipv6, True)
            assert arrives(lab, *wide, mtu + 100, ipv6, True)
    lab.fault("port-mtu", 1400, 2)  # Said again, it holds for both.
    assert lost(lab, "node1", "node2", 1401, False, True) and lost(lab, "node2", "node1", 1401, False, True)


def test_port_mtu_is_exact_silent_and_both_ways(lab):
    lab.fault("port-mtu", 1400, 2)
    for ipv6 in (False, True):
        for source, target in (("node1", "node2"), ("node2", "node3")):
            assert arrives(lab, source, target, 1400, ipv6, True)
            assert lost(lab, source, target, 1401, ipv6, True)
        for source, target in (("pod1", "pod2"), ("pod2", "pod3")):
            assert arrives(lab, source, target, 1350, ipv6, True)
            assert lost(lab, source, target, 1351, ipv6, True)
    assert arrives(lab, "node1", "node3", 1500, dont_fragment=True)
    big = lab.exec(1, "pod", "ping", "-M", "do", "-c2", "-i", "0.2", "-W", "0.3", "-s", "1400", "10.244.2.2")
    assert not re.search("From|error|long", big.stdout + big.stderr), "an ICMP error gave it away"
    assert tcp_bytes(lab, "node1", "node2") < 300000  # Offloading must not carry TCP across.
    lab.heal()
    assert tcp_bytes(lab, "node1", "node2") == 300000


FRAGMENTS = [f"{which} {direction}" for which in ("all", "first", "later") for direction in ("both", "in", "out")]


@pytest.mark.parametrize("how", FRAGMENTS)
def test_fragments_are_dropped_as_said_on_both_layers(lab, how):
    lab.fault("fragments-dropped", 2, *how.split())
    direction = how.split()[1]
    for ipv6 in (False, True):
        for layer in ("node", "pod"):
            assert arrives(lab, f"{layer}1", f"{layer}2", 4000, ipv6, wait=0.15) == (direction == "out")
            assert arrives(lab, f"{layer}2", f"{layer}1", 4000, ipv6, wait=0.15) == (direction == "in")
            assert arrives(lab, f"{layer}1", f"{layer}3", 4000, ipv6)
            assert arrives(lab, f"{layer}1", f"{layer}2", 1450, ipv6, True)
            assert arrives(lab, f"{layer}2", f"{layer}1", 1450, ipv6, True)
        assert arrives(lab, "pod2", "node2", 4000, ipv6) and arrives(lab, "node2", "pod2", 4000, ipv6)
    lab.heal()
    assert arrives(lab, "node1", "node2", 4000) and arrives(lab, "pod2", "pod1", 4000, True)


@pytest.mark.parametrize("which", ["first", "later"])
def test_only_the_first_or_only_later_fragments_are_lost(lab, which):
    """Seen on the wire: what the node still gets of packets of three fragments."""
    capture = lab.popen(1, "host", find("tcpdump"), "-Z", "root", "-lnvi", "eth0", "src 10.200.0.2 or src fd00:200::2", stderr=subprocess.PIPE)
    assert "listening on" in capture.stderr.readline()
    lab.fault("fragments-dropped", 2, which, "out")
    for ipv6 in (False, True):
        assert lost(lab, "node2", "node1", 4000, ipv6)
    # What the kernel holds back for the capture comes with the next packets.
    lab.exec(2, "host", "ping", "-c2", "-i0.2", "10.200.0.1")
    capture.terminate()
    text = capture.communicate(timeout=5)[0]
    offsets = {int(offset) for offset in re.findall(r"offset (\d+), flags \[[+none]+\], proto UDP", text)}
    offsets6 = {int(offset) for offset in re.findall(r"frag \(0x\w+:(\d+)\|", text)}
    assert offsets == ({1480, 2960} if which == "first" else {0}), text
    assert offsets6 == ({1448, 2896} if which == "first" else {0}), text


# ---- the router


def ping(lab, source, target, size, ipv6):
    """One echo of `size` bytes with DF. A router is heard once for a target; then the kernel itself says it."""
    result = lab.exec(*PLACES[source], "ping", "-n", "-M", "do", "-c1", "-W0.3", "-s", size - (48 if ipv6 else 28),
                      addresses(ipv6)[target])
    return result.stdout + result.stderr


def test_a_router_tells_its_mtu_to_the_byte_in_both_directions(lab):
    lab.fault("router-mtu", 1300, 2)
    for ipv6, router in ((False, "10.200.0.250"), (True, "fd00:200::250")):
        for source, target in (("node1", "node2"), ("node2", "node3"), ("node2", "server")):
            assert " 0% packet loss" in ping(lab, source, target, 1300, ipv6)
            told = ping(lab, source, target, 1301, ipv6)
            assert re.search(f"From {router} .*mtu ?= ?1300", told), told
            # Without DF they pass: the router makes fragments of IPv4, the source those of IPv6.
            assert target == "server" or arrives(lab, source, target, 1700, ipv6)
        assert " 0% packet loss" in ping(lab, "node1", "node3", 1500, ipv6)
    lab.heal()
    for ipv6 in (False, True):
        for source, target in (("node1", "node2"), ("node2", "node3")):
            assert arrives(lab, source, target, 1500, ipv6, True)
            # Nothing is remembered.
            assert " 0% packet loss" in ping(lab, source, target, 1500, ipv6)


def test_a_silent_router_is_a_black_hole_to_the_byte(lab):
    lab.fault("router-mtu", 1300, 2, "silent")
    for ipv6 in (False, True):
        for source, target in (("node1", "node2"), ("node2", "node3")):
            assert arrives(lab, source, target, 1300, ipv6, True)
            assert lost(lab, source, target, 1301, ipv6, True)
            assert "From" not in ping(lab, source, target, 1301, ipv6)
        # IPv4 has its fragments from the router, IPv6 from the source, who was told nothing.
        assert arrives(lab, "node1", "node2", 1700, ipv6, wait=0.3) == (not ipv6)
    assert tcp_bytes(lab, "node1", "node2") < 300000
    # One router: what is said last holds for all behind it.
    lab.fault("router-mtu", 1400, 3)
    assert arrives(lab, "node1", "node2", 1400, False, True)
    assert re.search("mtu ?= ?1400", ping(lab, "node1", "node2", 1401, False))
    assert tcp_bytes(lab, "node1", "node2") == 300000


def test_a_node_that_was_told_holds_ipv6_of_pods_to_it_until_healed(lab):
    lab.fault("router-mtu", 1400, 2)
    ping(lab, "node1", "node2", 1401, False)
    ping(lab, "pod1", "pod2", 1450, True)   # The overlay's device notes it, and this one still passes.
    told = ping(lab, "pod1", "pod2", 1450, True)
    assert re.search("From fd00:244:1::1 .*mtu=1350", told), told
    assert " 0% packet loss" in ping(lab, "pod1", "pod2", 1450, False)
    lab.heal()
    for ipv6 in (False, True):
        assert " 0% packet loss" in ping(lab, "pod1", "pod2", 1450, ipv6)
        assert " 0% packet loss" in ping(lab, "node1", "pod2", 1450, ipv6)


@pytest.mark.parametrize("how", [(), ("silent",)], ids=["telling", "silent"])
def test_the_overlay_crosses_a_router_in_fragments(lab, how):
    lab.fault("router-mtu", 1300, 2, *how)
    # Also once the hosts know it: what is forwarded does not go by it.
    for ipv6 in (False, True):
        ping(lab, "node1", "node2", 1301, ipv6)
    for source, target in (("pod1", "pod2"), ("pod2", "pod3")):
        for ipv6 in (False, True):
            assert arrives(lab, source, target, 1450, ipv6, True)
            assert arrives(lab, source, target, 4000, ipv6)


# ---- TCP


MSS = """
import socket, sys
s = socket.create_connection((sys.argv[1], 9000)); print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
"""


def segment_size(lab, source, target, ipv6):
    sink = lab.popen(*PLACES[target], PYTHON, "-c", 'import socket\ns = socket.create_server(("::", 9000), family=socket.AF_INET6, dualstack_ipv6=True)\n'
                     'print("ready", flush=True); s.accept()')
    assert sink.stdout.readline() == "ready\n"
    size = int(lab.exec(*PLACES[source], PYTHON, "-c", MSS, addresses(ipv6)[target]).stdout)
    sink.communicate(timeout=5)
    return size


def test_a_clamped_mss_holds_both_ways_and_hurts_no_size(lab):
    lab.fault("mss-clamped", 1300, 2)
    timestamps = 12
    for ipv6 in (False, True):
        for source, target in (("node1", "node2"), ("node2", "node1"), ("pod1", "pod2"), ("pod2", "pod3"), ("pod2", "node3")):
            assert segment_size(lab, source, target, ipv6) == 1300 - timestamps
        assert segment_size(lab, "node1", "node3", ipv6) == (1440 if ipv6 else 1460) - timestamps
        for layer, mtu in (("node", 1500), ("pod", 1450)):
            assert arrives(lab, f"{layer}1", f"{layer}2", mtu, ipv6, True) and arrives(lab, f"{layer}2", f"{layer}1", mtu, ipv6, True)
            assert arrives(lab, f"{layer}1", f"{layer}2", 4000, ipv6)
    assert tcp_bytes(lab, "node1", "node2") == 300000


# ---- the overlay


def test_overlay_mtu_too_large_needs_fragments_of_the_underlay(lab):
    lab.fault("overlay-mtu", 1500, 2, 3)
    for _ in range(2):
        assert arrives(lab, "pod2", "pod3", 1500, dont_fragment=True)
    # IPv6 is told by its own node, all but the first to a destination.
    assert arrives(lab, "pod2", "pod3", 1500, True, True) and "mtu=1450" in ping(lab, "pod2", "pod3", 1500, True)
    lab.fault("fragments-dropped", 2)
    assert lost(lab, "pod2", "pod3", 1500, dont_fragment=True)
    assert arrives(lab, "pod2", "pod3", 1450, dont_fragment=True)
    lab.heal("overlay-mtu")
    assert "mtu 1450" in lab.exec(2, "pod", "ip", "link", "show", "eth0").stdout


@pytest.mark.parametrize("ipv6", [False, True])
def test_overlay_mtu_of_one_node_is_told_by_the_others(lab, ipv6):
    lab.fault("overlay-mtu", 1500, 2)
    told = ping(lab, "pod2", "pod3", 1451, ipv6)
    assert re.search("From .*mtu ?= ?1450", told), told
    assert arrives(lab, "pod2", "pod3", 1450, ipv6, True) and arrives(lab, "pod3", "pod2", 1450, ipv6, True)
    assert arrives(lab, "pod2", "node2", 1500, ipv6, True) and arrives(lab, "node2", "pod2", 1500, ipv6, True)


def test_a_port_of_1500_between_jumbo_hosts():
    with Lab(nodes=3, ipv6=True, mtu=9000) as jumbo:
        jumbo.fault("port-mtu", 1500, 2)
        for ipv6 in (False, True):
            assert arrives(jumbo, "node1", "node3", 9000, ipv6, True) and arrives(jumbo, "pod1", "pod3", 8950, ipv6, True)
            for layer, mtu in (("node", 1500), ("pod", 1450)):
                for source, target in ((f"{layer}1", f"{layer}2"), (f"{layer}2", f"{layer}1")):
                    assert arrives(jumbo, source, target, mtu, ipv6, True) and lost(jumbo, source, target, mtu + 1, ipv6, True)
