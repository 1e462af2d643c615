#!/bin/bash
# What is installed can be compiled against and run, by nothing but pkg-config.
#
# usage: install_test.sh INSTALLER LIBRARY
set -euo pipefail
installer=$1
library=$2
prefix=$TEST_TMPDIR/prefix
"$installer" "$library" "$prefix" "$prefix/lib/somewhere"
export PKG_CONFIG_PATH=$prefix/lib/somewhere/pkgconfig
pkg-config --atleast-version=4.9 slirp
cat > "$TEST_TMPDIR/program.c" << 'END'
#include <libslirp.h>
#include <stdio.h>
int main(void) {
#if !SLIRP_CHECK_VERSION(4, 9, 0)
#error "too old"
#endif
  SlirpConfig config = {.version = SLIRP_CONFIG_VERSION_MAX + 1};
  SlirpCb callbacks = {0};
  if (slirp_new(&config, &callbacks, NULL) != NULL) return 1;
  return puts(slirp_version_string()) < 0;
}
END
# shellcheck disable=SC2046  # several words
cc -std=c11 -Wall -Wextra -Werror -pedantic -o "$TEST_TMPDIR/program" "$TEST_TMPDIR/program.c" \
  $(pkg-config --cflags --libs slirp)
# A sanitizer in the library wants to be there first, and this program is plain C.
preload=$(ldd "$library" | awk '/lib(asan|tsan)\.so/ { print $3 }')
said=$(LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 LD_LIBRARY_PATH=$prefix/lib/somewhere \
  "$TEST_TMPDIR/program" 2> "$TEST_TMPDIR/stderr")
[[ $said == "$(pkg-config --modversion slirp)"* ]]
grep -q 'SlirpConfig.version is 7' "$TEST_TMPDIR/stderr"
