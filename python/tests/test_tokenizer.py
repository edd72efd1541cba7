"""The tokenizer: the same ids as the command line and transformers."""

import pytest
from conftest import TRAINED
from fastintent import InvalidArgumentError, MissingInputError, Tokenizer


def test_ids_have_the_special_tokens():
    tokenizer = Tokenizer(TRAINED)
    encoding = tokenizer.encode("where is my card")
    assert len(encoding.ids) >= 3
    assert encoding.ids[0] == tokenizer.encode("").ids[0]
    assert encoding.ids[-1] == tokenizer.encode("").ids[-1]
    assert not encoding.truncated
    assert max(encoding.ids) < tokenizer.vocabulary_size


def test_a_long_text_is_truncated():
    tokenizer = Tokenizer(TRAINED, max_length=4)
    assert tokenizer.max_length == 4
    encoding = tokenizer.encode("where is my card and where is my money")
    assert len(encoding.ids) == 4
    assert encoding.truncated
    assert "truncated=True" in repr(encoding)


def test_unusable_arguments(tmp_path):
    with pytest.raises(MissingInputError):
        Tokenizer(tmp_path)
    with pytest.raises(InvalidArgumentError):
        Tokenizer(TRAINED, max_length=-1)
