#!/usr/bin/env bash
# fastintent beside its peers: installs all, converts one checkpoint, checks, measures; see README.md.
#
#   benchmarks/peers/run.sh --model DIR --texts test.csv --calibration train.csv
#     [--environment DIR] [--output DIR] [--models DIR] [--queries N] [--rounds N] [--threads N] [--only NAME]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fastintent-peers
environment=$cache/environment
arguments=()
while (($#)); do
  case $1 in
  --environment)
    environment=$2
    shift 2
    ;;
  --environment=*)
    environment=${1#*=}
    shift
    ;;
  *)
    arguments+=("$1")
    shift
    ;;
  esac
done

[[ -x $environment/bin/python ]] || python3 -m venv "$environment"
failures=$environment/failures
rm -rf "$failures"
mkdir -p "$failures"

# One at a time: what cannot be installed leaves its reason, stands in the table with it, and stops nothing.
install() {
  local name=$1
  shift
  echo "installing $name" >&2
  if ! "$environment/bin/pip" install --quiet --disable-pip-version-check "$@" >"$environment/pip.log" 2>&1; then
    { grep -m 1 '^ *ERROR' "$environment/pip.log" || tail -n 1 "$environment/pip.log"; } >"$failures/$name"
    cat "$failures/$name" >&2
  fi
}
while read -r requirement; do
  install "${requirement%%==*}" --constraint "$here/requirements.txt" "$requirement"
done < <(grep -v '^#' "$here/requirements.txt")
install fastintent "$here/../.."

exec "$environment/bin/python" -B "$here/suite.py" --models "$cache/models" --failures "$failures" "${arguments[@]}"
