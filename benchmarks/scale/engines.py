#!/usr/bin/env python3
"""What an engine costs: the rate of Spark and Ray against plain Python processes, and the memory of their workers.

    python=$(scripts/engines_environment.sh)/bin/python
    PYTHONPATH=$PWD/build/python/engines $python benchmarks/scale/engines.py rates --model DIR
    PYTHONPATH=$PWD/build/python/engines $python benchmarks/scale/engines.py memory

`scripts/engines_tests.sh` makes the folder of that PYTHONPATH. Both commands print a table of Markdown.

rates: two workers of one thread each, in plain Python processes, in Spark (local-cluster[2,1,1024]) and in Ray (two
actors), in turn. Each reads the same Parquet files of distinct texts. A rate is that of more rows, (N3 - N1) rows in
(t3 - t1) seconds, so starts do not count; medians of the rounds. The time of the processor, that of all processes,
holds on a busy machine, too, and so does its share: what plain processes need of it by what the engine needs.

memory: the largest peaks of resident memory of Spark's Python workers and of its executors, after queries of more and
more rows, with a tiny model: the rows matter here, not the weights.
"""

import argparse
import concurrent.futures
import contextlib
import csv
import itertools
import json
import multiprocessing
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "tests/golden/bert_pooler/model"
TEXTS = ROOT / "data/support_intents/train.csv"
WORKERS = 2  # as many as the smallest machine of CI has processors
FILES = 12  # of a data set: every worker has several, so that the last one does not decide
CONTENDERS = ["plain", "spark", "ray"]
ROWS_IN_MEMORY = [10_000, 100_000, 1_000_000]


def write_texts(folder, rows):
    """Parquet files of distinct texts, so that no cache answers any of them."""
    folder.mkdir()
    with open(TEXTS, newline="") as data:
        sentences = itertools.cycle([row["text"] for row in csv.DictReader(data)])
    texts = pa.array([f"{next(sentences)} {i}" for i in range(rows)])
    for i in range(FILES):
        part = texts.slice(i * rows // FILES, (i + 1) * rows // FILES - i * rows // FILES)
        pq.write_table(pa.table({"text": part}), folder / f"part-{i:02}.parquet")


def answer_files(model, files):
    from fastintent import IntentClassifier

    classifier = IntentClassifier(model_path=model, threads=1)
    return sum(len(classifier.predict_arrow(pq.read_table(file), top_k=0)) for file in files)


def run_plain(model, folder):
    files = sorted(folder.iterdir())
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, context) as pool:
        parts = [files[i::WORKERS] for i in range(WORKERS)]
        return sum(pool.map(answer_files, [model] * WORKERS, parts))


def spark_session():
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = SparkSession.builder.master(f"local-cluster[{WORKERS},1,1024]")
    session = session.config("spark.ui.enabled", False).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def run_spark(model, folder):
    import fastintent.spark
    from pyspark.sql import functions

    spark = spark_session()
    spark.conf.set("spark.sql.files.maxPartitionBytes", 1 + max(file.stat().st_size for file in folder.iterdir()))
    spark.conf.set("spark.sql.files.openCostInBytes", 1 << 30)  # a file is a task
    answers = fastintent.spark.predict(spark.read.parquet(str(folder)), model, keep=[])
    return answers.agg(functions.count("intent")).first()[0]


