"""A Kubernetes cluster, and a release of the chart in it, as Python objects."""

import base64
import csv
import http.client
import io
import json
import ssl
import urllib.error
import urllib.request

from chart import CHART, merged, must, program, run
import waiting

PATIENCE = 120.0


def wait_for(condition, what, patience=PATIENCE):
    """As `waiting.wait_for`, at the pace of a cluster."""
    return waiting.wait_for(condition, what, patience, 0.1)


class Cluster:
    """The cluster that KUBECONFIG names."""

    def __init__(self, kubectl):
        self._kubectl = kubectl

    def try_kubectl(self, *arguments, **options):
        return run(self._kubectl, *arguments, **options)

    def kubectl(self, *arguments, **options):
        return must(self._kubectl, *arguments, **options)

    def get(self, *arguments):
        """Items of a list, or one object."""
        found = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return found.get("items", found)

    def apply(self, *objects):
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(listed))

    def nodes(self):
        """Address of each node by its name."""
        return {node["metadata"]["name"]: next(address["address"] for address in node["status"]["addresses"]
                                               if address["type"] == "InternalIP")
                for node in self.get("nodes")}


class Release:
    """A release `meshcheck` in a namespace; its server is asked through the API server, which every kubeconfig
    reaches."""

    def __init__(self, cluster, namespace, image, port=31081):
        self.port = port  # On each node, if it is opened.
        self.cluster = cluster
        self.namespace = namespace
        self.values = image
        self._nodes = {}  # Remembered, for when there is no API server.
        self._authority = ""

    def _helm(self, verb, *arguments):
        return must(program("helm"), verb, "--namespace", self.namespace, "meshcheck", *arguments,
                    stdin=json.dumps(self.values), timeout=300)

    def install(self, values=None):
        self.values = merged(self.values, values or {})
        self._helm("install", CHART, "--values=-", "--wait", "--timeout=150s")

    def upgrade(self, values):
        self.values = merged(self.values, values)
        self._helm("upgrade", CHART, "--values=-", "--wait", "--timeout=240s")

    def test(self):
        self._helm("test", "--timeout=120s")

    def uninstall(self):
        self._helm("uninstall", "--wait", "--timeout=90s")

    def get(self, *arguments):
        return self.cluster.get("--namespace", self.namespace, *arguments)

    def pods(self, component=None):
        wanted = "app.kubernetes.io/part-of=meshcheck"
        if component:
            wanted += f",app.kubernetes.io/component={component}"
        return [pod for pod in self.get("pods", f"--selector={wanted}") if "deletionTimestamp" not in pod["metadata"]]

    def delete_pod(self, component):
        """Deletes one pod and waits until it is gone; returns its name."""
        name = self.pods(component)[0]["metadata"]["name"]
        self.cluster.kubectl("--namespace", self.namespace, "delete", "pod", name, "--wait=true", "--timeout=60s")
        return name

    def ask(self, path):
        """(status, body) of the server; status 0 without an answer of its own."""
        ended = self.cluster.try_kubectl(
            "get", "--raw", f"/api/v1/namespaces/{self.namespace}/services/https:meshcheck-server:http/proxy{path}")
        return (200, ended.stdout) if ended.returncode == 0 else (0, ended.stderr)

    def fetch(self, path, node=None, **options):
        """As `fetch`, at the node port of a node: not by way of the API server, and with an answer's true status."""
        self._nodes = self._nodes or self.cluster.nodes()
        address = self._nodes[node] if node else next(iter(self._nodes.values()))
        if not self._authority:
            secret = self.get("secret", "meshcheck-tls")
            self._authority = base64.b64decode(secret["data"]["ca.crt"]).decode()
        return fetch(f"https://{address}:{self.port}{path}", authority=self._authority, **options)

    def check(self):
        return self.ask("/api/v1/connectivity_check")

    def wait_healthy(self, agents):
        good = f"All {agents} pods successfully reported back to the server"
        return wait_for(lambda: good in self.check()[1], lambda: f"{good!r}; it says {self.check()[1]!r}")

    def paths(self, query=""):
        """Rows of /api/v1/mesh."""
        status, text = self.ask(f"/api/v1/mesh?format=csv{query}")
        assert status == 200, text
        return rows(text)

    def report_count(self, node):
        """How many reports the server has counted of the node's pod agent."""
        _, text = self.ask("/metrics")
        series = f'ncagent_report_count_total{{agent="{node}-private_network"}} '
        return next((int(line[len(series):]) for line in text.splitlines() if line.startswith(series)), 0)

    def verdicts_opened(self):
        """How many verdicts above info the server has ever opened."""
        _, text = self.ask("/metrics")
        return sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith("meshcheck_verdicts_opened_total{") and 'severity="info"' not in line)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def fetch(url, token=None, report=None, authority=None):
    """(status, body) of GET, or of POST if there is a report; status 0 if there is no answer."""
    context = None
    if authority:
        context = ssl.create_default_context(cadata=authority)
        context.check_hostname = False  # Asked at a node's address, which no certificate names.
    request = urllib.request.Request(url, data=None if report is None else json.dumps(report).encode())
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
