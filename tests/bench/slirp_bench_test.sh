#!/bin/bash
# Every test of the benchmark of libraries ends with numbers that are none of a failure.
#
# usage: slirp_bench_test.sh BENCHMARK LIBRARY
set -euo pipefail
said=$("$1" --rounds 1 --seconds 0.2 "ours=./$2" 2> "$TEST_TMPDIR/stderr")
printf '%s\n' "$said"
cat -- "$TEST_TMPDIR/stderr"
[[ ! -s $TEST_TMPDIR/stderr ]]
awk 'NR > 1 && $3 > 0 && $4 > 0 { ++rows } END { exit rows != 6 }' <<< "$said"
