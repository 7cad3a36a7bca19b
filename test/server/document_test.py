"""The documents name what is there: every metric, every flag, every alert's series."""

import re
import shutil
import subprocess

import pytest
import yaml

from mesh_report import DOWN, UP, agent, mtu, path, report
from server import ROOT, payload, probe, run
from verdict_test import broken_cluster

METRICS = (ROOT / "doc" / "metrics.md").read_text()
CONFIGURATION = (ROOT / "doc" / "configuration.md").read_text()


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
    (block,) = re.findall(r"^```yaml\n(groups:.*?)^```", METRICS, re.MULTILINE | re.DOTALL)
    return block


def test_alerts_use_metrics_that_exist():
    (group,) = yaml.safe_load(rules())["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert names[:4] == ["NetCheckerAgentErrors", "NetCheckerReportsMissing",
                         "NetCheckerTCPServerDelay", "NetCheckerDNSSlow"]
    metrics = documented_metrics()
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        used = re.findall(r"\b((?:ncagent|meshcheck)_\w+)", rule["expr"])
        assert used and set(used) <= set(metrics), rule["expr"]
        known = {"instance"}.union(*(metrics[name][1] for name in used))
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= known, text


# What each alert makes of what agents may report, a sample every 15 s.
RULE_TESTS = """
rule_files: [rules.yaml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {series: 'ncagent_report_count_total{agent="good",instance="s"}', values: '1+1x400'}
      - {series: 'ncagent_report_count_total{agent="silent",instance="s"}', values: '1+1x100 101x300'}
      - {series: 'ncagent_error_count_total{agent="good",instance="s"}', values: '0x400'}
      - {series: 'ncagent_error_count_total{agent="silent",instance="s"}', values: '0x100 0+1x300'}
      - {series: 'ncagent_http_probe_connection_result{agent="slow",url="u",instance="s"}', values: '1x400'}
      - {series: 'ncagent_http_probe_dns_lookup_time_ms{agent="slow",url="u",instance="s"}', values: '400x400'}
      - {series: 'ncagent_http_probe_connection_result{agent="down",url="u",instance="s"}', values: '0x400'}
      - {series: 'ncagent_http_probe_dns_lookup_time_ms{agent="down",url="u",instance="s"}', values: '400x400'}
      - {series: 'meshcheck_agents_absent{instance="s"}', values: '0x300 1x100'}
      - {series: 'meshcheck_agents_outdated{instance="s"}', values: '0x400'}
    alert_rule_test:
      - {alertname: NetCheckerNoReports, eval_time: 90m, exp_alerts: []}
      - alertname: NetCheckerReportsMissing
        eval_time: 90m
        exp_alerts: [{exp_labels: {severity: warning, service: netchecker, agent: silent, instance: s},
          exp_annotations: {summary: silent reports too seldom,
                            description: '0 reports in 5 minutes, 20 expected.'}}]
      - alertname: NetCheckerDNSSlow
        eval_time: 90m
        exp_alerts: [{exp_labels: {severity: warning, service: netchecker, agent: slow, instance: s, url: u},
          exp_annotations: {summary: slow waits for DNS,
                            description: 400 ms to look up the host of u.}}]
      - alertname: MeshcheckProbeFails
        eval_time: 90m
        exp_alerts: [{exp_labels: {severity: warning, service: netchecker, agent: down, instance: s, url: u},
          exp_annotations: {summary: down does not reach u}}]
      - alertname: MeshcheckAgentsMissing
        eval_time: 90m
        exp_alerts: [{exp_labels: {severity: warning, service: netchecker, instance: s},
          exp_annotations: {summary: 1 agents do not report,
                            description: /api/v1/connectivity_check of s names them.}}]
  - interval: 15s
    input_series: [{series: 'up{instance="s"}', values: '1x400'}]
    alert_rule_test:
      - alertname: NetCheckerNoReports
        eval_time: 10m
        exp_alerts: [{exp_labels: {severity: critical, service: netchecker},
          exp_annotations: {summary: 'No agent reports, or the server is not scraped'}}]
"""


def promtool(*arguments, **options):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False,
                          timeout=60, **options)


def test_alerts_fire_when_they_should(tmp_path):
    (tmp_path / "rules.yaml").write_text(rules())
    (tmp_path / "test.yaml").write_text(RULE_TESTS)
    for arguments in (["check", "rules", "rules.yaml"], ["test", "rules", "test.yaml"]):
        ended = promtool(*arguments, cwd=tmp_path)
        assert ended.returncode == 0, ended.stdout + ended.stderr


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
        assert name not in documented, f"twice: {name}"
        numbers = re.fullmatch(r"(-?[\d.]+) to (-?[\d.]+)", bounds)
        documented[name[1:]] = (default.strip("`") if default.startswith("`") else None,
                                numbers.groups() if numbers else None)
    assert documented == shown


def test_the_documents_link_to_files_that_exist():
    for name in ("metrics.md", "configuration.md", "mesh.md", "netchecker.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "doc" / name).read_text()):
            assert (ROOT / "doc" / target).exists(), f"{name}: {target}"
