"""Many threads, and processes made by fork()."""

import concurrent.futures
import multiprocessing
import os
import threading

import fastintent
import pytest
from conftest import TRAINED


def test_many_threads_share_a_classifier(classifier, texts):
    expected = classifier.predict_batch(texts, use_cache=False)

    def work(number):
        if number % 3 == 0:
            return classifier.predict_batch(texts)
        if number % 3 == 1:
            return [classifier.predict(text) for text in texts]
        return [p for _, batch in classifier.predict_batch_streaming(iter(texts), 7) for p in batch]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for answers in pool.map(work, range(12)):
            assert answers == expected


def test_other_threads_run_meanwhile(classifier):
    # With the GIL held during the call, nothing would be counted before it ends.
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    texts = [f"card {i}" for i in range(20_000)]
    counter.start()
    before = counted
    classifier.predict_batch(texts, use_cache=False)
    after = counted
    done.set()
    counter.join()
    assert after > before + 1000


def test_one_stream_has_one_thread_at_a_time(classifier):
    inside = threading.Event()
    leave = threading.Event()

    def source():
        inside.set()
        leave.wait()
        yield "a card"

    stream = classifier.predict_batch_streaming(source())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(next, stream)
        inside.wait()
        with pytest.raises(fastintent.InvalidArgumentError, match="one thread at a time"):
            next(stream)
        with pytest.raises(fastintent.InvalidArgumentError, match="under way|no call"):
            stream.close()
        leave.set()
        assert len(first.result()[1]) == 1


def in_child(connection, classifier, stream):
    told = []
    for call in [lambda: classifier.predict("a card"), lambda: next(stream)]:  # noqa: F821, deleted below
        try:
            call()
            told.append("no error")
        except fastintent.InvalidArgumentError as error:
            told.append(str(error))
    fresh = fastintent.IntentClassifier(model_path=TRAINED)
    told.append(fresh.predict("a card").intent)
    del classifier, stream, fresh
    connection.send(told)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_needs_a_classifier_of_its_own(classifier):
    stream = classifier.predict_batch_streaming(["a", "b", "c"], batch_size=1)
    next(stream)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=in_child, args=(theirs, classifier, stream))
    child.start()
    assert ours.poll(60), "the child hangs"
    predict, next_batch, intent = ours.recv()
    child.join(60)
    assert child.exitcode == 0
    assert "fork()" in predict and "fork()" in next_batch
    assert intent == classifier.predict("a card").intent
    assert os.getpid() != child.pid
    assert len(list(stream)) == 2
