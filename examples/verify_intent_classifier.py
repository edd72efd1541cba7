#!/usr/bin/env python3
"""Proves that a trained folder is fit for work: one line a check, exit code 1 if one fails.

verify_intent_classifier.py MODEL DATA_FILE [LEAST_ACCURACY]

LEAST_ACCURACY is a percentage, 85 by default.
"""

import sys
import time

import fastintent

LEAST_PREDICTIONS_PER_MINUTE = 1000


def check(name, run):
    """Runs one check, which gives (passed, figures), and prints its line. What raises failed."""
    try:
        passed, figures = run()
    except Exception as failure:
        passed, figures = False, str(failure)
    print(f"{'ok' if passed else 'FAIL':4} {name}: {figures}")
    return passed


def same_answers(expected, found):
    if len(found) != len(expected):
        return False, f"expected {len(expected)} answers, found {len(found)}"
    different = sum(one != other for one, other in zip(expected, found))
    return different == 0, f"{different} of {len(found)} answers differ"


class Verification:
    """The checks, in order; each uses what those before it left."""

    def __init__(self, model, data_file, least_accuracy):
        self.model = model
        self.data_file = data_file
        self.least_accuracy = least_accuracy
        self.single = []  # the answers that all the others are compared with

    def run(self):
        if not check("load", self.load):
            return False  # without a model and data there is nothing else to check
        checks = {
            "accuracy": self.accuracy,
            "speed": self.speed,
            "batch equals single": self.batch,
            "stream equals single": self.stream,
            "cached equals computed": self.cached,
            "low confidence is flagged": self.flagged,
        }
        return all([check(name, run) for name, run in checks.items()])

    def load(self):
        self.classifier = fastintent.IntentClassifier(
            model_path=self.model,
            cache_size=1_000_000,  # so that the cache holds every text of the data
            cache_bytes=2**30,
        )
        data = fastintent.read_labelled_texts(self.data_file)
        self.texts, self.labels = data.texts, data.labels
        return True, (f"{len(self.classifier.intents)} intents, {len(self.texts)} texts, {self.classifier.device_name}")

    def accuracy(self):
        accuracy = 100 * self.classifier.evaluate(self.texts, self.labels).accuracy
        return (
            accuracy >= self.least_accuracy,
            f"{accuracy:.1f} %, expected at least {self.least_accuracy:.1f} %",
        )

    def speed(self):
        start = time.perf_counter()
        for text in self.texts:
            self.single.append(self.classifier.predict(text, use_cache=False))
        per_minute = len(self.single) / (time.perf_counter() - start) * 60
        return (
            per_minute >= LEAST_PREDICTIONS_PER_MINUTE,
            f"{per_minute:.0f} predictions a minute one by one, expected at least {LEAST_PREDICTIONS_PER_MINUTE}",
        )

    def batch(self):
        return same_answers(self.single, self.classifier.predict_batch(self.texts, use_cache=False))

    def stream(self):
        streamed = []
        for _, predictions in self.classifier.predict_batch_streaming(self.texts, use_cache=False):
            streamed.extend(predictions)
        return same_answers(self.single, streamed)

    def cached(self):
        self.classifier.predict_batch(self.texts)  # fills the cache
        hits_before = self.classifier.get_cache_stats()["hits"]
        answers = [self.classifier.predict(text) for text in self.texts]
        hits = self.classifier.get_cache_stats()["hits"] - hits_before
        same, figures = same_answers(self.single, answers)
        return same and hits == len(self.texts), f"{figures}, {hits} came from the cache"

    def flagged(self):
        # With the folder's own threshold there may be nothing to flag; a threshold half-way flags
        # some.
        confidences = sorted({prediction.confidence for prediction in self.single})
        threshold = confidences[len(confidences) // 2]
        self.classifier.review_threshold = threshold
        predictions = self.classifier.predict_batch(self.texts)
        self.classifier.review_threshold = None  # the folder's again
        flagged = sum(p.needs_review for p in predictions)
        wrong = sum(p.needs_review != (p.confidence < threshold) for p in predictions)
        both_kinds = len(confidences) == 1 or 0 < flagged < len(predictions)
        return wrong == 0 and both_kinds, (
            f"below {threshold:.3f}: {flagged} of {len(predictions)} texts flagged, {wrong} wrongly"
        )


def main(arguments):
    try:
        model, data_file, *bar = arguments
        (least_accuracy,) = map(float, bar or ["85"])
    except ValueError:
        print(f"usage: {sys.argv[0]} MODEL DATA_FILE [LEAST_ACCURACY]", file=sys.stderr)
        return 64
    return 0 if Verification(model, data_file, least_accuracy).run() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
