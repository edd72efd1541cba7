"""Predictions in Ray Data: a function of data sets, and the class that its actors are made of.

    >>> import fastintent.ray
    >>> answers = fastintent.ray.predict(messages, "models/support")

Every node needs this package and the model's folder at the same path. See docs/engines.md.
"""

import os
from typing import Any

import pyarrow as pa
import ray
import ray.data

from fastintent import InvalidArgumentError
from fastintent._answers import answer, answer_schema, loaded

__all__ = ["predict", "IntentPredictor"]

# A call costs Ray some milliseconds, and this many texts take the classifier some hundred.
_BATCH_SIZE = 1024


class IntentPredictor:
    """For ray.data.Dataset.map_batches with batch_format="pyarrow": adds the answers to the columns of a batch.

    They are intent, confidence, needs_review, truncated, error. A null or blank text keeps its row: its intent and
    confidence are null, and `error` says why.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        text: str = "text",
        *,
        top_k: int = 0,
        instruction_set: str | None = None,
        **options: Any,
    ) -> None:
        """model: a trained folder.
        text: the column of the texts.
        top_k: where above 0, the answers have the column `alternatives`: so many intents after the winner.
        instruction_set: of the processors, such as "avx2"; None: the best of each. Nodes with unlike processors
        compute the same bits with the same instruction set and `precision`.
        options: arguments of IntentClassifier. `threads` is the number of CPUs of the actor by default.
        """
        options.setdefault("threads", _assigned_cpus())
        self._classifier = loaded(os.fspath(model), instruction_set, tuple(sorted(options.items())))
        self._text = text
        self._top_k = top_k

    def __call__(self, batch: pa.Table) -> pa.Table:
        """The batch with the answers. Raises InvalidArgumentError for a batch without the texts, or with a column of
        one of the answers' names.
        """
        names = batch.schema.names
        if self._text not in names:
            raise InvalidArgumentError(f"predict: expected a column {self._text!r}, found {', '.join(names)}")
        for name in answer_schema(self._top_k).names:
            if name in names:
                raise InvalidArgumentError(
                    f"predict: expected no column {name!r}, which the answers have too; rename or drop it before"
                )
        answers = answer(self._classifier, batch.column(self._text), self._top_k)
        for name, column in zip(answers.schema.names, answers.columns):
            batch = batch.append_column(name, column)
        return batch


def predict(
    ds: ray.data.Dataset,
    model: str | os.PathLike[str],
    *,
    text: str = "text",
    actors: int | None = None,
    batch_size: int = _BATCH_SIZE,
    **options: Any,
) -> ray.data.Dataset:
    """The data set with the answers to its column `text` in further columns, by actors of one CPU each.

    actors: at most; None: one fewer than the cluster has CPUs now. As many as the cluster has CPUs for start at once,
    and more, up to `actors`, when it has grown. Where actors have all CPUs, the tasks that read the data wait for one
    for ever (ray-project/ray#44687).
    batch_size: rows per call, and of the blocks that the actors receive.
    options: those of IntentPredictor.

    Raises InvalidArgumentError for fewer than one actor; what the actors find wrong ends the execution.
    """
    cpus = ray.cluster_resources().get("CPU", 1)
    free = max(1, int(cpus) - 1)
    most = free if actors is None else actors
    if most < 1:
        raise InvalidArgumentError(f"predict: expected at least 1 in `actors`, found {actors}")
    # Ray makes blocks of up to 128 MB, two million texts, and small files share one. A block is a task of one actor.
    blocks = ds.repartition(target_num_rows_per_block=batch_size)
    return blocks.map_batches(
        IntentPredictor,
        fn_constructor_args=(os.fspath(model), text),
        fn_constructor_kwargs=options,
        # Ray does not add to a small pool until tasks are queued, and ends an actor that waits for the first block.
        compute=ray.data.ActorPoolStrategy(min_size=min(most, free), max_size=most),
        num_cpus=1 if cpus > 1 else 0,  # the tasks that read need a complete one
        batch_size=batch_size,
        batch_format="pyarrow",
        zero_copy_batch=True,
    )


def _assigned_cpus() -> int:
    """The CPUs that Ray assigned to this actor, which may be a fraction; 0, for the classifier to choose, elsewhere."""
    if not ray.is_initialized() or ray.get_runtime_context().get_actor_id() is None:
        return 0
    return max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1)))
