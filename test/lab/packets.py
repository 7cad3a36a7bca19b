"""Who is where in a lab of three nodes, and one packet sent one way."""

import itertools
import subprocess

PYTHON = "/usr/bin/python3"

PLACES = {f"{layer}{node}": (node, "host" if layer == "node" else "pod")
          for node in (1, 2, 3) for layer in ("node", "pod")}


def addresses(ipv6):
    host, pod = ("fd00:200::{}", "fd00:244:{}::2") if ipv6 else ("10.200.0.{}", "10.244.{}.2")
    found = {"server": host.format(253), "gw": host.format(254),
             "outside": "2001:db8::1" if ipv6 else "203.0.113.1"}
    for node in (1, 2, 3):
        found[f"node{node}"] = host.format(node)
        found[f"pod{node}"] = pod.format(node)
    return found


RECEIVE = """
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", int(sys.argv[1]))); print("ready", flush=True)
sys.stdin.readline(); s.settimeout(float(sys.argv[2]))
try: print(len(s.recv(65535)))
except TimeoutError: print("nothing")
"""
SEND = """
import socket, sys
address, port, size, dont_fragment = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "True"
six = ":" in address
s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
if six: s.setsockopt(41, 23, 3 if dont_fragment else 0)
else: s.setsockopt(0, 10, 3 if dont_fragment else 0)
s.setsockopt(41 if six else 0, 25 if six else 11, 1)  # IP_RECVERR: hear of every error.
s.sendto(bytes(size - (48 if six else 28)), (address, port))
"""
ports = itertools.count(20000)


def arrives(lab, source, target, size=100, ipv6=False, dont_fragment=False, wait=3.0):
    """Whether one UDP packet of `size` bytes (with IP header) gets there within `wait` seconds of
    being sent. The sender, who asks for all errors, must not see one. No answer is sent, so one
    direction is tested alone."""
    port = next(ports)
    receiver = lab.popen(*PLACES[target], PYTHON, "-c", RECEIVE, port, wait, stdin=subprocess.PIPE)
    assert receiver.stdout.readline() == "ready\n"
    sent = lab.exec(*PLACES[source], PYTHON, "-c", SEND, addresses(ipv6)[target], port, size, dont_fragment)
    assert sent.returncode == 0, sent.stderr
    return receiver.communicate("sent\n", timeout=10)[0].strip() != "nothing"


def lost(*arguments, **options):
    return not arrives(*arguments, wait=0.15, **options)
