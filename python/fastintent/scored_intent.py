"""The type of the alternatives of a prediction."""

from typing import NamedTuple


class ScoredIntent(NamedTuple):
    """An intent and its probability."""

    intent: str
    confidence: float


ScoredIntent.intent.__doc__ = "name of the intent"
ScoredIntent.confidence.__doc__ = "probability, from 0 to 1"
