#!/bin/bash
# Prints our C++ files, one a line: those with the given endings, or .h and .cc.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
[[ $# -gt 0 ]] || set -- h cc
for ending in "$@"; do
  find stack nat posix services devices app sluice fuzz examples tests -name "*.$ending"
done | sort
