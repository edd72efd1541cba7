#!/usr/bin/env bash
# Prints the folder of a Python environment with the engines that fastintent works with: Spark, Ray, DuckDB, Polars,
# Dask, ClickHouse. The first time it installs them from PyPI (0.5 GB to download), as pinned in
# engines_requirements.txt, into the cache folder, where they outlive a clean checkout. Another pin or another Python
# is another folder. Spark needs Java 17 besides, which scripts/install_dependencies.sh --developer installs.
set -euo pipefail
cd "$(dirname "$0")"

requirements=engines_requirements.txt
key=$({ cat "$requirements" && python3 --version; } | sha256sum | cut -c1-12)
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/fastintent
environment=$cache/engines-$key

mkdir -p "$cache"
# Two checkouts may want the same folder at the same time.
exec 9>"$environment.lock"
flock 9
# Written last, so an installation that was cut off begins again.
if [[ ! -e $environment/complete ]]; then
  echo "engines_environment: installing into $environment" >&2
  python3 -m venv --clear "$environment"
  if ! "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2; then
    echo "engines_environment: expected the packages of scripts/$requirements from PyPI, found no way to install" \
      "them" >&2
    exit 1
  fi
  touch "$environment/complete"
fi
printf '%s\n' "$environment"
