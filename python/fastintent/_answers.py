"""Answers in Arrow columns, by a classifier that a process loads once: what the layers over engines share.

Needs pyarrow, which every one of these engines uses itself.
"""

import functools
import os
from typing import Any

import pyarrow as pa

from fastintent import IntentClassifier, InvalidArgumentError

_FORCED = "FASTINTENT_FORCE_ISA"  # read by the library once per process, when it first computes


@functools.cache
def loaded(folder: str, instruction_set: str | None, options: tuple[tuple[str, Any], ...]) -> IntentClassifier:
    """The classifier of a folder, loaded by the first call of this process with these arguments.

    instruction_set: of the processor: "avx2", "avx512" ...; None: the best there is. All classifiers of a process
    share one, so InvalidArgumentError is raised where another is in use.
    options: arguments of IntentClassifier and their values.
    """
    if instruction_set is None:
        return IntentClassifier(model_path=folder, **dict(options))
    before = os.environ.get(_FORCED)
    os.environ[_FORCED] = instruction_set
    try:
        classifier = IntentClassifier(model_path=folder, **dict(options))
    finally:  # a process that lacks it can load another
        if before is None:
            del os.environ[_FORCED]
        else:
            os.environ[_FORCED] = before
    device = classifier.device_name
    if device.startswith("cpu") and device != f"cpu ({instruction_set})":
        raise InvalidArgumentError(
            f"instruction_set: expected {instruction_set}, found {device}, which this process used before; start the "
            f"processes of the engine with {_FORCED}={instruction_set} in their environment"
        )
    return classifier


def answer(classifier: IntentClassifier, texts: pa.Array | pa.ChunkedArray, top_k: int) -> pa.RecordBatch:
    """One row for each text, in their order; a null or blank text has an `error` and no intent."""
    answers = pa.record_batch(classifier.predict_arrow(texts, top_k=top_k))
    return answers.cast(answer_schema(top_k))  # engines want the names themselves, not indices of a dictionary


def answer_schema(top_k: int) -> pa.Schema:
    """The columns of answer(). The alternatives are there where top_k is above 0."""
    scored = [pa.field("intent", pa.string()), pa.field("confidence", pa.float32())]
    fields = [
        *scored,
        pa.field("needs_review", pa.bool_()),
        pa.field("truncated", pa.bool_()),
        pa.field("error", pa.string()),
    ]
    if top_k > 0:
        fields.append(pa.field("alternatives", pa.list_(pa.struct(scored))))
    return pa.schema(fields)
