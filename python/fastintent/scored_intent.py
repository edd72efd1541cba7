"""The type of the alternatives of a prediction."""

from typing import NamedTuple


class ScoredIntent(NamedTuple):
    """An intent and the probability the model gives it, from 0 to 1."""

    intent: str
    confidence: float
