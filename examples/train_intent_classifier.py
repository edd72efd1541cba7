#!/usr/bin/env python3
"""Fine-tunes an intent classifier on a labelled file, showing how it goes, and saves it.

train_intent_classifier.py BASE TRAIN_FILE OUTPUT [EPOCHS]
"""

import sys

import fastintent


def show_step(report):
    # One line in ten steps, and the last one, is enough to see the loss fall.
    if report.step % 10 == 0 or report.step == report.total_steps:
        print(
            f"step {report.step}/{report.total_steps}  loss {report.loss:.4f}  "
            f"{report.examples_per_second:.0f} examples/s",
            flush=True,
        )


def show_epoch(report):
    if report.validation is not None:
        best = ", the best so far" if report.best else ""
        accuracy = 100 * report.validation.accuracy
        print(f"epoch {report.epoch}  validation accuracy {accuracy:.1f} %{best}", flush=True)


def train(base, train_file, output, epochs):
    # 1. The data: a CSV with the columns text and label (or intent, or category).
    data = fastintent.read_labelled_texts(train_file)
    print(f"{len(data.texts)} texts, {len(data.label_names)} intents")

    # 2. A classifier that has learnt nothing yet. The base is looked up when training begins.
    classifier = fastintent.IntentClassifier(base)

    # 3. Training. A tenth of the texts is held out to choose the best epoch by; all settings that
    #    are not given have good defaults (docs/training.md). An output that holds a model already
    #    is refused before any work.
    report = classifier.train(
        data.texts,
        data.labels,
        output=output,
        epochs=epochs,
        on_step=show_step,
        on_epoch=show_epoch,
    )
    print(f"trained in {report.seconds:.1f} s, best epoch {report.best_epoch}, saved to {output}")

    # 4. The classifier has the new model and is ready to answer. So is everything else that opens
    #    the folder: verify_intent_classifier, the command line, transformers.
    text = data.texts[0]
    prediction = classifier.predict(text)
    print(f"{text}: {prediction.intent} ({prediction.confidence:.2f})")


def main(arguments):
    if len(arguments) not in (3, 4) or not all(a.isdigit() and int(a) for a in arguments[3:]):
        print(f"usage: {sys.argv[0]} BASE TRAIN_FILE OUTPUT [EPOCHS]", file=sys.stderr)
        return 64
    base, train_file, output, *epochs = arguments
    try:
        train(base, train_file, output, int(epochs[0]) if epochs else None)
    except (fastintent.FastintentError, OSError, ValueError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
