#!/usr/bin/env bash
# From a bare machine to a trained intent classifier: installs the wheel into a virtual environment, trains on the demo
# data and answers three questions (`fastintent demo`).
#   scripts/quickstart.sh [BASE_MODEL]   BASE_MODEL: a Hugging Face folder to start from instead
# A wheel in dist/ is used if this machine's Python can; otherwise the wheel is built first, which needs a compiler and
# Debian's packages (scripts/install_dependencies.sh).
set -euo pipefail
if (($# > 1)) || [[ "${1:-}" == -* ]]; then
  echo "usage: $0 [BASE_MODEL]" >&2
  exit 64
fi
base=${1:+$(realpath -- "$1")}
cd "$(dirname "$0")/.."

section() { printf '\n== %s\n' "$*" >&2; }
environment=build/quickstart
install_wheel() {
  "$environment/bin/pip" install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall "$@" >&2
}

section "Python"
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then scripts/install_dependencies.sh --wheel; fi
[[ -x $environment/bin/pip ]] || python3 -m venv --clear "$environment"

section "fastintent"
if install_wheel --find-links dist fastintent 2>/dev/null; then
  echo "installed from dist/" >&2
else
  scripts/install_dependencies.sh
  wheel=$(scripts/build_wheels.sh "$environment/bin/python")
  install_wheel "$wheel"
fi

section "demo"
output=models/demo
for ((i = 2; ; ++i)); do
  if [[ ! -e $output ]]; then break; fi
  output=models/demo-$i
done
PATH=$PWD/$environment/bin:$PATH fastintent demo --yes --output "$output" ${base:+--base "$base"}
section "next: $environment/bin/fastintent --help, docs/getting_started.md; the trained folder is $output/model"
