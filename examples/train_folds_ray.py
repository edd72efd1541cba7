#!/usr/bin/env python3
"""Measures a training honestly, by cross-validation over Ray: trains a model per fold, all folds side by side.

train_folds_ray.py BASE TRAIN_FILE OUTPUT FOLDS [EPOCHS]

Every node must see the folders at the same paths. Each model is written to OUTPUT/fold-NUMBER. For many seeds instead
of folds, pass `seed` to train() and the same validation texts to each.
"""

import collections
import itertools
import pathlib
import statistics
import sys

import ray


@ray.remote(num_cpus=1)
def train_fold(base, data, output, fold, epochs):
    """Trains on the rows of all other folds and returns the accuracy on this one; runs in a process of Ray's."""
    import fastintent

    training = [(text, label) for text, label, held_out_in in data if held_out_in != fold]
    held_out = [(text, label) for text, label, held_out_in in data if held_out_in == fold]
    # Tasks run side by side, so each uses the one CPU that it has.
    classifier = fastintent.IntentClassifier(base, threads=1)
    # Ray repeats a task whose process died. A model appears in its folder when it is complete, so the second run finds
    # nothing, or a complete model to replace.
    report = classifier.train(*zip(*training), *zip(*held_out), output=output, epochs=epochs, overwrite=True)
    return report.validation.accuracy


def folds_of(labels, folds):
    """Deals the rows of each label out to the folds in turn, so that every fold has its share of every label."""
    turns = {label: itertools.cycle(range(folds)) for label in labels}
    return [next(turns[label]) for label in labels]


def main(arguments):
    numbers_are_right = all(a.isdigit() and int(a) for a in arguments[3:]) and arguments[3:4] != ["1"]
    if len(arguments) not in (4, 5) or not numbers_are_right:
        print(f"usage: {sys.argv[0]} BASE TRAIN_FILE OUTPUT FOLDS [EPOCHS]", file=sys.stderr)
        return 64
    import fastintent

    base, output = (str(pathlib.Path(argument).absolute()) for argument in (arguments[0], arguments[2]))
    folds = int(arguments[3])
    epochs = int(arguments[4]) if arguments[4:] else None
    rows = fastintent.read_labelled_texts(arguments[1])
    label, count = collections.Counter(rows.labels).most_common()[-1]
    if count < folds:  # a fold without a label would not measure it, and one without any rows nothing
        print(
            f"train_folds_ray: expected {folds} or more texts of each label, found {count} of {label}", file=sys.stderr
        )
        return 65
    pathlib.Path(output).mkdir(parents=True, exist_ok=True)

    ray.init(ignore_reinit_error=True, log_to_driver=False)
    # Stored once for all folds, not sent with each.
    data = ray.put(list(zip(rows.texts, rows.labels, folds_of(rows.labels, folds))))
    running = [train_fold.remote(base, data, f"{output}/fold-{fold}", fold, epochs) for fold in range(folds)]
    accuracies = ray.get(running)
    for fold, accuracy in enumerate(accuracies):
        print(f"fold {fold}  accuracy {100 * accuracy:.1f} %")
    spread = 100 * statistics.stdev(accuracies)
    print(f"mean {100 * statistics.mean(accuracies):.1f} %, standard deviation {spread:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
