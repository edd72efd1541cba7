#!/usr/bin/env python3
"""The Python module beside the C++ program, same texts, taking turns: predict_batch, and a cached answer.

  python_rate.py THROUGHPUT_BENCHMARK_PROGRAM MODEL_FOLDER TEXTS.csv [ROUNDS]

Run it with a Python that has fastintent installed.
"""

import csv
import statistics
import subprocess
import sys
import time

import fastintent

program, model, file = sys.argv[1:4]
rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 5

with open(file, newline="", encoding="utf-8") as rows:
    texts = list(dict.fromkeys(row["text"] for row in csv.DictReader(rows)))

classifier = fastintent.IntentClassifier(model_path=model)
classifier.warm_up()


def batch_rate():
    start = time.perf_counter()
    answers = classifier.predict_batch(texts, use_cache=False)
    seconds = time.perf_counter() - start
    if len(answers) != len(texts):
        sys.exit("python_rate: not every text was answered")
    return len(texts) / seconds


def program_rate():
    lines = subprocess.run([program, model, file, "1"], check=True, capture_output=True, text=True).stdout
    line = next(line for line in lines.splitlines() if line.startswith("predict_batch"))
    return float(line.split("size 32")[1].split()[0])


def cached_seconds(repeats=20_000):
    text = texts[0]
    predict = classifier.predict
    predict(text)
    start = time.perf_counter()
    for _ in range(repeats):
        predict(text)
    return (time.perf_counter() - start) / repeats


pairs = [(batch_rate(), program_rate()) for _ in range(rounds)]
python = statistics.median(pair[0] for pair in pairs)
cplusplus = statistics.median(pair[1] for pair in pairs)
print(
    f"predict_batch of {len(texts)} texts: Python {python:.0f}/s, C++ {cplusplus:.0f}/s, ratio {python / cplusplus:.3f}"
)
print(f"a cached answer through Python: {statistics.median(cached_seconds() for _ in range(5)) * 1e6:.2f} us")
