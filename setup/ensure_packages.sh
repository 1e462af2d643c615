#!/bin/bash
# Installs the Debian packages that the given lists name and that are missing, as root or by sudo.
#
# usage: setup/ensure_packages.sh LIST...
#
# A list has one package a line; '#' begins a comment. Nothing is done, and nothing is said, when
# all are there. Exits with 1 and the command to run when packages are missing and can't be installed.
set -euo pipefail

say() { printf 'sluice: %s\n' "$*" >&2; }

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@" | sort -u)

missing=()
if command -v dpkg-query > /dev/null; then
  installed=$(dpkg-query -W -f='${db:Status-Abbrev}|${binary:Package}|${Provides}\n' 2> /dev/null |
    sed -n 's/^ii *|//p' | tr '|,' '\n' | sed -e 's/ //g' -e 's/[:(].*//' | sort -u)
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}") <(printf '%s\n' "$installed"))
else
  say "this is not a Debian system (no dpkg-query); install what corresponds to: ${wanted[*]}"
  exit 1
fi
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  if command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [[ -t 0 && -t 2 ]]; }; then
    as_root=(sudo)
  else
    say "missing Debian packages: ${missing[*]}"
    say "not root and no sudo; have somebody run:"
    say "  apt-get install -y --no-install-recommends ${missing[*]}"
    exit 1
  fi
fi

say "installing Debian packages${as_root:+ with sudo}: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
# An index that can't be refreshed may still do, so only the installation's failure counts.
"${apt[@]}" update > "$log" 2>&1 < /dev/null || true
if ! "${apt[@]}" install --no-install-recommends "${missing[@]}" >> "$log" 2>&1 < /dev/null; then
  cat "$log" >&2
  say "apt-get could not install: ${missing[*]}"
  exit 1
fi
