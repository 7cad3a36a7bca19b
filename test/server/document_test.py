"""The documents name what is there: every metric, every flag, every alert's series."""

import re
import shutil
import subprocess

import pytest
import yaml

from mesh_report import DOWN, UP, agent, mtu, path, report
from openapi_test import EPISODES
from server import ROOT, payload, probe, run
from verdict_test import broken_cluster

METRICS = (ROOT / "doc" / "metrics.md").read_text()
CONFIGURATION = (ROOT / "doc" / "operate" / "configuration.md").read_text()


def table_rows(text, pattern):
    """Cells of the table rows whose first cell is `pattern` in backquotes."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and re.fullmatch(f"`{pattern}`", cells[0]):
            yield [cells[0].strip("`"), *cells[1:]]


def documented_metrics():
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels)))
            for name, kind, labels, *_ in table_rows(METRICS, r"(ncagent|meshcheck|process)_\w+")}


@pytest.fixture
def exposition(launch):
    server = launch()
    cluster = broken_cluster(server)
    cluster.cut = None
    cluster.until(lambda: not cluster.verdicts(), "the verdict to close")
    cluster.break_pods(3)
    cluster.until(cluster.verdicts, "another verdict")
    server.post(payload("a", network_probes=[probe("http://u/", Total=9223372036854)]))
    server.post(report(0, paths=[path("10.0.0.1", **(DOWN | {"relation": "gateway"})),
                                 path(agent(1), **UP)], mtus=[mtu(agent(1))],
                       mesh={"padding": {"requested": 1500, "delivered": 0, "lost_ms": 9000,
                                         "stage": "answer"}}))
    assert server.request("POST", "/downtime", EPISODES,
                          headers={"Content-Type": "application/json"}).status == 200
    return server.get("/metrics").text


def test_metrics_are_those_of_the_document(exposition):
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) \S", exposition, re.MULTILINE))
    labels = {}
    for line in exposition.splitlines():
        if not line.startswith("#"):
            name, found = re.match(r"(\w+)(?:\{(.*)\})?", line).groups()
            family = re.sub("_(bucket|sum|count)$", "", name)
            if types.get(family) == "histogram":
                name = family
            labels[name] = labels.get(name, frozenset()) | set(re.findall(r'(\w+)="', found or ""))
    assert set(types) == helped == set(labels)
    # Those of Kubernetes are there with -kubeproxyinit alone: see kubernetes_test.py.
    documented = {name: metric for name, metric in documented_metrics().items()
                  if not name.startswith("meshcheck_kubernetes_")}
    assert {name: (kind, labels[name]) for name, kind in types.items()} == documented
    assert not any(name.startswith("go_") for name in types)


def rules():
    """Of both files; promtool tests them with the chart's tests."""
    for file in sorted((ROOT / "helm-chart" / "meshcheck" / "rules").glob("*.yaml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def test_alerts_use_metrics_that_exist():
    metrics = documented_metrics()
    for rule in rules():
        assert set(rule) | {"for"} == {"alert", "expr", "for", "labels", "annotations"}
        used = re.findall(r"\b((?:ncagent|meshcheck)_\w+)", rule["expr"])
        assert used and set(used) <= set(metrics), rule["expr"]
        known = {"instance"}.union(*(metrics[name][1] for name in used))
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= known, text


def promtool(*arguments, **options):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                          timeout=60, **options)


def test_metrics_are_what_prometheus_reads(exposition):
    ended = promtool("check", "metrics", input=exposition)
    # netchecker's names are older than the rule that a unit is a base unit.
    complaints = [line for line in ended.stderr.splitlines() if not line.startswith("ncagent_")]
    assert complaints == [] and "error while linting" not in ended.stderr


def test_flags_are_those_of_the_document():
    shown = {}
    for name, text in re.findall(r"^  -(\S+)(?: VALUE)?\n        (.*)$", run("-help").stdout,
                                 re.MULTILINE):
        default = re.search(r" \(default (.*)\)$", text)
        bounds = re.search(r": an? (?:whole )?number from (\S+) to (\S+)", text)
        shown[name] = (default[1].strip('"') if default else None,
                       bounds.groups() if bounds else None)
    documented = {}
    for name, default, bounds, *_ in table_rows(CONFIGURATION, r"-[\w-]+"):
        assert name[1:] not in documented, f"twice: {name}"
        numbers = re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", bounds)
        documented[name[1:]] = (default.strip("`") if default.startswith("`") else None,
                                numbers.groups() if numbers else None)
    assert documented == shown
