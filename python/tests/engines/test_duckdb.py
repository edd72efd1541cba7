"""fastintent.duckdb: the function of SQL."""

import duckdb
import fastintent.duckdb
import pyarrow as pa
import pytest
from cases import BAD_ROWS, TEXTS, TRAINED, comparable
from fastintent import IntentClassifier, InvalidArgumentError, MissingInputError


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


def messages():
    return pa.table({"id": range(len(TEXTS)), "text": pa.array(TEXTS)})


@pytest.mark.parametrize("model", [TRAINED, str(TRAINED), IntentClassifier(model_path=TRAINED)], ids=type)
def test_answers_are_those_of_the_classifier(connection, expected, model):
    fastintent.duckdb.register(connection, "intent", model)
    connection.register("messages", messages())
    rows = connection.sql("SELECT id, intent(text) FROM messages ORDER BY id").fetchall()
    assert [comparable(i, answer) for i, answer in rows] == expected


def test_many_vectors_and_threads(connection):
    fastintent.duckdb.register(connection, "intent", TRAINED)
    connection.sql("SET threads = 4")
    query = """
        SELECT count(*), count(DISTINCT intent(text).intent), count(intent(text).error)
        FROM (SELECT 'where is card ' || (range % 900) AS text FROM range(300000))
    """
    rows, intents, errors = connection.sql(query).fetchall()[0]
    assert (rows, errors) == (300_000, 0)
    assert intents > 1


def test_alternatives(connection):
    fastintent.duckdb.register(connection, "intent", TRAINED, top_k=2)
    connection.register("messages", messages())
    rows = connection.sql("SELECT intent(text).alternatives FROM messages").fetchall()
    counts = [len(alternatives or []) for (alternatives,) in rows]
    assert counts == [0 if i in BAD_ROWS else 2 for i in range(len(TEXTS))]
    classifier = IntentClassifier(model_path=TRAINED)
    expected = [other._asdict() for other in classifier.predict(TEXTS[0], top_k=2).alternatives]
    assert rows[0][0] == expected


def test_options_reach_the_classifier(connection):
    fastintent.duckdb.register(connection, "intent", TRAINED, review_threshold=1.0)
    assert connection.sql("SELECT intent('where is my card').needs_review").fetchall() == [(True,)]
    with pytest.raises(InvalidArgumentError, match="found review_threshold;"):
        fastintent.duckdb.register(connection, "other", IntentClassifier(model_path=TRAINED), review_threshold=1.0)
    with pytest.raises(MissingInputError):
        fastintent.duckdb.register(connection, "other", TRAINED / "none")
