"""What the chart makes of what is in the cluster already, as helm sees it by a stand-in for its API server."""

import contextlib
import json
import os

import pytest

import stand_in
from chart import CHART, named, program, render, run

PORT = {"name": "probe", "containerPort": 8862, "protocol": "UDP"}


class Api(stand_in.Handler):
    """Serves `server.answers` by path; all else is not found."""

    def do_GET(self):
        answer = self.server.answers.get(self.path.partition("?")[0])
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound"}
        self.answer(200 if answer else 404, answer or missing)


def discovery(objects):
    """The kinds of these objects, as an API server lists them."""
    kinds = {}
    for made in objects:
        kinds.setdefault(made["apiVersion"], set()).add((made["kind"], "namespace" in made["metadata"]))
    groups = sorted({version for version in kinds if "/" in version})
    answers = {"/version": {"major": "1", "minor": "20", "gitVersion": "v1.20.2"},
               "/api": {"kind": "APIVersions", "versions": ["v1"]},
               "/apis": {"kind": "APIGroupList", "groups": [
                   {"name": version.partition("/")[0],
                    "versions": [{"groupVersion": version, "version": version.partition("/")[2]}]} for version in groups]}}
    for version, of_version in kinds.items():
        answers[f"/apis/{version}" if "/" in version else "/api/v1"] = {
            "kind": "APIResourceList", "groupVersion": version, "resources": [
                {"name": kind.lower() + ("es" if kind.endswith("s") else "s"), "kind": kind, "namespaced": namespaced,
                 "verbs": ["get", "list"]}
                for kind, namespaced in sorted(of_version)]}
    return answers


@contextlib.contextmanager
def cluster(daemon_sets, **answers):
    with stand_in.serving(Api) as api:
        looked_for = [{"apiVersion": version, "kind": kind, "metadata": {}} for version, kind in (
            ("v1", "Namespace"), ("v1", "PersistentVolume"), ("storage.k8s.io/v1", "StorageClass"))]
        api.answers = discovery(render() + looked_for)
        api.answers["/apis/apps/v1/daemonsets"] = {"kind": "DaemonSetList", "apiVersion": "apps/v1", "items": daemon_sets}
        api.answers |= answers
        yield api.url


def install(api, values, namespace="second"):
    return run(program("helm"), "template", "meshcheck", CHART, "--namespace", namespace, "--values", "-", "--dry-run=server",
               "--disable-openapi-validation", "--kubeconfig", os.devnull, "--kube-apiserver", api, stdin=json.dumps(values))


def notes(api, values):
    ended = run("env", "HELM_DRIVER=memory", f"HELM_MEMORY_DRIVER_DATA={os.devnull}", program("helm"), "install", "meshcheck", CHART, "--namespace", "second",
                "--values", "-", "--dry-run=server", "--disable-openapi-validation", "--kubeconfig", os.devnull,
                "--kube-apiserver", api, "--skip-crds", stdin=json.dumps(values))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.partition("\nNOTES:\n")[2]


def agents_of_the_first(**changes):
    first = named(render(namespace="first"), "DaemonSet", "meshcheck-agent-hostnet")
    first["spec"]["template"]["spec"].update(changes)
    return first


def test_a_port_that_another_release_has_is_refused_by_name():
    with cluster([agents_of_the_first()]) as api:
        ended = install(api, {})
        assert ended.returncode != 0
        assert "UDP port 8862 of the nodes is taken by DaemonSet first/meshcheck-agent-hostnet" in ended.stderr
        assert "--set probePort=8863" in ended.stderr


@pytest.mark.parametrize(("others", "values", "namespace"), [
    ([], {}, "second"),
    ([agents_of_the_first], {"probePort": 8863}, "second"),
    ([agents_of_the_first], {"agentHostnet": {"enabled": False}}, "second"),
    ([agents_of_the_first], {"rbac": {"create": False}}, "second"),  # who may not make roles may not look everywhere
    ([agents_of_the_first], {}, "first"),  # an upgrade
    ([lambda: agents_of_the_first(hostNetwork=False)], {}, "second"),
    ([lambda: agents_of_the_first(nodeSelector={"pool": "a"})], {"agentHostnet": {"nodeSelector": {"pool": "b"}}}, "second"),
], ids=["nobody", "other port", "no agent there", "no rights", "itself", "pod network", "other nodes"])
def test_whatever_does_not_collide_is_installed(others, values, namespace):
    with cluster([make() for make in others]) as api:
        ended = install(api, values, namespace)
        assert ended.returncode == 0, ended.stderr


