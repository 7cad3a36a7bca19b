"""Reports of agents that probe, made by hand."""

import datetime
import time

from server import payload

COLUMNS = ["to", "relation", "probe", "family", "state", "state_ms", "answer_ms", "sent",
           "lost", "lost_forward", "lost_backward", "late", "duplicated", "reordered", "p50_us",
           "p90_us", "p99_us", "max_us", "jitter_forward_us", "jitter_backward_us",
           "error", "cross_check"]
# Both clocks of an agent run, or the server says that somebody set one.
BEGAN = time.monotonic()
BOUNDS_US = [50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
             1000000]
MTU_COLUMNS = ["to", "relation", "family", "forward_class", "forward_class_ms", "forward_size",
               "forward_link_mtu", "forward_confirmed_ms", "forward_fragments", "backward_class",
               "backward_class_ms", "backward_size", "backward_link_mtu", "backward_confirmed_ms",
               "backward_fragments", "icmp_fragments", "too_big_mtu", "too_big_from", "too_big_ms"]
UP = {"state": "up", "answer_ms": 300, "sent": 60, "p50_us": 101, "p90_us": 150,
      "p99_us": 900, "max_us": 1500, "jitter_forward_us": 7}
DOWN = {"state": "down", "answer_ms": 20000, "sent": 60, "lost": 20, "error": "no answer",
        "cross_check": "unanswered"}


def path(to, **changes):
    row = dict.fromkeys(COLUMNS, 0) | {"to": to, "relation": "peer", "probe": "stamp",
                                       "family": "ipv4", "state_ms": 20000, "error": "", "cross_check": ""}
    row |= dict.fromkeys(COLUMNS[14:20])
    return [(row | changes)[column] for column in COLUMNS]


def mtu(to, forward=("clear", 1500), backward=("clear", 1500), too_big=(None, None, None), **changes):
    """A row of `mesh.mtu`: of each direction the class and the size."""
    row = {"to": to, "relation": "peer", "family": "ipv4", "icmp_fragments": "passed"}
    for way, (fragmentation_class, size) in (("forward", forward), ("backward", backward)):
        row |= {f"{way}_class": fragmentation_class, f"{way}_class_ms": 60000, f"{way}_size": size,
                f"{way}_link_mtu": 1500, f"{way}_confirmed_ms": None if size is None else 2000,
                f"{way}_fragments": "unknown" if size is None else "passed"}
    row |= zip(MTU_COLUMNS[-3:], too_big)
    return [(row | changes)[column] for column in MTU_COLUMNS]


def address(number, layer="pod"):
    return f"10.{('pod', 'host').index(layer)}.{number // 256}.{number % 256}"


def report(number, layer="pod", paths=(), heard=(), uptime=600, mtus=(), mesh=None, **probing):
    """Of the agent of a layer on the node of that number. `uptime` is what it was when the tests began, and of an agent that
    has just begun what it is now: the tests before may have taken longer."""
    since = 0 if uptime < 60 else time.monotonic() - BEGAN
    counts = [0, 40] + [0] * 13
    return payload(
        agent(number, layer), nodename=f"node{number}", report_interval=5,
        hostdate=datetime.datetime.now(datetime.timezone.utc).isoformat(), mesh={
            "schema": 1, "layer": layer, "agent_uptime_ms": uptime * 1000 + round(since * 1000),
            "stopping": probing.pop("stopping", False),
            "probing": {
                "addresses": [address(number, layer)], "tunnel": "vxlan" if layer == "host" else "",
                "port": 8862, "ssid": number + 1, "assignment": "",
                "clock": "kernel", "icmp": "datagram", "starved": 1, "receive_drops": 2,
                "totals": {"sent": 100, "lost": 7, "lost_forward": 4, "lost_backward": 1,
                           "late": 3, "duplicated": 2, "reordered": 1, "voided": 5},
                "rtt": {"bounds_us": BOUNDS_US, "counts": counts, "sum_us": 4000}} | probing,
            "paths": {"columns": COLUMNS, "rows": list(paths)},
            "mtu": {"columns": MTU_COLUMNS, "rows": list(mtus)},
            "heard": [[address(who, layer), who + 1, age] for who, age in heard]} | (mesh or {}))


def agent(number, layer="pod"):
    return f"agent-{layer}-{number}"
