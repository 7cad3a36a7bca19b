"""Who may report to the server on a real cluster: pods with a token of their own, and nobody else.

    MESHCHECK_E2E_SIGNING_KEY      the key that signs the cluster's tokens, to make one that has ended
"""

import base64
import json
import os
import subprocess
import time

import pytest

from cluster import wait_for


@pytest.fixture(scope="module")
def agents(port_release):
    """Pods of the pod network's agents, by name."""
    port_release.wait_healthy(2 * len(port_release.cluster.nodes()))
    return {pod["metadata"]["name"]: pod for pod in port_release.pods("agent")}


def token_for(release, pod=None, audience="meshcheck"):
    """As the kubelet asks for it."""
    bound = ["--bound-object-kind=Pod", f"--bound-object-name={pod['metadata']['name']}",
             f"--bound-object-uid={pod['metadata']['uid']}"] if pod else []
    return release.cluster.kubectl("--namespace", release.namespace, "create", "token", "meshcheck-agent",
                                   f"--audience={audience}", "--duration=600s", *bound).strip()


def report(release, name, token, node="intruder"):
    return release.fetch(f"/api/v1/agents/{name}", token=token,
                         report={"report_interval": 5, "podname": name, "nodename": node})


def stored(release, name):
    """The node of the agent's last report."""
    return json.loads(release.fetch(f"/api/v1/agents/{name}")[1])["nodename"]


def refused(release, reason):
    text = release.fetch("/metrics")[1]
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith(f'meshcheck_auth_refused_total{{reason="{reason}"'))


def ended_token(token, key):
    """The same token, and it ended an hour ago."""
    def decoded(part):
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    header, claims, _ = token.split(".")
    claims = decoded(claims) | {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200,
                                "nbf": int(time.time()) - 7200}
    signed = encoded(json.dumps(decoded(header)).encode()) + b"." + encoded(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=signed, capture_output=True,
                               check=True).stdout
    return (signed + b"." + encoded(signature)).decode()


@pytest.mark.quick
def test_a_pod_reports_in_its_own_name(port_release, agents):
    name, pod = next(iter(agents.items()))
    assert report(port_release, name, token_for(port_release, pod), pod["spec"]["nodeName"])[0] == 200


@pytest.mark.quick
@pytest.mark.parametrize(("what", "status", "reason"), [
    ("none", 401, "no_token"), ("made up", 401, "bad_token"), ("of another audience", 401, "bad_token"),
    ("ended", 401, "bad_token"), ("of another pod", 403, "other_pod"), ("of no pod", 403, "other_pod")])
def test_another_token_is_refused_and_nothing_is_stored(port_release, agents, what, status, reason):
    (name, pod), (_, other) = list(agents.items())[:2]
    if what == "ended" and not os.environ.get("MESHCHECK_E2E_SIGNING_KEY"):
        pytest.skip("MESHCHECK_E2E_SIGNING_KEY is not set: a token that the API makes lasts ten minutes at least")
    token = {"none": lambda: None,
             "made up": lambda: token_for(port_release, pod)[:-8] + "AAAAAAAA",
             "of another audience": lambda: token_for(port_release, pod, "others"),
             "ended": lambda: ended_token(token_for(port_release, pod), os.environ["MESHCHECK_E2E_SIGNING_KEY"]),
             "of another pod": lambda: token_for(port_release, other),
             "of no pod": lambda: token_for(port_release)}[what]()
    before = refused(port_release, reason)
    answered, text = report(port_release, name, token)
    assert answered == status, text
    assert not token or token not in text
    assert stored(port_release, name) == pod["spec"]["nodeName"]
    assert refused(port_release, reason) >= before + 1


def test_a_pod_that_is_no_agent_is_not_taken_for_one(port_release, agents):
    """It may be an agent that is not listed yet, so its report is taken for two minutes; it is missed by nobody."""
    (server,) = port_release.pods("server")
    token = token_for(port_release, server) if server["spec"]["serviceAccountName"] == "meshcheck-agent" else None
    answered, _ = report(port_release, "meshcheck-server-0", token)
    assert answered == 401
    assert len(json.loads(port_release.fetch("/api/v1/agents/")[1])) == 2 * len(port_release.cluster.nodes())


@pytest.mark.quick
def test_without_the_right_to_review_tokens_nobody_new_is_let_in(port_release, agents):
    name, pod = list(agents.items())[-1]
    binding = f"{port_release.namespace}-meshcheck-tokenreviews"
    port_release.cluster.kubectl("delete", "clusterrolebinding", binding)
    def unreviewed():
        status, text = report(port_release, name, token_for(port_release, pod))
        return text if status == 503 else None
    text = wait_for(unreviewed, "the answer 503")
    assert "tokenreviews" in text and "create" in text
    assert stored(port_release, name) == pod["spec"]["nodeName"]
    port_release.upgrade({})
    wait_for(lambda: report(port_release, name, token_for(port_release, pod), pod["spec"]["nodeName"])[0] == 200,
             "the right to be back")


def test_without_the_right_to_list_pods_the_check_is_not_good(port_release, agents):
    """A server that has listed them goes on with what it knows; one that begins cannot."""
    # Who moves smoke-mini may list pods too.
    port_release.upgrade({"smokeMini": {"rescheduling": False}})
    port_release.cluster.kubectl("--namespace", port_release.namespace, "delete", "rolebinding", "meshcheck-pods")
    port_release.delete_pod("server")
    def refusal():
        status, text = port_release.fetch("/api/v1/connectivity_check")
        assert status != 200, text
        return text if status and "forbids" in text else None
    text = wait_for(refusal, "the check to say what is forbidden")
    assert "pods" in text and "list" in text
    port_release.upgrade({"smokeMini": {"rescheduling": True}})
    port_release.wait_healthy(2 * len(port_release.cluster.nodes()))
