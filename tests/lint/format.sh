#!/bin/bash
# Checks that clang-format would change nothing. Exit status 1, and the places, if it would.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
cd -- "$here/../.."
"$here/sources.sh" | xargs -r clang-format-14 --dry-run -Werror
