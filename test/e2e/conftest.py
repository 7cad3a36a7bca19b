"""What the tests here share: the programs, and, of a real cluster, an image on its nodes and a namespace."""

import hashlib
import os
import pathlib
import shutil
import uuid

import pytest

from chart import ROOT, must, program, run
from cluster import Cluster, Release

LAYOUT = {"meshcheck-server": "server", "meshcheck-agent": "agent", "meshcheck-agent-hostnet": "agent-hostnet",
          "meshcheck-smoke-mini": "smoke-mini"}


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: within seconds, and so part of each run; the others take minutes together")


def build_tree():
    return pathlib.Path(os.environ.get("MESHCHECK_BUILD", "build/release"))


@pytest.fixture(scope="session")
def programs():
    """Path of each program by its name as a pod of the chart."""
    found = {name: ROOT / build_tree() / folder / name for name, folder in LAYOUT.items()}
    for path in found.values():
        if not path.exists():
            pytest.skip(f"{path} is not there; set MESHCHECK_BUILD to a build tree")
    return found


def build_image(name, archive):
    """examples/image/build.sh, in a network namespace of its own that has no network."""
    environment = f"MESHCHECK_BUILD={build_tree()}"
    return must("unshare", "--map-root-user", "--net", "env", environment, ROOT / "examples" / "image" / "build.sh",
                name, archive, timeout=300)


def image_on_nodes(programs, tmp_path_factory, word):
    """Values that name an image which was built and loaded just now."""
    load = os.environ.get("MESHCHECK_E2E_LOAD")
    if not load:
        pytest.skip("set MESHCHECK_E2E_LOAD to a command that takes an image archive to the nodes, such as "
                    "'kind load image-archive', or MESHCHECK_E2E_IMAGE to an image that they can pull")
    contents = b"".join(path.read_bytes() for path in programs.values())
    tag = f"{word}-{hashlib.sha256(contents).hexdigest()[:12]}"
    archive = tmp_path_factory.mktemp("image") / "image.tar"
    build_image(f"meshcheck:{tag}", archive)
    must("bash", "-c", f'{load} "$1"', "-", archive, timeout=300)
    return {"image": {"repository": "meshcheck", "tag": tag}}


@pytest.fixture(scope="session")
def cluster():
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG is not set: it names the cluster to install to")
    program("helm")
    made = Cluster(program("kubectl"))
    ended = made.try_kubectl("get", "nodes")
    if ended.returncode != 0:
        pytest.skip(f"the cluster does not answer: {ended.stderr.strip()}")
    return made


def default_class(cluster):
    """The StorageClass of claims that name none; None: there is no such class."""
    mark = "storageclass.kubernetes.io/is-default-class"
    return next((one for one in cluster.get("storageclasses") if one["metadata"].get("annotations", {}).get(mark) == "true"), None)


@pytest.fixture(scope="session")
def storage(cluster, tmp_path_factory):
    """Values by which the server has a volume here that it may write to, or none."""
    found = default_class(cluster)
    if not found:
        return {"server": {"persistence": {"enabled": False}}}
    # This provisioner makes directories of root, whatever fsGroup says.
    if found["provisioner"] != "kubernetes.io/host-path":
        return {}
    load, busybox = os.environ.get("MESHCHECK_E2E_LOAD"), shutil.which("busybox")
    if not load or not busybox:
        return {"volumePermissions": {"enabled": True}}
    folder, image = tmp_path_factory.mktemp("busybox"), "meshcheck-busybox:e2e"
    (folder / "root" / "usr" / "bin").mkdir(parents=True)
    shutil.copy(busybox, folder / "root" / "usr" / "bin" / "busybox")
    (folder / "root" / "usr" / "bin" / "chown").symlink_to("busybox")
    must(ROOT / "examples" / "image" / "archive.py", image, folder / "root", folder / "image.tar", timeout=60)
    must("bash", "-c", f'{load} "$1"', "-", folder / "image.tar", timeout=300)
    return {"volumePermissions": {"enabled": True, "image": image}}


@pytest.fixture(scope="session")
def image(programs, cluster, storage, tmp_path_factory):
    """Values that name an image which the nodes have: built here, unless MESHCHECK_E2E_IMAGE names one. And those of its volume."""
    if named := os.environ.get("MESHCHECK_E2E_IMAGE"):
        repository, _, tag = named.rpartition(":")
        return {"image": {"repository": repository, "tag": tag}} | storage
    return image_on_nodes(programs, tmp_path_factory, "e2e") | storage


@pytest.fixture(scope="session")
def next_image(programs, cluster, tmp_path_factory):
    """The same under another name."""
    return image_on_nodes(programs, tmp_path_factory, "next")


@pytest.fixture(scope="session")
def new_namespace(cluster):
    """Makes namespaces, and removes them at the end. Those for hostNetwork are labelled so, for clusters that enforce
    the Pod Security Standards."""
    made = []

    def make(level="privileged"):
        name = f"meshcheck-e2e-{uuid.uuid4().hex[:8]}"
        cluster.kubectl("create", "namespace", name)
        made.append(name)
        cluster.kubectl("label", "namespace", name, f"pod-security.kubernetes.io/enforce={level}")
        return name

    yield make
    if os.environ.get("MESHCHECK_E2E_KEEP"):
        return
    for name in made:
        run(program("helm"), "uninstall", "--namespace", name, "meshcheck")
        cluster.try_kubectl("delete", "namespace", name, "--timeout=100s", timeout=120)


@pytest.fixture(scope="module")
def release(cluster, image, new_namespace):
    """The chart with its default values."""
    made = Release(cluster, new_namespace(), image)
    made.install()
    return made


@pytest.fixture(scope="session")
def port_release(cluster, image, new_namespace):
    """The chart with a port on each node: there the server answers without the API server between."""
    made = Release(cluster, new_namespace(), image, port=31083)
    # Its agents on the hosts may stand beside those of another release.
    made.install({"probePort": 8863, "server": {"service": {"type": "NodePort", "nodePort": made.port}}})
    return made
