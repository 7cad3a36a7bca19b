"""Faults of a real cluster, each with its verdict, and none once it is healed.

    MESHCHECK_E2E_FAULTS           a command that makes and heals them; test/e2e/faults_namespaces says which there are
"""

import contextlib
import json
import os
import shlex

import pytest

from chart import must
from cluster import wait_for
from waiting import hold_for, looks

# Seconds: for 75 s after a fault of the same node is over, sizes that were lost begin anew.
SIZES_AFTER_A_FAULT = 120


def fault(*words):
    command = os.environ.get("MESHCHECK_E2E_FAULTS")
    if not command:
        pytest.skip("MESHCHECK_E2E_FAULTS is not set: it makes faults of the cluster's network")
    must(command, *words, timeout=60)


@contextlib.contextmanager
def broken(breaks, heals):
    fault(*breaks)
    try:
        yield
    finally:
        fault(*heals)


@pytest.fixture
def calm(port_release):
    """A release without verdicts, before the test and after it."""
    def quiet():
        return port_release.fetch("/api/v1/connectivity_check")[0] == 200 and alarms(port_release) == []
    agents = 2 * len(port_release.cluster.nodes())
    port_release.wait_healthy(agents)
    wait_for(quiet, lambda: f"no verdict; there are {alarms(port_release)}")
    yield port_release
    wait_for(quiet, lambda: f"no verdict; there are {alarms(port_release)}")
    port_release.wait_healthy(agents)


def verdicts(release):
    status, text = release.fetch("/api/v1/verdicts")
    return json.loads(text)["verdicts"] if status == 200 else []


def alarms(release):
    """(kind, subject) of what is open above info."""
    return [(one["kind"], one["subject"]) for one in verdicts(release) if one["severity"] != "info"]


@pytest.fixture
def victim(port_release):
    """A node without the server."""
    (server,) = port_release.pods("server")
    return max(node for node in port_release.cluster.nodes() if node != server["spec"]["nodeName"])


def expect(release, wanted, seconds):
    """Waits for exactly these verdicts."""
    wait_for(lambda: sorted(alarms(release)) == sorted(wanted),
             lambda: f"{wanted}; there are {[one['sentence'] for one in verdicts(release)]}", seconds)
    for one in verdicts(release):
        if one["next_command"].startswith("kubectl "):
            assert run_command(release.cluster, one["next_command"])


def run_command(cluster, line):
    """What kubectl prints for a verdict's next command."""
    return cluster.kubectl(*shlex.split(line)[1:])


@pytest.mark.quick
def test_kubectl_takes_every_next_command(port_release):
    (node, *_) = port_release.cluster.nodes()
    (agent, *_) = [pod["metadata"]["name"] for pod in port_release.pods("agent")]
    for line, shown in [
            ("kubectl get nodes -o wide", node),
            ("kubectl get nodes -L topology.kubernetes.io/zone -o wide", node),
            (f"kubectl describe node {node}", node),
            (f"kubectl get pods --all-namespaces -o wide --field-selector spec.nodeName={node}", node),
            (f"kubectl get pods --all-namespaces -o wide --field-selector metadata.name={agent}", agent),
            ("kubectl get endpoints --all-namespaces", port_release.namespace),
            ("kubectl get --raw '/readyz?verbose'", "readyz check passed"),
            # What they show is the cluster's: this one may have no such pods.
            (f"kubectl -n kube-system get pods -o wide --field-selector spec.nodeName={node}", ""),
            ("kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide", "")]:
        assert shown in run_command(port_release.cluster, line), line


@pytest.mark.quick
def test_a_port_with_a_small_mtu_is_named(calm, victim):
    with broken(["mtu", victim, "1400"], ["mtu", victim, "1500"]):
        expect(calm, [("mtu_black_hole", victim)], SIZES_AFTER_A_FAULT)
        (found,) = [one for one in verdicts(calm) if one["kind"] == "mtu_black_hole"]
        assert 1400 <= found["size"] <= 1404 or found["size"] <= 1354, found["sentence"]  # Of the hosts or the overlay.


@pytest.mark.quick
def test_a_node_that_is_unplugged_is_named(calm, victim):
    def ready(wanted):
        node = calm.cluster.get("node", victim)
        return any(one["type"] == "Ready" and one["status"] == wanted for one in node["status"]["conditions"])
    with broken(["unplug", victim], ["plug", victim]):
        expect(calm, [("node_down", victim)], 30)
        wait_for(lambda: ready("Unknown"), f"{victim} not to be ready")
        # That the cluster knows it too makes nothing of it untrue.
        hold_for(5, lambda: alarms(calm) == [("node_down", victim)], lambda: f"it alone: {alarms(calm)}", 0.5)
    wait_for(lambda: ready("True"), f"{victim} to be ready")


def test_a_node_that_drops_fragments_is_named(calm, victim):
    with broken(["drop-fragments", victim], ["pass-fragments", victim]):
        expect(calm, [("fragments_dropped", victim)], SIZES_AFTER_A_FAULT)


def check_stays_good(release, seconds):
    for _ in looks(seconds, 1.0):
        status, text = release.fetch("/api/v1/connectivity_check")
        assert status == 200, text


def test_a_drained_node_alarms_nobody_and_comes_back(calm, victim):
    kubectl = calm.cluster.kubectl
    agents = 2 * len(calm.cluster.nodes())
    kubectl("drain", victim, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s", timeout=90)
    check_stays_good(calm, 5)
    with broken(["unplug", victim], ["plug", victim]):
        check_stays_good(calm, 15)  # It was cordoned: it is switched off in good order.
        kubectl("delete", "node", victim)
        calm.wait_healthy(agents - 2)
        check_stays_good(calm, 5)
    fault("restart-kubelet", victim)
    wait_for(lambda: victim in calm.cluster.nodes(), f"{victim} to be back")
    calm.wait_healthy(agents)


def test_without_the_api_nobody_is_missed(calm):
    """It is stopped for a minute, and forgets meanwhile what a watch could go on from."""
    with broken(["stop-api"], ["start-api"]):
        looked = False
        for passed in looks(60, 1.0):
            status, text = calm.fetch("/api/v1/connectivity_check")
            assert status == 200, text
            if passed >= 40 and not looked:
                looked = True
                assert alarms(calm) == [("kubernetes_api", "server")]
                assert "cannot be reached" in calm.fetch("/readyz")[1]
    wait_for(lambda: calm.cluster.try_kubectl("get", "nodes").returncode == 0, "the API server to be back")
    fault("compact")
    wait_for(lambda: alarms(calm) == [], lambda: f"no verdict; there are {alarms(calm)}")
    deleted = calm.delete_pod("agent")
    wait_for(lambda: deleted not in json.loads(calm.fetch("/api/v1/agents/")[1]), f"{deleted} to be forgotten")
