#!/bin/bash
# Prints a directory of the user's own to keep builds in: the cache in a home that can be written to,
# or else one below /tmp that nobody else can have prepared.
set -euo pipefail

for base in "${XDG_CACHE_HOME:-}" "${HOME:+$HOME/.cache}"; do
  [[ $base == /* ]] || continue
  if mkdir -p -- "$base/sluice" 2> /dev/null && [[ -w $base/sluice ]]; then
    printf '%s' "$base/sluice"
    exit 0
  fi
done
base=/tmp/sluice-$UID
mkdir -m 700 -- "$base" 2> /dev/null || true
if [[ -L $base || ! -O $base || ! -w $base ]]; then
  echo "sluice: no directory to build in: set HOME or XDG_CACHE_HOME to one you can write to" >&2
  exit 1
fi
printf '%s' "$base"
