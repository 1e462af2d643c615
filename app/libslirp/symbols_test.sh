#!/bin/bash
# The library's symbols: exactly those of libslirp 4.9, each in its version, the versions chained in
# their order, and every one that the system's own libslirp has.
#
# usage: symbols_test.sh OUR_LIBRARY
set -euo pipefail
library=$1
failures=0

expect() {  # NAME EXPECTED GOT
  [[ $2 == "$3" ]] && return
  printf '%s\n--- expected\n%s\n--- got\n%s\n' "$1" "$2" "$3"
  failures=$((failures + 1))
}

# "name@@VERSION" of all functions that a library offers.
functions_of() {
  readelf --dyn-syms -W "$1" | awk '$4 == "FUNC" && $7 != "UND" { print $8 }' | LC_ALL=C sort
}

readonly expected="slirp_add_exec@@SLIRP_4.0
slirp_add_guestfwd@@SLIRP_4.0
slirp_add_hostfwd@@SLIRP_4.0
slirp_add_hostxfwd@@SLIRP_4.5
slirp_add_unix@@SLIRP_4.2
slirp_cleanup@@SLIRP_4.0
slirp_connection_info@@SLIRP_4.0
slirp_handle_timer@@SLIRP_4.7
slirp_init@@SLIRP_4.0
slirp_input@@SLIRP_4.0
slirp_neighbor_info@@SLIRP_4.5
slirp_new@@SLIRP_4.1
slirp_pollfds_fill@@SLIRP_4.0
slirp_pollfds_fill_socket@@SLIRP_4.9
slirp_pollfds_poll@@SLIRP_4.0
slirp_remove_guestfwd@@SLIRP_4.2
slirp_remove_hostfwd@@SLIRP_4.0
slirp_remove_hostxfwd@@SLIRP_4.5
slirp_reset_debug@@SLIRP_4.9
slirp_set_debug@@SLIRP_4.9
slirp_socket_can_recv@@SLIRP_4.0
slirp_socket_recv@@SLIRP_4.0
slirp_state_load@@SLIRP_4.0
slirp_state_save@@SLIRP_4.0
slirp_state_version@@SLIRP_4.0
slirp_version_string@@SLIRP_4.0"
expect "functions" "$expected" "$(functions_of "$library")"

# Nothing else is offered, of whatever kind, but the versions' own names.
others=$(readelf --dyn-syms -W "$library" |
  awk '$7 != "UND" && $5 != "LOCAL" && $4 != "FUNC" && $1 ~ /^[0-9]+:$/ { print $8 }' | LC_ALL=C sort)
expect "other symbols" "SLIRP_4.0
SLIRP_4.1
SLIRP_4.2
SLIRP_4.5
SLIRP_4.7
SLIRP_4.9" "$others"

expect "SONAME" "libslirp.so.0" \
  "$(readelf -d -W "$library" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')"

# Each version and the one before it.
chain=$(readelf -V -W "$library" | sed -n '/Version definition/,/Version needs/p' |
  sed -nE 's/.*Name: (SLIRP_[0-9.]+)$/\1/p; s/.*Parent 1: (SLIRP_[0-9.]+)$/  after \1/p')
expect "versions" "SLIRP_4.0
SLIRP_4.1
  after SLIRP_4.0
SLIRP_4.2
  after SLIRP_4.1
SLIRP_4.5
  after SLIRP_4.2
SLIRP_4.7
  after SLIRP_4.5
SLIRP_4.9
  after SLIRP_4.7" "$chain"

theirs=$(ldconfig -p 2> /dev/null || /sbin/ldconfig -p)
theirs=$(awk '$1 == "libslirp.so.0" && /x86-64|,/ { print $NF; exit }' <<< "$theirs")
if [[ -z $theirs ]]; then
  echo "there is no libslirp.so.0 on this system to compare with (Debian's libslirp0)"
  exit 1
fi
missing=$(LC_ALL=C comm -13 <(functions_of "$library") <(functions_of "$theirs"))
expect "what $theirs has and ours has not" "" "$missing"
[[ -n $(functions_of "$theirs") ]]

[[ $failures -eq 0 ]]
