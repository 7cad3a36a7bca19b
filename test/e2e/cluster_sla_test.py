"""What is checked besides the network, on a real cluster: the control plane's probes one by one, Downtimes, and smoke-mini with
its volumes, of which one is moved.

    MESHCHECK_E2E_FAULTS     stops the controller manager and the API server
    MESHCHECK_E2E_VOLUME     a directory that is the same on all nodes, for the volumes
"""

import json
import os
import pathlib
import time

import pytest

from cluster import Release, wait_for
from cluster_faults_test import broken
from waiting import hold_for

CONTROL_PLANE = {"apiserver", "basic-functionality", "controller-manager", "scheduler"}
SYNTHETIC = {"access", "dns", "neighbor", "neighbor-via-service", "disk"}
PROBES = {("control-plane", probe) for probe in CONTROL_PLANE} | {("synthetic", probe) for probe in SYNTHETIC}
MEMBERS = ("a", "b", "c")
MOVE_EACH = 45  # Seconds.

# The example of upmeter's documentation, with a time of today.
DECKHOUSE = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "downtimes.deckhouse.io"},
    "spec": {"group": "deckhouse.io", "scope": "Cluster",
             "names": {"kind": "Downtime", "listKind": "DowntimeList", "plural": "downtimes", "singular": "downtime"},
             "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def volumes(cluster, name):
    """Three that any user may write to; their class has no provisioner."""
    directory = os.environ.get("MESHCHECK_E2E_VOLUME")
    if not directory:
        pytest.skip("MESHCHECK_E2E_VOLUME is not set: a directory that is the same on all nodes")
    for member in MEMBERS:
        path = pathlib.Path(directory) / f"{name}-{member}"
        path.mkdir(mode=0o777)
        path.chmod(0o777)
        cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"{name}-{member}"},
                       "spec": {"capacity": {"storage": "256Mi"}, "accessModes": ["ReadWriteOnce"],
                                "hostPath": {"path": str(path)}, "storageClassName": name,
                                "persistentVolumeReclaimPolicy": "Retain"}})


@pytest.fixture(scope="module")
def checked(cluster, image, new_namespace):
    """A release whose checks have all been up."""
    namespace = new_namespace()
    volumes(cluster, namespace)
    made = Release(cluster, namespace, image, port=31084)
    made.install({"probePort": 8864,
                  "server": {"service": {"type": "NodePort", "nodePort": made.port},
                             "extraArgs": [f"-reschedule-interval={MOVE_EACH}"]},
                  "smokeMini": {"persistence": {"enabled": True, "storageClass": namespace}}})
    yield made
    made.uninstall()
    cluster.kubectl("delete", "persistentvolumes", *[f"{namespace}-{member}" for member in MEMBERS], "--wait=false")


def up(release):
    """{(group, probe): whether it was up in its last episode}; without totals and those of which nothing is known."""
    status, text = release.fetch("/metrics")
    if status != 200:
        return {}
    found = {}
    for line in text.splitlines():
        if line.startswith("meshcheck_sla_up{") and '"__total__"' not in line and not line.endswith("NaN"):
            labels = dict(label.split("=", 1) for label in line[line.index("{") + 1:line.rindex("}")].split(","))
            ref = labels["group"].strip('"'), labels["probe"].strip('"')
            found[ref] = float(line.rpartition(" ")[2]) == 1
    return found


def down(release):
    return {ref for ref, is_up in up(release).items() if not is_up}


def expect_down(release, refs, seconds):
    """A check that runs each minute in three agents is down when the last of them has seen it, and shown a minute after that
    half minute has ended."""
    wait_for(lambda: set(up(release)) >= PROBES and down(release) == refs, lambda: f"{refs} to be down; {up(release)}", seconds)


def sla(release, since, group):
    status, text = release.fetch(f"/api/v1/sla?from={int(since)}&to={int(time.time()) + 300}&step=300&group={group}")
    assert status == 200, text
    return {probe["probe"]: probe for probe in json.loads(text)["series"]}


@pytest.mark.quick
def test_all_that_is_checked_is_up(checked):
    expect_down(checked, set(), 240)


def test_without_the_controller_manager_its_probe_is_down_alone(checked):
    expect_down(checked, set(), 240)
    with broken(["stop-controllers"], ["start-controllers"]):
        expect_down(checked, {("control-plane", "controller-manager")}, 260)
    expect_down(checked, set(), 240)


def test_without_the_api_its_probe_is_down_and_comes_back(checked):
    expect_down(checked, set(), 240)
    with broken(["pause-api"], ["resume-api"]):
        wait_for(lambda: ("control-plane", "apiserver") in down(checked), lambda: f"apiserver to be down; {up(checked)}", 200)
    expect_down(checked, set(), 240)


