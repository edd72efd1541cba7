#!/usr/bin/env python3
"""Times `tokenizers` (encode_batch_fast) and tokenize_benchmark on the same queries, one thread each.

usage: huggingface.py TOKENIZE_BENCHMARK MODEL_FOLDER QUERIES.csv    (needs: pip install tokenizers)

The benchmark checks that all ids are equal before it measures; the two programs take turns, and
the best round of each counts. Both are timed by the processor time of their one thread, so that a busy
machine disturbs them little.
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import Tokenizer  # noqa: E402 - reads the variables above

ROUNDS = 5
BENCHMARK = ["--benchmark_filter=tokenize", "--benchmark_format=json", "--benchmark_min_time=0.3"]


def main():
    program, folder, data = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    with open(data, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    theirs, ours = [], []
    with tempfile.TemporaryDirectory() as temporary:
        queries = pathlib.Path(temporary, "queries.jsonl")
        rows = ({"text": t, "ids": e.ids} for t, e in zip(texts, tokenizer.encode_batch_fast(texts)))
        queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        command = [program, folder, queries, *BENCHMARK]
        for _ in range(ROUNDS):
            start = time.process_time()
            tokenizer.encode_batch_fast(texts)
            theirs.append(len(texts) / (time.process_time() - start))
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
            result = json.loads(done.stdout)["benchmarks"][0]
            if result.get("error_occurred"):
                sys.exit(result["error_message"])
            ours.append(result["items_per_second"])
    print(f"tokenizers  {max(theirs):12,.0f} texts/s")
    print(f"fastintent  {max(ours):12,.0f} texts/s")
    print(f"ratio       {max(ours) / max(theirs):12.1f}")


if __name__ == "__main__":
    main()
