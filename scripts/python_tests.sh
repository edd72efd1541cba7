#!/usr/bin/env bash
# Installs the Python module as a user would, into an environment of its own, and runs its tests there.
#   scripts/python_tests.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

environment=build/python/environment
[[ -x $environment/bin/python ]] || python3 -m venv "$environment"
# With the compiler and the flags of the preset dev ccache has the library already, where that was built
# before; the working directory, which differs, must not be in its keys (see scripts/check.sh).
CXX=${CXX:-c++} CCACHE_NOHASHDIR=1 "$environment/bin/pip" install --quiet --disable-pip-version-check \
  --config-settings=cmake.args=--preset=dev \
  --config-settings=cmake.build-type=RelWithDebInfo \
  '.[test]'
"$environment/bin/python" -m pytest --junitxml=build/python/tests.xml "$@"
