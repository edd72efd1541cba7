#!/usr/bin/env bash
# clang-tidy on the host's side of src/cuda, which the preset tidy does not compile: as the build with CUDA
# does (preset cuda), else, without those files that need the toolkit, as the emulated tests do (preset dev).
set -euo pipefail
cd "$(dirname "$0")/.."

folder=build/cuda
[[ -f $folder/compile_commands.json ]] || folder=build/dev
for file in src/cuda/*.cpp; do
  if grep -q "\"file\".*/$file\"" "$folder/compile_commands.json"; then printf '%s\n' "$file"; fi
done | xargs -n 1 -P 2 clang-tidy -p "$folder" --quiet --warnings-as-errors='*' \
  --extra-arg=-Wno-unknown-warning-option  # the builds' flags are GCC's
