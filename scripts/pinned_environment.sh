#!/usr/bin/env bash
# Prints the folder of a Python environment with the packages of a file of requirements. The first time it installs
# them from PyPI into the cache folder, where they outlive a clean checkout. Another pin or another Python is another
# folder.
#   scripts/pinned_environment.sh NAME REQUIREMENTS [PACKAGE...]
#     NAME      the folder's, before its key
#     PACKAGE   also installed into the subfolder backend/, which other interpreters can have in PYTHONPATH
set -euo pipefail

name=$1
requirements=$2
shift 2
key=$({ cat "$requirements" && python3 --version; } | sha256sum | cut -c1-12)
environment=${XDG_CACHE_HOME:-${HOME:?}/.cache}/fastintent/$name-$key
pip=("$environment/bin/pip" install --quiet --disable-pip-version-check)

mkdir -p "${environment%/*}"
# Two checkouts may want the same folder at the same time.
exec 9>"$environment.lock"
flock 9
# Written last, so an installation that was cut off begins again.
if [[ ! -e $environment/complete ]]; then
  echo "pinned_environment: installing into $environment" >&2
  python3 -m venv --clear "$environment"
  if ! "${pip[@]}" --requirement "$requirements" >&2 ||
    { (($# > 0)) && ! "${pip[@]}" --target "$environment/backend" --constraint "$requirements" "$@" >&2; }; then
    echo "pinned_environment: expected the packages of $requirements from PyPI, found no way to install them" >&2
    exit 1
  fi
  touch "$environment/complete"
fi
printf '%s\n' "$environment"
