"""read_labelled_texts(): files as other programs write them."""

import csv

import fastintent
import pandas
import pytest
from fastintent import read_labelled_texts

ROWS = pandas.DataFrame({"text": ["où est ma carte", 'say "a, b"'], "intent": ["card", "dépôt"]})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
def test_a_named_encoding(tmp_path, encoding):
    ROWS.to_csv(tmp_path / "rows.csv", index=False, encoding=encoding)
    rows = read_labelled_texts(tmp_path / "rows.csv", encoding=encoding)
    assert (rows.texts, rows.labels) == (list(ROWS.text), list(ROWS.intent))
    assert rows.replaced_texts == 0


def test_an_encoding_that_is_not_named(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False, encoding="utf-16")
    with pytest.raises(fastintent.InvalidDataError, match=r"UTF-16 .* set the encoding to utf-16 .*rows\.csv:1\)"):
        read_labelled_texts(tmp_path / "rows.csv")
    ROWS.to_csv(tmp_path / "rows.csv", index=False, encoding="cp1252")
    with pytest.raises(fastintent.InvalidDataError, match=r"a label in UTF-8, .*rows\.csv:3\)"):
        read_labelled_texts(tmp_path / "rows.csv")
    ROWS.assign(intent="card").to_csv(tmp_path / "rows.csv", index=False, encoding="cp1252")
    with pytest.warns(UnicodeWarning, match=r"rows\.csv:2: .* 1 text"):
        rows = read_labelled_texts(tmp_path / "rows.csv")
    assert rows.replaced_texts == 1
    assert rows.texts[0] == "o\ufffd est ma carte"
    with pytest.raises(fastintent.InvalidArgumentError, match="klingon"):
        read_labelled_texts(tmp_path / "rows.csv", encoding="klingon")


def test_tsv_with_and_without_quotes(tmp_path):
    file = tmp_path / "rows.tsv"
    ROWS.to_csv(file, index=False, sep="\t", quoting=csv.QUOTE_NONE, quotechar="\0")
    assert read_labelled_texts(file).texts == list(ROWS.text)
    ROWS.to_csv(file, index=False, sep="\t")
    assert read_labelled_texts(file, quoting="on").texts == list(ROWS.text)
    with pytest.raises(fastintent.InvalidArgumentError, match="quoting"):
        read_labelled_texts(file, quoting="maybe")


def test_white_space_around_a_label_is_no_part_of_it(tmp_path):
    (tmp_path / "rows.csv").write_text("text,intent\na,card\nb,card \nc,\u00a0card\n")
    assert read_labelled_texts(tmp_path / "rows.csv").label_names == ["card"]
