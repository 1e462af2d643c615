#!/bin/bash
# Installs a built libslirp.so.0, with its header and its pkg-config file, as programs look for it.
#
# usage: setup/install_libslirp.sh LIBRARY PREFIX [LIBDIR]      LIBDIR: PREFIX/lib if not given
#
# DESTDIR, if set, goes in front of every place that is written to.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
if (($# < 2 || $# > 3)) || [[ $2 != /* || ${3:-/} != /* ]]; then
  echo "usage: install_libslirp.sh LIBRARY PREFIX [LIBDIR], the directories as absolute paths" >&2
  exit 2
fi
library=$1
prefix=$2
libdir=${3:-$prefix/lib}
readonly to=${DESTDIR:-}

part() { sed -n "s/^#define SLIRP_$1_VERSION \([0-9]*\)$/\1/p" "$root/sluice/libslirp-version.h"; }
version=$(part MAJOR).$(part MINOR).$(part MICRO)

install -d -- "$to$libdir/pkgconfig" "$to$prefix/include/slirp"
install -m 644 -- "$library" "$to$libdir/libslirp.so.0.$version"
ln -sfn -- "libslirp.so.0.$version" "$to$libdir/libslirp.so.0"
ln -sfn -- libslirp.so.0 "$to$libdir/libslirp.so"
install -m 644 -- "$root/sluice/libslirp.h" "$root/sluice/libslirp-version.h" "$to$prefix/include/slirp"
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" -e "s|@VERSION@|$version|" \
  "$root/app/libslirp/slirp.pc.in" > "$to$libdir/pkgconfig/slirp.pc"
