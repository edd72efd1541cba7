#!/usr/bin/env bash
# Formats every C++ file; with --check only tells which lines would change. clang-format's output differs
# between versions, so one is the definition: 14, Debian 12's.
set -euo pipefail
cd "$(dirname "$0")/.."

clang_format=$(command -v clang-format-14 || command -v clang-format || true)
if [[ "$("${clang_format:-true}" --version)" != *'version 14.'* ]]; then
  echo "skipped: format (expected clang-format 14, found ${clang_format:-none})"
  exit 0
fi
mode=(-i)
[[ "${1:-}" != --check ]] || mode=(--dry-run --Werror)
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cpp' | xargs -0 "$clang_format" "${mode[@]}"
