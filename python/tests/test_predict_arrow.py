"""predict_arrow(): Arrow arrays, tables and streams in, a record batch out."""

import gc
import os
import subprocess
import sys
import threading
import weakref

import fastintent
import pandas
import pyarrow
import pytest
from conftest import TRAINED
from fastintent import IntentClassifier

TEXTS = ["where is my card", None, " ", "my money", "a text of more than twelve characters", "my money"]

TYPES = [
    pyarrow.string(),
    pyarrow.large_string(),
    pyarrow.string_view(),
    pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
    pyarrow.dictionary(pyarrow.uint64(), pyarrow.large_string()),
]


def array_of(texts, kind=None):
    return pyarrow.array(texts, pyarrow.string()).cast(kind or pyarrow.string())


def rows_of(answers):
    batch = pyarrow.record_batch(answers)
    batch.validate(full=True)
    assert len(answers) == len(batch)
    return batch.to_pylist()


def expect_answers(classifier, data, texts, **options):
    rows = rows_of(classifier.predict_arrow(data, top_k=2, **options))
    assert len(rows) == len(texts)
    for text, row in zip(texts, rows):
        if text is None or not text.strip():
            found = "null" if text is None else "a blank one"
            assert row == {
                "intent": None,
                "confidence": None,
                "needs_review": False,
                "truncated": False,
                "error": f"predict: expected a text, found {found}",
                "alternatives": [],
            }
        else:
            expected = classifier.predict(text, top_k=2).to_dict()
            del expected["tokens"]  # no column
            assert row == expected | {"error": None}


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_reads_every_kind_of_strings_in_arrays_slices_chunks_batches_and_tables(classifier, kind):
    array = array_of(TEXTS, kind)
    expect_answers(classifier, array, TEXTS)
    expect_answers(classifier, array.slice(1, 4), TEXTS[1:5])
    expect_answers(classifier, pyarrow.chunked_array([array, array.slice(4), array.slice(0, 0)]), TEXTS + TEXTS[4:])
    batch = pyarrow.record_batch({"id": pyarrow.array(range(6)), "text": array})
    expect_answers(classifier, batch, TEXTS)
    expect_answers(classifier, batch.slice(3, 2), TEXTS[3:5])
    expect_answers(classifier, pyarrow.table({"message": array}), TEXTS, text="message")
    expect_answers(classifier, pyarrow.RecordBatchReader.from_batches(batch.schema, [batch, batch]), TEXTS * 2)


def test_reads_nulls_of_a_batch_and_of_no_type(classifier):
    expect_answers(classifier, pyarrow.nulls(2), [None, None])
    expect_answers(classifier, pyarrow.array([], pyarrow.string()), [])
    rows = pyarrow.StructArray.from_arrays(
        [pyarrow.array(["a card"] * 4)], ["text"], mask=pyarrow.array([False, True, False, True])
    )
    expect_answers(classifier, rows, ["a card", None, "a card", None])
    expect_answers(classifier, rows.slice(1, 2), [None, "a card"])


def test_reads_columns_of_pandas(classifier):
    expect_answers(classifier, pandas.DataFrame({"text": TEXTS, "id": range(6)}), TEXTS)
    expect_answers(classifier, pandas.DataFrame({"text": pandas.Categorical(TEXTS)}), TEXTS)


@pytest.mark.skipif(not hasattr(pandas.Series, "__arrow_c_stream__"), reason="needs pandas 3")
def test_reads_a_series_of_pandas_and_is_read_by_it(classifier):
    expect_answers(classifier, pandas.Series(TEXTS), TEXTS)
    frame = pandas.DataFrame.from_arrow(classifier.predict_arrow(pandas.Series(TEXTS[3:])))
    assert list(frame["intent"]) == [classifier.predict(text).intent for text in TEXTS[3:]]


def test_reads_its_own_answers(classifier):
    answers = classifier.predict_arrow(array_of(TEXTS))
    intents = [row["intent"] for row in rows_of(answers)]
    expect_answers(classifier, answers, intents, text="intent")


def test_the_intents_are_the_dictionary_in_every_batch(classifier):
    batch = pyarrow.record_batch(classifier.predict_arrow(array_of(["my money"])))
    assert batch.schema.field("intent").type == pyarrow.dictionary(pyarrow.int16(), pyarrow.string())
    assert batch["intent"].dictionary.to_pylist() == classifier.intents
    assert batch.schema.names == ["intent", "confidence", "needs_review", "truncated", "error"]
    assert pyarrow.schema(classifier.predict_arrow(array_of([]))) == batch.schema


def test_flags_are_those_of_predict(texts):
    classifier = IntentClassifier(model_path=TRAINED, review_threshold=1, max_length=4)
    texts = ["a card", *texts]
    rows = rows_of(classifier.predict_arrow(array_of(texts)))
    expected = [classifier.predict(text) for text in texts]
    assert [row["needs_review"] for row in rows] == [answer.needs_review for answer in expected]
    assert [row["truncated"] for row in rows] == [answer.truncated for answer in expected]
    assert {row["truncated"] for row in rows} == {False, True}


def test_the_cache_is_that_of_predict_batch(classifier, texts):
    classifier.predict_batch(texts, top_k=0)
    misses = classifier.get_cache_stats()["misses"]
    rows_of(classifier.predict_arrow(array_of(texts), batch_size=7))
    assert classifier.get_cache_stats()["misses"] == misses
    rows_of(classifier.predict_arrow(array_of(texts), use_cache=False))
    assert classifier.get_cache_stats()["hits"] == len(texts)


