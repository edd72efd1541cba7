"""predict_arrow() with the columns that Polars, DuckDB and pandas hand out, and its answers in these."""

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest
from cases import BAD_ROWS, TEXTS, TRAINED, comparable
from fastintent import IntentClassifier


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier(model_path=TRAINED)


def relation():
    messages = pa.table({"id": range(len(TEXTS)), "text": TEXTS})
    connection = duckdb.connect()
    connection.register("messages", messages)
    return connection.sql("SELECT text FROM messages ORDER BY id")


@pytest.mark.parametrize(
    "data",
    [
        lambda: polars.Series(TEXTS),
        lambda: polars.Series(TEXTS, dtype=polars.Categorical),
        lambda: polars.concat([polars.Series(TEXTS[:100]), polars.Series(TEXTS[100:])], rechunk=False),
        lambda: polars.Series([None, *TEXTS]).slice(1),
        lambda: polars.DataFrame({"id": range(len(TEXTS)), "text": TEXTS}),
        lambda: pandas.DataFrame({"text": TEXTS}),
        lambda: pandas.DataFrame({"text": pandas.array(TEXTS, dtype="string[pyarrow]")}),
        relation,
    ],
    ids=["Series", "Categorical", "chunks", "slice", "polars", "pandas", "pandas strings", "DuckDB"],
)
def test_answers_are_those_of_the_classifier(classifier, expected, data):
    rows = pa.table(classifier.predict_arrow(data())).to_pylist()
    assert [comparable(i, row) for i, row in enumerate(rows)] == expected


def test_polars_reads_the_answers(classifier, expected):
    frame = polars.DataFrame(classifier.predict_arrow(polars.Series(TEXTS), top_k=2))
    assert [comparable(i, row) for i, row in enumerate(frame.to_dicts())] == expected
    assert frame["alternatives"].list.len().to_list() == [0 if i in BAD_ROWS else 2 for i in range(len(TEXTS))]


def test_polars_calls_it_in_a_lazy_frame(classifier, expected):
    columns = polars.Series(classifier.predict_arrow(polars.Series([], dtype=polars.String))).dtype
    frame = polars.LazyFrame({"text": TEXTS}).select(
        polars.col("text").map_batches(
            lambda texts: polars.Series(classifier.predict_arrow(texts)), return_dtype=columns
        )
    )
    rows = frame.collect()["text"].to_list()
    assert [comparable(i, row) for i, row in enumerate(rows)] == expected


def test_duckdb_reads_the_answers(classifier, expected):
    answers = pa.table(classifier.predict_arrow(relation()))
    rows = duckdb.from_arrow(answers).select("intent, confidence, needs_review, truncated, error").fetchall()
    names = ["intent", "confidence", "needs_review", "truncated", "error"]
    found = [comparable(i, dict(zip(names, row))) for i, row in enumerate(rows)]
    assert found == expected
