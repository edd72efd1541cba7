"""The exception classes, and which built-in each of them is."""

import pathlib
import pickle
import re

import fastintent
import pytest
from conftest import ROOT
from fastintent import FastintentError, IntentClassifier

CLASSES = FastintentError.__subclasses__()


def codes_of_the_library():
    header = (ROOT / "include/fastintent/error.h").read_text()
    enum = re.search(r"enum class ErrorCode \{(.*?)\};", header, re.DOTALL)[1]
    return set(re.findall(r"^ *(\w+),", enum, re.MULTILINE))


def test_every_code_has_one_class():
    assert {each.code for each in CLASSES} == codes_of_the_library()
    assert len(CLASSES) == len(codes_of_the_library())


def test_the_documented_table_is_true():
    table = (ROOT / "docs/errors.md").read_text()
    for each in CLASSES:
        builtin = each.__bases__[1].__name__
        assert re.search(rf"`{each.code}` .*`{each.__name__}` \(`{builtin}`\)", table), each


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_messages_survive(each):
    error = each("load: expected this, found that")
    assert str(error) == "load: expected this, found that"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert getattr(fastintent, each.__name__) is each


def test_builtin_exceptions_catch_them():
    with pytest.raises(FileNotFoundError, match="no/such/folder"):
        IntentClassifier(model_path="no/such/folder")
    with pytest.raises(ValueError):
        IntentClassifier(device="gpu")
    with pytest.raises(FastintentError) as raised:
        IntentClassifier().predict("a card")
    assert raised.value.code == "no_model"


def test_a_damaged_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (ROOT / "tests/golden/bert_pooler/model").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "config.json").write_text("{")
    with pytest.raises(fastintent.BadCheckpointError, match="config.json"):
        IntentClassifier(model_path=folder)


def test_messages_are_printable(tmp_path):
    with pytest.raises(fastintent.MissingInputError) as raised:
        IntentClassifier(model_path=tmp_path / ("a\x1b[2J\n\u202e" + "x" * 200))
    assert str(raised.value).isprintable()
    assert fastintent.printable("a\x1b[2Jb\u009b") == r"a\x1b[2Jb\u009b"
    assert len(fastintent.printable("x" * 5000, max_characters=100)) == 100


def test_a_file_name_that_is_no_utf8():
    with pytest.raises(fastintent.MissingInputError, match=r"\\xff"):
        IntentClassifier(model_path=pathlib.Path("no\udcffmodel"))
