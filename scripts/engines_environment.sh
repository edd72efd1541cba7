#!/usr/bin/env bash
# Prints the folder of a Python environment with the engines that fastintent works with: Spark, Ray, DuckDB, Polars,
# Dask, ClickHouse, as pinned in engines_requirements.txt. The first time it downloads 0.5 GB. Spark needs Java 17
# besides, which scripts/install_dependencies.sh --developer installs.
set -euo pipefail
cd "$(dirname "$0")/.."

exec scripts/pinned_environment.sh engines scripts/engines_requirements.txt
