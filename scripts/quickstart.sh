#!/usr/bin/env bash
# From a bare machine to a trained intent classifier: installs packages, builds, fetches the base weights,
# trains on the demo data, measures, and answers three questions.
#   scripts/quickstart.sh [BASE_MODEL]   BASE_MODEL: a Hugging Face folder to start from instead
set -euo pipefail
if (($# > 1)) || [[ "${1:-}" == -* ]]; then
  echo "usage: $0 [BASE_MODEL]" >&2
  exit 64
fi
base=${1:+$(realpath -- "$1")}
cd "$(dirname "$0")/.."

section() { printf '\n== %s\n' "$*" >&2; }

section "packages"
scripts/install_dependencies.sh
section "build"
cmake --preset release >&2
cmake --build --preset release >&2
scripts/check_hardening.py build/release/cli/fastintent >&2
section "base weights"
base=$(FASTINTENT_BASE_MODEL="${base:-${FASTINTENT_BASE_MODEL:-}}" scripts/fetch_base_model.sh)
echo "$base" >&2

fastintent=build/release/cli/fastintent
model=models/support
data=data/support_intents

section "train on $data/train.csv"
"$fastintent" train --model "$base" --train "$data/train.csv" --output "$model" --force
section "measures on $data/test.csv, which training never saw"
"$fastintent" evaluate --model "$model" --data "$data/test.csv"

section "three questions"
answer() { "$fastintent" predict --model "$model" --top-k 2 -- "$1"; }
if [[ -t 0 ]]; then
  for _ in 1 2 3; do
    IFS= read -r -p "Ask a shop's support something: " question || break
    [[ -z "$question" ]] || answer "$question"
  done
else
  for question in "where is my parcel?" "I was charged twice" "how do I change my password"; do
    answer "$question"
  done
fi
section "next: $fastintent --help, docs/getting_started.md; the trained folder is $model"
