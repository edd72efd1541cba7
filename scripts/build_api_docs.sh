#!/usr/bin/env bash
# Builds the API pages of both languages into build/api_docs: cpp/index.html from the headers (Doxygen), and
# python/index.html from the docstrings of the built module (pdoc, in an environment of its own). Fails where a public
# name of the headers has no comment.
#   scripts/build_api_docs.sh          both; after scripts/python_tests.sh, whose module it reads
#   scripts/build_api_docs.sh --cpp    the headers alone: a second, needs no build
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ $# -gt 1 || ($# -eq 1 && $1 != --cpp) ]]; then
  echo "usage: $0 [--cpp]" >&2
  exit 64
fi
if ! command -v doxygen >/dev/null; then
  echo "build_api_docs: expected doxygen, found none; scripts/install_dependencies.sh --developer installs it" >&2
  exit 1
fi
mkdir -p build/api_docs
doxygen docs/api/Doxyfile
[[ "${1:-}" != --cpp ]] || exit 0

module=$(find build/python/environment/lib -maxdepth 4 -type d -path '*/site-packages/fastintent' 2>/dev/null)
if [[ -z $module ]]; then
  echo "build_api_docs: expected the module that scripts/python_tests.sh installs, found none" >&2
  exit 1
fi
environment=build/api_docs/environment
[[ -x $environment/bin/python ]] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check 'pdoc==15.0.4'
PYTHONPATH=$(dirname "$module") "$environment/bin/pdoc" --docformat markdown \
  --output-directory build/api_docs/python fastintent
