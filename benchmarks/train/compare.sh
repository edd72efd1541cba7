#!/usr/bin/env bash
# Training speed, ours against transformers' Trainer: interleaved rounds, medians and their ratio.
#
#   BASE=folder TRAIN=train.csv FASTINTENT=program [PYTHON=python3] [ROUNDS=3] [PRECISION=fp32|bf16]
#   [THREADS=2] [STEPS=60] [POOLING=pooler] [PIN="taskset -c 0,1"] benchmarks/train/compare.sh
#
# Each round runs one epoch of ours and STEPS steps of theirs, one after the other, so that a machine that slows down
# slows both. Progress goes to stderr, one JSON object to stdout.
set -euo pipefail
: "${BASE:?folder of the base model}" "${TRAIN:?CSV of training rows}" "${FASTINTENT:?path of the program}"
PYTHON=${PYTHON:-python3} ROUNDS=${ROUNDS:-3} PRECISION=${PRECISION:-fp32} THREADS=${THREADS:-2} STEPS=${STEPS:-60}
POOLING=${POOLING:-pooler}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
peer_precision=()
[[ $PRECISION == bf16 ]] && peer_precision=(--bf16)

for ((round = 1; round <= ROUNDS; round++)); do
  # PIN is a command with its arguments, so it is split into words.
  ${PIN:-} "$FASTINTENT" train --model "$BASE" --train "$TRAIN" --output "$scratch/model$round" --epochs 1 \
    --precision "$PRECISION" --threads "$THREADS" --pooling "$POOLING" --batch-size 32 --max-length 128 \
    --log "$scratch/ours$round.jsonl" >"$scratch/out" 2>"$scratch/errors" || {
    cat "$scratch/errors" >&2
    exit 1
  }
  rm -rf "$scratch/model$round"
  ${PIN:-} "$PYTHON" "$here/huggingface_trainer.py" --model "$BASE" --train "$TRAIN" --max-steps "$STEPS" \
    --threads "$THREADS" --max-length 128 "${peer_precision[@]}" \
    >"$scratch/theirs$round.json" 2>"$scratch/errors" || {
    cat "$scratch/errors" >&2
    exit 1
  }
  echo "round $round of $ROUNDS done" >&2
done

"$PYTHON" - "$scratch" "$ROUNDS" "$PRECISION" "$THREADS" <<'PYTHON'
import json
import statistics
import sys
from pathlib import Path

scratch, rounds, precision, threads = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
SKIP = 5  # steps, as in huggingface_trainer.py


def our_rate(file):
    """Examples over time: the harmonic mean of the rates, as every step has the same number of examples."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    rates = [line["examples_per_second"] for line in lines if "learning_rate" in line][SKIP:]
    return statistics.harmonic_mean(rates)


ours = [our_rate(scratch / f"ours{i}.jsonl") for i in range(1, rounds + 1)]
theirs = [json.loads((scratch / f"theirs{i}.json").read_text())["examples_per_second"] for i in range(1, rounds + 1)]
print(json.dumps({
    "precision": precision, "threads": threads,
    "ours": [round(x, 1) for x in ours], "theirs": theirs,
    "ours_median": round(statistics.median(ours), 1), "theirs_median": statistics.median(theirs),
    "ratio": round(statistics.median(ours) / statistics.median(theirs), 2),
    "ratio_of_rounds": [round(a / b, 2) for a, b in zip(ours, theirs)],
}))
PYTHON
