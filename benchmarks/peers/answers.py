"""Whether an engine answers as the definition (torch in f32) does, before any clock starts. Pure Python."""

import math
from dataclasses import dataclass

TIE = 1e-4  # the order of f32 sums alone may swap two logits closer than this
LEAST_EQUAL = 0.95  # share of equal labels below which a quantised model is a different model
LEAST_SIMILAR = 0.95  # the same for logits, where labels mean nothing (random weights)


@dataclass(frozen=True)
class Answers:
    equal: float  # share of labels equal to the definition's
    beyond_ties: int  # labels that differ where the definition's logits are further apart than TIE
    similarity: float  # mean cosine of a text's logits and the definition's, less the common part
    accuracy: float | None  # share of labels equal to the data's; None where the weights are random


def best(row):
    return max(range(len(row)), key=row.__getitem__)


def compare(expected, found, truth=None):
    """expected, found: logits [texts, labels]; truth: the index of each text's label."""
    if len(found) != len(expected):
        raise ValueError(f"compare: expected {len(expected)} answers, found {len(found)}")
    labels = [best(row) for row in found]
    wanted = [best(row) for row in expected]
    common = [math.fsum(column) / len(expected) for column in zip(*expected)]
    margins = (row[want] - row[label] for row, want, label in zip(expected, wanted, labels))
    return Answers(
        equal=share_equal(wanted, labels),
        beyond_ties=sum(margin > TIE for margin in margins),
        similarity=math.fsum(cosine(a, b, common) for a, b in zip(expected, found)) / len(expected),
        accuracy=None if truth is None else share_equal(truth, labels),
    )


def share_equal(left, right):
    return sum(a == b for a, b in zip(left, right)) / len(left)


def cosine(a, b, origin):
    """Of the angle at `origin`: logits of random weights have most of their length in common."""
    a, b = ([x - o for x, o in zip(row, origin)] for row in (a, b))
    lengths = math.hypot(*a) * math.hypot(*b)
    return math.fsum(x * y for x, y in zip(a, b)) / lengths if lengths > 0 else float(a == b)


def objection(answers, precision):
    """Why the rates of these answers are not shown, or None. Labels count where the weights were trained."""
    if precision == "fp32":
        if answers.beyond_ties == 0:
            return None
        return f"{answers.beyond_ties} labels differ from torch's in f32, by more than rounding"
    if answers.accuracy is None:
        if answers.similarity >= LEAST_SIMILAR:
            return None
        return f"logits are only {answers.similarity:.3f} alike f32's, expected {LEAST_SIMILAR}"
    if answers.equal >= LEAST_EQUAL:
        return None
    return f"only {answers.equal:.1%} of the labels equal f32's, expected {LEAST_EQUAL:.0%}"
