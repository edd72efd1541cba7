"""The constructor, properties, cache and measurements of IntentClassifier."""

import gc
import math
import os
import sys
import weakref

import fastintent
import pytest
from conftest import BASE, TRAINED
from fastintent import IntentClassifier


def test_positional_arguments_in_the_order_of_the_guide():
    classifier = IntentClassifier("unused", str(TRAINED), 8, False, 10, "cpu", "fp32", 1)
    assert classifier.batch_size == 8
    assert not classifier.enable_cache
    assert classifier.get_cache_stats()["cache_limit"] == 10
    assert classifier.device_name.startswith("cpu (")
    assert classifier.precision == "fp32"
    assert classifier.threads == 1


def test_defaults():
    classifier = IntentClassifier()
    assert classifier.batch_size == 32
    assert classifier.enable_cache
    assert classifier.get_cache_stats()["cache_limit"] == 1000
    assert not classifier.is_loaded
    assert IntentClassifier(model_path=TRAINED).threads == len(os.sched_getaffinity(0))


def test_without_a_model_prediction_is_an_error():
    classifier = IntentClassifier()
    with pytest.raises(fastintent.NoModelError):
        classifier.predict("a card")
    with pytest.raises(fastintent.NoModelError):
        classifier.predict_batch(["a card"])
    with pytest.raises(fastintent.NoModelError):
        list(classifier.predict_batch_streaming(["a card"]))
    with pytest.raises(fastintent.NoModelError):
        classifier.intents


def test_tells_what_it_loaded():
    told = []
    classifier = IntentClassifier(model_path=TRAINED, log=told.append)
    assert classifier.is_loaded
    assert told
    assert any(classifier.device_name in sentence for sentence in told)
    assert classifier.description
    assert classifier.max_length > 2
    assert len(classifier.intents) == len(set(classifier.intents)) > 1
    assert classifier.temperature == 1


def test_a_log_callback_that_fails_does_not_stop_the_loading(monkeypatch):
    unraisable = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    classifier = IntentClassifier(model_path=TRAINED, log=lambda _: 1 / 0)
    assert classifier.is_loaded
    assert unraisable[0].exc_type is ZeroDivisionError


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"device": "gpu"}, fastintent.InvalidArgumentError, 'expected one of "auto", "cpu"'),
        ({"device": "cuda:x"}, fastintent.InvalidArgumentError, '"cuda:N", "reference", found'),
        ({"precision": "fp64"}, fastintent.InvalidArgumentError, '"fp64"'),
        ({"device": "cpu", "precision": "fp16"}, fastintent.InvalidArgumentError, "found fp16"),
        ({"device": "cpu", "precision": "tf32"}, fastintent.InvalidArgumentError, "found tf32"),
        ({"device": "cuda:700"}, fastintent.DeviceMissingError, None),
        ({"device": "cuda"}, fastintent.DeviceMissingError, None),
        ({"batch_size": 0}, fastintent.InvalidArgumentError, None),
        ({"cache_size": -1}, fastintent.InvalidArgumentError, None),
        ({"threads": -1}, fastintent.InvalidArgumentError, None),
        ({"model_path": "no/such/folder"}, fastintent.MissingInputError, "no/such/folder"),
        ({"model_path": 3}, TypeError, None),
        ({"batch_size": "8"}, TypeError, None),
        ({"batch_size": 8.5}, TypeError, None),
        ({"log": 3}, TypeError, "log"),
        ({"no_such_option": 3}, TypeError, None),
    ],
)
def test_impossible_options(options, error, message):
    if options.get("device") == "cuda" and any(name.startswith("cuda") for name in fastintent.device_names()):
        pytest.skip("there is a CUDA device")
    with pytest.raises(error, match=message):
        IntentClassifier(**{"model_path": TRAINED} | options)


def test_settings_may_change_at_any_time(classifier):
    classifier.batch_size = 16
    assert classifier.batch_size == 16
    with pytest.raises(fastintent.InvalidArgumentError):
        classifier.batch_size = 0
    classifier.review_threshold = 0.5
    assert classifier.review_threshold == 0.5
    classifier.review_threshold = None  # the model's own, and this one has none
    assert classifier.review_threshold is None
    with pytest.raises(AttributeError):
        classifier.threads = 3


def test_the_cache(classifier):
    stats = classifier.get_cache_stats()
    assert set(stats) == {
        "cache_enabled", "cache_size", "cache_limit", "cache_usage_percent",
        "hits", "misses", "evictions", "memory_bytes",
    }  # fmt: skip
    assert stats["cache_enabled"] is True and stats["cache_size"] == 0
    first = classifier.predict("Check balance", use_cache=True)
    assert classifier.predict("Check balance", use_cache=True) == first
    stats = classifier.get_cache_stats()
    assert (stats["hits"], stats["misses"], stats["cache_size"]) == (1, 1, 1)
    assert stats["cache_usage_percent"] == pytest.approx(0.1)
    assert stats["memory_bytes"] > 0
    classifier.predict("another", use_cache=False)
    assert classifier.get_cache_stats()["cache_size"] == 1
    classifier.clear_cache()
    assert classifier.get_cache_stats()["cache_size"] == 0
    classifier.enable_cache = False
    classifier.predict("Check balance")
    stats = classifier.get_cache_stats()
    assert stats["cache_enabled"] is False and stats["cache_size"] == 0


