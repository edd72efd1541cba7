#!/usr/bin/env python3
"""Prints the constants of evaluation_test.cpp, measured by scikit-learn.

Usage: python3 tests/evaluation/evaluation_golden.py   (needs numpy and scikit-learn; made with 1.9.1)
"""

import numpy as np
from sklearn import metrics

INTENTS = list("abcdef")
LABELS = ["a", "b", "b", "d", "d", "b", "x", "d"]  # "x" is no intent; nothing is "c", "e" or "f"
LOGITS = np.array(
    [
        [2, 1, 0, -1, 0.5, -2],
        [0, 3, 1, 1, 0, 0],
        [1, 0.5, 2, 0, 0, 0],
        [0.2, 0.1, 0, 4, 0, 1],
        [3, 2.5, 2, 1.5, 1, 0.5],
        [1, 1, 0, 0, 0, -3],  # a tie: the lower index wins
        [0, 0, 0, 0, 2, 1],
        [-1, 0, 0.5, 6, 0, 0],
    ],
    np.float32,
)

predicted = [INTENTS[i] for i in LOGITS.argmax(1)]
probabilities = np.exp(LOGITS.astype(float))
probabilities /= probabilities.sum(1, keepdims=True)
known = [i for i, label in enumerate(LABELS) if label in INTENTS]
known_labels = [LABELS[i] for i in known]
known_ids = [INTENTS.index(label) for label in known_labels]
present = [label for label in INTENTS if label in LABELS]

print("loss", metrics.log_loss(known_labels, probabilities[known], labels=INTENTS))
print("accuracy", metrics.accuracy_score(LABELS, predicted))
for k in (3, 5):
    hits = metrics.top_k_accuracy_score(known_ids, LOGITS[known], k=k, labels=range(len(INTENTS)), normalize=False)
    print(f"top {k}", hits / len(LABELS))
figures = metrics.precision_recall_fscore_support
print("macro", figures(LABELS, predicted, labels=present, average="macro", zero_division=0))
print("weighted", figures(LABELS, predicted, average="weighted", zero_division=0))
print("per class", figures(LABELS, predicted, labels=INTENTS, zero_division=0))

# scikit-learn has no expected calibration error: the definition of Guo et al. 2017, 15 bins.
right = np.array([label == given for label, given in zip(LABELS, predicted)])
for temperature in (1, 2):
    scores = np.exp(LOGITS.astype(float) / temperature)
    confidence = scores.max(1) / scores.sum(1)
    bins = np.ceil(confidence * 15).astype(int)
    error = 0
    for b in sorted(set(bins)):
        inside = bins == b
        figures = inside.sum(), confidence[inside].mean(), right[inside].mean()
        error += inside.mean() * abs(figures[2] - figures[1])
        print(f"temperature {temperature}: bin {b - 1}: examples, confidence, accuracy", *figures)
    print(f"temperature {temperature}: expected calibration error", error)
    print(f"temperature {temperature}: confidence of mistakes", confidence[~right])
