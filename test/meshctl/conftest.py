import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))
from meshctl import Meshctl  # pylint: disable=wrong-import-position
from mesh_report import UP, agent, path, report  # pylint: disable=wrong-import-position
from server import Server  # pylint: disable=wrong-import-position
from verdict_test import Cluster  # pylint: disable=wrong-import-position


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Starts servers; at the end each that was not stopped must still be alive."""
    servers = []

    def start(*flags):
        servers.append(Server(tmp_path_factory.mktemp("server"), *flags))
        return servers[-1].start()

    yield start
    died = [one.log for one in servers if one.process.returncode is None and one.process.poll() is not None]
    for one in servers:
        if one.process.poll() is None:
            one.kill()
    assert not died, f"died: {died}"


# Reports come once a test, and not once each interval.
PATIENT = ("-db", "", "-outdated-factor", 100)


@pytest.fixture(scope="module")
def fine_server(launch):
    return launch(*PATIENT)


@pytest.fixture
def fine(fine_server):
    """A server with the reports of two nodes, each with an agent on either network."""
    for node, other in ((1, 2), (2, 1)):
        for layer in ("pod", "host"):
            answer = fine_server.post(report(node, layer, paths=[path(agent(other, layer), **UP)]))
            assert answer.status == 200, answer
    assert fine_server.check().status == 200
    return fine_server


@pytest.fixture(scope="module")
def broken_mesh(launch):
    cluster = Cluster(launch(*PATIENT))
    cluster.report()
    cluster.break_pods(2)
    cluster.until(cluster.verdicts, "a verdict")
    return cluster


@pytest.fixture
def broken(broken_mesh):
    """A server that says that the pod network of node2 is broken."""
    broken_mesh.report()
    return broken_mesh.server


def url(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture
def ask(home, fine):
    """meshctl for the server where all is fine."""
    return Meshctl(home, MESHCTL_SERVER=url(fine)).run


@pytest.fixture
def ask_broken(home, broken):
    return Meshctl(home, MESHCTL_SERVER=url(broken)).run


@pytest.fixture
def lost(home):
    """meshctl that is told of no server."""
    return Meshctl(home).run
