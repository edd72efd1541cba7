#!/usr/bin/env bash
# The one command before a commit: formatting, layering, then build and tests. Goes on after a failure, so
# that one run tells all of them.
#   scripts/check.sh          the everyday check
#   scripts/check.sh --full   adds sanitizers, fuzzing and clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
step() {
  printf '\n== %s\n' "$*"
  local start=$SECONDS
  "$@" || failed+=("$*")
  printf '== %s s\n' "$((SECONDS - start))"
}

tested=(dev)
if [[ "${1:-}" == --full ]]; then tested+=(sanitize thread-sanitize fuzz); fi
# Results of an earlier run must not be counted as this one's.
for preset in "${tested[@]}"; do rm -rf "build/$preset/tests.xml" "build/$preset/Testing"; done
rm -f build/python/tests.xml

step scripts/format.sh --check
step scripts/check_layers.py
# The Python module is compiled in another folder, from the same sources with the same flags.
export CCACHE_NOHASHDIR=1
for preset in "${tested[@]}"; do step cmake --workflow --preset "$preset"; done
step scripts/python_tests.sh
if [[ "${1:-}" == --full ]]; then step cmake --workflow --preset tidy; fi

printf '\n'
for what in "${failed[@]}"; do echo "failed: $what"; done
scripts/summarize_tests.py "${tested[@]/#/build/}" build/python
exit $((${#failed[@]} > 0))
