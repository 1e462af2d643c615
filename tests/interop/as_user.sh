#!/bin/bash
# Runs one file of claims as an ordinary user though root tests: Sluice is for those without
# privilege, and much of what it does is different for them.
#
# usage: as_user.sh SLUICE FILE
set -euo pipefail

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
if ((EUID != 0)); then
  echo "skipped: an ordinary user runs all claims anyway"
  echo "0 passed, 0 failed"
  exit 0
fi
directory=$(mktemp -d)
trap 'rm -rf -- "$directory"' EXIT
# The user can't look into root's directories.
install -m 755 -- "$1" "$directory/sluice"
install -m 644 -- "$(dirname -- "$2")"/*.py "$directory"
chown -R nobody:nogroup "$directory"
# On most systems everybody may open the tun device.
unshare --mount bash -c '
  mount -t tmpfs none /dev/net
  mknod -m 666 /dev/net/tun c 10 200
  directory=$1; shift
  cd "$directory"
  exec setpriv --reuid nobody --regid nogroup --clear-groups env -i "PATH=$PATH" "HOME=$directory" \
    "SLUICE=$directory/sluice" "ASAN_OPTIONS=quarantine_size_mb=16" python3 -B "$@"
' _ "$directory" "$directory/$(basename -- "$2")"
