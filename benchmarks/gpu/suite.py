#!/usr/bin/env python3
"""Prediction and training on a GPU beside the processor and torch. scripts/gpu_check.sh builds and runs it.

Writes one JSON and prints the tables of it (table.py). Parts of an earlier run of the same commit on the same GPU stay
in the JSON, so that the parts may be run one by one.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from accuracy import measure_accuracy, measure_labels  # noqa: E402
from goals import judge  # noqa: E402
from machine import describe  # noqa: E402
from prediction import Prediction, progress  # noqa: E402
from program import Programs  # noqa: E402
from table import tables  # noqa: E402
from test_results import read_test_results  # noqa: E402
from texts import ROOT, find_texts  # noqa: E402
from training import measure_training  # noqa: E402

PARTS = ("prediction", "training", "accuracy")


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    rounds: int
    cpu_rounds: int  # of the processor's, which take much longer
    queries: int | None  # of the test's; None: all
    single_queries: int
    seconds: float  # of each rate of tokens in, labels out, at least
    packed_tokens: tuple  # tokens of a batch on a GPU
    gpu_iterations: int  # calls of `fastintent bench`
    cpu_iterations: int
    training_rows: int | None
    training_rounds: int
    peer_steps: int
    seeds: int

    def rounds_on(self, device):
        return self.rounds if device == "cuda" else self.cpu_rounds

    def budgets(self, device):
        """The processor's batches are those that stay in its caches."""
        return self.packed_tokens if device == "cuda" else (256,)

    def iterations(self, device):
        return self.gpu_iterations if device == "cuda" else self.cpu_iterations

    def rows_of(self, file):
        with open(file, newline="", encoding="utf-8") as rows:
            return sum(1 for _ in csv.DictReader(rows))


# Chosen so that each part ends well within ten minutes on an H100 with sixteen cores; no run has
# checked that yet.
FULL = Effort(
    rounds=3,
    cpu_rounds=2,
    queries=None,
    single_queries=500,
    seconds=0.5,
    packed_tokens=(8192, 16384, 32768, 65536),
    gpu_iterations=2000,
    cpu_iterations=30,
    training_rows=None,
    training_rounds=3,
    peer_steps=150,
    seeds=3,
)
# For trying the drivers: the figures mean nothing.
TINY = Effort(
    rounds=1,
    cpu_rounds=1,
    queries=64,
    single_queries=8,
    seconds=0.05,
    packed_tokens=(512, 1024),
    gpu_iterations=4,
    cpu_iterations=4,
    training_rows=160,
    training_rounds=1,
    peer_steps=8,
    seeds=1,
)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="gpu_check.sh",
        description=__doc__,
        epilog="FASTINTENT_DATA, FASTINTENT_BASE_MODEL: data and base weights.",
    )
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "cuda", help="default: build/cuda")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu tries the drivers without a GPU")
    parser.add_argument("--tiny", action="store_true", help="a tiny model and little work, to try the drivers")
    parser.add_argument("--parts", default=",".join(PARTS), help="default: prediction,training,accuracy")
    parser.add_argument("--trained", type=Path, help="folder for the labels of each precision; default: one tuned here")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "gpu_check.json", help="the JSON")
    parser.add_argument("--tests", type=Path, help="results of the tests, as ctest writes them (JUnit)")
    arguments = parser.parse_args()
    arguments.parts = arguments.parts.split(",")
    unknown = [part for part in arguments.parts if part not in PARTS]
    if unknown:
        parser.error(f"--parts: expected {', '.join(PARTS)}, found {', '.join(unknown)}")
    return arguments


