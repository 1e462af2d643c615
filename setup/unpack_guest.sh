#!/bin/bash
# Prints a directory with what the guests of tests/qemu are made of: Debian's kernel and a static
# busybox, unpacked and not installed. To install a kernel would change how the machine boots, and
# the static busybox conflicts with the one that udhcpc brings.
#
# usage: setup/unpack_guest.sh
#
# Works as any user; downloads 70 MB the first time. With SLUICE_QEMU_GUEST set, that directory is
# taken as it is: it holds boot/vmlinuz-VERSION, lib/modules/VERSION and bin/busybox.
set -euo pipefail

if [[ -n ${SLUICE_QEMU_GUEST:-} ]]; then
  printf '%s' "$SLUICE_QEMU_GUEST"
  exit 0
fi
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
cache=$("$here/cache_directory.sh")
guest=$cache/guest
exec {lock}> "$cache/guest.lock"
flock "$lock"
if [[ ! -e $guest/bin/busybox ]]; then
  work=$(mktemp -d "$cache/guest.XXXXXX")
  trap 'rm -rf -- "$work"' EXIT
  log=$work/log
  fail() {
    cat -- "$log" >&2
    echo "sluice: could not get the guest's kernel and busybox from Debian: $1" >&2
    echo "sluice: 'apt-get update' as root may help; or set SLUICE_QEMU_GUEST to a directory with them" >&2
    exit 1
  }
  # The meta-package names the newest kernel, with drivers that the cloud flavour lacks.
  kernel=$(apt-cache depends linux-image-amd64 2> "$log" | awk '$1 == "Depends:" { print $2; exit }')
  [[ -n $kernel ]] || fail "no package linux-image-amd64 is known here"
  echo "sluice: downloading $kernel and busybox-static for the tests' guests" >&2
  mkdir -- "$work/packages" "$work/tree"
  (cd -- "$work/packages" && apt-get -q download "$kernel" busybox-static) > "$log" 2>&1 || fail "the download failed"
  # Of the kernel only what a guest may need.
  modules='./lib/modules/*'
  dpkg-deb --fsys-tarfile "$work/packages/$kernel"_*.deb | tar -x -C "$work/tree" --wildcards \
    './boot/vmlinuz-*' "$modules/modules.builtin" "$modules/kernel/arch" "$modules/kernel/crypto" \
    "$modules/kernel/drivers/net/*.ko" "$modules/kernel/drivers/net/ethernet" "$modules/kernel/drivers/virtio" \
    "$modules/kernel/fs" "$modules/kernel/lib" "$modules/kernel/net" 2> "$log" || fail "unpacking failed"
  dpkg-deb --fsys-tarfile "$work/packages"/busybox-static_*.deb | tar -x -C "$work/tree" ./bin/busybox 2> "$log" ||
    fail "unpacking failed"
  chmod 755 -- "$work/tree"
  rm -rf -- "$guest"
  mv -- "$work/tree" "$guest"
fi
printf '%s' "$guest"
