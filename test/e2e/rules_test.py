"""The chart's rules, alerts and dashboard: what they ask for, and when alerts fire."""

import json
import re

import pytest
import yaml

from chart import CHART, OPERATOR, ROOT, arguments, named, of_kind, program, render, run


def test_what_the_operator_reads_is_there_where_the_operator_is():
    kinds = ("ServiceMonitor", "PrometheusRule")
    assert not any(of_kind(render(), kind) for kind in kinds)
    assert all(of_kind(render({}, *OPERATOR), kind) for kind in kinds)
    refused = {"monitoring": {"serviceMonitor": False, "prometheusRule": False}}
    assert not any(of_kind(render(refused, *OPERATOR), kind) for kind in kinds)


def test_the_rules_are_those_of_the_files():
    rules = of_kind(render({}, *OPERATOR), "PrometheusRule")
    files = {f"meshcheck-{path.stem}": yaml.safe_load(path.read_text()) for path in (CHART / "rules").iterdir()}
    assert {rule["metadata"]["name"]: rule["spec"] for rule in rules} == files
    slow = of_kind(render({"reportInterval": 15}, *OPERATOR), "PrometheusRule")
    assert "increase(ncagent_report_count_total[5m]) < 15" in json.dumps(slow)


def test_each_alert_names_its_page():
    base = "https://wiki.example/alerts"
    moved = render({"monitoring": {"runbookURL": base}}, *OPERATOR)
    explained = re.findall(r"^### (\w+)$", (ROOT / "doc" / "operate" / "alerts.md").read_text(), re.MULTILINE)
    for objects, where in ((render({}, *OPERATOR), "doc/operate/alerts.md"), (moved, base)):
        rules = [rule for made in of_kind(objects, "PrometheusRule") for group in made["spec"]["groups"] for rule in group["rules"]]
        named_pages = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules}
        assert named_pages == {alert: f"{where}#{alert.lower()}" for alert in explained}


def documented_metrics():
    table = (ROOT / "doc" / "metrics.md").read_text()
    return set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def metrics_in(expressions):
    asked = re.findall(r"\b((?:ncagent|meshcheck|process)_\w+)", " ".join(expressions))
    return {re.sub("_bucket$", "", name) for name in asked}


def test_the_rules_ask_for_metrics_that_exist():
    asked = metrics_in(rule["expr"] for path in (CHART / "rules").iterdir()
                       for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"])
    assert asked and asked <= documented_metrics()


def test_the_dashboard_is_json_and_asks_for_metrics_that_exist():
    made = named(render({"monitoring": {"dashboard": True}}), "ConfigMap", "meshcheck-dashboard")
    dashboard = json.loads(made["data"]["meshcheck.json"])
    asked = metrics_in(target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", []))
    assert asked and asked <= documented_metrics()


def test_the_dashboard_leads_to_the_page_of_a_node():
    made = named(render({"monitoring": {"dashboard": True, "pageURL": "https://mesh.example/net"}}), "ConfigMap", "meshcheck-dashboard")
    dashboard = json.loads(made["data"]["meshcheck.json"])
    assert dashboard["uid"] == "meshcheck", "links of others have it"
    assert [each["query"] for each in dashboard["templating"]["list"] if each["name"] == "page"] == ["https://mesh.example/net"]
    (node,) = [each for each in dashboard["templating"]["list"] if each["name"] == "node"]
    assert metrics_in([node["query"]]) <= documented_metrics() and (node["includeAll"], node["allValue"]) == (True, ".*")
    of_a_node = [panel for panel in dashboard["panels"] if panel["type"] == "timeseries"
                 and all("{{node}}" in target["legendFormat"] for target in panel["targets"])]
    assert of_a_node
    for panel in of_a_node:
        links = panel["fieldConfig"]["defaults"]["links"]
        assert [link["url"].startswith("${page}/#/node/${__field.labels.node") for link in links] == [True], panel["title"]
        assert all('node=~"$node"' in target["expr"] for target in panel["targets"]), f"{panel['title']}: the page's link chooses a node"


def test_the_page_leads_to_the_dashboard_where_it_is_known():
    def addresses(values):
        return [each for each in arguments(render(values), "meshcheck-server") if each.startswith("-dashboard-url")]
    assert addresses({}) == []
    assert addresses({"monitoring": {"dashboardURL": "https://grafana.example/d/meshcheck"}}) == ["-dashboard-url=https://grafana.example/d/meshcheck"]


def test_burn_alerts_are_measured_by_the_target():
    def expressions(target):
        rules = named(render({"sla": {"target": target}}, *OPERATOR), "PrometheusRule", "meshcheck-sla")
        return [rule["expr"] for rule in rules["spec"]["groups"][0]["rules"]]
    # `--set` makes a string of it.
    assert expressions("0.9995") == expressions(0.9995)
    assert "14.4 * (1 - 0.9995)" in expressions(0.9995)[0] and "6 * (1 - 0.9995)" in expressions(0.9995)[1]


def test_each_alert_says_what_is_wrong_in_sentences():
    for path in (CHART / "rules").iterdir():
        for rule in (rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]):
            told = rule["annotations"]
            assert re.match(r"[A-Z]|\{\{", told["summary"]) and not told["summary"].endswith("."), rule["alert"]
            assert told["description"].endswith("."), rule["alert"]
            # A notice is read without the page around it: what a pronoun stands for is not there.
            assert not re.search(r"(?:^|\. )(?:It|Its|They|Them|This|That|All that it)\b", told["description"]), rule["alert"]


def promtool(*command):
    ended = run(program("promtool"), *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_prometheus_takes_the_rules():
    promtool("check", "rules", *(CHART / "rules").iterdir())


@pytest.mark.parametrize("path", sorted((ROOT / "test" / "e2e" / "rules").iterdir()), ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_not_else(path):
    promtool("test", "rules", path)
    alerts = {rule["alert"] for group in yaml.safe_load((CHART / "rules" / path.name).read_text())["groups"]
              for rule in group["rules"]}
    tested = {case["alertname"]: set() for case in cases(path)}
    for case in cases(path):
        tested[case["alertname"]].add(bool(case["exp_alerts"]))
    assert tested == {alert: {True, False} for alert in alerts}


def cases(path):
    return [case for test in yaml.safe_load(path.read_text())["tests"] for case in test["alert_rule_test"]]


def test_each_alert_is_explained():
    explained = re.findall(r"^### (\w+)$", (ROOT / "doc" / "operate" / "alerts.md").read_text(), re.MULTILINE)
    alerts = [rule["alert"] for path in sorted((CHART / "rules").iterdir())
              for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    assert explained == alerts
