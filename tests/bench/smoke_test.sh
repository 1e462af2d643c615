#!/bin/bash
# Whether the benchmark works, not how fast anything is: short runs, and a look at what they wrote.
#
# usage: smoke_test.sh SLUICE LOAD RELAY BENCH.PY
set -euo pipefail

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
programs=(--sluice "$(readlink -f -- "$1")" --load "$(readlink -f -- "$2")" --relay "$(readlink -f -- "$3")")
bench=$(readlink -f -- "$4")
unset TMPDIR TEST_TMPDIR
directory=$(mktemp -d)
trap 'rm -rf -- "$directory"' EXIT
cd -- "$directory"

# Every system lets everybody use reno.
run() {
  python3 -B "$bench" "${programs[@]}" --rounds 1 --seconds 1 --mtu 1500 --congestion reno --host-congestion reno "$@"
}

run --only sluice,relay --tests up-1 --json streams.json
run --only sluice --tests rr-pinned,udp-down-64,hold-50 --no-calls --json others.json --svg others.svg
python3 -B - << 'END'
import json
import xml.dom.minidom

with open("streams.json", encoding="utf-8") as file:
    run = json.load(file)
(streams,) = run["cells"]
assert streams["medians"].keys() == {"sluice", "relay"} and streams["to_relay"] > 0, streams
assert streams["cpu_ns_each"]["sluice"] > 0, streams
assert run["about"]["calls_counted_by"] is None or streams["calls_each"]["sluice"] > 0, streams
with open("others.json", encoding="utf-8") as file:
    cells = {cell["test"]: cell for cell in json.load(file)["cells"]}
assert list(cells) == ["rr-pinned", "udp-down-64", "hold-50", "hold-50-memory", "hold-50-rr-alone",
                       "hold-50-rr-beside"], list(cells)
assert all(cell["medians"]["sluice"] > 0 for cell in cells.values()), cells
# The connection of a transaction before may end meanwhile.
assert 48 <= cells["hold-50-memory"]["rounds"]["sluice"][0]["descriptors"] <= 50, cells["hold-50-memory"]
xml.dom.minidom.parse("others.svg")
END
