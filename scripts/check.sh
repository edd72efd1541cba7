#!/usr/bin/env bash
# The one command before a commit: formatting, layering, then build and tests. Goes on after a failure, so
# that one run tells all of them.
#   scripts/check.sh          the everyday check
#   scripts/check.sh --full   adds sanitizers, fuzzing, clang-tidy, and the CUDA build where nvcc is
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
if [[ "${1:-}" == --full ]]; then
  tested+=(sanitize thread-sanitize fuzz)
  if command -v nvcc || [[ -x /usr/local/cuda/bin/nvcc ]]; then tested+=(cuda); else no_cuda=true; fi >/dev/null
fi
# Results of an earlier run must not be counted as this one's.
for preset in "${tested[@]}"; do rm -rf "build/$preset/tests.xml" "build/$preset/Testing"; done
rm -f build/python/tests.xml

step scripts/format.sh --check
step scripts/check_layers.py
# The Python module is compiled in another folder, from the same sources with the same flags.
export CCACHE_NOHASHDIR=1
for preset in "${tested[@]}"; do step cmake --workflow --preset "$preset"; done
step scripts/python_tests.sh
if [[ "${1:-}" == --full ]]; then
  step cmake --workflow --preset tidy
  step scripts/tidy_cuda.sh
fi

printf '\n'
for what in "${failed[@]}"; do echo "failed: $what"; done
if [[ -v no_cuda ]]; then echo "cuda: no nvcc here, so the build with CUDA was not compiled"; fi
scripts/summarize_tests.py "${tested[@]/#/build/}" build/python
exit $((${#failed[@]} > 0))
