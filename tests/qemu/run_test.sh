#!/bin/bash
# Runs one file of claims about guests of QEMU. Bazel's tests start here, and a person can too:
#
# usage: run_test.sh [OPTION]... FILE [WORD]...
#
# --library PATH         the libslirp.so.0 under test, or its directory; without it QEMU runs with the
#                        one that it would find anyway
# --root DIRECTORY       a tree of another Debian to take QEMU from; if there is none, all is skipped
# --root-from VARIABLE   the same, named by a variable of the environment
# --sluice PATH          the Sluice under test, for claims about it as a process
# --qemu NAME            the program, qemu-system-x86_64 unless told
#
# With words, only the claims whose names hold one are run.
set -euo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export SLUICE_QEMU=${SLUICE_QEMU:-} SLUICE_QEMU_ROOT=${SLUICE_QEMU_ROOT:-} SLUICE_QEMU_LIBRARY=${SLUICE_QEMU_LIBRARY:-}
# Bazel tells no home, which is where the guest's kernel is kept.
home=$(getent passwd "$EUID" | cut -d : -f 6) || home=
export HOME=${HOME:-$home}
use_root() {
  if [[ ! -d $1 ]]; then
    echo "skipped: no tree of another Debian to take QEMU from: $2"
    echo "0 passed, 0 failed"
    exit 0
  fi
  SLUICE_QEMU_ROOT=$(readlink -f -- "$1")
}

while [[ ${1:-} == --* ]]; do
  case $1 in
    --library)
      # The name of the file may be a link of a build to elsewhere.
      SLUICE_QEMU_LIBRARY=$2
      [[ -d $2 ]] || SLUICE_QEMU_LIBRARY=$(dirname -- "$2")
      SLUICE_QEMU_LIBRARY=$(cd -- "$SLUICE_QEMU_LIBRARY" && pwd)
      ;;
    --sluice)
      SLUICE=$(readlink -f -- "$2")
      export SLUICE
      ;;
    --root) use_root "$2" "$2" ;;
    --root-from) use_root "${!2:-}" "set $2 to a directory" ;;
    --qemu) SLUICE_QEMU=$2 ;;
    *)
      echo "run_test.sh: no option $1; there are: --library --root --root-from --sluice --qemu" >&2
      exit 2
      ;;
  esac
  shift 2
done
test_file=$(readlink -f -- "$1")
shift
SLUICE_QEMU_GUEST=$("$here/../../setup/unpack_guest.sh")
export SLUICE_QEMU_GUEST
# The host's side is that of the tests with programs.
export PYTHONPATH=$here/../interop
unset TMPDIR TEST_TMPDIR
exec python3 -B "$test_file" "$@"