def agent_id(node):
    """MurmurHash3 of 32 bits, as doc/reference/checks.md says."""
    def scramble(block):
        block = block * 0xCC9E2D51 & 0xFFFFFFFF
        return (block << 15 | block >> 17) * 0x1B873593 & 0xFFFFFFFF
    bytes, value = node.encode(), 0xA5
    whole = len(bytes) // 4 * 4
    for at in range(0, whole, 4):
        value ^= scramble(int.from_bytes(bytes[at:at + 4], "little"))
        value = ((value << 13 | value >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    if bytes[whole:]:
        value ^= scramble(int.from_bytes(bytes[whole:], "little"))
    value ^= len(bytes)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        value = (value ^ value >> shift) * factor & 0xFFFFFFFF
    return f"{value:x}"


def test_what_a_dead_agent_left_is_removed(checked):
    """What an agent leaves that is killed between making a ConfigMap and deleting it: its next run removes that first."""
    names = {f"meshcheck-configmap-{agent_id(node)}" for node in checked.cluster.nodes()}
    for name in names:
        checked.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "data": {"left": "behind"},
                               "metadata": {"name": name, "namespace": checked.namespace}})
    def left():
        return [made["metadata"]["name"] for made in checked.get("configmaps")
                if made["metadata"]["name"] in names and made.get("data") == {"left": "behind"}]
    wait_for(lambda: not left(), lambda: f"{left()} to be gone", 60)


def downtimes(release):
    status, text = release.fetch("/api/v1/downtimes")
    assert status == 200, text
    return {one["name"]: one for one in json.loads(text)["downtimes"]}


def downtime(version, name):
    now = time.time()
    stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + shift)) for shift in (-3600, 3600)]
    return {"apiVersion": f"{version}/v1alpha1", "kind": "Downtime", "metadata": {"name": name},
            "spec": [{"startDate": stamps[0], "endDate": stamps[1], "type": "Maintenance", "description": "a new switch",
                      "affected": ["synthetic"]},
                     {"startDate": stamps[1], "endDate": stamps[0], "type": "Accident", "affected": []}]}


def test_a_downtime_counts_as_soon_as_it_is_applied(checked):
    cluster = checked.cluster
    cluster.apply(downtime("meshcheck.io", checked.namespace))
    try:
        wait_for(lambda: checked.namespace in str(downtimes(checked)), lambda: f"it among {downtimes(checked)}", 2)
        assert "it is before startDate" in checked.fetch("/api/v1/downtimes")[1]  # The other item, which is left out.
        def told():
            return cluster.kubectl("describe", "downtimes.meshcheck.io", checked.namespace)
        wait_for(lambda: "ItemsLeftOut" in told().partition("Events:")[2], lambda: f"an event in {told()}", 5)
        assert "1 of 2 items count; item 1: endDate: it is before startDate" in told().partition("Events:")[0]
    finally:
        cluster.kubectl("delete", "downtimes.meshcheck.io", checked.namespace)
    wait_for(lambda: checked.namespace not in str(downtimes(checked)), lambda: "it to be gone", 5)


def test_a_downtime_of_deckhouse_counts_too(checked):
    cluster = checked.cluster
    cluster.apply(DECKHOUSE)
    try:
        wait_for(lambda: cluster.try_kubectl("get", "downtimes.deckhouse.io").returncode == 0, lambda: "the definition", 20)
        cluster.apply(downtime("deckhouse.io", checked.namespace))
        # Whether there is such a definition is asked each two seconds.
        wait_for(lambda: checked.namespace in str(downtimes(checked)), lambda: f"it among {downtimes(checked)}", 5)
        assert downtimes(checked)[checked.namespace]["group"] == "deckhouse.io"
    finally:
        cluster.kubectl("delete", "customresourcedefinition", "downtimes.deckhouse.io")


def homes(release):
    """{member: node} of the pods that are ready."""
    return {pod["metadata"]["labels"]["meshcheck.io/smoke-mini"]: pod["spec"]["nodeName"] for pod in release.pods("smoke-mini")
            if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))}


def test_one_is_moved_to_another_node_and_nothing_is_missed(checked):
    expect_down(checked, set(), 240)
    claims = checked.get("persistentvolumeclaims")
    assert sorted(claim["status"]["phase"] for claim in claims) == ["Bound"] * 3
    before = wait_for(lambda: len(homes(checked)) == 3 and homes(checked), lambda: f"three pods; {homes(checked)}")
    since, seen = time.time(), []

    def moved():
        now = homes(checked)
        seen.append(len(now))
        return len(now) == 3 and {member for member in MEMBERS if now[member] != before[member]}
    changed = wait_for(moved, lambda: f"another home than {before}", 6 * MOVE_EACH)
    assert len(changed) == 1 and min(seen) >= 2, (before, homes(checked), seen)
    # Until the episode of the move has been told; the next move may have begun by then.
    hold_for(35, lambda: len(homes(checked)) >= 2, lambda: f"at most one on its way: {homes(checked)}", 1.0)
    told = sla(checked, since, "synthetic")
    assert {probe: one["total"]["down_ms"] for probe, one in told.items()} == {probe: 0 for probe in told}
    assert set(told) >= SYNTHETIC
