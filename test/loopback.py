"""Ports of this machine, for programs that are told theirs."""

import socket


def free_port():
    """One that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
