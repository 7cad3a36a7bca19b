"""examples/deploy.sh, as users of the old script call it."""

import getpass
import subprocess

import yaml

from chart import ROOT, arguments, of_kind, placed, pods


def deploy(folder, **variables):
    """Runs examples/deploy.sh with a kubectl that notes its calls; returns these and the manifest."""
    kubectl = folder / "kubectl"
    kubectl.write_text(f'#!/bin/sh\necho "$*" >>{folder}/calls\n')
    kubectl.chmod(0o755)
    ended = subprocess.run([ROOT / "examples" / "deploy.sh"], capture_output=True, text=True, check=False, timeout=60,
                           env={"PATH": f"{folder}:/usr/bin:/bin", "KUBE_DIR": str(folder / "kube"), **variables})
    assert ended.returncode == 0, ended.stderr
    manifest = (folder / "kube" / "netchecker.yaml").read_text()
    return (folder / "calls").read_text().splitlines(), list(yaml.safe_load_all(manifest))


def test_deploy_keeps_the_variables_of_the_old_script(tmp_path):
    calls, objects = deploy(tmp_path, NS="net", KUBE_USER=getpass.getuser(), NODE_PORT="31999", SERVER_PORT="9000",
                            SERVER_IMAGE_NAME="r/server", AGENT_IMAGE_NAME="r/agent", IMAGE_TAG="7", AGENT_IMAGE_TAG="8",
                            AGENT_REPORT_INTERVAL="30")
    assert {made["metadata"]["namespace"] for made in placed(objects)} == {"net"}
    assert {subject["namespace"] for made in objects for subject in made.get("subjects", [])} == {"net"}
    ports = {made["metadata"]["name"]: made["spec"]["ports"][0] for made in of_kind(objects, "Service")}
    assert ports["netchecker-service"]["port"] == 9000 and ports["netchecker-server"]["nodePort"] == 31999
    images = {name: pod["spec"]["containers"][0]["image"] for name, pod in pods(objects).items()}
    assert images == {"netchecker-server": "r/server:7", "netchecker-agent": "r/agent:8",
                      "netchecker-agent-hostnet": "r/agent:8"}
    for name in ("netchecker-agent", "netchecker-agent-hostnet"):
        assert {"-reportinterval=30", "-serverendpoint=http://netchecker-service:9000"} < set(arguments(objects, name))
    assert "delete" in calls[0] and calls[-1].startswith("apply")


def test_deploy_removes_only_when_it_is_told_to_purge(tmp_path):
    calls, objects = deploy(tmp_path, PURGE="true")
    assert all("delete" in call for call in calls)
    assert {made["metadata"]["namespace"] for made in placed(objects)} == {"default"}
