#!/bin/bash
# Fills a directory with all that a container of meshcheck needs: the programs without debug information,
# the shared libraries they load, a user, certificate authorities, licences. No shell, no package manager.
# Usage: examples/image/rootfs.sh BUILD DIRECTORY      BUILD is a build tree, such as build/release
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: examples/image/rootfs.sh BUILD DIRECTORY" >&2
  exit 2
fi
build=$1
root=$2
here=$(cd "$(dirname "$0")" && pwd)
programs=(server/meshcheck-server agent/meshcheck-agent agent-hostnet/meshcheck-agent-hostnet
  smoke-mini/meshcheck-smoke-mini meshctl/meshctl)
authorities=/etc/ssl/certs/ca-certificates.crt

for program in "${programs[@]}"; do
  if [ ! -x "$build/$program" ]; then
    echo "rootfs.sh: $build/$program is missing; run make build, or set MESHCHECK_BUILD" >&2
    exit 1
  fi
done
if [ ! -r "$authorities" ]; then
  echo "rootfs.sh: $authorities is missing; install ca-certificates" >&2
  exit 1
fi
if [ -n "$(ls -A "$root" 2>/dev/null)" ]; then
  echo "rootfs.sh: $root is not empty" >&2
  exit 1
fi

mkdir -p "$root"/{data,etc/ssl/certs,tmp,usr/{bin,lib,lib64},usr/share/doc/meshcheck,var/lib/dpkg/status.d}
ln -s usr/bin "$root/bin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"

for program in "${programs[@]}"; do
  strip --strip-all -o "$root/usr/bin/${program##*/}" "$build/$program"
  chmod 755 "$root/usr/bin/${program##*/}"
done

# Everything that is loaded, the loader included; the kernel's own vdso has no path and drops out. Prints each
# path as the programs ask for it.
loaded() {
  local program
  for program in "${programs[@]}"; do
    if ldd "$build/$program" | grep 'not found' >&2; then
      echo "rootfs.sh: a library of $program is not there" >&2
      return 1
    fi
    ldd "$build/$program" | grep -o '/[^ ]*'
  done | sort -u
}
# owner FILE: the Debian package it came with. Packages from before the merge of /lib and /usr/lib name it
# by the old path.
owner() {
  local file
  file=$(readlink -f "$1")
  { dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}" 2>/dev/null || true; } |
    head -n 1 | cut -d: -f1
}

packages=$(owner "$authorities")
while read -r library; do
  in_usr=/usr/${library#/}
  in_usr=${in_usr/#\/usr\/usr\//\/usr\/}
  install -D -m 644 "$(readlink -f "$library")" "$root$in_usr"
  packages+=$'\n'$(owner "$library")
done < <(loaded)
find "$root/usr/lib64" -type f -exec chmod 755 {} + # the loader is a program too

# Licences, and what scanners of images look for: which package is there in which version.
cp "$here/../../LICENSE" "$root/usr/share/doc/meshcheck/copyright"
while read -r package; do
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
done < <(sort -u <<<"$packages" | grep .)
cp -rL /usr/share/common-licenses "$root/usr/share/common-licenses"

install -m 644 "$authorities" "$root$authorities"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'meshcheck:x:65532:65532:meshcheck:/data:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'meshcheck:x:65532:' >"$root/etc/group"
