"""The definition of Downtime: that it describes itself, and what it refuses and shows."""

import re

import pytest
import yaml

from chart import CHART, ROOT, of_kind, render

DEFINITION = yaml.safe_load((CHART / "crds" / "downtime.yaml").read_text())
(VERSION,) = DEFINITION["spec"]["versions"]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]
ITEM = SCHEMA["properties"]["spec"]["items"]
CONDITION = SCHEMA["properties"]["status"]["properties"]["conditions"]["items"]


def parts(schema, path="Downtime"):
    yield path, schema
    for key, value in schema.get("properties", {}).items():
        yield from parts(value, f"{path}.{key}")
    if schema.get("items", {}).get("type") == "object":
        yield from parts(schema["items"], f"{path}[]")


def test_every_field_is_described():
    for path, schema in parts(SCHEMA):
        assert re.match(r"[A-Z].*\.$", schema["description"], re.DOTALL), path


def test_what_the_server_needs_is_required():
    assert SCHEMA["required"] == ["spec"] and SCHEMA["properties"]["spec"]["minItems"] == 1
    assert ITEM["required"] == ["startDate", "endDate", "type"]


@pytest.mark.parametrize(("date", "is_one"), [
    ("2026-01-31T12:00:00Z", True), ("2026-01-31T12:00:00.25+01:00", True), ("1769860800", True),
    ("tomorrow", False), ("2026-01-31", False), ("2026-01-31T12:00:00", False), ("-1", False), ("", False)])
def test_a_date_is_what_the_server_reads(date, is_one):
    for key in ("startDate", "endDate"):
        assert bool(re.search(ITEM["properties"][key]["pattern"], date)) == is_one


def test_a_condition_has_the_fields_of_kubernetes():
    assert VERSION["subresources"] == {"status": {}}
    needed = {"type", "status", "reason", "message", "lastTransitionTime"}
    assert set(CONDITION["required"]) == needed
    assert set(CONDITION["properties"]) == needed | {"observedGeneration"}


def test_the_columns_are_of_fields_that_exist():
    paths = {column["name"]: column["jsonPath"] for column in VERSION["additionalPrinterColumns"]}
    assert list(paths) == ["Type", "Start", "End", "Accepted", "Message", "Description", "Age"]
    for name, path in paths.items():
        schemas = {".spec[0].": ITEM, '.status.conditions[?(@.type=="Accepted")].': CONDITION}
        of_ours = [schema["properties"] for prefix, schema in schemas.items() if path.startswith(prefix)]
        assert path == ".metadata.creationTimestamp" or path.rpartition(".")[2] in of_ours[0], name


def test_the_example_of_the_document_fits():
    text = (ROOT / "doc" / "operate" / "sla.md").read_text()
    (example,) = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
                  if "kind: Downtime" in block]
    assert example["apiVersion"] == f"{DEFINITION['spec']['group']}/{VERSION['name']}"
    for item in example["spec"]:
        assert set(ITEM["required"]) <= set(item) <= set(ITEM["properties"])
        assert item["type"] in ITEM["properties"]["type"]["enum"]


def test_the_server_may_write_what_it_makes_of_a_downtime():
    objects = render()
    rules = {made["metadata"]["name"]: made["rules"] for made in of_kind(objects, "ClusterRole")}
    assert rules["meshcheck-meshcheck-statuses"] == [
        {"apiGroups": ["meshcheck.io"], "resources": ["downtimes/status"], "verbs": ["patch"]}]
    # Of objects without a namespace Kubernetes takes events there.
    (role,) = [made for made in of_kind(objects, "Role") if made["metadata"]["namespace"] == "default"]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}]
