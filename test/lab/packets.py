"""Who is where in a lab of three nodes, and one packet sent one way."""

import itertools
import subprocess
import weakref

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


# A process in each place that sends and receives what it is told to, an order a line: starting one costs more than
# a hundred packets. Each packet has sockets of its own.
POST = """
import socket, sys
def listen(port):
    global inbox
    inbox = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    inbox.bind(("::", int(port)))
    return "ready"
def receive(wait):
    with inbox:
        inbox.settimeout(float(wait))
        try: return len(inbox.recv(65535))
        except TimeoutError: return "nothing"
def send(address, port, size, dont_fragment):
    six = ":" in address
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as outbox:
        outbox.setsockopt(*((41, 23) if six else (0, 10)), 3 if dont_fragment == "True" else 0)
        outbox.setsockopt(*((41, 25) if six else (0, 11)), 1)  # IP_RECVERR: hear of every error.
        try: outbox.sendto(bytes(int(size) - (48 if six else 28)), (address, int(port)))
        except OSError as error: return error
    return "sent"
for line in sys.stdin:
    order, *arguments = line.split()
    print({"listen": listen, "receive": receive, "send": send}[order](*arguments), flush=True)
"""
ports = itertools.count(20000)
posts = weakref.WeakKeyDictionary()  # Of each lab: its processes by their place. They end with it.


def order(lab, place, *words):
    there = posts.setdefault(lab, {})
    if place not in there:
        there[place] = lab.popen(*PLACES[place], PYTHON, "-c", POST, stdin=subprocess.PIPE)
    there[place].stdin.write(" ".join(map(str, words)) + "\n")
    there[place].stdin.flush()
    return there[place].stdout.readline().strip()


def arrives(lab, source, target, size=100, ipv6=False, dont_fragment=False, wait=3.0):
    """Whether one UDP packet of `size` bytes (with IP header) gets there within `wait` seconds of
    being sent. The sender, who asks for all errors, must not see one. No answer is sent, so one
    direction is tested alone."""
    port = next(ports)
    assert order(lab, target, "listen", port) == "ready"
    sent = order(lab, source, "send", addresses(ipv6)[target], port, size, dont_fragment)
    assert sent == "sent", sent
    got = order(lab, target, "receive", wait)
    assert got, f"the receiver at {target} has ended"
    return got != "nothing"


def lost(*arguments, **options):
    return not arrives(*arguments, wait=0.15, **options)
