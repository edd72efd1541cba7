#!/usr/bin/env python3
"""Times tokenize_benchmark and the peers that are installed on the same queries, one thread each.

usage: peers.py TOKENIZE_BENCHMARK MODEL_FOLDER QUERIES.csv    (needs: pip install tokenizers; tokie and kitoken
                                                                if they shall take part)

The benchmark checks that all ids are those of `tokenizers` before it measures; for the other peers the share of the
texts with equal ids is printed, the tokens around a text apart, which some leave out. All take turns, and the best round
of each counts. All are timed by processor time, so that a busy machine disturbs them little.
"""

import csv
import importlib
import importlib.metadata
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


def open_tokie(module, file):
    tokenizer = module.Tokenizer.from_json(file)
    return lambda texts: [list(encoding.ids) for encoding in tokenizer.encode_batch(texts)]


def open_kitoken(module, file):
    tokenizer = module.Kitoken.from_tokenizers_file(file)
    return lambda texts: tokenizer.encode_all(texts, True)


PEERS = {"tokie": open_tokie, "kitoken": open_kitoken}


def open_peers(file):
    """The peers that are installed and read this file, by name and version: functions from texts to ids."""
    opened = {}
    for name, open_peer in PEERS.items():
        try:
            encode = open_peer(importlib.import_module(name), file)
        except ImportError:
            continue
        except Exception as error:  # each package has its own
            print(f"{name} does not read the file: {str(error)[:100]}")
            continue
        opened[f"{name} {importlib.metadata.version(name)}"] = encode
    return opened


def without(ids, special):
    """The ids of a text without the special ones at either end."""
    start, end = 0, len(ids)
    while start < end and ids[start] in special:
        start += 1
    while start < end and ids[end - 1] in special:
        end -= 1
    return ids[start:end]


def timed(encode, texts):
    """Texts per second of processor time."""
    start = time.process_time()
    encode(texts)
    return len(texts) / (time.process_time() - start)


def run_benchmark(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    result = json.loads(done.stdout)["benchmarks"][0]
    if result.get("error_occurred"):
        sys.exit(result["error_message"])
    return result["items_per_second"]


def main():
    program, folder, data = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    with open(data, newline="", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    full = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    special = set(tokenizer.encode("").ids)
    peers = open_peers(str(folder / "tokenizer.json"))
    notes = {name: "" for name in peers}
    for name, encode in peers.items():
        equal = sum(without(found, special) == without(ids, special) for found, ids in zip(encode(texts), full))
        notes[name] = f", {equal:,} of {len(texts):,} texts with equal ids"
    theirs = f"tokenizers {importlib.metadata.version('tokenizers')}"
    contenders = {theirs: tokenizer.encode_batch_fast, **peers}
    rates = {name: [] for name in ["fastintent", *contenders]}
    with tempfile.TemporaryDirectory() as temporary:
        queries = pathlib.Path(temporary, "queries.jsonl")
        rows = ({"text": text, "ids": ids} for text, ids in zip(texts, full))
        queries.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        for _ in range(ROUNDS):
            for name, encode in contenders.items():
                rates[name].append(timed(encode, texts))
            rates["fastintent"].append(run_benchmark([program, folder, queries, *BENCHMARK]))
    ours = max(rates["fastintent"])
    for name, measured in rates.items():
        print(f"{name:20} {max(measured):12,.0f} texts/s, ratio {ours / max(measured):.2f}{notes.get(name, '')}")


if __name__ == "__main__":
    main()
