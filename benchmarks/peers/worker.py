#!/usr/bin/env python3
"""One engine in a process of its own. JSON lines: a command on standard input, its answer on standard output.

  worker.py '{"module": …, "checkpoint": …, "model": …, "threads": …, "cores": […], "settings": {…}}'

  {"command": "load", "texts": FILE}                  the queries, {"arrival": […], "sorted": […]}
  {"command": "answer", "text": …}                    the index of its label
  {"command": "logits", "order": …, "batch_size": …}  of all queries
  {"command": "rate", "order": …, "batch_size": …}    seconds for all queries
  {"command": "latency", "count": …}                  seconds for each of the first queries, one at a time
  {"command": "memory"}                               bytes resident, and the mapped libraries

An answer {"error": …} ends the process.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

from mapped_libraries import mapped_libraries


def load_engine(start):
    os.sched_setaffinity(0, start["cores"])
    # Before the libraries load: their pools are sized then.
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(start["threads"])
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["HF_HUB_OFFLINE"] = "1"
    module = importlib.import_module(f"engines.{start['module']}")
    return module.Engine(Path(start["checkpoint"]), Path(start["model"]), start["threads"], **start["settings"])


class Worker:
    def __init__(self, engine):
        self.engine = engine
        self.texts = {}

    def load(self, texts):
        self.texts = json.loads(Path(texts).read_text(encoding="utf-8"))
        return len(self.texts["arrival"])

    def answer(self, text):
        return self.engine.labels([text], 1)[0]

    def logits(self, order, batch_size):
        return [[float(value) for value in row] for row in self.engine.logits(self.texts[order], batch_size)]

    def rate(self, order, batch_size):
        texts = self.texts[order]
        start = time.perf_counter()
        labels = self.engine.labels(texts, batch_size)
        seconds = time.perf_counter() - start
        if len(labels) != len(texts):
            raise RuntimeError(f"rate: expected {len(texts)} labels, found {len(labels)}")
        return seconds

    def latency(self, count):
        seconds = []
        for text in self.texts["arrival"][:count]:
            start = time.perf_counter()
            self.engine.labels([text], 1)
            seconds.append(time.perf_counter() - start)
        return seconds

    def memory(self):
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        status = dict(line.split(":", 1) for line in lines)
        return {"resident": int(status["VmRSS"].split()[0]) * 1024, "libraries": mapped_libraries()}


def main():
    # What a library prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            worker = worker or Worker(load_engine(json.loads(sys.argv[1])))
            answer = getattr(worker, command.pop("command"))(**command)
        except Exception as error:  # any: it is the peer's, and stands in the table
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
        if isinstance(answer, dict) and "error" in answer:
            sys.exit(1)


if __name__ == "__main__":
    main()
