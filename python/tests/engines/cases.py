"""Texts with everything that a column may have in it, and their answers, for the tests of all engines."""

import pathlib
import struct

from fastintent import IntentClassifier

ROOT = pathlib.Path(__file__).resolve().parents[3]
TRAINED = ROOT / "tests/golden/bert_pooler/model"  # tiny, with random weights and a trained head

TEXTS = [f"where is card {i} of my {i % 7} cards" for i in range(400)]
TEXTS[3] = None
TEXTS[5] = " \t "
TEXTS[7] = ""
TEXTS[11] = "card " * 20_000  # 100,000 characters
TEXTS[13] = "wo ist meine Karte? 💳\n\0"
BAD_ROWS = [3, 5, 7]  # null or blank


def bits(confidence):
    """Of a float32; None of None. Two engines agree when these do."""
    return None if confidence is None else struct.pack("<f", confidence).hex()


def comparable(row_id, answer):
    """An answer, a dictionary of an engine or a prediction, as something to compare: without the error's words."""
    if not isinstance(answer, dict):
        answer = answer.to_dict()
        if answer["error"]:
            answer = {**answer, "intent": None, "confidence": None}
    return (
        row_id,
        answer["intent"],
        bits(answer["confidence"]),
        answer["needs_review"],
        answer["truncated"],
        bool(answer["error"]),
    )


def answers_without_an_engine():
    """The comparable answers to TEXTS."""
    classifier = IntentClassifier(model_path=TRAINED)
    stream = classifier.predict_batch_streaming([text or "" for text in TEXTS])
    answers = [prediction for _, batch in stream for prediction in batch]
    rows = [comparable(i, answer) for i, answer in enumerate(answers)]
    assert [row[0] for row in rows if row[-1]] == BAD_ROWS
    assert sum(row[4] for row in rows) == 1  # truncated
    return rows
