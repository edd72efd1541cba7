"""What the tests share: tiny models with random weights, and small data."""

import pathlib
import signal

import pytest
from fastintent import IntentClassifier

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAINED = ROOT / "tests/golden/bert_pooler/model"  # tiny, with random weights and a trained head
BASE = ROOT / "tests/golden/bert_base/model"  # the same without a head
DATA = ROOT / "data/support_intents"


@pytest.fixture(autouse=True, scope="session")
def interrupts_arrive():
    """A shell ignores SIGINT for what it runs in the background; the tests of Ctrl-C need it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def classifier():
    """A classifier of its own for each test: nobody else changes its cache or settings."""
    return IntentClassifier(model_path=TRAINED)


@pytest.fixture
def texts():
    return [f"where is card {i} of my {i % 7} cards" for i in range(100)]
