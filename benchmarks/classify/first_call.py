#!/usr/bin/env python3
"""Is the first call after warm-up as fast as the hundredth? Medians over fresh processes.

  first_call.py FIRST_CALL_PROGRAM MODEL_FOLDER TEXT [PROCESSES]

Every call predicts the same TEXT, so that only the place in the process differs; cold and warm processes take turns.
The cache would answer all but the first: the text gets a running number.
"""

import statistics
import subprocess
import sys
import tempfile

program, model, text = sys.argv[1:4]
processes = int(sys.argv[4]) if len(sys.argv) > 4 else 20

with tempfile.NamedTemporaryFile("w", suffix=".txt") as texts:
    texts.writelines(f"{text} {number:03}\n" for number in range(200))
    texts.flush()
    calls = {"cold": [], "warm": []}
    for _ in range(processes):
        for mode, found in calls.items():
            done = subprocess.run([program, model, texts.name, mode], check=True, capture_output=True, text=True)
            found.append([float(line) for line in done.stdout.split()])

for mode, found in calls.items():
    first = statistics.median(run[0] for run in found)
    hundredth = statistics.median(statistics.median(run[90:110]) for run in found)
    print(f"{mode}: first call {first:.3f} ms, calls 90 to 110 {hundredth:.3f} ms, ratio {first / hundredth:.2f}")
