"""A log that nobody reads stops nothing."""

import contextlib
import fcntl
import os
import re
import subprocess
import threading

import pytest

from loopback import free_port
from server import PROGRAM, Server, payload
from waiting import PATIENCE, wait_for

REPORTS = 8000


@pytest.fixture
def deaf(tmp_path):
    """A server whose standard error is a pipe, and the end of that pipe to read from."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    server = Server(tmp_path)
    server.port = free_port()
    with open(reader, "rb") as log:
        server.process = subprocess.Popen([PROGRAM, "-db", "", "-v", "5", "-threads", "1", "-endpoint",
                                           f"127.0.0.1:{server.port}"], stderr=writer)
        os.close(writer)
        try:
            wait_for(lambda: healthy(server), "the server")
            yield server, log
        finally:
            server.kill()


def healthy(server):
    with contextlib.suppress(OSError):
        return server.get("/healthz").status == 200
    return False


def fill(server):
    """More lines than the pipe and the server's own buffer hold."""
    connection = server.connect()
    request = b"POST /api/v1/agents/x HTTP/1.1\r\nHost: s\r\nContent-Length: 2\r\n\r\n{}"
    with connection:
        reading = threading.Thread(target=lambda: [None for _ in iter(lambda: connection.recv(65536), b"")])
        reading.start()
        connection.sendall(request * REPORTS)
        wait_for(lambda: server.metric("meshcheck_reports_refused_malformed_total") == REPORTS, "all are refused")
        connection.shutdown(2)
        reading.join()


def test_goes_on_while_nobody_reads_its_log(deaf):
    server, log = deaf
    fill(server)
    assert healthy(server) and server.post(payload("a")).status == 200
    assert server.metric("meshcheck_agents_held") == 1
    dropped = server.metric("meshcheck_log_lines_dropped_total")
    assert dropped > 0
    text = bytearray()
    reading = threading.Thread(target=lambda: [text.extend(part) for part in iter(lambda: log.read1(4096), b"")])
    reading.start()
    told = wait_for(lambda: re.search(rb'event="log lines dropped: nobody read them" lines=(\d+)\n', text), "what is missing")
    assert int(told[1]) >= dropped
    lines = bytes(text).splitlines()
    assert all(line.startswith(b"time=") for line in lines[:-1]), "whole lines"
    server.process.terminate()
    assert server.process.wait(PATIENCE) == 0
    reading.join()
    assert b"event=stopping" in text, "and what came later is there"


def test_ends_while_nobody_reads_its_log(deaf):
    server, _ = deaf
    fill(server)
    server.process.terminate()
    assert server.process.wait(PATIENCE) == 0


def test_ends_nothing_when_its_reader_is_gone(deaf):
    server, log = deaf
    log.close()
    fill(server)
    assert healthy(server)
