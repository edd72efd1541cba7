#!/usr/bin/env bash
# Builds the wheels into dist/: one for Python 3.12 and later, one each for 3.10 and 3.11, with everything inside that
# a bare machine lacks, the command line included. Checks them, but runs none: scripts/test_wheel.sh does.
#   scripts/build_wheels.sh [--cuda | --dev] [PYTHON...]
#     PYTHON   interpreters to build for; default: those found of 3.10, 3.11 and 3.12 (or a later one), in PATH and
#              among pyenv's
#     --cuda   with the CUDA backend (needs nvcc), into build/cuda_wheels/
#     --dev    with the flags of the preset dev, whose objects ccache has, into build/python/wheels/ (for the tests)
# Two builds of one commit have the same bytes, with the same compiler and Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."

platform=manylinux_2_34_x86_64 # Debian 12, Ubuntu 22.04, RHEL 9, and later ones
most_bytes=20000000            # what a newcomer downloads
output=dist
# A folder for each kind: CMake's cache keeps the settings of an earlier run, and the linker with them.
kind=python
settings=()
case ${1:-} in
--cuda)
  kind="python-cuda"
  settings=(--config-settings=cmake.define.FASTINTENT_CUDA=ON)
  output=build/cuda_wheels
  most_bytes=100000000 # the limit of PyPI: kernels for seven generations of GPUs
  shift
  ;;
--dev)
  kind="python-dev"
  settings=(--config-settings=cmake.args=--preset=dev --config-settings=cmake.build-type=RelWithDebInfo)
  output=build/python/wheels
  shift
  ;;
-*)
  echo "usage: $0 [--cuda | --dev] [PYTHON...]" >&2
  exit 64
  ;;
esac

pythons=("$@")
if ((${#pythons[@]} == 0)); then
  for minors in 10 11 "12 13 14"; do
    # The minor numbers are words.
    # shellcheck disable=SC2086
    if found=$(scripts/find_python.sh $minors); then
      pythons+=("$found")
    else
      echo "build_wheels: no wheel for Python 3.${minors%% *}, since no such interpreter was found" >&2
    fi
  done
  if ((${#pythons[@]} == 0)); then
    echo "build_wheels: expected Python 3.10 or later in PATH or among pyenv's, found none" >&2
    exit 69
  fi
fi

# The build's own packages are pure Python and in a folder of their own: each interpreter imports them from there, and
# the compiler sees the same path of nanobind each time.
tools=$(scripts/pinned_environment.sh wheel-tools scripts/wheel_requirements.txt \
  scikit-build-core nanobind exceptiongroup tomli)

# An archive of the sources has no commit, but its date on the files.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat --format=%Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
export PIP_DISABLE_PIP_VERSION_CHECK=1 CXX=${CXX:-c++} CCACHE_NOHASHDIR=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"

check() {
  local wheel=$1 name bytes
  name=$(basename "$wheel")
  bytes=$(stat --format=%s "$wheel")
  if ((bytes > most_bytes)); then
    echo "build_wheels: expected at most $most_bytes bytes, found $bytes in $name" >&2
    return 1
  fi
  if [[ $name == *-abi3-* ]]; then "$tools/bin/abi3audit" --strict "$wheel" >&2; fi
  "$tools/bin/check-wheel-contents" --ignore W009,W010 "$wheel" >&2 # the folders that auditwheel makes
  "$tools/bin/twine" check --strict "$wheel" >&2
  "$tools/bin/python" -m zipfile --extract "$wheel" "$work/unpacked"
  scripts/check_hardening.py --linked "$work"/unpacked/fastintent/*.so "$work"/unpacked/fastintent.scripts/* >&2
}

for python in "${pythons[@]}"; do
  rm -rf "${work:?}"/*
  PYTHONPATH=$tools/backend "$python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/built" \
    --config-settings=build-dir="build/$kind-{wheel_tag}" "${settings[@]}" .
  (
    export PATH=$tools/bin:$PATH # auditwheel calls patchelf
    python scripts/bundle_into_wheel.py "$work"/built/*.whl "$work/bundled"
    auditwheel repair --strip --plat "$platform" --wheel-dir "$work/repaired" "$work"/bundled/*.whl >&2
  )
  wheel=$(echo "$work"/repaired/*.whl)
  check "$wheel"
  mv "$wheel" "$output/"
  echo "$output/$(basename "$wheel")"
done
