#!/usr/bin/env python3
"""Prints the constants of fit_calibration_test.cpp, found by SciPy and by trying every threshold.

Usage: python3 tests/train/fit_calibration_golden.py   (needs numpy and scipy; made with 1.17.1)
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

LOGITS = np.array(
    [
        [2, 1, 0, -1],
        [0, 3, 1, 1],
        [1, 0.5, 2, 0],
        [0.25, 0, 0, 4],
        [3, 2.5, 2, 1.5],
        [1, 1.5, 0, 0],
        [0, 0, 0.5, 2],
        [-1, 0, 6, 0.5],
        [5, -1, 0, 2],
        [0, 1, 1.25, 0],
    ]
)
CLASSES = np.array([0, 1, 2, 3, 1, 1, 2, 2, 0, 1])


def likelihood_loss(temperature, logits=LOGITS):
    rows = np.arange(len(CLASSES))
    return -log_softmax(logits / temperature, axis=1)[rows, CLASSES].mean()


def fit(logits):
    found = minimize_scalar(
        lambda log_t: likelihood_loss(np.exp(log_t), logits),
        bounds=np.log([0.05, 20]),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return np.exp(found.x)


for scale in (1, 0.5, 3):
    print(f"logits times {scale}: temperature", fit(LOGITS * scale))
temperature = fit(LOGITS)
print("loss at 1 and at the temperature", likelihood_loss(1), likelihood_loss(temperature))

confidence = np.exp(log_softmax(LOGITS / temperature, axis=1)).max(1)
right = LOGITS.argmax(1) == CLASSES
for accuracy in (0.5, 0.8, 0.95):
    kept = [t for t in confidence if right[confidence >= t].mean() >= accuracy]
    share = (confidence < min(kept)).mean() if kept else None
    print(f"accuracy {accuracy}: threshold", min(kept, default=1), "reviewed", share)
