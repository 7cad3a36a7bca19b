"""The chart without a cluster: what it renders to, and that the documents say what it does."""

import base64
import json
import os
import re

import pytest
import yaml

from chart import CHART, OPERATOR, ROOT, arguments, merged, must, named, of_kind, placed, pods, program, render, run
from pod_security import baseline_breaches, restricted_breaches

# Values that differ from the defaults in every branch of the templates.
VARIANTS = {
    "defaults": {},
    "everything": {
        "imagePullSecrets": [{"name": "registry"}], "podLabels": {"team": "network"}, "reportInterval": 15,
        "image": {"repository": "registry.example:5000/net/meshcheck", "tag": "1.2", "pullPolicy": "Always"},
        "targets": {"ping": ["10.0.0.1", "fd00::1"], "tcp": ["kubernetes.default.svc:443", "[fd00::1]:80"],
                    "udp": ["10.0.0.2:53"], "dns": ["kubernetes.default.svc"]},
        "server": {"address": "[::]", "extraArgs": ["-mesh-degree=30"], "netcheckerService": True,
                   "service": {"type": "NodePort", "annotations": {"a": "b"}}, "podAnnotations": {"c": "d"},
                   "persistence": {"enabled": True, "storageClass": "fast"},
                   "nodeSelector": {"role": "infra"}, "tolerations": [{"key": "infra", "operator": "Exists"}],
                   "affinity": {"nodeAffinity": {}}, "priorityClassName": "system-cluster-critical"},
        "agent": {"probeURLs": ["http://a.example/", "https://b.example/"], "extraArgs": ["-padding-sweep"],
                  "maxUnavailable": "10%", "priorityClassName": "system-node-critical"},
        "agentHostnet": {"rawSocket": True, "nodeSelector": {"kubernetes.io/os": "linux"}},
        "sla": {"target": 0.99, "retentionDays": 400, "disabled": ["synthetic/disk"], "namespaceProbe": True,
                "pods": [{"group": "nginx", "probe": "main", "namespace": "ingress", "selector": "app=controller"},
                         {"group": "nginx", "probe": "other", "namespace": "ingress", "selector": "app=other"}],
                "nodeGroups": [{"name": "worker", "selector": "role=worker", "min": 2}],
                "prometheusURL": "http://prometheus.monitoring:9090"},
        "smokeMini": {"persistence": {"enabled": True, "storageClass": "fast", "size": "64Mi"}},
        "networkPolicy": {"enabled": True, "readers": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        "monitoring": {"serviceMonitor": True, "prometheusRule": True, "dashboard": True, "labels": {"release": "p"}},
    },
    "extras": {
        "commonLabels": {"team": "network", "cost-centre": "7"}, "podLabels": {"team": "other"},
        **{component: {
            "extraArgs": ["-config=/extra/more.yaml"], "extraEnv": [{"name": "TZ", "value": "UTC"}],
            "extraVolumes": [{"name": "extra", "configMap": {"name": "more"}}],
            "extraVolumeMounts": [{"name": "extra", "mountPath": "/extra", "readOnly": True}],
            "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
                                           "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "meshcheck"}}}],
            "priorityClassName": "system-node-critical"} for component in ("server", "agent", "agentHostnet")}},
    "outside": {"server": {
        "service": {"type": "LoadBalancer", "externalTrafficPolicy": "Local",
                    "loadBalancer": {"class": "example.com/internal", "address": "10.1.2.3", "sourceRanges": ["10.0.0.0/8"]}},
        "ingress": {"enabled": True, "className": "nginx", "host": "mesh.example", "tlsSecret": "mesh-example",
                    "annotations": {"a": "b"}}}},
    "volumes of root": {"volumePermissions": {"enabled": True, "image": "registry.example/busybox:1"},
                        "server": {"persistence": {"enabled": True}}, "smokeMini": {"persistence": {"enabled": True}}},
    "old claim": {"server": {"persistence": {"enabled": True, "existingClaim": "mine"}}},
    "no limits": {"server": {"resources": None}, "agent": {"resources": None}, "agentHostnet": {"tolerations": []}},
    "by digest": {"image": {"tag": "sha256:" + "a" * 64}},
    "long name": {"fullnameOverride": "a" * 70},
    "by tokens of yours": {
        "auth": {"reports": "token", "read": "token", "tokenSecret": "tokens"},
        "tls": {"existingSecret": "certificate", "mutual": True}, "agentServiceAccountName": "agents",
        "server": {"serviceAccountName": "server", "podDisruptionBudget": True}, "discovery": {"enabled": False},
        "meshKey": {"existingSecret": "mesh"}},
    "read by rights": {"auth": {"read": "kubernetes", "acceptUnauthenticatedReports": True},
                       "server": {"netcheckerService": True}, "tls": {"mutual": True}},
    "open": {"auth": {"reports": "none"}, "meshKey": {"create": False}, "tls": {"enabled": False}, "discovery": {"enabled": False},
             "networkPolicy": {"enabled": True}},
    "bare": {"rbac": {"create": False}, "monitoring": {"scrapeAnnotations": False}, "agent": {"pingGroup": False},
             "sla": {"enabled": False}, "smokeMini": {"enabled": False},
             "agentHostnet": {"enabled": False}, "networkPolicy": {"enabled": True}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_lint_has_no_complaints(variant):
    must(program("helm"), "lint", "--strict", CHART, "--values", "-", stdin=json.dumps(VARIANTS[variant]))


@pytest.mark.parametrize("version", ["1.19", "1.35"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_it_renders_to_objects_that_have_names_and_fit_together(variant, version):
    objects = render(VARIANTS[variant], f"--kube-version={version}")
    others = {made["metadata"]["namespace"] for made in placed(objects)} - {"meshcheck"}
    watches_downtimes = variant not in ("by tokens of yours", "open", "bare")
    assert others == ({"default"} if watches_downtimes else set()) | {
        probe["namespace"] for probe in VARIANTS[variant].get("sla", {}).get("pods", [])}
    for made in objects:
        assert len(made["metadata"]["name"]) <= 63
    names = [(made["kind"], made["metadata"].get("namespace"), made["metadata"]["name"]) for made in objects]
    assert len(set(names)) == len(names)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects).items()}
    selectors = [made["spec"]["selector"] for made in of_kind(objects, "Service")]
    selectors += [made["spec"]["podSelector"]["matchLabels"] for made in of_kind(objects, "NetworkPolicy")]
    selectors += [made["spec"]["selector"]["matchLabels"] for made in of_kind(objects, "PodDisruptionBudget")]
    for selector in selectors:
        all_three = selector["app.kubernetes.io/component"] == "smoke-mini" and "meshcheck.io/smoke-mini" not in selector
        selected = sum(selector.items() <= of_pod.items() for of_pod in labels.values())
        assert selected == (3 if all_three else 1), selector
    for made in of_kind(objects, "Service"):
        assert all(port["protocol"] == "TCP" for port in made["spec"]["ports"])


def check_schema(objects):
    """(status, output) of schema_check.mjs, which knows a Kubernetes of today; the API server of a test may be old."""
    directory = os.environ.get("MESHCHECK_KUBERNETES_MODELS")
    if not directory:
        pytest.skip("set MESHCHECK_KUBERNETES_MODELS to a directory with node_modules/@kubernetes/client-node")
    ended = run(program("node"), ROOT / "test" / "e2e" / "schema_check.mjs", directory, stdin=json.dumps(objects))
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_fits_the_api_of_a_kubernetes_of_today(variant):
    status, said = check_schema(render(VARIANTS[variant], "--kube-version=1.35", "--api-versions=policy/v1"))
    assert status == 0, said


def test_the_check_of_the_api_sees_what_does_not_fit():
    objects = render()
    pod = named(objects, "DaemonSet", "meshcheck-agent")["spec"]["template"]["spec"]
    pod["hostNetwork"] = "yes"
    pod["containers"][0]["image_"] = pod["containers"][0].pop("name")
    status, said = check_schema(objects)
    assert status == 1
    for breach in ("spec.hostNetwork: boolean is expected", "containers[0].image_: no such field",
                   "containers[0].name: is missing"):
        assert breach in said


@pytest.mark.parametrize("variant", VARIANTS)
def test_pods_meet_the_pod_security_standards(variant):
    objects = render(VARIANTS[variant])
    for name, pod in pods(objects).items():
        breaches = set(restricted_breaches(pod["spec"]))
        if not name.endswith("hostnet"):
            gives = "initContainers" in pod["spec"]
            of_root = {"runAsNonRoot", "runAsUser 0", "capability CHOWN", "capability DAC_OVERRIDE"}
            assert breaches == (of_root if gives else set()) and not list(baseline_breaches(pod["spec"])), name
            assert gives == (variant == "volumes of root" and not name.endswith("agent"))
            continue
        assert "hostNetwork" in breaches
        raw = VARIANTS[variant].get("agentHostnet", {}).get("rawSocket")
        assert breaches == {"hostNetwork"} | ({"capability NET_RAW", "runAsNonRoot", "runAsUser 0"} if raw else set())
        assert set(baseline_breaches(pod["spec"])) == {"hostNetwork"} | ({"capability NET_RAW"} if raw else set())
    for name, pod in pods(objects).items():
        asks = {"server": variant not in ("by tokens of yours", "open"), "agent": variant != "bare",
                "smoke-mini": True, "agent-hostnet": False}[pod["metadata"]["labels"]["app.kubernetes.io/component"]]
        assert pod["spec"]["automountServiceAccountToken"] is asks
        assert all(container["securityContext"]["readOnlyRootFilesystem"] for container in pod["spec"]["containers"])


def test_agents_run_on_every_node():
    for name in ("meshcheck-agent", "meshcheck-agent-hostnet"):
        spec = pods(render())[name]["spec"]
        assert spec["tolerations"] == [{"operator": "Exists"}] and "nodeSelector" not in spec
    spec = pods(render())["meshcheck-agent-hostnet"]["spec"]
    assert spec["hostNetwork"] is True and spec["dnsPolicy"] == "ClusterFirstWithHostNet"


def test_releases_in_one_namespace_share_no_object_and_no_lease():
    def made(release):
        return {(one["kind"], one["metadata"]["name"]) for one in render(name=release, namespace="shared")}
    assert made("one") & made("two") == set()
    objects = render(name="one", namespace="shared")
    lease = of_kind(objects, "Lease")[0]["metadata"]["name"]
    assert f"-reschedule-lease={lease}" in arguments(objects, "one-meshcheck-server")


def test_a_number_with_a_point_may_be_set_on_the_command_line():
    assert "-sla-target=0.995" in arguments(render({}, "--set", "sla.target=0.995"), "meshcheck-server")


def test_values_become_flags():
    objects = render(VARIANTS["everything"])
    server = arguments(objects, "meshcheck-server")
    assert {"-endpoint=[::]:8081", "-ping=10.0.0.1,fd00::1", "-tcpPing=kubernetes.default.svc:443,[fd00::1]:80",
            "-udpPing=10.0.0.2:53", "-dns=kubernetes.default.svc", "-mesh-degree=30"} < set(server)
    agent = arguments(objects, "meshcheck-agent")
    assert {"-reportinterval=15", "-serverendpoint=https://meshcheck-server:8081", "-padding-sweep",
            "-probeurls=http://a.example/;https://b.example/"} < set(agent)


@pytest.mark.parametrize("variant", ["everything", "by tokens of yours", "read by rights", "open"])
def test_programs_know_the_flags(programs, variant):
    objects = render(VARIANTS[variant])
    for name, pod in pods(objects).items():
        shown = must(programs[f"meshcheck-{pod['metadata']['labels']['app.kubernetes.io/component']}"], "-help")
        for flag in arguments(objects, name):
            assert f"\n  {flag.split('=')[0]}" in shown, flag


def rights(objects):
    """{account: {(verb, resource or path)}} of the roles that are bound."""
    rules = {(made["kind"], made["metadata"].get("namespace"), made["metadata"]["name"]): made["rules"]
             for kind in ("Role", "ClusterRole") for made in of_kind(objects, kind)}
    given = {}
    for made in of_kind(objects, "RoleBinding") + of_kind(objects, "ClusterRoleBinding"):
        (subject,) = made["subjects"]
        assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "meshcheck")
        bound = rules[made["roleRef"]["kind"], made["metadata"].get("namespace"), made["roleRef"]["name"]]
        given.setdefault(subject["name"], set()).update(
            (verb, what) for rule in bound for verb in rule["verbs"] for what in rule["resources"])
    return given


WATCH = ("get", "list", "watch")
MAKE = ("get", "list", "create", "delete")


def test_everybody_has_the_rights_that_it_needs_and_no_others():
    def verbs(which, *resources):
        return {(verb, what) for verb in which for what in resources}
    moves = (verbs(["list", "patch"], "statefulsets") | verbs(["list", "delete"], "pods", "persistentvolumeclaims") |
             verbs(["list"], "poddisruptionbudgets") | verbs(["get", "create", "update"], "leases"))
    followed = verbs(WATCH, "pods", "nodes")
    tells = {("patch", "downtimes/status"), ("create", "events")}
    server = followed | moves | verbs(WATCH, "downtimes") | tells | {("create", "tokenreviews")}
    agent = verbs(MAKE, "configmaps", "pods", "statefulsets")
    smoke_mini = {("get", "pods")}
    assert rights(render()) == {"meshcheck-server": server, "meshcheck-agent": agent, "meshcheck-smoke-mini": smoke_mini}
    assert rights(render(VARIANTS["read by rights"]))["meshcheck-server"] == server | {("create", "subjectaccessreviews")}
    assert rights(render(VARIANTS["everything"]))["meshcheck-agent"] == (
        agent | verbs(MAKE, "namespaces") | verbs(["list"], "nodes", "pods"))
    for variant in ("by tokens of yours", "open"):
        assert "meshcheck-server" not in rights(render(VARIANTS[variant])), variant
    assert rights(render(VARIANTS["bare"])) == {}
    less = {"sla": {"kubernetes": False}, "smokeMini": {"rescheduling": False}}
    assert rights(render(less)) == {"meshcheck-server": server - moves | followed, "meshcheck-smoke-mini": smoke_mini}


def test_readers_get_the_paths_of_the_server():
    reader = named(render(VARIANTS["read by rights"]), "ClusterRole", "meshcheck-meshcheck-reader")
    assert reader["rules"] == [{"nonResourceURLs": ["/meshcheck/*", "/metrics"], "verbs": ["get"]}]


def checks(values):
    made = named(render(values), "ConfigMap", "meshcheck-checks")
    return yaml.safe_load(made["data"]["checks.yaml"])


def test_values_choose_the_checks():
    groups = {group["name"]: [probe["name"] for probe in group["probes"]] for group in checks({})["groups"]}
    assert groups == {
        "control-plane": ["apiserver", "basic-functionality", "namespace", "controller-manager", "scheduler"],
        "synthetic": ["access", "dns", "neighbor", "neighbor-via-service", "disk"]}
    assert checks({})["disabled"] == ["control-plane/namespace"]
    less = checks({"sla": {"kubernetes": False, "disabled": ["a/b"]}, "smokeMini": {"enabled": False}})
    assert less["disabled"] == ["a/b", "control-plane/basic-functionality", "control-plane/controller-manager",
                                "control-plane/scheduler", "control-plane/namespace", "synthetic"]
    more = {group["name"]: group["probes"] for group in checks(VARIANTS["everything"])["groups"]}
    assert [probe["with"]["selector"] for probe in more["nginx"]] == ["app=controller", "app=other"]
    assert more["node-group"][0]["with"] == {"selector": "role=worker", "min": 2}
    assert [probe["name"] for probe in more["monitoring-and-autoscaling"]] == ["prometheus", "key-metrics-present"]
    assert checks({"sla": {"checks": "groups: []"}}) == {"groups": []}


def mounted_files(pod):
    """What the volume of credentials has."""
    (volume,) = [one for one in pod["spec"]["volumes"] if one["name"] == "credentials"]
    return {item["path"] for source in volume["projected"]["sources"]
            for item in source.get("secret", {}).get("items", [source.get("serviceAccountToken")])}


def test_agents_have_the_files_that_their_flags_name():
    for variant in ("defaults", "by tokens of yours", "read by rights"):
        objects = render(VARIANTS[variant])
        for name in ("meshcheck-agent", "meshcheck-agent-hostnet"):
            named_files = {flag.rpartition("/")[2] for flag in arguments(objects, name) if "/var/run/secrets/" in flag}
            assert named_files == mounted_files(pods(objects)[name]), variant
    assert "volumes" not in pods(render(VARIANTS["open"]))["meshcheck-agent-hostnet"]["spec"]
    (token,) = [source["serviceAccountToken"] for source in
                pods(render())["meshcheck-agent"]["spec"]["volumes"][0]["projected"]["sources"]
                if "serviceAccountToken" in source]
    assert token["audience"] == "meshcheck"


@pytest.mark.parametrize("name", ["meshcheck-server", "meshcheck-agent", "meshcheck-agent-hostnet"])
def test_pods_take_what_the_chart_does_not_know(name):
    values = VARIANTS["extras"] if name != "meshcheck-agent-hostnet" else merged(VARIANTS["extras"], VARIANTS["open"])
    spec = pods(render(values))[name]["spec"]
    (container,) = spec["containers"]
    given = VARIANTS["extras"]["server"]
    assert given["extraEnv"][0] in container["env"] and given["extraArgs"][0] in container["args"]
    assert given["extraVolumes"][0] in spec["volumes"] and given["extraVolumeMounts"][0] in container["volumeMounts"]
    assert spec["topologySpreadConstraints"] == given["topologySpreadConstraints"]
    assert spec["priorityClassName"] == "system-node-critical"


def test_the_server_can_be_reached_from_outside():
    service = named(render(VARIANTS["outside"]), "Service", "meshcheck-server")["spec"]
    assert (service["type"], service["externalTrafficPolicy"]) == ("LoadBalancer", "Local")
    assert (service["loadBalancerClass"], service["loadBalancerIP"]) == ("example.com/internal", "10.1.2.3")
    assert service["loadBalancerSourceRanges"] == ["10.0.0.0/8"] and "nodePort" not in service["ports"][0]
    ingress = named(render(VARIANTS["outside"]), "Ingress", "meshcheck-server")
    assert ingress["metadata"]["annotations"] == {"a": "b", "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS"}
    assert ingress["spec"]["tls"] == [{"hosts": ["mesh.example"], "secretName": "mesh-example"}]
    (rule,) = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == ("mesh.example", {"name": "meshcheck-server", "port": {"name": "http"}})
    plain = named(render(merged(VARIANTS["outside"], VARIANTS["open"])), "Ingress", "meshcheck-server")
    assert plain["metadata"]["annotations"] == {"a": "b"}


def test_labels_of_yours_are_on_everything():
    objects = render(VARIANTS["extras"], *OPERATOR)
    for made in objects:
        labels = made["metadata"]["labels"]
        assert (labels["team"], labels["cost-centre"]) == ("network", "7"), made["metadata"]["name"]
    for pod in pods(objects).values():
        assert (pod["metadata"]["labels"]["team"], pod["metadata"]["labels"]["cost-centre"]) == ("other", "7")


def test_the_certificate_is_for_the_names_of_the_services(tmp_path):
    made = named(render({"server": {"netcheckerService": True}}), "Secret", "meshcheck-tls")
    for key, value in made["data"].items():
        (tmp_path / key).write_bytes(base64.b64decode(value))
    for name in ("meshcheck-server", "meshcheck-server.meshcheck.svc", "netchecker-service"):
        must("openssl", "verify", "-verify_hostname", name, "-CAfile", tmp_path / "ca.crt", tmp_path / "tls.crt")
    must("openssl", "verify", "-CAfile", tmp_path / "ca.crt", tmp_path / "client.crt")


def test_the_volume_is_the_claim_that_is_wanted():
    def volume(values):
        return [one for one in pods(render(values))["meshcheck-server"]["spec"]["volumes"] if one["name"] == "data"]
    assert volume({}) == [{"name": "data", "persistentVolumeClaim": {"claimName": "meshcheck-server-data"}}]
    without = {"server": {"persistence": {"enabled": False}}}
    assert volume(without) == [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}]
    assert of_kind(render(without), "PersistentVolumeClaim") == []
    assert volume(VARIANTS["old claim"])[0]["persistentVolumeClaim"] == {"claimName": "mine"}
    assert of_kind(render(VARIANTS["old claim"]), "PersistentVolumeClaim") == []
    claim = named(render(VARIANTS["everything"]), "PersistentVolumeClaim", "meshcheck-server-data")
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_volumes_are_given_to_the_user_where_that_is_wanted():
    objects = pods(render(VARIANTS["volumes of root"]))
    for name, path in (("meshcheck-server", "/data"), ("meshcheck-smoke-mini-b", "/disk")):
        (first,) = objects[name]["spec"]["initContainers"]
        (program,) = objects[name]["spec"]["containers"]
        assert (first["image"], first["command"]) == ("registry.example/busybox:1", ["chown", "-R", "65532:65532", path])
        (mount,) = first["volumeMounts"]
        assert mount in program["volumeMounts"] and first["resources"] == program["resources"]
    without = {"volumePermissions": {"enabled": True}, "server": {"persistence": {"enabled": False}}}
    assert not any("initContainers" in pod["spec"] for pod in pods(render(without)).values())


def test_the_history_outlives_the_release_unless_it_is_not_to():
    def claim(values):
        persistence = {"server": {"persistence": {"enabled": True, **values}}}
        return named(render(persistence), "PersistentVolumeClaim", "meshcheck-server-data")["metadata"]
    assert claim({})["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in claim({"keep": False})


def test_the_chart_has_the_version_of_the_programs():
    lists = (ROOT / "CMakeLists.txt").read_text()
    (version,) = re.findall(r"^project\(meshcheck VERSION ([0-9.]+)", lists, re.MULTILINE)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == version
    (definition,) = [yaml.safe_load(path.read_text()) for path in (CHART / "crds").iterdir()]
    (told,) = yaml.safe_load(chart["annotations"]["artifacthub.io/crds"])
    assert (told["name"], told["kind"]) == (definition["metadata"]["name"], definition["spec"]["names"]["kind"])
    assert told["version"] in [version["name"] for version in definition["spec"]["versions"]]


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "kubernetes").glob("*.yaml")), ids=lambda path: path.name)
def test_the_plain_manifests_are_what_the_chart_renders_to(path):
    program("helm")
    assert path.read_text() == must(ROOT / "examples" / "kubernetes" / "render", path.name), \
        "run examples/kubernetes/render"
