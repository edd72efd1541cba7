"""Measures of logits that come from elsewhere."""

import pytest
from fastintent import InvalidArgumentError, InvalidDataError, evaluate_logits


def test_figures():
    evaluation = evaluate_logits([[3.0, 0.0], [0.0, 3.0], [3.0, 0.0]], ["card", "money", "money"], ["card", "money"])
    assert evaluation.examples == 3
    assert evaluation.accuracy == pytest.approx(2 / 3)
    assert [mistake.example for mistake in evaluation.mistakes] == [2]


def test_the_temperature_changes_confidence_alone():
    cold = evaluate_logits([[3.0, 0.0]], ["money"], ["card", "money"])
    warm = evaluate_logits([[3.0, 0.0]], ["money"], ["card", "money"], temperature=3)
    assert cold.accuracy == warm.accuracy == 0
    assert warm.mistakes[0].confidence < cold.mistakes[0].confidence


def test_unusable_arguments():
    with pytest.raises(InvalidArgumentError):
        evaluate_logits([[1.0, 2.0]], [], ["card", "money"])
    with pytest.raises(InvalidArgumentError):
        evaluate_logits([[1.0, 2.0]], ["card"], ["card", "money"], temperature=0)
    with pytest.raises(InvalidDataError):
        evaluate_logits([[float("nan"), 2.0]], ["card"], ["card", "money"])
