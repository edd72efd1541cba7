"""fastintent itself, through its command line and benchmark programs."""

import json
import os
import subprocess
import time
from pathlib import Path


class ProgramError(Exception):
    """What a program said when it failed."""


class Programs:
    """Those of one build. Options of other programs' environment variables (FASTINTENT_…) do not reach them."""

    def __init__(self, build):
        self.command_line = build / "cli" / "fastintent"
        self.encode_tokens = build / "benchmarks" / "gpu" / "encode_tokens"
        self.product_rates = build / "benchmarks" / "gpu" / "product_rates"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FASTINTENT_")}

    def run(self, program, *arguments):
        """Its standard output and error. Throws ProgramError."""
        command = [str(program), *map(str, arguments)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, encoding="utf-8", check=False, env=self.environment
            )
        except OSError as error:
            raise ProgramError(str(error)) from error
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise ProgramError(f"{Path(program).name}: {lines[-1]}")
        return done.stdout, done.stderr

    def logits(self, model, file, place):
        """Of every text of a JSON lines file."""
        lines, _ = self.run(self.command_line, "predict", "--model", model, "--input", file, "--logits", *place.flags())
        return [json.loads(line)["logits"] for line in lines.splitlines()]

    def bench(self, model, file, place, iterations):
        out, _ = self.run(
            self.command_line,
            "bench",
            "--model",
            model,
            "--input",
            file,
            "--iterations",
            iterations,
            "--json",
            *place.flags(),
        )
        return json.loads(out)["benchmarks"]

    def token_rates(self, model, file, place, budgets, seconds):
        """{tokens a batch: queries a second}."""
        out, _ = self.run(
            self.encode_tokens,
            "--model",
            model,
            "--input",
            file,
            "--replicas",
            place.replicas,
            "--seconds",
            seconds,
            *(f"--tokens={budget}" for budget in budgets),
            *place.flags(threads=False),
        )
        return json.loads(out)["queries_per_second"]

    def products(self):
        out, _ = self.run(self.product_rates)
        return json.loads(out)["products"]

    def train(self, model, training, validation, output, place, *more):
        """Seconds of the whole command, and examples a second of each of its steps."""
        log = Path(f"{output}.log.jsonl")
        start = time.perf_counter()
        self.run(
            self.command_line,
            "train",
            "--model",
            model,
            "--train",
            training,
            "--validation",
            validation,
            "--output",
            output,
            "--force",
            "--log",
            log,
            *place.flags(),
            *more,
        )
        seconds = time.perf_counter() - start
        events = map(json.loads, log.read_text(encoding="utf-8").splitlines())
        return seconds, [event["examples_per_second"] for event in events if event["event"] == "step"]

    def accuracy(self, model, data, place):
        out, _ = self.run(
            self.command_line, "evaluate", "--model", model, "--data", data, "--output", "-", *place.flags()
        )
        return json.loads(out)["accuracy"]
