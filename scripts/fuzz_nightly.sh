#!/usr/bin/env bash
# Runs every fuzz target for SECONDS and adds its executions to those of earlier runs:
#   scripts/fuzz_nightly.sh [SECONDS [TARGET ...]]
# The inputs that a target found are kept in FASTINTENT_FUZZ_CORPUS (default build/fuzz/corpus), where the next run
# starts from them, with the number of executions. The aim is 100 million of each target.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift $(($# > 0))
corpora=${FASTINTENT_FUZZ_CORPUS:-build/fuzz/corpus}
aim=100000000
failed=()

cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target fuzz_nightly

# Runs the target $1, in the instruction set $2 where one is named.
run_target() {
  local name=$1 isa=${2:-}
  local corpus=$corpora/$name record=$corpora/$name${isa:+.$isa}
  mkdir -p "$corpus"
  # A finding is written beside the corpus; libFuzzer's own report goes into the log.
  env ${isa:+FASTINTENT_FORCE_ISA="$isa"} "build/fuzz/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$record." "$corpus" "fuzz/corpus/$name" \
    >"$record.log" 2>&1 || {
    failed+=("$record.log")
    tail -n 20 "$record.log"
  }
  local before now
  before=$(cat "$record.executions" 2>/dev/null || echo 0)
  now=$(sed -n 's/^stat::number_of_executed_units: *//p' "$record.log")
  echo $((before + ${now:-0})) >"$record.executions"
  printf '%-24s %12d executions, %12d of %d in all\n' "$name${isa:+ $isa}" "${now:-0}" $((before + ${now:-0})) $aim
}

targets=("$@")
if ((${#targets[@]} == 0)); then
  for source in fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" _fuzz.cpp)"); done
fi
for target in "${targets[@]}"; do
  run_target "$target"
  if [[ $target == kernels ]]; then # so far in the best instruction set
    for isa in avx2 sse4; do
      if grep -qwE "${isa/sse4/sse4_1}" /proc/cpuinfo; then run_target kernels $isa; fi
    done
  fi
done
if ((${#failed[@]} > 0)); then
  printf 'finding: %s\n' "${failed[@]}"
  exit 1
fi
