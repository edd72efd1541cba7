"""Predictions in DuckDB: a function of SQL.

    >>> import duckdb, fastintent.duckdb
    >>> connection = duckdb.connect()
    >>> fastintent.duckdb.register(connection, "intent", "models/support")
    >>> connection.sql("SELECT text, intent(text).intent FROM 'messages.csv'")

See docs/engines.md.
"""

import os
from typing import Any

import duckdb
import pyarrow as pa

from fastintent import IntentClassifier, InvalidArgumentError
from fastintent._answers import answer, answer_schema

__all__ = ["register"]


def register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    model: IntentClassifier | str | os.PathLike[str],
    *,
    top_k: int = 0,
    **options: Any,
) -> None:
    """Makes name(text) a function of the connection; its answers are a struct: intent, confidence, needs_review,
    truncated, error.

    model: a trained folder, or a classifier.
    top_k: where above 0, the struct has the field `alternatives`: so many intents after the winner.
    options: arguments of IntentClassifier, where `model` is a folder.

    A null or blank text is answered with an `error`; its intent and confidence are null. DuckDB calls the function
    with at most 2,048 texts.

    Raises what IntentClassifier raises for the folder, InvalidArgumentError for options beside a classifier, which has
    its own, and duckdb.Error where the name is taken.
    """
    if isinstance(model, IntentClassifier) and options:
        raise InvalidArgumentError(
            f"register: expected no options beside a classifier, found {', '.join(options)}; pass them to IntentClassifier"
        )
    classifier = model if isinstance(model, IntentClassifier) else IntentClassifier(model_path=model, **options)

    def answers(texts: pa.ChunkedArray) -> pa.Array:
        return answer(classifier, texts, top_k).to_struct_array()

    columns = connection.from_arrow(answer_schema(top_k).empty_table())
    answer_type = duckdb.struct_type(dict(zip(columns.columns, columns.types)))
    connection.create_function(
        name, answers, [duckdb.sqltypes.VARCHAR], answer_type, type="arrow", null_handling="special"
    )
