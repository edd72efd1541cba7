#!/usr/bin/env bash
# Tests fastintent-serve with the clients that people have, each of them real, in the environment of
# serve_environment.sh. Builds nothing.
#   scripts/serve_tests.sh [BUILD] [unittest's arguments]
#     BUILD   folder of a build with the server (default build/dev)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/dev}
server=$build/cli/fastintent-serve
if [[ ! -x $server ]]; then
  echo "serve_tests: expected $server, found none; build the target fastintent_serve first" >&2
  exit 66
fi
environment=$(scripts/serve_environment.sh)
export FASTINTENT_TEST_PROGRAM=$build/cli/fastintent FASTINTENT_TEST_SERVER=$server FASTINTENT_TEST_MODELS=tests/golden
"$environment/bin/python" -B tests/serve/clients_test.py "${@:2}"