def test_notes_say_what_becomes_of_the_history():
    claim = "/api/v1/namespaces/second/persistentvolumeclaims/meshcheck-server-data"
    delete = "kubectl -n second delete pvc meshcheck-server-data"
    temporary = {"server": {"persistence": {"enabled": False}}}
    with cluster([]) as api:
        assert delete not in notes(api, temporary)
        assert "stays when the release is uninstalled or rolled back" in notes(api, {})
        assert "It is deleted with the release" in notes(api, {"server": {"persistence": {"keep": False}}})
        assert "meshcheck-server-data" not in notes(api, {"server": {"persistence": {"existingClaim": "a"}}})
    left = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": {"name": "meshcheck-server-data"}}
    with cluster([], **{claim: left}) as api:
        said = notes(api, temporary)
        assert "of an earlier release is left and not used" in said and delete in said


NAMESPACE = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}}
CLAIM = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": {
    "name": "meshcheck-server-data", "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "meshcheck", "meta.helm.sh/release-namespace": "second"}}}
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
CLAIMS = "/api/v1/namespaces/second/persistentvolumeclaims/meshcheck-server-data"


def storage(classes=(), volumes=(), **answers):
    """A cluster with these classes and volumes; a class is the pair of its name and whether it is the default."""
    default = "storageclass.kubernetes.io/is-default-class"
    made = {name: {"kind": "StorageClass", "apiVersion": "storage.k8s.io/v1", "provisioner": "example.com/disk",
                   "metadata": {"name": name, "annotations": {default: str(is_default).lower()}}} for name, is_default in classes}
    items = [{"kind": "PersistentVolume", "apiVersion": "v1", "metadata": {"name": f"volume-{number}"}, "spec": spec,
              "status": {"phase": phase}} for number, (spec, phase) in enumerate(volumes)]
    of_classes = {f"{CLASSES}/{name}": one for name, one in made.items()}
    return cluster([], **{
        "/api/v1/namespaces/default": NAMESPACE,
        CLASSES: {"kind": "StorageClassList", "apiVersion": "storage.k8s.io/v1", "items": list(made.values())},
        "/api/v1/persistentvolumes": {"kind": "PersistentVolumeList", "apiVersion": "v1", "items": items}}, **of_classes, **answers)


@pytest.mark.parametrize("there", [
    {}, {"classes": [("slow", False)]},
    {"volumes": [({"storageClassName": "fast"}, "Available"), ({}, "Bound")]}],
    ids=["nothing", "no default", "no volume that fits"])
def test_a_claim_that_nothing_would_provide_is_refused(there):
    with storage(**there) as api:
        ended = install(api, {})
        assert ended.returncode != 0 and "the cluster has no default StorageClass" in ended.stderr
        for way_out in ("server.persistence.storageClass=NAME", "server.persistence.enabled=false"):
            assert f"--set {way_out}" in ended.stderr


@pytest.mark.parametrize(("there", "values"), [
    ({"classes": [("fast", True)]}, {}),
    ({"volumes": [({}, "Available")]}, {}),
    ({CLAIMS: CLAIM}, {}),  # an upgrade
    ({}, {"server": {"persistence": {"enabled": False}}}),
    ({}, {"server": {"persistence": {"storageClass": "fast"}}}),
    ({}, {"server": {"persistence": {"existingClaim": "mine"}}}),
    ({}, {"rbac": {"create": False}}),  # who may not make roles may not look everywhere
], ids=["default class", "volume without a class", "claim of before", "no claim", "named class", "claim of yours", "no rights"])
def test_a_claim_that_may_be_provided_is_made(there, values):
    with storage(**there) as api:
        ended = install(api, values)
        assert ended.returncode == 0, ended.stderr


def test_notes_say_what_is_lost_without_a_volume():
    with storage([("fast", True)]) as api:
        said = notes(api, {"server": {"persistence": {"enabled": False}}})
        for lost in ("availability that was measured (SLA)", "downtimes that came by the API", "history of verdicts", "counters"):
            assert lost in said
        assert "SLA" not in notes(api, {"server": {"persistence": {"enabled": False}}, "sla": {"enabled": False}})
        assert "is lost" not in notes(api, {})


def test_notes_name_a_class_that_is_not_there():
    with storage([("fast", True)]) as api:
        missing = "The cluster has no StorageClass slow. The server's pod stays Pending"
        assert missing in notes(api, {"server": {"persistence": {"storageClass": "slow"}}})
        assert "StorageClass" not in notes(api, {"server": {"persistence": {"storageClass": "fast"}}})
