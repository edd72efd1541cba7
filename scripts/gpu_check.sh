#!/usr/bin/env bash
# Everything that needs a GPU: the tests labelled gpu, then the benchmarks of benchmarks/gpu. Leaves a JSON.
#
#   scripts/gpu_check.sh [OPTION ...]    builds the preset cuda on a machine with a GPU and checks there
#   scripts/gpu_check.sh --pack DIR      builds on a machine with CUDA's toolkit and no GPU, for one without network
#   DIR/gpu_check.sh --packed [OPTION …] checks there; that machine needs python3, ctest, torch, CUDA's libraries
#
# --skip-tests, --skip-benchmarks: only the other half. Other options go to benchmarks/gpu/suite.py (see its --help):
# --parts, --trained, --output. PYTHON: the one with torch (default python3). FASTINTENT_DATA, FASTINTENT_BASE_MODEL:
# data and base weights.
set -euo pipefail

fail() {
  echo "gpu_check: $*" >&2
  exit 1
}

mode=here tests=yes benchmarks=yes pack='' arguments=()
while (($#)); do
  case $1 in
  --pack)
    mode=pack pack=${2:?gpu_check: --pack: expected a folder}
    shift
    ;;
  --packed) mode=packed ;;
  --skip-tests) tests=no ;;
  --skip-benchmarks) benchmarks=no ;;
  -h | --help)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
  *) arguments+=("$1") ;;
  esac
  shift
done
PYTHON=${PYTHON:-python3}
[[ -z $pack ]] || pack=$(realpath -m "$pack")
root=$(cd "$(dirname "$0")" && pwd)
[[ $mode == packed ]] || root=$(dirname "$root")
cd "$root"
build=build/cuda

require_gpu() {
  local gpus
  gpus=$(nvidia-smi --list-gpus 2>/dev/null || true)
  [[ $gpus == *GPU* ]] || fail "expected an NVIDIA GPU, found none; --pack builds for another machine"
}

build_all() {
  command -v nvcc >/dev/null || [[ -x ${CUDACXX:-} || -x /usr/local/cuda/bin/nvcc ]] ||
    fail "expected CUDA's compiler, found no nvcc (PATH, CUDACXX, /usr/local/cuda/bin)"
  scripts/install_dependencies.sh --developer
  cmake --preset cuda -DFASTINTENT_BENCHMARKS=ON
  cmake --build "$build"
}

# CUDA's libraries: the system's, or those that torch's packages brought; libcuda where containers have it.
cuda_folders() {
  local packages folder
  packages=$("$PYTHON" -c 'import importlib.util
spec = importlib.util.find_spec("nvidia")
print((list(spec.submodule_search_locations) if spec else [""])[0])')
  for folder in "${packages:-/nowhere}"/*/lib "${CUDA_HOME:-/usr/local/cuda}/lib64" /usr/local/nvidia/lib64; do
    if [[ -d $folder ]]; then printf '%s:' "$folder"; fi
  done
}

unpack() {
  [[ -x $build/cli/fastintent ]] ||
    "$PYTHON" -c 'import tarfile; tarfile.open("binaries.tar.xz").extractall(filter="data")'
  local folders
  folders=$(cuda_folders)
  export PACKED_ROOT=$root # for build/cuda/CTestTestfile.cmake
  export LD_LIBRARY_PATH=$root/lib:$folders${LD_LIBRARY_PATH:-}
  local missing
  missing=$(ldd "$build/cli/fastintent" 2>&1 | grep 'not found' || true)
  [[ -z $missing ]] || fail "expected every shared library, found (searched $LD_LIBRARY_PATH):"$'\n'"$missing"
}

case $mode in
pack)
  build_all
  exec "$PYTHON" -B scripts/pack_gpu_check.py "$build" "$pack"
  ;;
here)
  require_gpu
  build_all
  ;;
packed)
  require_gpu
  unpack
  ;;
esac

# nvidia-smi may see a GPU that this program cannot use; then all tests would skip.
gpu=$("$build/cli/fastintent" info | sed -n 's/^gpu: *//p')
[[ $gpu != none* ]] || fail "expected a GPU that fastintent can use, found $gpu"

failed=0
if [[ $tests == yes ]]; then
  command -v ctest >/dev/null || fail "expected ctest, of CMake, to run the tests; found none (--skip-tests continues without)"
  # One at a time: they share the GPU and its memory.
  FASTINTENT_TEST_COMBINATIONS=all ctest --test-dir "$build" -L '^gpu$' --no-tests=error --output-on-failure \
    --output-junit "$root/build/gpu_tests.xml" || failed=1
  arguments+=(--tests "$root/build/gpu_tests.xml")
fi
if [[ $benchmarks == yes ]]; then
  "$PYTHON" -B benchmarks/gpu/suite.py --build "$root/$build" "${arguments[@]}" || failed=1
fi
exit "$failed"
