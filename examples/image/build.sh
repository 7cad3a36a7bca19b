#!/bin/bash
# Makes the image from the build tree: no base image, no network, no daemon, no root. One image holds the server and
# both agents, since they share nearly all of it, and a node that runs several pulls it once.
# Usage: [MESHCHECK_BUILD=build/release] examples/image/build.sh [NAME:TAG [FILE]]
# Defaults: meshcheck:VERSION, build/meshcheck-image.tar. Load it with one of
#   ctr -n k8s.io images import FILE        kind load image-archive FILE
#   docker load -i FILE                     podman load -i FILE
set -euo pipefail

cd "$(dirname "$0")/../.."
build=${MESHCHECK_BUILD:-build/release}
version=$(sed -n 's/^project(meshcheck VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=${1:-meshcheck:$version}
archive=${2:-build/meshcheck-image.tar}
# The time of the last change, so that the same source makes the same image.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
export SOURCE_DATE_EPOCH

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
examples/image/rootfs.sh "$build" "$root"
mkdir -p "$(dirname "$archive")"
/usr/bin/python3 examples/image/archive.py "$name" "$root" "$archive"
