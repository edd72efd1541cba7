#!/usr/bin/env python3
"""Simulates the prediction of 10^3 to 10^9 texts by many workers, from rates measured on one core.

    simulate.py [--rates rates.json] [--figure FILE.svg]

prints a Markdown table of core-seconds per 10^6 texts, and draws it. `measure.py` writes the rates.

The simulation is of discrete events: a worker is one core; it starts, takes the next task, and ends when no task is
left. Every core is paid for until the last one has finished, as in a cluster of a fixed size. A task lasts as long as
its texts at the measured rate, times a slowdown drawn from those that were measured, and its own start; a worker that
fails starts again and repeats its task or, where the answers so far were kept, continues it.
"""

import argparse
import dataclasses
import heapq
import json
import math
import pathlib
import random
import sys

import draw

# Core-seconds of work per core-second of starting, so that starts cost at most 5 %.
WORK_PER_START = 20
# Tasks of a worker, so that those who wait for the last task wait for at most an eighth of the run.
TASKS_PER_WORKER = 8
MOST_WORKERS = 4096  # those of a large cluster; more would only shorten the run
SEED = 16  # any: the same one, so that a repeated run prints the same table


@dataclasses.dataclass(frozen=True)
class Plan:
    """The work and the workers of one run. Times are in seconds of a core."""

    texts: int
    workers: int
    tasks: int
    text_seconds: float
    worker_start: float = 0.0  # once in a worker's life: the engine's process, and loading the model
    task_start: float = 0.0  # of each task: scheduling it, or a new process
    scan_seconds: float = 0.0  # to search all texts for quotes; a task searches those before its own
    slowdowns: tuple[float, ...] = (1.0,)  # one is drawn for each task
    failures_per_hour: float = 0.0  # of one worker
    resumes: bool = False  # a task that failed continues behind its last answer


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run costs."""

    seconds: float  # until the last worker has finished
    core_seconds: float  # of all workers until then
    failures: int

    def per_million(self, texts: int) -> float:
        """Core-seconds per 10^6 texts."""
        return self.core_seconds / texts * 1e6


def simulate(plan: Plan, chance: random.Random) -> Outcome:
    """Runs the plan's events: the worker that is free first takes the next task."""
    workers = [plan.worker_start] * plan.workers  # when each is free; equal times are a heap
    end = 0.0
    failures = 0
    for task in range(plan.tasks):
        texts = plan.texts * (task + 1) // plan.tasks - plan.texts * task // plan.tasks
        start = plan.task_start + plan.scan_seconds * (task + 1) / plan.tasks
        work = texts * plan.text_seconds * chance.choice(plan.slowdowns)
        now = workers[0]
        while (lives := time_to_failure(plan, chance)) < start + work:
            failures += 1
            now += lives + plan.worker_start
            if plan.resumes:
                work -= max(0.0, lives - start)
        end = max(end, now + start + work)
        heapq.heapreplace(workers, now + start + work)
    return Outcome(end, end * plan.workers, failures)


def time_to_failure(plan: Plan, chance: random.Random) -> float:
    """Seconds until the worker fails, from any time on: failures have no memory."""
    return chance.expovariate(plan.failures_per_hour / 3600) if plan.failures_per_hour else math.inf


def sizes(work: float, worker_start: float, task_start: float) -> dict[str, int]:
    """Workers and tasks for so many core-seconds of work, so that the starts cost little."""
    start = task_start + worker_start / TASKS_PER_WORKER
    tasks = max(1, int(work / (WORK_PER_START * start)))
    workers = min(MOST_WORKERS, math.ceil(tasks / TASKS_PER_WORKER))
    return {"workers": workers, "tasks": min(tasks, workers * TASKS_PER_WORKER)}


def plans(texts: int, rates: dict) -> dict[str, Plan]:
    """The ways to answer so many texts that the figure compares, by name."""
    common = {
        "texts": texts,
        "text_seconds": 1 / rates["texts_per_core_second"],
        "slowdowns": tuple(rates["slowdowns"]),
        "failures_per_hour": 0.01,  # of a core: a machine of 64 is lost every hour and a half, as spot machines are
    }
    start = rates["start_core_seconds"]
    shards = common | {"task_start": start, "resumes": True}
    engine = common | {
        "worker_start": rates["engine_start_seconds"],
        "task_start": rates["engine_task_seconds"],
    }
    work = texts * common["text_seconds"]
    sized = sizes(work, 0, start)
    one_each = {"workers": sized["workers"], "tasks": sized["workers"]}
    scan = texts * rates["bytes_per_text"] * rates["quote_search_seconds_per_byte"]
    return {
        "one core": Plan(**common, workers=1, tasks=sized["tasks"], worker_start=start, resumes=True),
        "shards of lines": Plan(**shards, **sized),
        "one shard per worker": Plan(**shards, **one_each),
        "shards of quoted CSV": Plan(**shards, **sized, scan_seconds=scan),
        "an engine": Plan(**engine, **sizes(work, engine["worker_start"], engine["task_start"])),
        "an engine of 256 cores": Plan(**engine, workers=256, tasks=256 * TASKS_PER_WORKER),
    }


def run_all(rates: dict) -> dict[str, dict[int, Outcome]]:
    """The outcome of each plan by name and number of texts."""
    outcomes: dict[str, dict[int, Outcome]] = {}
    for exponent in range(3, 10):
        texts = 10**exponent
        for name, plan in plans(texts, rates).items():
            outcomes.setdefault(name, {})[texts] = simulate(plan, random.Random(SEED))
    return outcomes


def table(outcomes: dict[str, dict[int, Outcome]]) -> str:
    """The core-seconds per 10^6 texts as Markdown."""
    sizes = list(next(iter(outcomes.values())))
    lines = ["| texts | " + " | ".join(f"10^{round(math.log10(size))}" for size in sizes) + " |"]
    lines.append("|---|" + "---|" * len(sizes))
    for name, by_size in outcomes.items():
        cells = (f"{outcome.per_million(size):,.0f}" for size, outcome in by_size.items())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def figure(outcomes: dict[str, dict[int, Outcome]], rates: dict) -> str:
    """The core-seconds per 10^6 texts as SVG."""
    lines = {
        name: {size: outcome.per_million(size) for size, outcome in by_size.items()}
        for name, by_size in outcomes.items()
    }
    return draw.figure(lines, rates["processor"])


def main() -> None:
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rates", type=pathlib.Path, default=here / "rates.json", help="what measure.py wrote")
    parser.add_argument("--figure", type=pathlib.Path, help="file for the figure (SVG)")
    arguments = parser.parse_args()
    rates = json.loads(arguments.rates.read_text())
    outcomes = run_all(rates)
    print(table(outcomes))
    if arguments.figure:
        arguments.figure.write_text(figure(outcomes, rates))
    texts, outcome = max(outcomes["shards of lines"].items())
    print(f"\n{texts:,} texts in shards of lines take {outcome.seconds / 60:.0f} minutes", file=sys.stderr)


if __name__ == "__main__":
    main()
