#!/usr/bin/env bash
# All checks of the tree, at three sizes (docs/development.md says what each runs):
#   scripts/check.sh             before a commit: formatting, layers, build, the quick tests
#   scripts/check.sh --ci        what CI runs; stops at the first failure
#   scripts/check.sh --nightly   everything; like the first it continues after a failure, so that one run shows all
set -euo pipefail
cd "$(dirname "$0")/.."

size=${1:-}
if (($# > 1)) || [[ ! $size =~ ^(--ci|--nightly|)$ ]]; then
  echo "usage: $0 [--ci | --nightly]" >&2
  exit 64
fi

failed=()
steps=()
step() {
  printf '\n== %s\n' "$*"
  local start=$SECONDS
  "$@" || failed+=("$*")
  steps+=("$(printf '%5d s  %s' "$((SECONDS - start))" "$*")")
  if [[ $size == --ci ]] && ((${#failed[@]} > 0)); then finish; fi
}

tested=()
# A workflow preset, and the build folder with its results; those of an earlier run must not count as this one's.
workflow() {
  local preset=$1 folder=build/$2
  rm -rf "$folder/tests.xml" "$folder/Testing"
  tested+=("$folder")
  step cmake --workflow --preset "$preset"
}

python_tests() {
  rm -f build/python/tests.xml
  tested+=(build/python)
  step scripts/python_tests.sh
}

# After python_tests, whose module they use.
engines_tests() {
  rm -f build/python/engines/tests.xml
  tested+=(build/python/engines)
  step scripts/engines_tests.sh
}

# The server with the clients that people have.
server_tests() { step scripts/serve_tests.sh; }

wheel_test() { step scripts/test_wheel.sh build/python/wheels/*.whl; }

# What users get: the wheels of all Pythons that are found, with the same bytes when they are built again.
release_wheels() {
  step scripts/build_wheels.sh
  step scripts/test_wheel.sh dist/*.whl
  step sh -c 'sha256sum dist/*.whl >build/wheels.sha256'
  rm -rf build/python-*
  step scripts/build_wheels.sh
  step sha256sum --check build/wheels.sha256
}

# What the linker does for it is the same in every build.
hardening() {
  step scripts/check_hardening.py --linked build/dev/cli/fastintent build/dev/cli/fastintent-serve \
    build/python/environment/lib/python*/site-packages/fastintent/_fastintent.*.so
}

finish() {
  printf '\n'
  printf '%s\n' "${steps[@]}"
  for what in "${failed[@]}"; do echo "failed: $what"; done
  if [[ -v no_cuda ]]; then echo "cuda: $no_cuda"; fi
  scripts/summarize_tests.py "${tested[@]}"
  exit $((${#failed[@]} > 0))
}

# Whether a file changed that the build with CUDA or the emulated device reads.
cuda_changed() {
  scripts/changed_files.sh | grep -E '^(src/(cuda|compute|model|devices)|tests/(cuda|cuda_emulation|compute))/|^cmake/' \
    >/dev/null
}

has_nvcc() { command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; }

cuda_build() {
  if has_nvcc; then workflow cuda cuda; else no_cuda="no nvcc here, so the build with CUDA was not compiled"; fi
}

# The Python module is compiled in another folder, from the same sources with the same flags.
export CCACHE_NOHASHDIR=1

step scripts/format.sh --check
step scripts/check_layers.py
# Fails on a public name of C++ without a description.
if [[ -n $size ]]; then step scripts/build_api_docs.sh --cpp; fi
case $size in
'')
  # Since the last commit, that is.
  if FASTINTENT_CHANGED_SINCE=HEAD cuda_changed; then workflow ci dev; else workflow quick dev; fi
  ;;
--ci)
  workflow ci dev
  step scripts/tidy.py # reads the compilation database of dev
  python_tests
  engines_tests
  server_tests
  wheel_test
  hardening
  workflow sanitize-host sanitize-host
  workflow thread-sanitize-host thread-sanitize
  workflow fuzz-ci fuzz-ci
  if cuda_changed; then cuda_build; else no_cuda="nothing changed that the build with CUDA reads"; fi
  ;;
--nightly)
  export FASTINTENT_TEST_COMBINATIONS=all
  workflow dev dev
  python_tests
  engines_tests
  server_tests
  wheel_test
  hardening
  release_wheels
  step cmake --workflow --preset release
  step scripts/check_hardening.py build/release/cli/fastintent
  step scripts/build_debs.sh build/release
  # Both try a sample in the workflow above.
  step env FASTINTENT_FAULT_POINTS=all build/dev/tests/faults/faults_tests
  step scripts/sweep_faults.py --points all
  cuda_build
  step scripts/tidy.py --all
  workflow sanitize sanitize
  workflow thread-sanitize thread-sanitize
  workflow fuzz fuzz
  step scripts/fuzz_nightly.sh
  ;;
esac
finish
