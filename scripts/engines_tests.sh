#!/usr/bin/env bash
# Tests fastintent in Spark, Ray, DuckDB, Polars, Dask and ClickHouse, each of them real, in the environment of
# engines_environment.sh. Builds nothing: scripts/python_tests.sh has built the module.
#   scripts/engines_tests.sh [pytest's arguments]
set -euo pipefail
cd "$(dirname "$0")/.."

environment=$(scripts/engines_environment.sh)
built=$(echo build/python/environment/lib/python*/site-packages/fastintent)
if [[ ! -d $built ]]; then
  echo "engines_tests: expected the Python module in build/python/environment, found none; run" \
    "scripts/python_tests.sh first" >&2
  exit 66
fi
# The environment belongs to every checkout, so the module of this one is not installed there. Executors and actors
# inherit the path.
modules=$PWD/build/python/engines
mkdir -p "$modules"
ln -sfn "$PWD/$built" "$modules/fastintent"
ln -sfn "$PWD/$built.libs" "$modules/fastintent.libs" # the wheel's libraries, which the module looks for beside itself
export PYTHONPATH=$modules
# The tests last seconds: the second compiler of Java and its many threads would cost more than they save.
export JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# Otherwise Spark looks for this machine's name, which takes its time where no server knows it.
export SPARK_LOCAL_IP=127.0.0.1
# Warnings of the engines are theirs.
exec "$environment/bin/python" -m pytest --junitxml=build/python/engines/tests.xml --override-ini=filterwarnings=default \
  python/tests/engines "$@"