class Suite:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.effort = TINY if arguments.tiny else FULL
        self.programs = Programs(arguments.build)
        self.texts = find_texts()
        base = os.environ.get("FASTINTENT_BASE_MODEL")
        self.base = Path(base) if base else None
        self.results = self.earlier() | {
            "device": arguments.device,
            "tiny": arguments.tiny,
            "texts": self.texts.source,
            **describe(arguments.device),
        }
        if arguments.tests:
            self.results["tests"] = read_test_results(arguments.tests)

    def earlier(self):
        """Parts of an earlier run that belong beside this one's."""
        try:
            found = json.loads(self.arguments.output.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        now = describe(self.arguments.device)
        same = (
            found.get("commit") == now["commit"]
            and found.get("tiny") == self.arguments.tiny
            and gpu_name(found) == gpu_name(now)
        )
        return found if same else {}

    def run(self):
        if {"prediction", "training"} & set(self.arguments.parts):
            self.checkpoint, self.results["checkpoint"] = self.make_checkpoint()
        for part in self.arguments.parts:
            getattr(self, part)()
            self.write()  # after each part: an interrupted run keeps its finished parts

    def write(self):
        self.results["goals"] = judge(self.results)
        self.arguments.output.parent.mkdir(parents=True, exist_ok=True)
        self.arguments.output.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")

    def prediction(self):
        texts = [text for text, _ in self.texts.queries]
        self.results["prediction"] = Prediction(
            self.programs, self.checkpoint, texts, self.arguments.device, self.effort, self.scratch
        ).run()

    def training(self):
        self.results["training"] = measure_training(
            self.programs, self.checkpoint, self.files(), self.arguments.device, self.effort, self.scratch
        )

    def accuracy(self):
        """Needs data, and base weights or --trained."""
        trained = self.arguments.trained
        self.results["accuracy"] = self.results["labels"] = None
        if self.texts.train is None:
            self.results["accuracy_missing"] = f"no data: {self.texts.source}"
            return
        self.results["accuracy_missing"] = None
        if self.base is None:
            self.results["accuracy_missing"] = "no base weights: FASTINTENT_BASE_MODEL is not set"
        else:
            self.results["accuracy"], tuned = measure_accuracy(
                self.programs, self.base, self.files(), self.arguments.device, self.effort, self.scratch
            )
            trained = trained or tuned
        if trained is not None:
            texts = [text for text, _ in self.texts.queries[: self.effort.queries]]
            self.results["labels"] = measure_labels(self.programs, trained, texts, self.arguments.device, self.scratch)

    def files(self):
        """(training, validation) as CSV: BANKING77's own, or what is made up or made shorter."""
        if self.texts.train is not None and self.effort.training_rows is None:
            return self.texts.train, self.texts.test
        count = self.effort.training_rows
        files = self.scratch / "train.csv", self.scratch / "test.csv"
        for file, rows in zip(files, (self.texts.training, self.texts.queries)):
            step = 1 if count is None else max(1, len(rows) // count)
            with open(file, "w", newline="", encoding="utf-8") as stream:
                csv.writer(stream).writerows([("text", "category"), *rows[::step]])
        return files

    def make_checkpoint(self):
        """A model with random weights, kept for later runs, and what its tokenizer is."""
        size = "tiny" if self.arguments.tiny else "base"
        tokenizer = self.tokenizer()
        source = "a vocabulary made of the texts" if tokenizer == "-" else "that of the base model"
        data = json.dumps(
            {
                "texts": [text for text, _ in self.texts.training],
                "labels": sorted({label for _, label in self.texts.training}),
            }
        )
        digest = hashlib.sha256((data + source + (HERE / "checkpoint.py").read_text()).encode()).hexdigest()[:16]
        folder = ROOT / "build" / "gpu_checkpoints" / f"{size}-{digest}"
        if not folder.exists():
            progress(f"making a model of size {size} with random weights")
            texts = self.scratch / "checkpoint_texts.json"
            texts.write_text(data, encoding="utf-8")
            subprocess.run([sys.executable, "-B", HERE / "checkpoint.py", size, texts, tokenizer, folder], check=True)
        return folder, {"size": size, "tokenizer": source}

    def tokenizer(self):
        """Of the base model, else what gpu_check.sh packed of one, else `-`: none."""
        for folder in filter(None, (self.base, ROOT / "tokenizer")):
            if (folder / "tokenizer.json").is_file():
                return str(folder)
        return "-"


def gpu_name(results):
    return (results.get("gpu") or {}).get("name")


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as scratch:
        suite = Suite(arguments, Path(scratch))
        if arguments.device == "cuda" and suite.results["gpu"] is None:
            sys.exit("gpu_check: expected an NVIDIA GPU, found none (nvidia-smi)")
        suite.run()
    print(tables(suite.results), end="")


if __name__ == "__main__":
    main()
