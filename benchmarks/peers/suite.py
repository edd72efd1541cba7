#!/usr/bin/env python3
"""Converts one checkpoint for all peers, checks their answers and measures them in turn. run.sh installs them before.

Writes results.json, results.md and results.svg.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from catalogue import CONTENDERS, REFERENCE
from installed_size import installed_bytes
from machine import describe_commit, describe_machine, installed_versions
from measure import Task, measure
from plot import plot
from prepare import HERE, convert_all, folder_of_models, make_random_checkpoint
from queries import read_rows, sort_by_length, spread
from report import report
from rounds import ALL_CASES, LARGE_MODEL_CASES

CALIBRATION_TEXTS = 300  # NNCF's own default


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="run.sh", description=__doc__, epilog="run.sh itself takes --environment FOLDER: where to install."
    )
    parser.add_argument("--model", type=Path, required=True, help="trained BertForSequenceClassification (pooler head)")
    parser.add_argument("--texts", type=Path, required=True, help="CSV of queries with the columns text, category")
    parser.add_argument("--calibration", type=Path, required=True, help="the same of training texts, to quantise with")
    parser.add_argument("--output", type=Path, default=HERE.parents[1] / "build" / "peers", help="default: build/peers")
    parser.add_argument("--models", type=Path, required=True, help="keeps the converted models (run.sh has a default)")
    parser.add_argument("--failures", type=Path, required=True, help="what could not be installed (by run.sh)")
    parser.add_argument("--queries", type=int, default=512, help="as many of the texts, evenly spaced; default 512")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--threads", type=int, default=2, help="of each contender, on as many cores; default 2")
    parser.add_argument("--only", default="", help="only contenders whose name has this, beside torch fp32")
    return parser.parse_args()


class Suite:
    """What is the same for every model: contenders, queries, cores."""

    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.contenders = [c for c in CONTENDERS if c is REFERENCE or arguments.only in c.name]
        self.cores = sorted(os.sched_getaffinity(0))[: arguments.threads]
        self.rows = spread(read_rows(arguments.texts), arguments.queries)
        self.calibration = scratch / "calibration.json"
        texts = [text for text, _ in spread(read_rows(arguments.calibration), CALIBRATION_TEXTS)]
        self.calibration.write_text(json.dumps(texts), encoding="utf-8")

    def run(self, checkpoint, cases, is_trained):
        models = folder_of_models(checkpoint, self.arguments.models)
        unavailable = convert_all(self.contenders, checkpoint, models, self.calibration, self.arguments.failures)
        arrival = [text for text, _ in self.rows]
        task = Task(
            checkpoint=checkpoint,
            models=models,
            cores=self.cores,
            scratch=self.scratch,
            texts={"arrival": arrival, "sorted": sort_by_length(arrival, checkpoint)},
            truth=self.truth(checkpoint) if is_trained else None,
        )
        found = measure(task, self.contenders, cases, self.arguments.rounds, unavailable)
        return {
            "title": title(checkpoint, "trained" if is_trained else "random"),
            "queries": len(arrival),
            "rounds": self.arguments.rounds,
            "contenders": {contender.name: describe(contender, found[contender]) for contender in found},
        }

    def truth(self, checkpoint):
        """The index of each query's label."""
        config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
        return [config["label2id"][label] for _, label in self.rows]


def title(checkpoint, weights):
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    return (
        f"{config['num_hidden_layers']} layers, width {config['hidden_size']}, "
        f"{len(config['id2label'])} labels, {weights} weights"
    )


def describe(contender, measurements):
    result = measurements.as_json()
    if measurements.unavailable is None:
        result["installed_bytes"] = installed_bytes(contender.distributions, measurements.libraries)
    return result


def main():
    arguments = parse_arguments()
    machine = describe_machine(sorted(os.sched_getaffinity(0))[: arguments.threads])
    names = {name for contender in CONTENDERS for name in contender.distributions} | {"nncf"}
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(arguments, Path(scratch))
        large = make_random_checkpoint(arguments.model, arguments.models)
        models = [
            suite.run(arguments.model, ALL_CASES, is_trained=True),
            suite.run(large, LARGE_MODEL_CASES, is_trained=False),
        ]
    results = {
        "machine": machine,
        "commit": describe_commit(HERE),
        "threads": arguments.threads,
        "versions": installed_versions(sorted(names)),
        "models": models,
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    table = report(results)
    for name, content in (
        ("results.json", json.dumps(results, indent=1) + "\n"),
        ("results.md", table),
        ("results.svg", plot(results)),
    ):
        (arguments.output / name).write_text(content, encoding="utf-8")
    print(table, end="")


if __name__ == "__main__":
    main()