def run_ray(model, folder):
    import fastintent.ray
    import ray

    os.environ["RAY_memory_monitor_refresh_ms"] = "0"  # it would end workers of a machine that others use
    os.environ["RAY_worker_niceness"] = "0"  # instead of 15, which would leave them what others do not use
    ray.init(num_cpus=WORKERS + 1, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    ray.data.DataContext.get_current().enable_progress_bars = False
    texts = ray.data.read_parquet(str(folder), override_num_blocks=FILES)
    return fastintent.ray.predict(texts, model, actors=WORKERS).count()


def own_processes():
    """This process and its descendants: for each its folder in /proc, and its fields in `stat` from the state on."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = folder, folder.joinpath("stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended

    def is_own(process):
        while process in found and process != os.getpid():
            process = int(found[process][1][1])  # its parent
        return process == os.getpid()

    return [found[process] for process in found if is_own(process)]


def core_seconds():
    """The processor's seconds of this process and of each of its descendants, by its number and start."""
    unit = os.sysconf("SC_CLK_TCK")
    return {(folder, fields[19]): sum(map(int, fields[11:13])) / unit for folder, fields in own_processes()}


@contextlib.contextmanager
def watched_processes(seconds):
    """Keeps `seconds` up to date, with the processes that have ended: some engines do not wait for theirs."""
    ended = threading.Event()

    def watch():
        while not ended.wait(0.5):
            seconds.update(core_seconds())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        seconds.update(core_seconds())


def run_once(contender, model, folder):
    """The clock's and the processor's seconds. What a process does in its last half of a second may be missing."""
    run = {"plain": run_plain, "spark": run_spark, "ray": run_ray}[contender]
    before = core_seconds()
    seconds = dict(before)
    start = time.perf_counter()
    with watched_processes(seconds):
        answered = run(model, folder)
        clock = time.perf_counter() - start
    assert answered == sum(pq.read_metadata(file).num_rows for file in folder.iterdir())
    return clock, sum(seconds.values()) - sum(before.values())


def extra_seconds(contender, model, few, many):
    """Seconds of the clock and of the processor for the rows that `many` has beyond those of `few`, in a process of
    its own, which has answered `few` before: an engine compiles its code and starts its workers then.
    """
    run_once(contender, model, few)
    less, more = run_once(contender, model, few), run_once(contender, model, many)
    return more[0] - less[0], more[1] - less[1]


def seconds_in_a_process(contender, model, folder):
    command = [sys.executable, __file__, "run", "--contender", contender, "--model", model, "--folder", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure_rates(model, rows, rounds):
    with tempfile.TemporaryDirectory() as temporary:
        write_texts(pathlib.Path(temporary, "few"), rows)
        write_texts(pathlib.Path(temporary, "many"), 3 * rows)
        found = {contender: [] for contender in CONTENDERS}
        for number in range(rounds):
            for contender in CONTENDERS:
                found[contender].append(seconds_in_a_process(contender, model, temporary))
                clock, core = (1e6 * seconds / (2 * rows) for seconds in found[contender][-1])
                print(
                    f"round {number + 1}, {contender}: {clock:,.0f} us, {core:,.0f} of the processor", file=sys.stderr
                )
    print(f"| {WORKERS} workers of one thread | texts/s | share of plain | us of the processor per text | share |")
    print("|---|--:|--:|--:|--:|")
    for contender in CONTENDERS:
        pairs = list(zip(found[contender], found["plain"]))
        clock, core = (100 * statistics.median(plain[i] / mine[i] for mine, plain in pairs) for i in range(2))
        seconds, core_each = (statistics.median(column) / (2 * rows) for column in zip(*found[contender]))
        print(f"| {contender} | {1 / seconds:,.0f} | {clock:.1f} % | {1e6 * core_each:,.0f} | {core:.1f} % |")


def peak_memory(pattern):
    """The largest peak of resident memory, in MB, of the descendants whose command line matches."""
    peaks = []
    for folder, _ in own_processes():
        command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        if re.search(pattern, command):
            peak = re.search(r"VmHWM:\s+(\d+)", folder.joinpath("status").read_text())
            peaks.append(int(peak[1]) / 1024)
    assert peaks, f"expected a process whose command line matches {pattern}, found none"
    return max(peaks)


def measure_memory(model):
    import fastintent.spark
    from pyspark.sql import functions

    spark = spark_session()
    print("| rows | Python worker, MB | executor (Java), MB |\n|--:|--:|--:|")
    # The first query fills caches and the heap that a process keeps; it is not one of the table.
    for i, rows in enumerate([ROWS_IN_MEMORY[0], *ROWS_IN_MEMORY]):
        tasks = rows // ROWS_IN_MEMORY[0]  # of one full batch of Arrow each, whatever the number of rows
        texts = spark.range(rows, numPartitions=tasks).select(functions.concat(functions.lit("where is card "), "id"))
        answers = fastintent.spark.predict(texts.toDF("text"), model, keep=[])
        assert answers.agg(functions.count("intent")).first()[0] == rows
        if i > 0:
            worker, executor = peak_memory(r"pyspark\.daemon"), peak_memory("CoarseGrainedExecutorBackend")
            print(f"| {rows:,} | {worker:,.0f} | {executor:,.0f} |", flush=True)
    spark.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["rates", "memory", "run"], help="run is what rates starts")
    parser.add_argument("--model", default=TINY, help="a trained folder; a prepared one in int8 is what one would use")
    parser.add_argument(
        "--rows", type=int, default=12_000, help="of the smaller of two data sets; the other has thrice"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    model = str(pathlib.Path(arguments.model).absolute())
    if arguments.command == "rates":
        measure_rates(model, arguments.rows, arguments.rounds)
    elif arguments.command == "memory":
        measure_memory(model)
    else:
        few, many = arguments.folder / "few", arguments.folder / "many"
        print(json.dumps(extra_seconds(arguments.contender, model, few, many)))


if __name__ == "__main__":
    main()
