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
import time
from pathlib import Path

from mapped_libraries import mapped_libraries

from serve import serve


def load_engine(start):
    os.sched_setaffinity(0, start["cores"])
    # Set before the libraries load, which size their pools then.
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


if __name__ == "__main__":
    serve(lambda start: Worker(load_engine(start)))
