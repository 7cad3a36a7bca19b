import pytest

from server import Server


@pytest.fixture
def launch(tmp_path):
    """Starts servers; at the end of the test each that was not stopped must still be alive."""
    servers = []

    def start(*flags):
        directory = tmp_path / f"server{len(servers)}"
        directory.mkdir()
        server = Server(directory, *flags)
        servers.append(server)
        return server.start()

    yield start
    died = []
    for server in servers:
        if server.process is None or server.process.returncode is not None:
            continue
        if server.process.poll() is not None:
            died.append(server.log)
        else:
            server.kill()
    assert not died, f"died: {died}"


@pytest.fixture
def server(launch):
    """One in memory, with debug messages."""
    return launch("-db", "", "-v", 5)
