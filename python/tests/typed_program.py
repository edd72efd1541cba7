"""A program that a type checker reads: test_stubs.py. It is never run."""

import collections.abc
import pathlib

import fastintent
from fastintent import IntentClassifier, IntentPrediction


def lines() -> collections.abc.Iterator[str]:
    yield "Where is my card?"


classifier = IntentClassifier(model_path=pathlib.Path("model"), review_threshold=0.5, log=print)
answer: IntentPrediction = classifier.predict("Where is my card?", use_cache=False)
confidence: float = answer.confidence
for intent, share in answer.alternatives:
    print(intent.upper(), share + 1)
best: str = answer.alternatives[0].intent
answers: list[IntentPrediction] = classifier.predict_batch(lines(), show_progress=True)
for batch_idx, predictions in classifier.predict_batch_streaming(lines(), batch_size=8):
    print(batch_idx + len(predictions), predictions[0].intent)
rows: int = len(classifier.predict_arrow(object(), "message", top_k=1))
classifier.batch_size = 8
classifier.review_threshold = None
report = classifier.train(
    lines(), lines(), epochs=3, output=pathlib.Path("model"), on_step=lambda step: print(step.loss)
)
if report.validation is not None:
    print(report.validation.accuracy)
checks: list[fastintent.ModelCheck] = fastintent.check_model(pathlib.Path("model"))
evaluation = classifier.evaluate(["a"], ["b"])
worst: str = evaluation.worst_classes(1)[0].label
size: int = classifier.get_cache_stats()["cache_size"]
try:
    fastintent.read_labelled_texts("train.csv", format="csv")
except fastintent.MissingInputError as error:
    code: str = error.code

classifier.predict(3)  # type: ignore[arg-type]
classifier.predict_batch([1, 2])  # type: ignore[list-item]
classifier.threads = 3  # type: ignore[misc]
classifier.train(["a"], ["b"], epoch=3)  # type: ignore[call-arg]
