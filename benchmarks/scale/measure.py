#!/usr/bin/env python3
"""Measures on one core what simulate.py needs, and writes it beside it.

    measure.py PROGRAM PREPARED_FOLDER TEXTS.csv --engine-python PYTHON > rates.json

PROGRAM is `fastintent` of the preset `release`. Seconds are those of the processor (user and system), so that other
jobs on the machine weigh little. The slowdowns are those of the clock: the duration of equal tasks by their median.
PYTHON has pyspark; what a local session and each task of it cost is the time of all of its processes, Java's included.
"""

import argparse
import contextlib
import csv
import ctypes
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7  # of each figure, whose median is kept
TEXTS = 1000  # of a task: some twenty times its start
SLOWDOWN_ROUNDS = 25  # as many slowdowns: the largest is then the worst of 25 tasks
QUOTED_BYTES = 1 << 30  # as many as make the search a large part of a call

# One Spark session over two tasks, whose Python workers import the module; prints nothing.
SPARK = """
import os, sys
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
session.range(8, numPartitions={tasks}).mapInArrow(lambda batches: batches, "id long").count()
session.stop()
"""


def seconds_of(command):
    """The processor's and the clock's seconds of a command."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        problem = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"measure: expected {command[0]} to succeed, found exit code {process.returncode}: {problem}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started


def median_core_seconds(command):
    return statistics.median(seconds_of(command)[0] for _ in range(ROUNDS))


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    found = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if value}
    return f"{found['model name']}, family {found['cpu family']}, model {found['model']}"


def measure(arguments, folder):
    with open(arguments.texts, newline="", encoding="utf-8") as rows:
        texts = [" ".join(row["text"].split()) for row in csv.DictReader(rows)][:TEXTS]
    if len(texts) < TEXTS:
        sys.exit(f"measure: expected {TEXTS} texts in {arguments.texts}, found {len(texts)}")
    one, many = folder / "one.txt", folder / "many.txt"
    one.write_text(texts[0] + "\n")
    many.write_text("\n".join(texts) + "\n")
    predict = [arguments.program, "predict", "--model", arguments.model, "--threads", "1", "--top-k", "1"]
    start = median_core_seconds([*predict, "--input", str(one)])
    tasks = [seconds_of([*predict, "--input", str(many)]) for _ in range(SLOWDOWN_ROUNDS)]
    clock = statistics.median(wall for _, wall in tasks)
    return {
        "texts_per_core_second": round(TEXTS / (statistics.median(core for core, _ in tasks) - start), 1),
        "start_core_seconds": round(start, 4),
        "bytes_per_text": round(many.stat().st_size / TEXTS, 1),
        "slowdowns": sorted(round(wall / clock, 3) for _, wall in tasks),
        "quote_search_seconds_per_byte": quote_search(predict, start, folder),
    }


def quote_search(predict, start, folder):
    """Of the last shard of a large quoted file, which has one row: what is left is the search."""
    path = folder / "quoted.csv"
    row = b'"' + b"x" * 61 + b'"\n'
    with path.open("wb") as file:
        file.write(b"text\n")
        for _ in range(QUOTED_BYTES // (len(row) << 14)):
            file.write(row * (1 << 14))
    shards = QUOTED_BYTES // len(row)
    command = [*predict, "--input", str(path), "--shard", f"{shards - 1}/{shards}"]
    return float(f"{max(0.0, median_core_seconds(command) - start) / path.stat().st_size:.3g}")


def measure_engine(python, folder):
    """What a session of Spark costs in its local mode, and each further task."""

    def session(tasks):
        program = folder / f"session{tasks}.py"
        program.write_text(SPARK.format(tasks=tasks))
        return core_seconds_with_descendants([python, str(program)])

    few, many = session(2), session(66)
    return {"engine_start_seconds": round(few, 2), "engine_task_seconds": round(max(0, many - few) / 64, 4)}


def core_seconds_with_descendants(command):
    """The processor's seconds of a command and of what it leaves running, such as Java, until all of it has ended."""
    become_subreaper = 36  # PR_SET_CHILD_SUBREAPER: processes that lose their parent become children of this one
    ctypes.CDLL(None).prctl(become_subreaper, 1)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("program")
    parser.add_argument("model", help="a prepared folder in int8")
    parser.add_argument("texts", help="a CSV with the column text")
    parser.add_argument("--engine-python", required=True, help="a Python with pyspark")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        found = {"processor": processor(), "system": platform.platform(), **measure(arguments, folder)}
        found |= measure_engine(arguments.engine_python, folder)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
