"""predict_batch(): many texts of any kind at once."""

import collections
import io
import re
import types
import warnings

import fastintent
import numpy
import pandas
import pytest


def test_answers_are_those_of_one_by_one_in_order(classifier, texts):
    assert classifier.predict_batch(texts, use_cache=False) == [
        classifier.predict(text, use_cache=False) for text in texts
    ]


@pytest.mark.parametrize("batch_size", [None, 1, 3, 1000])
def test_the_batch_size_changes_no_answer(classifier, texts, batch_size):
    expected = classifier.predict_batch(texts, use_cache=False)
    assert classifier.predict_batch(texts, batch_size, use_cache=False) == expected


@pytest.mark.parametrize(
    "kind",
    [
        tuple,
        iter,
        lambda texts: (text for text in texts),
        lambda texts: numpy.array(texts),
        lambda texts: numpy.array(texts, dtype=object),
        pandas.Series,
        lambda texts: pandas.Series(texts, dtype=object),
        pandas.Index,
        lambda texts: pandas.Series(texts, dtype="category"),
        lambda texts: dict(enumerate(texts)).values(),
        lambda texts: io.StringIO("".join(text + "\n" for text in texts)),
        lambda texts: io.StringIO("\r\n".join(texts), newline=""),
    ],
    ids=["tuple", "iterator", "generator", "numpy", "numpy objects", "pandas", "pandas objects",
         "index", "categories", "values of a dict", "file", "file of another system"],
)  # fmt: skip
def test_takes_any_iterable(classifier, texts, kind):
    assert classifier.predict_batch(kind(texts)) == classifier.predict_batch(texts)


def test_no_text_gives_no_answer(classifier):
    assert classifier.predict_batch([]) == []


def test_lines_of_a_file_share_the_cache_with_their_texts(classifier):
    classifier.predict_batch(io.StringIO("a card\n"))
    classifier.predict("a card")
    assert classifier.get_cache_stats()["hits"] == 1


def test_one_string_is_a_type_error(classifier):
    with pytest.raises(TypeError, match=re.escape("expected an iterable of str, found one str")):
        classifier.predict_batch("Where is my card?")


@pytest.mark.parametrize(
    "collection, found",
    [
        ({"first": "a card", "second": "my money"}, "a mapping"),
        (types.MappingProxyType({"first": "a card"}), "a mapping"),
        (collections.ChainMap({"first": "a card"}), "a mapping"),
        ({"a card", "my money"}, "a set"),
        (frozenset(["a card"]), "a set"),
        (pandas.DataFrame({"text": ["a card"], "intent": ["card"]}), "a table"),
        (pandas.DataFrame({"text": []}), "a table"),
        (b"a card", "bytes"),
        (bytearray(b""), "bytes"),
        (memoryview(b"a card"), "bytes"),
    ],
    ids=["dict", "proxy", "chain", "set", "frozenset", "frame", "empty frame", "bytes", "bytearray", "memoryview"],
)
def test_a_collection_that_yields_other_things_than_its_texts_is_a_type_error(classifier, collection, found):
    for call in [
        classifier.predict_batch,
        classifier.predict_batch_streaming,
        lambda texts: classifier.evaluate(texts, ["card"]),
        lambda labels: classifier.evaluate(["a card"], labels),
        lambda texts: classifier.train(texts, ["card"]),
        lambda texts: classifier.warm_up(texts),
    ]:
        with pytest.raises(TypeError, match=f"expected an iterable of str, found {found}"):
            call(collection)


@pytest.mark.parametrize("missing", [None, float("nan"), pandas.NA, numpy.nan])
def test_a_missing_value_of_a_column_is_named_by_index(classifier, missing):
    column = pandas.Series(["a card", missing, "my money"], dtype=object)
    with pytest.raises(TypeError, match="expected a str at index 1, found"):
        classifier.predict_batch(column)


def test_lone_surrogates_are_read_as_replacement_characters_and_counted(classifier):
    texts = ["a card", "card \ud83d", "card \udce9t\udce9"]
    with pytest.warns(UnicodeWarning, match="found 2 str with lone surrogates, the first at index 1"):
        answers = classifier.predict_batch(texts)
    assert answers == classifier.predict_batch([re.sub("[\ud800-\udfff]", "\ufffd" * 3, text) for text in texts])
    with pytest.warns(UnicodeWarning, match="found 1 str with lone surrogates, the first at index 0"):
        assert len(list(classifier.predict_batch_streaming(["\udfff a card"]))) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnicodeWarning):
            classifier.predict_batch(texts)


@pytest.mark.parametrize("texts", [None, 3, numpy.array("a card")])
def test_nothing_to_iterate_over_is_a_type_error(classifier, texts):
    with pytest.raises(TypeError, match="expected an iterable of str"):
        classifier.predict_batch(texts)


@pytest.mark.parametrize("wrong", [None, 3, float("nan"), b"card", ["card"]])
def test_an_element_of_another_type_is_named_by_index(classifier, wrong):
    with pytest.raises(TypeError, match=f"str at index 2, found {type(wrong).__name__}"):
        classifier.predict_batch(["a", "b", wrong, "d"])


def test_a_blank_text_is_named_by_index_before_any_work(classifier):
    with pytest.raises(fastintent.InvalidDataError, match=r"\b3\b.*blank|blank.*\b3\b"):
        classifier.predict_batch(["a", "b", "c", " \n"])
    assert classifier.get_cache_stats()["cache_size"] == 0


@pytest.mark.parametrize("batch_size", [0, -1])
def test_an_impossible_batch_size_is_an_error(classifier, batch_size):
    with pytest.raises(fastintent.InvalidArgumentError, match="batch_size"):
        classifier.predict_batch(["a"], batch_size=batch_size)


def test_what_a_generator_raises_comes_out(classifier):
    def broken():
        yield "a card"
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        classifier.predict_batch(broken())


def test_a_list_that_changes_meanwhile_is_read_once(classifier, texts):
    expected = classifier.predict_batch(texts)

    class Shrinking(list):
        def __iter__(self):
            yield from self.copy()
            self.clear()

    assert classifier.predict_batch(Shrinking(texts)) == expected


def test_progress_goes_to_standard_error(classifier, texts, capsys):
    answers = classifier.predict_batch(texts * 200, use_cache=False, show_progress=True)
    assert len(answers) == 200 * len(texts)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"([\d,]+/20,000 texts, [\d.,]+/s, .*\n)*20,000/20,000 texts, .*\n", captured.err)
    classifier.predict_batch(texts)
    assert capsys.readouterr().err == ""
