#!/usr/bin/env bash
# All tests on a bare machine: installs packages, fetches the base weights, then runs every check.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh --developer
if base=$(scripts/fetch_base_model.sh); then
  export FASTINTENT_BASE_MODEL=$base
else
  echo "run_tests: no base weights; the tests that need them are skipped"
fi
exec scripts/check.sh --full
