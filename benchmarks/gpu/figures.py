"""What is made of the rounds. Pure Python."""

import statistics


def figure(rounds):
    """A figure as it stands in the JSON: the median and what it was taken of; None where nothing was measured."""
    return {"median": statistics.median(rounds), "rounds": list(rounds)} if rounds else None


def median(found):
    return None if found is None else found["median"]


def ratio(numerator, denominator):
    """Of two medians: they come from rounds in turn. None where one is missing."""
    numerator, denominator = median(numerator), median(denominator)
    return None if numerator is None or not denominator else numerator / denominator


def highest(figures):
    """(name, figure) of the highest median, or (None, None)."""
    present = {name: found for name, found in figures.items() if found is not None}
    return max(present.items(), key=lambda item: item[1]["median"], default=(None, None))
