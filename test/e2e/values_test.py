"""The chart's values: what is refused, and that each does something and is described."""

import re

import pytest

import values_table
from chart import CHART, VALUES, described, leaves, merged, template, values_with


def without_keys(text):
    """The chart makes certificates anew each time, unless it sees those of before in the cluster."""
    return re.sub(r"^  (\w+\.(?:crt|key)): \S+$", r"  \1: ...", text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", [path for path, default in leaves() if isinstance(default, bool)], ids=".".join)
def test_each_switch_can_be_turned(path):
    default = dict(leaves())[path]
    with_host = {"server": {"ingress": {"host": "a.example"}}}
    turned, left = (without_keys(template(merged(with_host, values_with(path, value))).stdout) for value in (not default, default))
    assert turned != left


@pytest.mark.parametrize(("wrong", "message"), [
    ({"reportInterval": "5"}, "at '/reportInterval': got string, want integer"),
    ({"reportInterval": 0}, "at '/reportInterval': minimum: got 0, want 1"),
    ({"sla": {"target": 1}}, "at '/sla/target': exclusiveMaximum: got 1, want 1"),
    ({"sla": {"target": "1.5"}}, "at '/sla/target': '1.5' does not match pattern"),
    ({"podLabels": {"app.kubernetes.io/name": "a"}}, "invalid propertyName 'app.kubernetes.io/name'"),
    ({"commonLabels": {"meshcheck.io/smoke-mini": "a"}}, "invalid propertyName 'meshcheck.io/smoke-mini'"),
    ({"agent": {"extraVolumes": [{"emptyDir": {}}]}}, "at '/agent/extraVolumes/0': missing property 'name'"),
    ({"agent": {"replicas": 2}}, "at '/agent': additional properties 'replicas' not allowed"),
    ({"server": {"ingress": {"enabled": True}}}, "server.ingress.host: name the host"),
    ({"server": {"service": {"type": "ExternalName"}}}, "at '/server/service/type': value must be one of"),
    ({"targets": {"tcp": ["web"]}}, "at '/targets/tcp/0': 'web' does not match pattern"),
    ({"targets": {"dns": ["a,b"]}}, "at '/targets/dns/0': 'a,b' does not match pattern"),
    ({"auth": {"reports": "yes"}}, "at '/auth/reports': value must be one of"),
    ({"auth": {"read": "token"}}, "auth.tokenSecret: name the Secret"),
    ({"monitoring": {"podMonitor": True}, "auth": {"read": "kubernetes"}}, "name a Secret with one in monitoring.authorization"),
    ({"monitoring": {"dashboardURL": "javascript:alert(1)"}}, "at '/monitoring/dashboardURL': 'javascript:alert(1)' does not match pattern"),
    ({"monitoring": {"dashboardURL": "https://a/ b"}}, "at '/monitoring/dashboardURL': 'https://a/ b' does not match pattern"),
    ({"monitoring": {"serviceMonitor": "yes"}}, "at '/monitoring/serviceMonitor': value must be one of"),
])
def test_wrong_values_are_refused_with_a_reason(wrong, message):
    ended = template(wrong)
    assert ended.returncode != 0 and message in ended.stderr


# What the API server refuses, in the middle of an install.
INVALID = {
    "fullnameOverride": ["Mesh", "a.b", "-a"], "nameOverride": ["Mesh", "a_b"],
    "image.tag": ["a/b", "-1", "sha256:abc"], "image.repository": ["a b", "https://registry"],
    "imagePullSecrets": [[{}], [{"name": "A"}], ["name"]], "commonLabels": [{"a": "b c"}, {"a b": "c"}, {"a": "b" * 64}],
    "podLabels": [{"a/b/c": "d"}, {"a": "-"}], "tls.existingSecret": ["A", "a_b"], "auth.tokenSecret": ["a/b"],
    "meshKey.existingSecret": ["a b"], "agentServiceAccountName": ["Agents"], "server.serviceAccountName": ["a_b"],
    "server.persistence.existingClaim": ["Claim"], "server.persistence.storageClass": ["Fast"],
    "server.resources": [{"requests": {"cpu": "many"}}, {"limit": {}}, {"limits": {"memory": "1 Gi"}}, {"limits": {"cpus": 1}}],
    "server.podAnnotations": [{"a b": "c"}], "server.service.annotations": [{"a": 1}], "server.nodeSelector": [{"a": "b/c"}],
    "server.tolerations": [[{"operator": "exists"}], [{"effect": "NoSchedul"}], [{"keys": "a"}], [{"effect": "NoExecute"}],
                           [{"key": "a", "operator": "Exists", "value": "b"}],
                           [{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 60}]],
    "server.affinity": [{"nodeAffinities": {}}], "server.priorityClassName": ["High"],
    "server.extraEnv": [[{"name": "A", "value": 1}], [{"name": "A", "from": {}}], [{"name": "A B"}], [{"name": "1A"}],
                        [{"name": "A", "value": "b", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]],
    "server.extraVolumes": [[{"name": "a"}], [{"name": "A", "emptyDir": {}}], [{"name": "a", "emptyDirectory": {}}],
                            [{"name": "a", "emptyDir": {}, "configMap": {"name": "b"}}], [{"name": "data", "emptyDir": {}}]],
    "agent.extraVolumes": [[{"name": "spool", "emptyDir": {}}], [{"name": "credentials", "emptyDir": {}}]],
    "server.extraVolumeMounts": [[{"name": "a"}], [{"name": "a", "mountPath": "relative"}],
                                 [{"name": "a", "mountPath": "/b", "readonly": True}], [{"name": "a", "mountPath": "/data"}]],
    "server.ingress.tlsSecret": ["A"], "server.ingress.className": ["A b"], "server.ingress.host": ["A", "a b", "http://a", "a..b", "a-.b"],
    "server.service.loadBalancer.sourceRanges": [["10.0.0.0"], ["10.0.0.0/99"]], "server.service.loadBalancer.class": ["a b"],
    "server.persistence.size": ["0", "0.0Gi", "1 Gi"],
    "networkPolicy.readers": [[{"ipBlock": "10.0.0.0/8"}], [{"ipBlock": {"cidr": "10.0.0.0"}}], [{"pods": {}}], [{}],
                              [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]],
    "agent.maxUnavailable": [0, "10", "0%", "101%", "a"],
    "agent.topologySpreadConstraints": [[{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}],
                                        [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway", "labels": {}}]],
    "volumePermissions.image": ["", "a b", "https://registry/busybox"],
    "monitoring.labels": [{"a": "b c"}], "smokeMini.persistence.storageClass": ["Fast"],
}
VALID = {
    "fullnameOverride": ["", "mesh-1"], "image.tag": ["", "1.2_3-rc", "sha256:" + "a" * 64],
    "image.repository": ["registry.example:5000/net/meshcheck"], "imagePullSecrets": [[{"name": "a.b-c"}]],
    "commonLabels": [{"example.com/team": "A_b.c", "x": ""}], "server.persistence.storageClass": ["fast.ssd"],
    "server.resources": [{"requests": {"cpu": 0.5, "memory": "1e6"}, "limits": {"cpu": "1500m", "ephemeral-storage": "1Gi"}},
                         {"limits": {"hugepages-2Mi": "4Mi", "example.com/gpu": 1}}],
    "server.tolerations": [[{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 60}],
                           [{"operator": "Exists"}, {"key": "a"}, {"operator": "Exists", "effect": "NoSchedule"}]],
    "server.extraVolumes": [[{"name": "a", "hostPath": {"path": "/b"}}, {"name": "spool", "emptyDir": {}}]],
    "server.extraVolumeMounts": [[{"name": "a", "mountPath": "/data/b", "subPath": "c", "readOnly": True}]],
    "server.persistence.size": ["0.5Gi", "1000000", "10Gi"], "server.service.loadBalancer.class": ["", "example.com/internal"],
    "server.service.loadBalancer.sourceRanges": [["10.0.0.0/8", "fd00::/64", "0.0.0.0/0"]],
    "networkPolicy.readers": [[{"ipBlock": {"cidr": "fd00::/8", "except": ["fd00:1::/32"]}},
                               {"podSelector": {}, "namespaceSelector": {"matchLabels": {"a": "b"}}}]],
    "server.nodeSelector": [{"kubernetes.io/os": "linux", "node-role.kubernetes.io/infra": ""}],
    "volumePermissions.image": ["busybox", "registry.example:5000/a/busybox:1.36@sha256:" + "a" * 64],
    "server.ingress.host": ["", "a.example", "*.a.example"], "agent.maxUnavailable": [1, "1%", "100%"],
    "server.extraEnv": [[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}, {"name": "B.c-d"}]],
    "agent.topologySpreadConstraints": [[{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2,
                                          "labelSelector": {}, "matchLabelKeys": ["pod-template-hash"]}]],
}


def every(cases):
    return [(path, value) for path, values in cases.items() for value in values]


@pytest.mark.parametrize(("path", "value"), every(INVALID), ids=str)
def test_what_the_api_server_refuses_is_refused_before(path, value):
    ended = template(values_with(path.split("."), value), "--show-only=templates/service.yaml")
    assert ended.returncode != 0 and "values don't meet the specifications of the schema" in ended.stderr


@pytest.mark.parametrize(("path", "value"), every(VALID), ids=str)
def test_what_the_api_server_takes_is_taken(path, value):
    assert template(values_with(path.split("."), value)).stderr == ""


def test_every_value_is_described_and_its_default_fits():
    for path, _ in leaves():
        assert described(path)["description"], path
    def described_paths(schema, path=()):
        for key, value in schema["properties"].items():
            yield from described_paths(value, (*path, key)) if "properties" in value else [(*path, key)]
    assert set(described_paths(described(()))) - {("global",)} == {path for path, _ in leaves()}


def test_the_readme_lists_every_value():
    readme = (CHART / "README.md").read_text()
    assert values_table.table() in readme, "write the output of test/e2e/values_table.py into README.md"


def test_every_default_can_be_written_out():
    assert without_keys(template(merged(VALUES)).stdout) == without_keys(template().stdout)
