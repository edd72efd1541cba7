"""In which order things are measured, and what is made of the seconds. Pure Python."""

import math
import statistics
from dataclasses import dataclass

BATCH_SIZES = (1, 8, 32, 128)
ORDERS = ("arrival", "sorted")


@dataclass(frozen=True)
class Case:
    """A thing to measure of every contender: `rate`, `latency` or `start`."""

    kind: str
    order: str = "arrival"
    batch_size: int = 1
    count: int | None = None  # of a latency: only this many queries, one at a time

    def __str__(self):
        return f"{self.kind}, {self.order} {self.batch_size}"


# A single text has no padding, so order does not matter there.
RATES = tuple(Case("rate", order, size) for order in ORDERS for size in BATCH_SIZES if (order, size) != ("sorted", 1))
ALL_CASES = (*RATES, Case("latency"), Case("start"))
LARGE_MODEL_CASES = (Case("rate", "arrival", 32), Case("rate", "sorted", 32), Case("latency", count=128))


def interleave(rounds, cases, contenders):
    """(round, case, contender): within a round each case meets A, B, C in turn, so that noise meets them alike."""
    for number in range(rounds):
        for case in cases:
            for contender in contenders:
                if case.order == "arrival" or contender.may_sort:
                    yield number, case, contender


def percentile(values, share):
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarize(rates, latencies, starts):
    """Medians of the rounds. rates: {(order, batch size): [queries/s]}; latencies: [[seconds]]; starts: [seconds]."""

    def median(values):
        return statistics.median(values) if values else None

    return {
        "queries_per_second": {f"{order} {size}": median(values) for (order, size), values in rates.items()},
        "p50_ms": median([1e3 * percentile(seconds, 0.50) for seconds in latencies]),
        "p99_ms": median([1e3 * percentile(seconds, 0.99) for seconds in latencies]),
        "first_answer_s": median(starts),
    }
