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

step scripts/format.sh --check
step scripts/check_layers.py
for preset in "${tested[@]}"; do step cmake --workflow --preset "$preset"; done
if [[ "${1:-}" == --full ]]; then step cmake --workflow --preset tidy; fi

printf '\n'
for what in "${failed[@]}"; do echo "failed: $what"; done
scripts/summarize_tests.py "${tested[@]/#/build/}"
exit $((${#failed[@]} > 0))
