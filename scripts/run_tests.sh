#!/usr/bin/env bash
# All tests of CI on a bare machine: installs packages, fetches the base weights, then runs scripts/check.sh --ci.
#   scripts/run_tests.sh --nightly    runs everything instead
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh --developer
if base=$(scripts/fetch_base_model.sh); then
  export FASTINTENT_BASE_MODEL=$base
else
  echo "run_tests: no base weights; the tests that need them are skipped"
fi
exec scripts/check.sh "${1:---ci}"
