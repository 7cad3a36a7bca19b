"""Runs what verdicts propose to run next, on the node that each names."""

import re


def failing_commands(lab, verdicts):
    """Why a command does not show its fault. Those for kubectl have no cluster here. A ping of a size shows that fault; one
    that is not of a size leaves the host, and need not meet what only pods meet."""
    for command in (entry["next_command"] for entry in verdicts):
        if not command.startswith(("ping ", "ip ")):
            continue
        node = re.search(r"# on node-(\d+)", command)
        if node is None:
            yield f"names no node: {command}"
            continue
        ended = lab.exec(int(node[1]), "host", "sh", "-c", command.replace("ping ", "ping -W 1 ", 1))
        if ended.returncode not in ((1,) if command.startswith("ping -M ") else (0, 1)):
            yield f"does not show the fault, exit {ended.returncode}: {command}: {ended.stdout[-200:]} {ended.stderr[-200:]}"
