"""Ports of this machine, for programs that are told theirs."""

import fcntl
import os
import socket


def free_port():
    """One that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def full_pipe():
    """A pipe that takes no byte more, for a log that nobody reads: the ends to read from and to write to."""
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * size)
    return open(reader, "rb", buffering=0), writer