def test_a_stream_and_an_array_of_the_answers_may_be_read_many_times_and_outlive_them(classifier, texts):
    answers = classifier.predict_arrow(array_of(texts), top_k=1)
    table, again, batch = pyarrow.table(answers), pyarrow.table(answers), pyarrow.record_batch(answers)
    column = batch["alternatives"]
    assert table == again == pyarrow.Table.from_batches([batch])
    expected = table["alternatives"].to_pylist()
    del answers, table, again, batch
    gc.collect()
    assert column.to_pylist() == expected


class Producer:
    """Hands out what another object exports, once, and notes when that was released."""

    def __init__(self, texts):
        self.buffer = pyarrow.py_buffer(bytearray("".join(texts).encode()))
        offsets = pyarrow.array([0, *(sum(map(len, texts[: i + 1])) for i in range(len(texts)))], pyarrow.int32())
        self.array = pyarrow.StringArray.from_buffers(len(texts), offsets.buffers()[1], self.buffer)
        self.capsules = None

    def __arrow_c_array__(self, requested_schema=None):
        assert requested_schema is None
        self.capsules = self.capsules or self.array.__arrow_c_array__()
        return self.capsules


def test_an_array_is_released_when_the_call_returns(classifier):
    producer = Producer(["a card", "my money"])
    classifier.predict_arrow(producer)
    capsules, producer.capsules = producer.capsules, None
    with pytest.raises(fastintent.InvalidDataError, match="a released one"):
        producer.capsules = capsules
        classifier.predict_arrow(producer)


@pytest.mark.parametrize("column", ["text", "missing"])
def test_buffers_are_free_after_the_call_and_after_an_error(classifier, column):
    class Buffer(bytearray):
        pass

    characters = Buffer(b"acard")
    gone = weakref.ref(characters)
    offsets = pyarrow.array([0, 1, 5], pyarrow.int32()).buffers()[1]
    table = pyarrow.record_batch({"text": pyarrow.StringArray.from_buffers(2, offsets, pyarrow.py_buffer(characters))})
    try:
        classifier.predict_arrow(table, text=column)
    except fastintent.InvalidArgumentError:
        assert column == "missing"
    del table, characters
    gc.collect()
    assert gone() is None


def resident_bytes():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_no_answer_is_kept_however_its_arrays_are_read(classifier):
    array = array_of(["a card"] * 100_000)  # whose answers take more than a megabyte

    def read():
        answers = classifier.predict_arrow(array)
        answers.__arrow_c_array__()  # capsules that nobody opens
        answers.__arrow_c_stream__()
        answers.__arrow_c_schema__()
        pyarrow.table(answers)
        return pyarrow.record_batch(answers)["intent"]

    for _ in range(10):
        read()
    before = resident_bytes()
    for _ in range(100):
        read()
    assert resident_bytes() - before < 50 << 20


def test_what_a_stream_raises_comes_out(classifier):
    batch = pyarrow.record_batch({"text": ["a card"]})

    def broken():
        yield batch
        raise LookupError("no more")

    with pytest.raises(fastintent.IoError, match="no more"):
        classifier.predict_arrow(pyarrow.RecordBatchReader.from_batches(batch.schema, broken()))


@pytest.mark.parametrize("data", [["a card"], "a card", None, 3], ids=repr)
def test_what_exports_no_array_is_a_type_error(classifier, data):
    with pytest.raises(TypeError, match=f"__arrow_c_stream__., found {type(data).__name__}"):
        classifier.predict_arrow(data)


@pytest.mark.parametrize(
    "data", [pyarrow.array([1]), pyarrow.array([b"a card"]), pyarrow.array([["a card"]])], ids=["int", "bytes", "list"]
)
def test_other_types_than_strings_are_an_error(classifier, data):
    with pytest.raises(fastintent.InvalidArgumentError, match="cast to string first"):
        classifier.predict_arrow(data)


def test_a_missing_column_is_an_error_that_names_those_there(classifier):
    with pytest.raises(fastintent.InvalidArgumentError, match='a column "text", found "id", "message"'):
        classifier.predict_arrow(pyarrow.table({"id": [1], "message": ["a card"]}))


def test_impossible_options_are_errors(classifier):
    for options in [{"batch_size": 0}, {"top_k": -1}]:
        with pytest.raises(fastintent.InvalidArgumentError, match=next(iter(options))):
            classifier.predict_arrow(array_of(["a card"]), **options)
    with pytest.raises(fastintent.NoModelError):
        IntentClassifier().predict_arrow(array_of(["a card"]))


def test_other_threads_run_meanwhile(classifier):
    """A stream whose arrays come from another thread, which needs the GIL for them."""
    batch = pyarrow.record_batch({"text": ["a card"]})
    turns = [threading.Event() for _ in range(3)]

    def helper():
        for turn in turns:
            turn.set()

    def batches():
        thread = threading.Thread(target=helper)
        thread.start()
        for turn in turns:
            assert turn.wait(60)
            yield batch
        thread.join()

    answers = classifier.predict_arrow(pyarrow.RecordBatchReader.from_batches(batch.schema, batches()))
    assert len(answers) == 3


def test_many_threads_share_one_classifier(classifier, texts):
    expected = pyarrow.table(classifier.predict_arrow(array_of(texts)))
    found = []

    def work():
        found.append(pyarrow.table(classifier.predict_arrow(array_of(texts), use_cache=False)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_the_module_imports_no_arrow_library():
    program = "import fastintent, sys; print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert printed.stdout == "set()\n"
