"""The chart on a real cluster, with the image of the build tree: real pods on all nodes.

    export KUBECONFIG=... MESHCHECK_E2E_LOAD='kind load image-archive'
    /usr/bin/python3 -m pytest -q -rs test/e2e/cluster_test.py

The tests go through the life of one release, in the order of the file.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import tarfile

import pytest

from chart import ROOT, merged, must, program, run, template
from chart_test import VARIANTS
from cluster import Release, fetch, rows, wait_for
from conftest import build_image, default_class
from pod_security import restricted_breaches
from waiting import looks

SERVICE_MONITORS = "monitoring.coreos.com/v1"


def healthy_paths(cluster):
    """All pairs of nodes on both networks, and both ways between the two agents of a node."""
    nodes = sorted(cluster.nodes())
    peers = {(layer, "peer", *pair) for layer in ("pod", "host") for pair in itertools.permutations(nodes, 2)}
    return peers | {(layer, "twin", node, node) for layer in ("pod", "host") for node in nodes}


def paths_up(paths):
    return {(row["layer"], row["relation"], row["from_node"], row["to_node"]) for row in paths
            if row["state"] == "up" and row["probe"] == "stamp"}


def wait_mesh(release):
    wanted = healthy_paths(release.cluster)
    wait_for(lambda: paths_up(release.paths()) == wanted,
             lambda: f"all paths to be up; missing: {wanted - paths_up(release.paths())}")


def agents_of(cluster):
    return 2 * len(cluster.nodes())


def test_the_image_is_made_without_network_and_the_same_each_time(programs, tmp_path):
    for name in ("one", "two"):
        build_image("meshcheck:1", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as archive:
        (listed,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(listed["Config"]))["config"]
        with tarfile.open(fileobj=archive.extractfile(listed["Layers"][0])) as layer:
            members = {member.name: member for member in layer}
    assert config["User"] == "65532:65532" and listed["RepoTags"] == ["meshcheck:1"]
    for name in programs:
        assert members[f"usr/bin/{name}"].mode == 0o755
    assert members["data"].uid == 65532 and "etc/ssl/certs/ca-certificates.crt" in members
    assert "usr/share/doc/libc6/copyright" in members and "usr/share/doc/meshcheck/copyright" in members
    writable = [member.name for member in members.values() if member.mode & 0o022 and not member.issym()]
    assert writable == ["tmp"] and not any(member.mode & 0o6000 for member in members.values())


def test_the_api_server_takes_every_variant(cluster, new_namespace):
    namespace = new_namespace()
    known = cluster.kubectl("api-versions").split()
    minor = json.loads(cluster.kubectl("version", "--output=json"))["serverVersion"]["minor"]
    for name, values in VARIANTS.items():
        if SERVICE_MONITORS not in known:
            values = merged(values, {"monitoring": {"serviceMonitor": "auto", "prometheusRule": "auto"}})
        if int(minor.rstrip("+")) < 22:
            values = merged(values, {"server": {"service": {"loadBalancer": {"class": ""}}}})
        # By what this cluster has, not by what helm knows.
        rendered = template(values, "--skip-tests", "--dry-run=server", namespace=namespace)
        assert rendered.returncode == 0, f"{name}: {rendered.stderr}"
        # Each object names its namespace. That of the checked pods is not there.
        ended = cluster.try_kubectl("apply", "--dry-run=server", "--filename=-",
                                    stdin=rendered.stdout.replace("namespace: ingress", f"namespace: {namespace}"))
        # Priority classes and service accounts are looked up for pods alone, which a dry run does not make: nor the test.
        assert ended.returncode == 0, f"{name}: {ended.stderr}"


@pytest.mark.quick
def test_an_install_with_default_values_is_healthy(release, cluster):
    pods = release.pods("agent") + release.pods("agent-hostnet")
    assert len(pods) == agents_of(cluster) and len(release.pods("smoke-mini")) == 3
    for pod in release.pods():
        assert [status["ready"] for status in pod["status"]["containerStatuses"]] == [True]
    release.wait_healthy(agents_of(cluster))
    agents = json.loads(release.ask("/api/v1/agents/")[1])
    reported = {name: record["nodename"] for name, record in agents.items()}
    expected = {pod["metadata"]["name"]: pod["spec"]["nodeName"] for pod in pods}
    assert reported == expected


@pytest.mark.quick
def test_the_mesh_is_up_on_both_networks_between_all_nodes(release):
    wait_mesh(release)
    assert release.paths("&state=down") == []


@pytest.mark.quick
def test_running_pods_meet_the_pod_security_standards(release):
    of_host = {"hostNetwork", "hostPort 8862"}
    of_volumes = {"runAsNonRoot", "runAsUser 0", "capability CHOWN", "capability DAC_OVERRIDE"}
    of_server = of_volumes if release.values.get("volumePermissions") else set()
    for component, allowed in (("server", of_server), ("agent", set()), ("smoke-mini", set()), ("agent-hostnet", of_host)):
        for pod in release.pods(component):
            assert set(restricted_breaches(pod["spec"])) == allowed
            mounted = [mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts", [])]
            # Who is on the nodes' network has a token for the server alone.
            assert any("kubernetes.io/serviceaccount" in path for path in mounted) == (component != "agent-hostnet")


def test_what_is_restricted_runs_where_it_is_enforced(cluster, image, new_namespace):
    """Admission enforces it from Kubernetes 1.23 on; before, this is one more install."""
    restricted = Release(cluster, new_namespace("restricted"), image)
    restricted.install({"agentHostnet": {"enabled": False}, "volumePermissions": {"enabled": False},
                        "server": {"persistence": {"enabled": False}}})
    restricted.wait_healthy(len(cluster.nodes()))
    restricted.uninstall()


def test_a_node_port_and_the_old_service_name_are_opened(release, cluster):
    release.upgrade({"server": {"service": {"type": "NodePort"}, "netcheckerService": True}})
    release.wait_healthy(agents_of(cluster))
    for node in cluster.nodes():
        status, text = release.fetch("/api/v1/connectivity_check", node)
        assert (status, json.loads(text)["Message"]) == \
            (200, f"All {agents_of(cluster)} pods successfully reported back to the server")
    (server,) = release.pods("server")
    endpoints = release.get("endpoints", "netchecker-service")
    assert [address["ip"] for address in endpoints["subsets"][0]["addresses"]] == [server["status"]["podIP"]]


@pytest.mark.parametrize("component", ["agent", "agent-hostnet"])
def test_an_agent_that_is_deleted_is_replaced_and_never_blamed(release, cluster, component):
    verdicts = release.verdicts_opened()
    deleted = release.delete_pod(component)
    release.wait_healthy(agents_of(cluster))
    wait_for(lambda: deleted not in json.loads(release.ask("/api/v1/agents/")[1]), f"{deleted} to be forgotten")
    release.wait_healthy(agents_of(cluster))
    wait_mesh(release)
    assert release.verdicts_opened() == verdicts


def roll_out(release, values):
    """Upgrades, and returns the paths that were called down meanwhile; while the server is replaced it is not asked."""
    down = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        rolled = pool.submit(release.upgrade, values)
        for _ in looks(pause=0.25):
            status, text = release.fetch("/api/v1/mesh?format=csv&state=down")
            down += rows(text) if status == 200 else []
            if rolled.done():
                break
        rolled.result()
    release.wait_healthy(agents_of(release.cluster))
    wait_mesh(release)
    return down


def test_changed_values_roll_out_and_nothing_is_called_down(release, cluster):
    """The agents are replaced one by one, with another interval, and those of the hosts with a raw socket."""
    verdicts = release.verdicts_opened()
    assert roll_out(release, {"reportInterval": 2, "agentHostnet": {"rawSocket": True}}) == []
    assert release.verdicts_opened() == verdicts
    for component in ("agent", "agent-hostnet"):
        for pod in release.pods(component):
            assert "-reportinterval=2" in pod["spec"]["containers"][0]["args"]
    gateways = {(layer, node) for layer in ("pod", "host") for node in cluster.nodes()}
    wait_for(lambda: {(row["layer"], row["from_node"]) for row in release.paths("&relation=gateway")
                      if row["state"] == "up"} == gateways, "all gateways to answer")


def test_another_image_rolls_out_and_nothing_is_called_down(release, next_image):
    """The server is replaced too, and begins to count anew."""
    assert roll_out(release, next_image) == []
    assert release.verdicts_opened() == 0
    for pod in release.pods():
        assert pod["spec"]["containers"][0]["image"].endswith(next_image["image"]["tag"])


def test_what_the_server_knows_outlives_its_pod_on_a_volume(release, cluster):
    if not default_class(cluster):
        pytest.skip("the cluster has no default storage class")
    node = next(iter(cluster.nodes()))
    wait_for(lambda: release.report_count(node) >= 5, "five reports")
    before = release.report_count(node)
    release.delete_pod("server")
    after = wait_for(lambda: release.report_count(node), "the server to be back")
    assert after >= before
    release.wait_healthy(agents_of(cluster))
    wait_mesh(release)


@pytest.mark.quick
def test_helm_test_asks_for_the_check(release):
    release.test()


@pytest.mark.quick
def test_an_uninstall_leaves_nothing_but_the_claim(release, cluster):
    release.uninstall()
    kinds = [kind for kind in cluster.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
             if not kind.startswith("events")]
    def left():
        found = [f"{made['kind']}/{made['metadata']['name']}" for made in release.get(",".join(kinds))
                 if "meshcheck" in made["metadata"]["name"] or "netchecker" in made["metadata"]["name"]]
        return [name for name in found if name != "PersistentVolumeClaim/meshcheck-server-data"]
    wait_for(lambda: left() == [], lambda: f"{left()} to be gone")
    assert not [made for made in cluster.get("clusterroles,clusterrolebindings")
                if release.namespace in made["metadata"]["name"]]
    assert run(program("helm"), "list", "--namespace", release.namespace, "--short").stdout == ""


def test_deploy_without_helm_installs_and_purges(cluster, image, new_namespace, tmp_path):
    """Last, since two installations cannot have the same port of the nodes."""
    name, port = new_namespace(), "31082"
    environment = ["NS=" + name, f"KUBE_DIR={tmp_path}", "NODE_PORT=" + port, "IMAGE_TAG=" + image["image"]["tag"],
                   *(f"{who}_IMAGE_NAME={image['image']['repository']}" for who in ("SERVER", "AGENT")),
                   f"PATH={pathlib.Path(program('kubectl')).parent}:/usr/bin:/bin"]
    must("env", *environment, ROOT / "examples" / "deploy.sh")
    url = f"http://{next(iter(cluster.nodes().values()))}:{port}/api/v1/connectivity_check"
    good = f"All {agents_of(cluster)} pods successfully reported back to the server"
    wait_for(lambda: good in fetch(url)[1], good)
    must("env", *environment, "PURGE=true", ROOT / "examples" / "deploy.sh")
    def left():
        found = cluster.get("--namespace", name, "pods,services,daemonsets,statefulsets")
        return [f"{made['kind']}/{made['metadata']['name']}" for made in found]
    wait_for(lambda: left() == [], lambda: f"{left()} to be gone")
