#!/usr/bin/python3
"""Writes a directory as an image archive, which containerd, Docker, Podman and kind load. The same directory and the
same SOURCE_DATE_EPOCH make the same bytes.

The archive is an OCI image layout with one layer; manifest.json beside it is for programs that only know Docker's
format, and names the same files.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import tarfile
import time

USER = 65532
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# What is not root's and 0755 or 0644: where the server may write if nothing is mounted there, and /tmp.
OWNED = {"data": USER}
MODES = {"tmp": 0o1777}


def bytes_of_json(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def layer_of(root: str, epoch: int) -> bytes:
    """The directory as a tar without anything that differs from machine to machine: order, owners, times."""
    paths = []
    for folder, folders, files in os.walk(root):
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(paths):
            info = tar.gettarinfo(os.path.join(root, path), path)
            info.type = tarfile.REGTYPE if info.islnk() else info.type
            info.uid = info.gid = OWNED.get(path, 0)
            info.uname = info.gname = ""
            info.mtime = epoch
            info.mode = MODES.get(path, 0o777 if info.issym() else 0o755 if info.mode & 0o100 else 0o644)
            if info.isreg():
                info.size = os.path.getsize(os.path.join(root, path))
                with open(os.path.join(root, path), "rb") as file:
                    tar.addfile(info, file)
            else:
                tar.addfile(info)
    return out.getvalue()


def full_name(name: str) -> str:
    """The name as containerd writes it, with the registry that a short one stands for."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return "docker.io/" + (name if slash else "library/" + name)


def write_archive(path: str, name: str, layer: bytes, epoch: int) -> str:
    """Returns the digest of the image's manifest."""
    blobs = {}

    def blob(data: bytes, kind: str) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    config = blob(bytes_of_json({
        "created": created, "architecture": ARCHITECTURES[platform.machine()], "os": "linux",
        "config": {"User": f"{USER}:{USER}", "WorkingDir": "/data", "Env": ["PATH=/usr/bin"],
                   "Cmd": ["/usr/bin/meshcheck-server"], "ExposedPorts": {"8081/tcp": {}, "8862/udp": {}},
                   "Labels": {"org.opencontainers.image.title": "meshcheck",
                              "org.opencontainers.image.licenses": "Apache-2.0",
                              "org.opencontainers.image.version": name.rpartition(":")[2]}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": created, "created_by": "examples/image/build.sh"}]}), "config.v1+json")
    packed = blob(gzip.compress(layer, mtime=0), "layer.v1.tar+gzip")
    manifest = blob(bytes_of_json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                    "config": config, "layers": [packed]}), "manifest.v1+json")
    named = manifest | {"annotations": {"io.containerd.image.name": full_name(name),
                                        "org.opencontainers.image.ref.name": name.rpartition(":")[2]}}
    files = blobs | {
        "oci-layout": bytes_of_json({"imageLayoutVersion": "1.0.0"}),
        "index.json": bytes_of_json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                      "manifests": [named]}),
        "manifest.json": bytes_of_json([{
            "Config": "blobs/sha256/" + config["digest"][7:], "RepoTags": [name],
            "Layers": ["blobs/sha256/" + packed["digest"][7:]]}])}
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member in sorted(files):
            info = tarfile.TarInfo(member)
            info.size, info.mtime, info.mode = len(files[member]), epoch, 0o644
            tar.addfile(info, io.BytesIO(files[member]))
    return manifest["digest"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="NAME:TAG")
    parser.add_argument("root", help="the directory that becomes the image")
    parser.add_argument("archive", help="the file to write")
    arguments = parser.parse_args()
    if ":" not in arguments.name.rpartition("/")[2]:
        parser.error(f"{arguments.name} has no tag; write for example {arguments.name}:1")
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    # In its place once it is whole.
    unfinished = arguments.archive + ".new"
    digest = write_archive(unfinished, arguments.name, layer_of(arguments.root, epoch), epoch)
    os.replace(unfinished, arguments.archive)
    print(f"{arguments.name} in {arguments.archive}, {os.path.getsize(arguments.archive) / 1e6:.1f} MB, {digest}")


if __name__ == "__main__":
    main()
