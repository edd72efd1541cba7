"""Many threads, and processes made by fork()."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading

import fastintent
import pytest
from conftest import BASE, DATA, TRAINED


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


def in_child(connection, classifier, stream, texts):
    told = [classifier.predict_batch(texts, with_logits=True), classifier.predict("a card")]
    try:
        told.append(next(stream))
    except fastintent.InvalidArgumentError as error:
        told.append(str(error))
    del classifier, stream
    connection.send(told)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_classifier_works_in_a_forked_child(classifier, texts):
    stream = classifier.predict_batch_streaming(["a", "b", "c"], batch_size=1)
    next(stream)
    expected = classifier.predict_batch(texts, with_logits=True)
    stop = threading.Event()

    def keep_busy():
        while not stop.is_set():
            classifier.predict_batch(texts, use_cache=False)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        for _ in range(5):
            ours, theirs = multiprocessing.Pipe()
            fork = multiprocessing.get_context("fork")
            child = fork.Process(target=in_child, args=(theirs, classifier, stream, texts))
            child.start()
            assert ours.poll(60), "the child hangs"
            batch, single, next_batch = ours.recv()
            child.join(60)
            assert child.exitcode == 0
            assert batch == expected
            assert single == classifier.predict("a card")
            assert "PredictionStream: expected one made in this process" in next_batch
    finally:
        stop.set()
        busy.join()
    assert len(list(stream)) == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_pool_of_forked_processes(classifier, texts):
    classifier.predict("a card")
    expected = [classifier.predict(text).intent for text in texts]
    with multiprocessing.get_context("fork").Pool(3, _use, (classifier,)) as pool:
        assert pool.map(_intent, texts) == expected


def _use(classifier):
    global _classifier
    _classifier = classifier


def _intent(text):
    return _classifier.predict(text).intent


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_temporary_model_survives_its_forked_children(classifier, tmp_path):
    data = fastintent.read_labelled_texts(DATA / "train.csv")
    classifier.train(data.texts[:200], data.labels[:200], epochs=1, base_model=BASE)
    child = os.fork()
    if child == 0:
        classifier.predict("a card")
        del classifier
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    classifier.save(tmp_path / "saved")


# What a daemon thread does again and again while the interpreter ends.
WORK = {
    "predict": "classifier.predict('a card', use_cache=False)",
    "predict_batch": "classifier.predict_batch(texts, use_cache=False)",
    "progress": "classifier.predict_batch(texts * 100, use_cache=False, show_progress=True)",
    "stream": "list(classifier.predict_batch_streaming(text for text in texts))",
    "a source": "list(classifier.predict_batch_streaming(itertools.cycle(texts)))",
    "a slow look at the texts": "classifier.predict_batch(SlowTexts())",
    "a list from a generator": "classifier.predict_batch(text for text in itertools.repeat('a', 10**6))",
    "train": "classifier.train(texts, labels, epochs=1000, base_model=base, on_step=lambda step: None)",
    "warm_up": "classifier.warm_up()",
    "benchmark": "classifier.benchmark_performance(num_iterations=20)",
}
DAEMON = """
import itertools, random, sys, threading, time
import fastintent

classifier = fastintent.IntentClassifier(model_path={model!r}, log=lambda line: None)
base = {base!r}
texts = [f"where is card {{i}} of my {{i % 7}} cards" for i in range(100)]
labels = [str(i % 2) for i in range(100)]
started = threading.Event()

class SlowTexts:
    def __iter__(self):
        return iter(texts)

    def __getattr__(self, name):
        time.sleep(0.01)
        raise AttributeError(name)

def work():
    while True:
        started.set()
        {work}

threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
started.wait()
time.sleep(random.uniform(0, 0.3))
"""


@pytest.mark.parametrize("work", WORK)
def test_daemon_threads_end_with_the_interpreter(work):
    program = DAEMON.format(model=str(TRAINED), base=str(BASE), work=WORK[work])
    running = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for each in running:
        err = each.communicate(timeout=120)[1]
        assert each.returncode == 0, err