def test_the_least_recently_used_answer_goes_first():
    classifier = IntentClassifier(model_path=TRAINED, cache_size=2)
    for text in ["a", "b", "a", "c"]:
        classifier.predict(text)
    before = classifier.get_cache_stats()
    assert before["evictions"] == 1
    classifier.predict("a")
    assert classifier.get_cache_stats()["hits"] == before["hits"] + 1
    classifier.predict("b")
    assert classifier.get_cache_stats()["misses"] == before["misses"] + 1


def test_warm_up(classifier):
    assert classifier.warm_up() is None
    classifier.warm_up(sample_texts=["Sample query 1", "Sample query 2"])
    classifier.warm_up(f"sample {i}" for i in range(3))
    with pytest.raises(TypeError):
        classifier.warm_up("Sample query 1")


def test_optimize_for_inference(classifier):
    choice = classifier.automatic_precision()
    report = classifier.optimize_for_inference()
    assert report["precision"] == classifier.precision
    assert choice == (report["precision"], report["reason"])
    assert report["device"] == classifier.device_name
    assert report["previous_precision"] == "fp32"
    assert report["reason"]
    assert 0 <= report["label_agreement"] <= 1
    assert classifier.optimize_for_inference("fp32", ["a card"])["precision"] == "fp32"
    assert classifier.precision == "fp32"
    with pytest.raises(fastintent.InvalidArgumentError):
        classifier.optimize_for_inference("int4")


def test_benchmark_performance(classifier):
    results = classifier.benchmark_performance(sample_texts=["Query 1", "Query 2"], num_iterations=3)
    assert results["device"] == classifier.device_name
    assert results["precision"] == classifier.precision
    assert results["threads"] == classifier.threads
    assert list(results["benchmarks"]) == [
        "single_prediction", "batch_size_1", "batch_size_4", "batch_size_8", "batch_size_16",
        "batch_size_32", "streaming", "cached",
    ]  # fmt: skip
    for figures in results["benchmarks"].values():
        assert list(figures) == [
            "throughput", "mean_ms", "p50_ms", "p95_ms", "p99_ms",
            "tokenizer_share", "encoder_share",
        ]  # fmt: skip
        assert figures["throughput"] > 0
        assert 0 < figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"]
    assert classifier.get_cache_stats()["cache_size"] == 0
    with pytest.raises(fastintent.InvalidArgumentError):
        classifier.benchmark_performance(num_iterations=0)


def test_gpu_memory(classifier):
    stats = classifier.get_gpu_memory_stats()
    assert list(stats) == [
        "gpu_available", "device_name", "total_memory_gb", "allocated_memory_gb",
        "cached_memory_gb", "free_memory_gb",
    ]  # fmt: skip
    if not stats["gpu_available"]:
        assert stats["device_name"] == "CPU"
        assert stats["free_memory_gb"] == math.inf
    classifier.empty_gpu_cache()


def test_a_base_folder_is_no_trained_model():
    with pytest.raises(fastintent.FastintentError):
        IntentClassifier(model_path=BASE)


def test_a_cycle_through_the_log_callback_is_collected():
    class Service:
        def __init__(self):
            self.classifier = IntentClassifier(model_path=TRAINED, log=self.log)

        def log(self, sentence):
            pass

    service = Service()
    gone = weakref.ref(service)
    del service
    gc.collect()
    assert gone() is None


def test_module_functions():
    assert fastintent.device_names()[-1] == "reference"
    header = (TRAINED.parents[3] / "include/fastintent/version.h").read_text()
    assert f'"{fastintent.__version__}"' in header


def test_a_callback_that_no_classifier_took_is_not_released():
    def log(message):
        raise AssertionError(message)

    class Circle(IntentClassifier):
        def __init__(self):
            self.me = self
            super().__init__(model_path="missing", log=log)

    before = sys.getrefcount(log)
    for _ in range(20):
        with pytest.raises(fastintent.MissingInputError):
            Circle()
    gc.collect()
    assert sys.getrefcount(log) >= before


def test_predictions_are_equal_by_value_and_not_hashable(classifier):
    one, other = (classifier.predict("Check balance", use_cache=False) for _ in range(2))
    assert one == other
    with pytest.raises(TypeError):
        hash(one)


def test_training_from_a_callback_is_refused():
    classifier = IntentClassifier(model_name=BASE, threads=1)
    texts = [f"{word} {i}" for i in range(10) for word in ("card", "money")]
    labels = ["card", "refund"] * 10
    with pytest.raises(fastintent.InvalidArgumentError, match="callbacks"):
        classifier.train(texts, labels, epochs=1, on_epoch=lambda _: classifier.optimize_for_inference())
