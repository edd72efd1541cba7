#!/usr/bin/env bash
# Builds the wheel, installs it as a user would, into an environment of its own, and runs the module's tests there.
#   scripts/python_tests.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

environment=build/python/environment
[[ -x $environment/bin/python ]] || python3 -m venv "$environment"
# With the compiler and the flags of the preset dev ccache has the library already, where that was built before.
rm -rf build/python/wheels
wheel=$(scripts/build_wheels.sh --dev "$(command -v python3)")
"$environment/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$wheel"
"$environment/bin/pip" install --quiet --disable-pip-version-check "${wheel}[test]"
"$environment/bin/python" -m pytest --junitxml=build/python/tests.xml "$@"
