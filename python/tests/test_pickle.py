"""Pickling a classifier: its folder and settings travel, and the copy loads at its first use."""

import copy
import os
import pickle
import shutil
import threading

import fastintent
import pytest
from conftest import BASE, TRAINED
from fastintent import IntentClassifier

ROWS = ([f"{word} {i}" for i in range(10) for word in ("card", "money")], ["card", "refund"] * 10)


def log(sentence):
    log.sentences.append(sentence)


log.sentences = []


def test_the_copy_answers_as_the_original(classifier, texts):
    copied = pickle.loads(pickle.dumps(classifier))
    assert copied.predict_batch(texts) == classifier.predict_batch(texts)
    assert copied.fingerprint() == classifier.fingerprint()
    assert copied.get_cache_stats()["misses"] == len(texts)  # a cache of its own


def test_the_copy_loads_at_its_first_use(tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(TRAINED, folder)
    pickled = pickle.dumps(IntentClassifier(model_path=folder, log=log))
    log.sentences.clear()
    folder.rename(tmp_path / "away")
    copied = pickle.loads(pickled)
    pickled_again = pickle.dumps(copied)
    with pytest.raises(fastintent.MissingInputError):
        copied.predict("a card")
    assert log.sentences == []
    (tmp_path / "away").rename(folder)
    assert copied.predict("a card") == pickle.loads(pickled_again).predict("a card")
    assert len(log.sentences) == 2


def test_a_folder_may_have_any_name(tmp_path):
    folder = tmp_path / os.fsdecode(b"my mod\xffl")
    shutil.copytree(TRAINED, folder)
    classifier = IntentClassifier(model_name=folder, model_path=folder)
    copied = pickle.loads(pickle.dumps(classifier))
    assert copied.predict("a card") == classifier.predict("a card")
    assert copied.__getstate__()[:2] == (str(folder), str(folder))


def test_options_and_later_settings_travel(monkeypatch):
    monkeypatch.chdir(TRAINED.parent)
    classifier = IntentClassifier(
        model_name="a/base",
        model_path=TRAINED.name,
        batch_size=3,
        cache_size=5,
        cache_bytes=100_000,
        device="cpu",
        threads=1,
        max_length=17,
        review_threshold=0.25,
        map_word_table=True,
        label_agreement=0.5,
        max_queued_tokens=4096,
    )
    assert classifier.__getstate__()[-2:] == (0.5, 4096)
    classifier.batch_size = 7
    classifier.enable_cache = False
    classifier.review_threshold = 0.75
    classifier.optimize_for_inference("int8")
    monkeypatch.chdir("/")  # the path is absolute
    copied = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(classifier))))
    for name in ["batch_size", "enable_cache", "review_threshold", "threads", "max_length", "precision", "device_name"]:
        assert getattr(copied, name) == getattr(classifier, name), name
    assert copied.get_cache_stats()["cache_limit"] == 5
    assert copied.__getstate__() == classifier.__getstate__()


@pytest.mark.parametrize("device", ["auto", "cpu", "reference", "cuda", "cuda:1"])
def test_the_device_travels_by_its_name(device):
    state = list(IntentClassifier(model_path=TRAINED).__getstate__())
    state[5] = device
    other = IntentClassifier.__new__(IntentClassifier)
    other.__setstate__(tuple(state))  # loads nothing: the device may be absent
    assert other.__getstate__()[5] == device


def test_a_classifier_without_a_model_travels():
    copied = pickle.loads(pickle.dumps(IntentClassifier(model_name=BASE)))
    assert not copied.is_loaded
    with pytest.raises(fastintent.NoModelError):
        copied.predict("a card")


def test_a_trained_model_travels_by_its_output_or_where_it_was_saved(tmp_path):
    classifier = IntentClassifier(model_name=BASE, threads=1)
    classifier.train(*ROWS, epochs=1, output=tmp_path / "output")
    first = classifier.fingerprint()
    assert pickle.loads(pickle.dumps(classifier)).fingerprint() == first

    classifier.train(*ROWS, epochs=1, seed=7)
    with pytest.raises(fastintent.InvalidArgumentError, match=r"pickle: .* call save\(\) first"):
        pickle.dumps(classifier)
    classifier.save(tmp_path / "saved")
    assert pickle.loads(pickle.dumps(classifier)).fingerprint() == classifier.fingerprint() != first


def test_copies_and_subclasses(classifier):
    class Named(IntentClassifier):
        def __init__(self, name):
            super().__init__(model_path=TRAINED)
            self.name = name

    assert copy.copy(classifier).predict("a card") == classifier.predict("a card")
    assert copy.deepcopy(Named("x")).predict("a card") == classifier.predict("a card")


def test_many_threads_load_it_once(classifier):
    log.sentences.clear()
    copied = pickle.loads(pickle.dumps(IntentClassifier(model_path=TRAINED, log=log)))
    log.sentences.clear()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(copied.predict("a card"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [classifier.predict("a card")] * 8
    assert len(log.sentences) == 1
