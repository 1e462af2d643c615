#!/bin/bash
# Runs one file of claims against a binary. Bazel's tests start here.
#
# usage: run_test.sh SLUICE FILE [WORD]...     with words, only the claims whose names hold one
set -euo pipefail

# Programs of the guest's side are administrators' too, and Bazel's PATH lacks their directories.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin SLUICE
SLUICE=$(readlink -f -- "$1")
test_file=$(readlink -f -- "$2")
shift 2
# A sanitizer's build keeps freed memory for a while; a little is enough.
export ASAN_OPTIONS=quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}
unset TMPDIR TEST_TMPDIR
exec python3 -B "$test_file" "$@"
