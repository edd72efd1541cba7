"""Measures every contender on one checkpoint: answers first, then rounds in turn."""

import contextlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from answers import compare, objection
from catalogue import REFERENCE
from rounds import interleave, summarize
from worker_process import WorkerError, WorkerProcess

# Thread pools spin after their last work, Intel's OpenMP for 0.2 s; the pause keeps one turn from
# slowing the next.
SETTLE_SECONDS = 0.25


@dataclass(frozen=True)
class Task:
    """What all contenders get: one checkpoint, the same queries, the same cores."""

    checkpoint: Path
    models: Path  # folder of the converted ones: MODELS/MODULE/PRECISION
    texts: dict  # {"arrival": […], "sorted": […]}
    truth: list | None  # the index of each text's label in arrival order
    cores: list
    scratch: Path

    def start(self, contender):
        model = self.checkpoint if contender.stored is None else self.models / contender.module / contender.stored
        start = {
            "module": contender.module,
            "checkpoint": str(self.checkpoint),
            "model": str(model),
            "threads": len(self.cores),
            "cores": self.cores,
            "settings": contender.settings,
        }
        return WorkerProcess(start, self.scratch / f"{contender.name}.log")


class Measurements:
    """What is known of one contender so far."""

    def __init__(self, unavailable=None):
        self.unavailable = unavailable
        self.answers = None
        self.rates, self.latencies, self.starts = {}, [], []
        self.resident, self.libraries = None, []

    def as_json(self):
        result = {"unavailable": self.unavailable, "answers": self.answers and asdict(self.answers)}
        if self.unavailable is None:
            result |= summarize(self.rates, self.latencies, self.starts)
            result |= {
                "resident_bytes": self.resident,
                "rounds": {f"{order} {size}": values for (order, size), values in self.rates.items()},
            }
        return result


def measure(task, contenders, cases, rounds, unavailable):
    """{contender: Measurements}. unavailable: {contender: why it cannot take part}."""
    found = {contender: Measurements(unavailable.get(contender)) for contender in contenders}
    with contextlib.ExitStack() as processes:
        workers = {}
        for contender in contenders:
            if found[contender].unavailable is None:
                workers[contender] = processes.enter_context(task.start(contender))
        check_answers(task, workers, found)
        for number, case, contender in interleave(rounds, cases, contenders):
            if found[contender].unavailable is None:
                progress(f"round {number + 1} of {rounds}: {case}: {contender.name}")
                with excluding(contender, found):
                    time.sleep(SETTLE_SECONDS)
                    measure_case(task, case, contender, workers[contender], found[contender])
        for contender, worker in workers.items():
            if found[contender].unavailable is None:
                memory = worker.ask("memory")
                found[contender].resident, found[contender].libraries = memory["resident"], memory["libraries"]
    return found


def check_answers(task, workers, found):
    queries = task.scratch / "queries.json"
    queries.write_text(json.dumps(task.texts), encoding="utf-8")
    expected = None
    for contender, worker in workers.items():
        progress(f"answers of {contender.name}")
        with excluding(contender, found):
            worker.ask("load", texts=str(queries))
            logits = worker.ask("logits", order="arrival", batch_size=32)
            if contender is REFERENCE:
                expected = logits
            if expected is None:
                raise WorkerError(f"no answers of {REFERENCE.name} to compare with")
            found[contender].answers = compare(expected, logits, task.truth)
            found[contender].unavailable = objection(found[contender].answers, contender.precision)


def measure_case(task, case, contender, worker, found):
    if case.kind == "rate":
        seconds = worker.ask("rate", order=case.order, batch_size=case.batch_size)
        found.rates.setdefault((case.order, case.batch_size), []).append(len(task.texts["arrival"]) / seconds)
    elif case.kind == "latency":
        found.latencies.append(worker.ask("latency", count=case.count))
    else:
        start = time.perf_counter()
        with task.start(contender) as fresh:
            fresh.ask("answer", text=task.texts["arrival"][0])
            found.starts.append(time.perf_counter() - start)


@contextlib.contextmanager
def excluding(contender, found):
    """A contender that fails stands in the table with its reason, and the others go on."""
    try:
        yield
    except WorkerError as error:
        found[contender].unavailable = str(error)
        progress(f"{contender.name}: {error}")


def progress(line):
    print(line, file=sys.stderr, flush=True)
