"""predict() and what it gives."""

import pickle

import fastintent
import pytest
from conftest import TRAINED
from fastintent import IntentClassifier, IntentPrediction, ScoredIntent


def test_names_the_most_probable_intent(classifier):
    answer = classifier.predict("Where is my card?")
    assert isinstance(answer, IntentPrediction)
    assert answer.intent in classifier.intents
    assert 0 < answer.confidence <= 1
    assert answer.error == ""
    assert not answer.truncated
    assert answer.logits == []


def test_alternatives_are_the_next_best(classifier):
    answer = classifier.predict("Where is my card?", top_k=1000)
    shares = [answer.confidence] + [confidence for _, confidence in answer.alternatives]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert {answer.intent} | {each.intent for each in answer.alternatives} == set(classifier.intents)
    assert isinstance(answer.alternatives[0], ScoredIntent)


@pytest.mark.parametrize("top_k", [0, 1, 5])
def test_top_k_limits_the_alternatives(classifier, top_k):
    others = len(classifier.intents) - 1
    assert len(classifier.predict("a card", top_k=top_k).alternatives) == min(top_k, others)
    assert len(classifier.predict("a card").alternatives) == min(5, others)


def test_logits_are_there_when_asked_for(classifier):
    answer = classifier.predict("a card", with_logits=True)
    assert len(answer.logits) == len(classifier.intents)
    best = max(range(len(answer.logits)), key=answer.logits.__getitem__)
    assert classifier.intents[best] == answer.intent
    assert classifier.get_cache_stats()["cache_size"] == 0


def test_a_long_text_is_truncated_and_flagged(classifier):
    assert classifier.predict("card " * 10 * classifier.max_length).truncated


def test_low_confidence_is_flagged():
    def needs_review(threshold):
        classifier = IntentClassifier(TRAINED, TRAINED, review_threshold=threshold)
        return classifier.predict("a card").needs_review

    assert needs_review(1.0)
    assert not needs_review(0.0)


@pytest.mark.parametrize("text", ["", " ", "\n", "\u3000\t "])
def test_a_blank_text_is_an_error(classifier, text):
    with pytest.raises(fastintent.InvalidDataError, match="blank"):
        classifier.predict(text)


@pytest.mark.parametrize("text", [None, 3, b"card", ["card"]])
def test_anything_but_a_string_is_a_type_error(classifier, text):
    with pytest.raises(TypeError, match=f"expected a str, found {type(text).__name__}"):
        classifier.predict(text)


def test_a_lone_surrogate_reads_as_the_replacement_character(classifier):
    # In UTF-8 a surrogate would need three bytes; each byte is read as one invalid character.
    with pytest.warns(UnicodeWarning, match="text: .* lone surrogate"):
        answer = classifier.predict("card \ud800 lost", with_logits=True)
    assert answer == classifier.predict("card \ufffd\ufffd\ufffd lost", with_logits=True)


def test_unicode_outside_the_basic_plane(classifier):
    assert classifier.predict("où est ma carte 💳 カード").intent in classifier.intents


def test_equality_and_pickle(classifier):
    answer = classifier.predict("a card", with_logits=True)
    assert answer == classifier.predict("a card", with_logits=True)
    assert answer != classifier.predict("something else entirely")
    assert answer != "a card"
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_repr_and_dict(classifier):
    answer = classifier.predict("a card")
    assert repr(answer).startswith(f"IntentPrediction(intent={answer.intent!r}, confidence=0.")
    as_dict = answer.to_dict()
    assert as_dict["intent"] == answer.intent
    assert as_dict["confidence"] == answer.confidence
    assert as_dict["alternatives"][0] == answer.alternatives[0]._asdict()
    assert set(as_dict) == {
        "intent", "confidence", "alternatives", "needs_review", "truncated", "tokens", "error"
    }  # fmt: skip
