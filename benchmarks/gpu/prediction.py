"""Prediction: answers first, then rounds in turn, of fastintent in every precision and of torch."""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from contenders import Place, contenders
from figures import figure
from peers.answers import compare, objection
from peers.queries import sort_by_length
from peers.rounds import percentile
from peers.worker_process import WorkerError, WorkerProcess
from program import ProgramError

# (what, order, texts per batch) of torch: batches in the order of arrival, and sorted ones, which
# pad next to nothing.
TORCH_RATES = tuple(
    (what, order, size) for what in ("tokens", "texts") for order, size in (("arrival", 32), ("sorted", 128))
)


class Prediction:
    """One checkpoint, the same queries for all. `effort`: see suite.py."""

    def __init__(self, programs, checkpoint, queries, device, effort, scratch):
        self.programs, self.checkpoint, self.effort, self.scratch = programs, checkpoint, effort, scratch
        self.device = device
        self.queries = queries[: effort.queries]
        self.ours, self.torches = contenders(device)
        self.lines, self.json_lines, self.orders = (
            scratch / name for name in ("texts.txt", "texts.jsonl", "texts.json")
        )
        # A line break would make two queries of one.
        texts = [" ".join(text.split()) for text in self.queries]
        self.lines.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        self.json_lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        self.orders.write_text(
            json.dumps({"arrival": texts, "sorted": sort_by_length(texts, checkpoint)}), encoding="utf-8"
        )
        self.found = {
            c.name: {"unavailable": None, "answers": None, "rates": {}, "p50_ms": [], "p99_ms": []}
            for c in (*self.ours, *self.torches)
        }

    def run(self):
        with contextlib.ExitStack() as processes:
            workers = {torch.name: processes.enter_context(self.start(torch)) for torch in self.torches}
            self.check_answers(workers)
            for number in range(self.effort.rounds):
                for contender in (*self.ours, *self.torches):
                    takes_part = number < self.effort.rounds_on(contender.device)
                    if takes_part and self.found[contender.name]["unavailable"] is None:
                        progress(f"prediction, round {number + 1} of {self.effort.rounds}: {contender.name}")
                        with self.excluding(contender):
                            self.measure(contender, workers.get(contender.name))
            ceiling = self.ceiling(workers[self.torches[0].name])
        for result in self.found.values():
            result["rates"] = {case: figure(rounds) for case, rounds in result["rates"].items()}
            result["p50_ms"], result["p99_ms"] = figure(result["p50_ms"]), figure(result["p99_ms"])
        return {
            "main": self.ours[0].name,
            "peer": self.torches[0].name,
            "queries": len(self.queries),
            "tokens": self.count_tokens(),
            "rounds": self.effort.rounds,
            "contenders": self.found,
            "product_ceiling_tflops": ceiling,
            "products": self.products(),
        }

    def start(self, torch):
        return WorkerProcess(
            torch.start(self.checkpoint),
            self.scratch / f"{torch.name}.log",
            Path(__file__).with_name("torch_worker.py"),
        )

    def check_answers(self, workers):
        """torch in fp32 is the definition; weights are random, so likeness of logits decides (peers/answers.py)."""
        definition = self.torches[-1]
        expected = None
        for contender in (definition, *self.torches[:-1], *self.ours):
            progress(f"answers of {contender.name}")
            with self.excluding(contender):
                if isinstance(contender, Place):
                    logits = self.programs.logits(self.checkpoint, self.json_lines, contender)
                else:
                    workers[contender.name].ask("load", texts=str(self.orders))
                    logits = workers[contender.name].ask("logits", order="arrival", batch_size=32)
                expected = expected or logits
                if contender is not definition and self.found[definition.name]["unavailable"]:
                    raise WorkerError(f"no answers of {definition.name} to compare with")
                answers = compare(expected, logits)
                self.found[contender.name] |= {
                    "answers": asdict(answers),
                    "unavailable": objection(answers, contender.precision),
                }

    def measure(self, contender, worker):
        found = self.found[contender.name]
        if isinstance(contender, Place):
            self.measure_ours(contender, found)
            return
        for what, order, size in TORCH_RATES:
            seconds = worker.ask("rate", what=what, order=order, batch_size=size)
            take(found["rates"], f"{what} {order} {size}", len(self.queries) / seconds)
        seconds = worker.ask("latency", count=self.effort.single_queries)
        found["p50_ms"].append(1e3 * percentile(seconds, 0.50))
        found["p99_ms"].append(1e3 * percentile(seconds, 0.99))

    def measure_ours(self, place, found):
        rates = self.programs.token_rates(
            self.checkpoint, self.lines, place, self.effort.budgets(place.device), self.effort.seconds
        )
        for budget, rate in rates.items():
            take(found["rates"], f"tokens packed {budget}", rate)
        bench = self.programs.bench(self.checkpoint, self.lines, place, self.effort.iterations(place.device))
        take(found["rates"], "texts streaming", bench["streaming"]["throughput"])
        found["p50_ms"].append(bench["single_prediction"]["p50_ms"])
        found["p99_ms"].append(bench["single_prediction"]["p99_ms"])

    def ceiling(self, worker):
        try:
            return worker.ask("product_rate") * 1e-12
        except WorkerError:
            return None

    def products(self):
        """Of BERT-base's shapes; only a GPU's are measured so."""
        if self.device != "cuda":
            return []
        try:
            return self.programs.products()
        except ProgramError as error:
            progress(str(error))
            return []

    def count_tokens(self):
        import tokenizers

        tokenizer = tokenizers.Tokenizer.from_file(str(self.checkpoint / "tokenizer.json"))
        tokenizer.no_padding()
        return sum(len(row.ids) for row in tokenizer.encode_batch_fast(self.queries))

    @contextlib.contextmanager
    def excluding(self, contender):
        """A contender that fails stands in the table with its reason, and the others go on."""
        try:
            yield
        except (WorkerError, ProgramError) as error:
            self.found[contender.name]["unavailable"] = str(error)
            progress(f"{contender.name}: {error}")


def take(rates, case, rate):
    rates.setdefault(case, []).append(rate)


def progress(line):
    print(line, file=sys.stderr, flush=True)
