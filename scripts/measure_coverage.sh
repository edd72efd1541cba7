#!/usr/bin/env bash
# Measures which branches of the parsers the seeds of fuzz/ and the unit tests reach:
#   scripts/measure_coverage.sh [CORPORA ...]
# CORPORA: folders with a further corpus NAME/ for each target, such as build/fuzz/corpus. Needs clang and llvm-cov.
# Prints the covered share of each file that reads what others wrote, and fails below 90 % of all branches.
set -euo pipefail
cd "$(dirname "$0")/.."

goal=90
build=build/coverage
parsers=(
  src/base/{parse_json,printable,utf8}.cpp
  src/checkpoint/{foreign_folder,json_document,modules_json,read_tensor,safetensors,sentence_folder,shard_index}.cpp
  src/checkpoint/{tensor_files,tokenizer_config}.cpp
  src/data/*.cpp
  src/hub/{checksum,find_model,hub_cache,hub_name,hub_settings,model_files,web_address}.cpp
  src/model/{calibration,config_numbers,model_config,model_folder,packed_weights}.cpp src/model/families/*.cpp
  src/text/*.cpp src/text/normalize/charsmap.cpp src/text/pieces/vocabulary.cpp src/text/read/*.cpp
  src/train/training_folder.cpp
  cli/resume_answers.cpp cli/report/training_history.cpp
)
tests=(base_tests checkpoint_tests data_tests hub_tests model_tests text_tests train_tests)

# Without optimisation: it compiles fastest, and the branches are those of the source.
cmake --preset fuzz -B "$build" -D CMAKE_CXX_FLAGS_RELWITHDEBINFO=-O0 \
  -D CMAKE_CXX_FLAGS="-fprofile-instr-generate -fcoverage-mapping" >/dev/null
cmake --build "$build" --target fuzz/all "${tests[@]}"

rm -rf "$build/profiles"
objects=()
for program in "$build"/fuzz/*_fuzz; do
  name=$(basename "$program" _fuzz)
  folders=("fuzz/corpus/$name")
  for corpora in "$@"; do if [[ -d $corpora/$name ]]; then folders+=("$corpora/$name"); fi; done
  LLVM_PROFILE_FILE=$build/profiles/$name.fuzz "$program" -runs=0 "${folders[@]}" 2>"$build/$name.log"
  objects+=(-object "$program")
done
for name in "${tests[@]}"; do
  program=$build/tests/${name%_tests}/$name
  LLVM_PROFILE_FILE=$build/profiles/$name.test "$program" >"$build/$name.log"
  objects+=(-object "$program")
done
llvm-profdata merge -sparse "$build"/profiles/* -o "$build/all.profdata"
# The first program is named without an option. The last columns are branches, missed ones and the covered share.
llvm-cov report "${objects[@]:1}" -instr-profile "$build/all.profdata" -show-region-summary=0 >"$build/report.txt"
covered=$(printf '%s\n' "${parsers[@]}" | awk '
  NR == FNR { wanted[$1]; next }
  $1 in wanted { printf "%-44s %5d branches, %4d missed  %s\n", $1, $(NF - 2), $(NF - 1), $NF >"/dev/stderr"
                 branches += $(NF - 2); missed += $(NF - 1) }
  END { printf "%.2f", 100 * (1 - missed / branches) }' - "$build/report.txt")
echo "all: $covered %"
awk -v covered="$covered" -v goal=$goal 'BEGIN { exit covered < goal }' || {
  echo "measure_coverage: expected at least $goal % of the branches, found $covered %" >&2
  exit 1
}
