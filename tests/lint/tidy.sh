#!/bin/bash
# Runs clang-tidy over our sources, two at a time. A file that was clean is not looked at again
# until it, a header it includes or the configuration changes. The path-sensitive analyzer looks at
# what is shipped and fuzzed; in tests it would spend most of its time on googletest's macros. Exit
# status 1, and the findings, if there are any.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
cd -- "$here/../.."

cache=$(setup/cache_directory.sh)/tidy
mkdir -p -- "$cache"
# What every file's result depends on besides the files that it is made of.
common=$({ cat .clang-tidy; clang-tidy-14 --version; } | sha256sum)
readonly flags="-std=c++20 -I. -DSPDLOG_COMPILED_LIB
  -DSPDLOG_FMT_EXTERNAL"
export cache common flags

check() {
  local file=$1 parts key output
  local checks=()
  [[ $file != *_test.cc && $file != tests/* ]] || checks=(--checks='-clang-analyzer-*')
  # shellcheck disable=SC2086  # flags are several words
  parts=$(clang++-14 $flags -MM -MT '' "$file" | tr -d '\\:') || parts=$file
  key=$({ printf '%s' "$common" "${checks[@]}"; xargs sha256sum -- <<< "$parts"; } | sha256sum | cut -c 1-40)
  [[ -e $cache/$key ]] && return 0
  # shellcheck disable=SC2086
  if output=$(clang-tidy-14 --quiet "${checks[@]}" "$file" -- $flags 2>&1); then
    touch -- "$cache/$key"
  else
    printf '%s\n' "$output"
    return 1
  fi
}
export -f check
"$here/sources.sh" cc | xargs -r -P 2 -I{} bash -c 'check "$1"' _ {}
