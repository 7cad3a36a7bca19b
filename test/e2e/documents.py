"""The commands of the documents that say how to install on Kubernetes, and what a test makes of each."""

import re

from chart import ROOT

INSTALL = "doc/start/kubernetes_install.md"
# Each document, and the heading of the part that is followed; none: all of it.
FOLLOWED = {"README.md": "On Kubernetes", INSTALL: None}

# What a test writes in place of what is written, and why. Nothing else is changed.
SUBSTITUTIONS = [
    ("--namespace meshcheck", "--namespace {namespace}", "the cluster may have a release in that namespace"),
    ("kubectl -n meshcheck", "kubectl -n {namespace}", "the same"),
    ("--set image.repository=registry.example/meshcheck", "{image}", "the image is the one that the nodes have; and where the "
     "default class makes directories of root, volumePermissions is set, as the document says"),
    ("service/meshcheck-server 8081 &", "service/meshcheck-server {port}:8081 &", "port 8081 of this machine may be taken"),
    ("https://127.0.0.1:8081", "https://127.0.0.1:{port}", "the same"),
]
# The beginnings of commands that are not run, and why.
NOT_RUN = {
    "make image ": "the image is made of the build tree, without building that again",
    "podman load ": "there is no registry to push to",
    "kind load ": "MESHCHECK_E2E_LOAD says how an image gets to the nodes of this cluster",
    "ctr -n k8s.io images import ": "the same",
    "kubectl delete crd ": "other releases in the cluster need the definition",
    "ctest ": "it runs tests without a cluster, and this test's own folder among them",
    "export KUBECONFIG=": "whoever runs the tests has set it",
    "make e2e": "it runs this test",
}


def part(text, heading):
    """What is under a heading of the second level."""
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1) if heading else text


def blocks(text):
    """The commands of each block of code that a shell is to read: indented, or fenced and called so."""
    found = re.findall(r"(?<=\n\n)(?:    .*\n)+|^```(?:sh|bash|console)\n(?:.*\n)*?(?=```$)", f"\n{text}", re.MULTILINE)
    for block in found:
        joined = re.sub(r"^(```\w*\n|    |\$ )", "", block, flags=re.MULTILINE).replace("\\\n", " ")
        lines = (re.sub(r"(^|\s+)#.*", "", line).strip() for line in joined.splitlines())
        yield [" ".join(line.split()) for line in lines if line]


def commands(document):
    text = (ROOT / document).read_text()
    return [command for block in blocks(part(text, FOLLOWED[document])) for command in block]


def reason_not_to_run(command):
    return next((why for beginning, why in NOT_RUN.items() if command.startswith(beginning)), None)


def here(command, **names):
    """The command as a test runs it."""
    for written, instead, _ in SUBSTITUTIONS:
        command = command.replace(written, instead.format(**names))
    return command
