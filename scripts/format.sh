#!/usr/bin/env bash
# Formats and lints C++, CUDA, Python, CMake and shell, and lints Containerfiles; with --check it changes nothing and
# fails where a file would change. The tools come from PyPI, as pinned in format_requirements.txt, into build/format.
set -euo pipefail
cd "$(dirname "$0")/.."

if (($# > 1)) || [[ ${1:---check} != --check ]]; then
  echo "usage: $0 [--check]" >&2
  exit 64
fi

requirements=scripts/format_requirements.txt
environment=build/format
if ! cmp -s "$requirements" "$environment/installed.txt"; then
  python3 -m venv --clear "$environment"
  if ! "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"; then
    echo "format: expected the tools of $requirements from PyPI, found no way to install them" >&2
    exit 1
  fi
  cp "$requirements" "$environment/installed.txt"
fi
tools=$environment/bin

# Runs a tool on the files of the tree that match the patterns, those that git does not know yet included.
run_on() {
  local patterns=$1
  shift
  # The patterns are words without spaces, for git to expand, not the shell.
  set -f
  # shellcheck disable=SC2086
  git ls-files -z --cached --others --exclude-standard --deduplicate -- $patterns |
    while IFS= read -r -d '' file; do if [[ -f $file ]]; then printf '%s\0' "$file"; fi; done |
    xargs -0 "$@" || failed=1
  set +f
}

failed=0
shell='*.sh .ci/run'
cmake='*CMakeLists.txt *.cmake'
if [[ ${1:-} == --check ]]; then
  run_on '*.h *.cpp *.cu *.cuh' "$tools/clang-format" --dry-run --Werror
  run_on '*.py *.pyi' "$tools/ruff" format --quiet --diff
  run_on "$cmake" "$tools/gersemi" --check --quiet
  run_on "$shell" "$tools/shfmt" --diff
else
  run_on '*.h *.cpp *.cu *.cuh' "$tools/clang-format" -i
  run_on '*.py *.pyi' "$tools/ruff" format --quiet
  run_on "$cmake" "$tools/gersemi" --in-place --quiet
  run_on "$shell" "$tools/shfmt" --write
fi
run_on '*.py *.pyi' "$tools/ruff" check --quiet
run_on "$shell" "$tools/shellcheck"
run_on '*Containerfile' "$tools/hadolint"
exit "$failed"
