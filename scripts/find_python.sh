#!/usr/bin/env bash
# Prints the interpreter of the first version of Python that is found, by minor numbers, in PATH or among pyenv's:
#   scripts/find_python.sh 12 13    the one of Python 3.12, else that of 3.13
set -euo pipefail

for minor in "$@"; do
  for candidate in "python3.$minor" "${PYENV_ROOT:-${HOME:?}/.pyenv}/versions/3.$minor".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
      command -v "$candidate"
      exit
    fi
  done
done
exit 1
