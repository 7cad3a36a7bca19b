"""-kubeproxyinit: who is expected is what Kubernetes runs, whatever becomes of its API."""

import re

import pytest

from document_test import documented_metrics
from kubernetes import Kubernetes, downtime, node, pod
from mesh_report import agent, report
from server import payload, run, success_message
from verdict_test import LAYERS, NODES, broken_cluster
from waiting import wait_for


@pytest.fixture
def kubernetes(tmp_path):
    api = Kubernetes(tmp_path)
    api.put(node("n1"), node("n2"))
    yield api
    api.stop()


@pytest.fixture
def start(launch, kubernetes):
    def launch_in_cluster(*flags):
        # Who may report is auth_test.py's matter.
        return launch("-kubeproxyinit", "-report-auth=none", "-kubeconfig", kubernetes.kubeconfig, *flags)
    return launch_in_cluster


def wait_synced(server):
    wait_for(lambda: server.get("/readyz").text == "ok\n", "the first list")
    return server


def wait_check(server, key, names):
    wait_for(lambda: (server.check().json()[key] or []) == names, f"{key} {names}")


def test_expects_pods_that_are_agents(start, kubernetes):
    kubernetes.put(pod("a"), pod("b", app="netchecker-agent-hostnet"), pod("other", app="web"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["a", "b"])
    server.post("a")
    server.post("b")
    wait_for(lambda: server.check().status == 200, "all to have reported")
    assert server.check().json()["Message"] == success_message(2)


def test_lets_a_pod_be_replaced_without_a_word(start, kubernetes):
    kubernetes.put(pod("old"), pod("other"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["old", "other"])
    for name in ("old", "other"):
        server.post(payload(name, report_interval=3600))
    assert server.check().status == 200
    kubernetes.put(pod("old", ending=True))
    wait_for(lambda: "old" not in server.agents(), "the pod that ends to be forgotten")
    assert server.post("old").status == 200, "its last report is no mistake"
    kubernetes.delete(pod("old"))
    assert server.post(payload("new", report_interval=3600)).status == 200, "before it is listed"
    kubernetes.put(pod("new", phase="Pending", ready=False, node=None))
    wait_for(lambda: server.metric("meshcheck_agents_expected") == 2, "the new pod")
    assert server.check().status == 200 and sorted(server.agents()) == ["new", "other"]
    assert server.get("/api/v1/verdicts?since=1h").json()["verdicts"] == []


def test_sends_others_to_the_addresses_that_kubernetes_lists(launch, kubernetes):
    """What a pod says itself counts where Kubernetes does not know its address."""
    listed = {agent(0): ["10.9.9.9", "fd00::9", "10.9.9.10"], agent(1): ["10.0.0.1"], agent(2): []}
    kubernetes.put(*[node(f"node{i}") for i in range(len(listed))],
                   *[pod(name, node=f"node{i}", ips=ips) for i, (name, ips) in enumerate(listed.items())])
    server = wait_synced(launch("-kubeproxyinit", "-kubeconfig", kubernetes.kubeconfig, "-agent-namespace=net"))
    wait_check(server, "Absent", sorted(listed))
    for number, name in enumerate(listed):
        answer = server.request("POST", f"/api/v1/agents/{name}", report(number),
                                headers={"Authorization": f"Bearer token-of-{name}"})
        assert answer.status == 200, answer
    addresses = sorted(address for peer in find(answer.json(), "addresses") for address in peer)
    answer = server.request("POST", f"/api/v1/agents/{agent(1)}", report(1),
                            headers={"Authorization": f"Bearer token-of-{agent(1)}"})
    addresses += sorted(address for peer in find(answer.json(), "addresses") for address in peer)
    assert addresses == ["10.0.0.1", "10.9.9.9", "fd00::9", "10.0.0.2", "10.9.9.9", "fd00::9"]


def find(value, key):
    """What all objects of a document have of the key."""
    if isinstance(value, dict):
        yield from [value[key]] if key in value else []
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from find(one, key)


def test_gives_a_new_pod_time(start, kubernetes):
    kubernetes.put(pod("a"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["a"])
    server.post(payload("a", report_interval=3600))
    kubernetes.put(pod("new", phase="Pending", ready=False, node=None))
    wait_for(lambda: server.metric("meshcheck_agents_awaited") == 1, "the new pod")
    assert server.check().json()["Message"] == success_message(1)


def test_says_that_a_pod_does_not_run(start, kubernetes):
    kubernetes.put(pod("stuck", phase="Pending", ready=False))
    server = wait_synced(start())
    wait_check(server, "Absent", ["stuck"])
    assert "; 1 absent pod does not run: stuck (Pending, not ready); " in (
        server.check().json()["Message"])


def test_says_that_no_pod_matches(start):
    server = wait_synced(start("-agent-namespace", "*", "-agent-selector", "app in (x)"))
    wait_for(lambda: "inventory" not in server.check().json()["Message"], "the first list")
    assert server.check().json()["Message"].endswith(
        "no agents are expected: no pod in any namespace is one of -agent-selector")


def test_does_not_miss_agents_of_a_cordoned_or_deleted_node(start, kubernetes):
    kubernetes.put(pod("a", node="n1"), pod("b", node="n2"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["a", "b"])
    kubernetes.put(node("n1", cordoned=True))
    wait_check(server, "Absent", ["b"])
    assert server.metric("meshcheck_agents_excused") == 1
    kubernetes.delete(node("n2"))
    wait_check(server, "Absent", [])
    kubernetes.put(node("n1", ready=False))
    wait_check(server, "Absent", ["a"])


def test_says_what_kubernetes_says_of_a_broken_node(start, kubernetes):
    for number in range(1, NODES + 1):
        kubernetes.put(node(f"node{number}"),
                       *(pod(agent(number, layer), node=f"node{number}") for layer in LAYERS))
    server = wait_synced(start("-db", ""))
    wait_for(lambda: len(server.check().json()["Absent"]) == 2 * NODES, "the agents")
    cluster = broken_cluster(server)
    kubernetes.put(node("node2", ready=False))
    cluster.until(lambda: "not ready" in cluster.verdicts()[0]["sentence"], "the node's condition")
    assert cluster.verdicts()[0]["severity"] == "critical", "that confirms it, and excuses nothing"
    kubernetes.put(node("node2", cordoned=True))
    cluster.until(lambda: [one["severity"] for one in cluster.verdicts()] == ["info"], "the excuse")
    assert "; expected, the node is cordoned" in cluster.verdicts()[0]["sentence"]
    assert server.check().status == 200


def test_keeps_what_it_knew_while_the_api_is_away(start, kubernetes):
    kubernetes.put(pod("a"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["a"])
    server.post(payload("a", report_interval=3600))
    kubernetes.stop()
    wait_for(lambda: "cannot be reached" in server.get("/readyz").text, "the trouble to be noticed")
    assert server.get("/readyz").text.startswith("ok, but the Kubernetes API ")
    assert server.check().status == 200
    assert server.metric("meshcheck_kubernetes_synced", watch="pods") == 1
    (verdict,) = wait_for(lambda: server.get("/api/v1/verdicts").json()["verdicts"], "the verdict")
    assert verdict["kind"] == "kubernetes_api" and verdict["severity"] == "warning"
    assert verdict["subject"] == verdict["subject_type"] == "server"
    assert "may be old" in verdict["sentence"] and verdict["next_command"].startswith("kubectl ")
    assert server.metric("meshcheck_kubernetes_cut_off_seconds", watch="nodes") >= 10
    assert server.check().status == 200, "a warning fails nothing"
    assert server.check().json()["Verdicts"] == ["warning: " + verdict["sentence"]]
    kubernetes.put(pod("b"))
    kubernetes.start()
    wait_for(lambda: server.get("/readyz").text == "ok\n", "the API to be back", patience=40)
    wait_for(lambda: server.metric("meshcheck_agents_awaited") == 1, "the new pod")
    wait_for(lambda: not server.get("/api/v1/verdicts").json()["verdicts"], "the end of it")


def test_lists_anew_what_the_api_has_forgotten(start, kubernetes):
    kubernetes.put(pod("a"), pod("b"))
    server = wait_synced(start())
    wait_check(server, "Absent", ["a", "b"])
    with kubernetes.changed:  # Nobody is told of this change.
        del kubernetes.objects["pods"][("net", "b")]
        kubernetes.forget()
    wait_check(server, "Absent", ["a"])
    wait_for(lambda: server.metric("meshcheck_kubernetes_lists_total", watch="pods") >= 3,
             "the status of the next second")


@pytest.mark.parametrize("resource, where", [("pods", "pods in namespace net"), ("nodes", "nodes")])
def test_says_which_right_is_missing(start, kubernetes, resource, where):
    kubernetes.forbidden = {resource}
    kubernetes.put(pod("a"))
    server = start()
    text = f"the Kubernetes API forbids us to list {where} (403)"
    wait_for(lambda: text in server.check().json()["Message"], "the reason")
    server.post(payload("a", report_interval=3600))
    assert server.check().status == 400, "nobody knows whether that is all"
    answer = server.get("/readyz")
    assert answer.status == 503 and text in answer.text
    assert len(re.findall(f"event=\"Kubernetes is not followed\" watch={resource}", server.log)) == 1
    kubernetes.forbidden = set()
    wait_synced(server)
    wait_for(lambda: server.check().status == 200, "the check")


def test_remembers_agents_until_the_first_list(start, kubernetes):
    kubernetes.stop()
    server = start()
    assert server.get("/readyz").status == 503
    server.post("a")
    assert list(server.agents()) == ["a"], "reports are taken all the same"
    answer = server.check()
    assert answer.status == 400 and answer.json()["Absent"] == []
    assert "it is not known which agents should report: the Kubernetes API " in (
        answer.json()["Message"])
    kubernetes.start()
    wait_for(lambda: "a" not in server.agents(), "the list, in which it is not", patience=40)


def test_says_two_namespaces_have_a_pod_of_one_name(start, kubernetes):
    kubernetes.put(pod("a"), pod("a", uid="2", namespace="other"))
    server = wait_synced(start("-agent-namespace", "*"))
    wait_check(server, "Absent", ["a"])
    assert server.metric("meshcheck_kubernetes_name_conflicts") == 1
    server.wait_log("two namespaces have an agent's pod of one name.* pod=a")


def test_metrics_are_those_of_the_document(start):
    shown = {(name, frozenset(key for key, _ in labels)) for name, labels
             in wait_synced(start()).metrics() if name.startswith("meshcheck_kubernetes_")}
    assert shown == {(name, labels) for name, (_, labels) in documented_metrics().items()
                     if name.startswith("meshcheck_kubernetes_")}


def test_needs_a_configuration(tmp_path):
    ended = run("-kubeproxyinit", "-db", "", "-endpoint", "127.0.0.1:0",
                "-kubeconfig", tmp_path / "none")
    assert ended.returncode == 1 and "-kubeproxyinit: " in ended.stderr
    assert str(tmp_path / "none") in ended.stderr


MOVE = {"startDate": "2026-11-21T10:00:00Z", "endDate": "1795262400", "type": "Maintenance", "description": "a new switch",
        "affected": ["synthetic"]}


def downtimes(server):
    return server.get("/api/v1/downtimes").json()


@pytest.mark.parametrize("group", ["meshcheck.io", "deckhouse.io"])
def test_downtimes_of_kubernetes_count_while_they_are_there(start, kubernetes, group):
    kubernetes.define_downtimes(group)
    server = wait_synced(start())
    assert downtimes(server) == {"downtimes": [], "refused": []}
    made = downtime("switch", MOVE, {**MOVE, "startDate": "tomorrow"}, {**MOVE, "type": "Accident"}, group=group)
    kubernetes.put(made)
    wait_for(lambda: len(downtimes(server)["downtimes"]) == 2, "both good items", 2)
    told = downtimes(server)
    assert [(one["name"], one["type"], one["source"], one["endDate"]) for one in told["downtimes"]] == [
        ("switch", "Maintenance", "kubernetes", 1795262400), ("switch", "Accident", "kubernetes", 1795262400)]
    assert {one["uid"] for one in told["downtimes"]} == {"uid-switch"}
    (refused,) = told["refused"]
    assert refused["name"] == "switch" and refused["reason"].startswith("startDate: neither RFC 3339")
    kubernetes.put(downtime("switch", MOVE, group=group))
    wait_for(lambda: len(downtimes(server)["downtimes"]) == 1 and not downtimes(server)["refused"], "one item", 2)
    kubernetes.delete(made)
    wait_for(lambda: downtimes(server) == {"downtimes": [], "refused": []}, "it to be gone", 2)


def test_downtimes_that_the_cluster_does_not_know_trouble_nobody(start, kubernetes):
    server = wait_synced(start())
    assert server.get("/readyz").text == "ok\n"
    assert "ownti" not in server.log
