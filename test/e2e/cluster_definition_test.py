"""The definition of Downtime in a real API server: what it refuses, and what kubectl shows."""

import json
import uuid

import pytest

from chart import CHART
from cluster import wait_for

GOOD = {"startDate": "2026-01-31T12:00:00Z", "endDate": "1769864400", "type": "Maintenance", "description": "a new switch",
        "affected": ["synthetic", "control-plane/apiserver"]}
pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def definition(cluster):
    """The chart's. A release of another test may have brought it, and helm leaves it."""
    cluster.kubectl("apply", "--filename", CHART / "crds")
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=20s", "crd/downtimes.meshcheck.io")
    wait_for(lambda: cluster.try_kubectl("get", "downtimes.meshcheck.io").returncode == 0, "the API server to serve it", 20)


def downtime(spec):
    return {"apiVersion": "meshcheck.io/v1alpha1", "kind": "Downtime",
            "metadata": {"name": f"e2e-{uuid.uuid4().hex[:8]}"}, "spec": spec}


def dry_run(cluster, spec):
    return cluster.try_kubectl("create", "--dry-run=server", "--validate=false", "--filename=-", stdin=json.dumps(downtime(spec)))


@pytest.mark.parametrize(("spec", "message"), [
    ([], "spec"),
    ([{key: value for key, value in GOOD.items() if key != "startDate"}], "spec.startDate: Required value"),
    ([{key: value for key, value in GOOD.items() if key != "endDate"}], "spec.endDate: Required value"),
    ([GOOD, {key: value for key, value in GOOD.items() if key != "type"}], "spec.type: Required value"),
    ([GOOD | {"startDate": "tomorrow"}], "spec.startDate: Invalid value"),
    ([GOOD | {"type": "Holiday"}], "spec.type: Unsupported value"),
    ([GOOD | {"affected": ["a/b/c"]}], "spec.affected: Invalid value"),
], ids=["no item", "no start", "no end", "no type", "no date", "no type of ours", "no probe"])
def test_the_api_server_refuses_what_the_server_could_not_read(cluster, definition, spec, message):
    ended = dry_run(cluster, spec)
    # Newer API servers say which item it is: spec[1].type.
    said = ended.stderr.replace("[0]", "").replace("[1]", "")
    assert ended.returncode != 0 and message in said, ended.stderr


def test_what_can_be_read_is_taken(cluster, definition):
    assert dry_run(cluster, [GOOD, {key: GOOD[key] for key in ("startDate", "endDate", "type")}]).returncode == 0


def test_kubectl_shows_the_first_item_and_whether_it_counts(cluster, definition):
    made = downtime([GOOD])
    name = made["metadata"]["name"]
    cluster.apply(made)
    try:
        condition = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "all items count",
                     "lastTransitionTime": "2026-01-31T12:00:01Z", "observedGeneration": 1}
        def patch(condition):
            return cluster.try_kubectl("patch", "downtimes.meshcheck.io", name, "--subresource=status", "--type=merge",
                                       f"--patch={json.dumps({'status': {'conditions': [condition]}})}")
        assert patch(condition | {"status": "Maybe"}).returncode != 0
        ended = patch(condition)
        assert ended.returncode == 0, ended.stderr
        header, row = (line.split() for line in cluster.kubectl("get", "downtimes.meshcheck.io", name).splitlines())
        assert header == ["NAME", "TYPE", "START", "END", "ACCEPTED", "AGE"]
        assert row[:-1] == [name, GOOD["type"], GOOD["startDate"], GOOD["endDate"], "True"]
        # A server of another test may have told its own by now: "1 item counts".
        assert "count" in cluster.kubectl("get", "downtimes.meshcheck.io", name, "--output=wide")
    finally:
        cluster.kubectl("delete", "downtimes.meshcheck.io", name)
