"""Predictions in Apache Spark: a function of columns, and one of data frames.

    >>> import fastintent.spark
    >>> predict = fastintent.spark.predict_udf("models/support")
    >>> messages.withColumn("answer", predict("text")).select("id", "answer.*")
    >>> fastintent.spark.predict(messages, "models/support", keep=["id"])

Works with Spark 3.5 and later and through Spark Connect. The executors need this package; the model's folder is sent
to them. See docs/engines.md.
"""

import functools
import hashlib
import os
import pathlib
import tempfile
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark import SparkFiles, TaskContext
from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from fastintent import InvalidArgumentError, MissingInputError
from fastintent._answers import answer, answer_schema, loaded

__all__ = ["predict_udf", "predict"]

# 32 batches of the model: a call for so few rows costs no measurable time, and more would only use more memory.
_ROWS_AT_ONCE = 1024


def predict_udf(
    model: str | pathlib.PurePath, *, top_k: int = 0, instruction_set: str | None = None, **options: Any
) -> Callable[..., Any]:
    """A function of a column of texts; the answers are a struct: intent, confidence, needs_review, truncated, error.

    model: a trained folder. The executors receive it once per session, as an archive named by its content. A folder
    that every executor has at the same path is a URI, such as "file:///mnt/models/support", and is read there.
    top_k: where above 0, the struct has the column `alternatives`: so many intents after the winner.
    instruction_set: of the processors, such as "avx2"; None: the best of each. Executors with unlike processors
    compute the same bits with the same instruction set and `precision`, so a task may then be repeated on another.
    options: arguments of IntentClassifier. `threads` is the number of CPUs of a task (spark.task.cpus) by default.

    A null or blank text keeps its row: its intent and confidence are null, and `error` says why. A Python worker
    loads the model once, for all of its tasks. Uses Arrow from Spark 4.1 on, and pandas before that.

    Needs an active session. Raises MissingInputError for no folder; what the executors find wrong ends the query.
    """
    classifier = _Recipe(_send(SparkSession.active(), model), instruction_set, tuple(options.items()))
    struct = from_arrow_schema(answer_schema(top_k))
    if hasattr(functions, "arrow_udf"):

        def arrow_answers(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
            loaded_classifier = classifier.load()
            for texts in _slices(batches):
                yield answer(loaded_classifier, texts, top_k).to_struct_array()

        return functions.arrow_udf(arrow_answers, returnType=struct)

    def pandas_answers(batches: Iterator[pd.Series]) -> Iterator[pd.DataFrame]:
        loaded_classifier = classifier.load()
        for texts in _slices(batches):
            column = pa.array(texts, pa.string(), from_pandas=True)
            yield answer(loaded_classifier, column, top_k).to_pandas()

    return functions.pandas_udf(pandas_answers, returnType=struct)


def predict(
    df: DataFrame,
    model: str | pathlib.PurePath,
    *,
    text: str = "text",
    keep: list[str] | None = None,
    top_k: int = 0,
    instruction_set: str | None = None,
    **options: Any,
) -> DataFrame:
    """The columns `keep` of `df` (None: all of them), and those of the answers to its column `text` after them.

    The other arguments, the columns of the answers and the errors are those of predict_udf(). Raises
    InvalidArgumentError besides, for a column that `df` lacks, a text that is no string, and for a name that is one
    of the answers' too.
    """
    kept = df.columns if keep is None else keep
    answers = from_arrow_schema(answer_schema(top_k)).fields
    _check_columns(df, text, kept, answers)
    classifier = _Recipe(_send(df.sparkSession, model), instruction_set, tuple(options.items()))

    def answer_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        loaded_classifier = classifier.load()
        for batch in _slices(batches):
            *columns, texts = batch.columns
            answered = answer(loaded_classifier, texts, top_k)
            yield pa.record_batch([*columns, *answered.columns], names=[*kept, *answered.schema.names])

    # Spark looks the columns of mapInArrow up by names, where a dot is a part of a struct; numbers have none.
    chosen = df.select(*(_column(name).alias(str(i)) for i, name in enumerate([*kept, text])))
    fields = [StructField(name, field.dataType, field.nullable) for name, field in zip(kept, chosen.schema)]
    return chosen.mapInArrow(answer_batches, StructType([*fields, *answers]))


def _slices(batches: Iterator[Any]) -> Iterator[Any]:
    """The rows of arrays, Series or record batches, in parts of few enough rows to answer at once.

    Spark sends 10,000 rows and more. Their answers would occupy memory that the process keeps, more of it from task to
    task. Parts share the memory of their batch. An empty batch is one part.
    """
    for batch in batches:
        for start in range(0, max(1, len(batch)), _ROWS_AT_ONCE):
            yield batch[start : start + _ROWS_AT_ONCE]


class _Recipe:
    """How a Python worker gets its classifier."""

    def __init__(self, model: str, instruction_set: str | None, options: tuple[tuple[str, Any], ...]) -> None:
        self._model = model
        self._instruction_set = instruction_set
        self._options = options

    def load(self) -> Any:
        options = dict(self._options)
        options.setdefault("threads", TaskContext.get().cpus())
        if pathlib.PurePath(self._model).is_absolute():
            folder = self._model
        else:
            folder = SparkFiles.get(self._model)
            options.setdefault("map_word_table", True)  # nothing writes into an unpacked archive
        return loaded(folder, self._instruction_set, tuple(sorted(options.items())))


def _send(spark: SparkSession, model: str | pathlib.PurePath) -> str:
    """Sends the folder to the executors: the name of the archive there; or the path, if they have it already."""
    uri = urllib.parse.urlparse(str(model))
    if uri.scheme == "file":
        return urllib.request.url2pathname(uri.path)
    archive = _archive(pathlib.Path(model))
    added = f"{archive}#{archive.stem}"
    if type(spark).__module__.startswith("pyspark.sql.connect."):
        spark.addArtifacts(added, archive=True)
    else:
        spark.sparkContext.addArchive(added)
    return archive.stem


def _archive(folder: pathlib.Path) -> pathlib.Path:
    """The files of a folder in an archive that is named by their content."""
    if not (folder / "config.json").is_file():
        raise MissingInputError(
            f"model: expected a trained folder, found no {folder / 'config.json'}; "
            "a folder that only the executors have is a URI, file:///..."
        )
    content = hashlib.sha256()
    # In threads, too, that send the same folder.
    handle, new = tempfile.mkstemp(dir=_archives().name)
    # Weights do not get smaller.
    with open(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if os.fsencode(name) != name.encode(errors="replace"):
                continue  # not UTF-8: no file of a model, and an archive cannot name it
            data = path.read_bytes()
            content.update(f"{name} {len(data)}\n".encode())
            content.update(data)
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16  # otherwise the executors' user may not read it
            archive.writestr(entry, data)
    return pathlib.Path(new).rename(pathlib.Path(new).with_name(f"fastintent-{content.hexdigest()[:16]}.zip"))


@functools.cache
def _archives() -> tempfile.TemporaryDirectory[str]:
    """Where archives are until the process ends: Spark reads them whenever a new executor starts."""
    return tempfile.TemporaryDirectory(prefix="fastintent-")


def _check_columns(df: DataFrame, text: str, kept: list[str], answers: list[StructField]) -> None:
    for name in [text, *kept]:
        if name not in df.columns:
            raise InvalidArgumentError(f"predict: expected a column {name!r}, found {', '.join(df.columns)}")
    kind = df.schema[text].dataType
    if not isinstance(kind, StringType):
        raise InvalidArgumentError(f"predict: expected strings in {text!r}, found {kind.simpleString()}; cast them")
    exact = df.sparkSession.conf.get("spark.sql.caseSensitive", "false") == "true"
    taken = {field.name for field in answers}
    for name in kept:
        if (name if exact else name.lower()) in taken:
            raise InvalidArgumentError(
                f"predict: expected no column {name!r} to keep, which the answers have too; rename it, leave "
                "it out of `keep`, or use predict_udf, whose answers are one column"
            )


def _column(name: str) -> Any:
    """The column of exactly this name, dots in it included."""
    return functions.col("`" + name.replace("`", "``") + "`")
