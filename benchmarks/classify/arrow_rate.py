#!/usr/bin/env python3
"""predict_arrow with cached answers: its cost per text, and the part of it that is not the cache.

  arrow_rate.py MODEL_FOLDER [TEXTS]

Run it with a Python that has fastintent and pyarrow installed. The texts are distinct and cached. One text so many
times is looked up once, so that call costs what is not the cache: reading the array, the search for repeated texts
and the columns of the answers. The ways alternate; a figure is the least time of the thread, as other programs on the
machine only add to it.
"""

import sys
import time

import pyarrow
from fastintent import IntentClassifier

ROUNDS = 25


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    model = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    classifier = IntentClassifier(model_path=model, cache_size=2 * count, cache_bytes=1 << 30)
    ways = {
        "distinct texts": pyarrow.array([f"where is my card number {i}" for i in range(count)]),
        "one text": pyarrow.array(["where is my card number 1"] * count),
        "nulls": pyarrow.nulls(count, pyarrow.string()),
    }
    for array in ways.values():
        classifier.predict_arrow(array)
    hits = classifier.get_cache_stats()["hits"]
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for way, array in ways.items():
            before = time.thread_time()
            classifier.predict_arrow(array)
            least[way] = min(least[way], time.thread_time() - before)
    assert classifier.get_cache_stats()["hits"] - hits == ROUNDS * (count + 1), "expected that all answers are cached"
    for way, seconds in least.items():
        print(f"{way}: {seconds / count * 1e6:.3f} us per text")


if __name__ == "__main__":
    main()
