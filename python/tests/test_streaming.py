"""predict_batch_streaming(): any source, one batch at a time."""

import gc
import itertools
import resource
import threading
import weakref

import fastintent
import pytest

# The library reads at most a few batches ahead of the consumer; this many is "not all of them".
MANY_BATCHES = 100


class EndlessSource:
    """One text, over and over; unlike a generator it can be held weakly and given attributes."""

    def __iter__(self):
        return self

    def __next__(self):
        return "a card"


def test_gives_the_answers_of_predict_batch_in_batches(classifier, texts):
    batches = list(classifier.predict_batch_streaming(texts, batch_size=32))
    assert [batch_idx for batch_idx, _ in batches] == [0, 1, 2, 3]
    assert [len(predictions) for _, predictions in batches] == [32, 32, 32, 4]
    answers = [prediction for _, predictions in batches for prediction in predictions]
    assert answers == classifier.predict_batch(texts, use_cache=False)


def test_the_batch_size_is_the_classifiers(classifier, texts):
    classifier.batch_size = 40
    sizes = [len(batch) for _, batch in classifier.predict_batch_streaming(texts)]
    assert sizes == [40, 40, 20]


def test_an_open_file(classifier, texts, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts))
    with path.open() as file:
        streamed = [p for _, batch in classifier.predict_batch_streaming(file) for p in batch]
    assert streamed == classifier.predict_batch(texts)


def test_never_asks_the_length(classifier):
    class Unmeasured:
        def __init__(self):
            self.left = 10

        def __iter__(self):
            return self

        def __next__(self):
            if self.left == 0:
                raise StopIteration
            self.left -= 1
            return f"card {self.left}"

        def __len__(self):
            raise AssertionError("the length was asked")

        __length_hint__ = __len__

    batches = list(classifier.predict_batch_streaming(Unmeasured(), batch_size=4))
    assert [len(predictions) for _, predictions in batches] == [4, 4, 2]


def test_a_blank_text_has_its_error_and_the_stream_goes_on(classifier):
    stream = classifier.predict_batch_streaming(["a", " ", "\n", "b"], batch_size=4)
    [(_, (first, blank, newline, last))] = stream
    assert first.error == last.error == ""
    assert "blank" in blank.error and blank.intent == ""
    assert "blank" in newline.error
    assert repr(blank).startswith("IntentPrediction(error=")


def test_reads_no_further_than_it_needs(classifier):
    read = 0

    def endless():
        nonlocal read
        for i in itertools.count():
            read += 1
            yield f"card {i}"

    stream = classifier.predict_batch_streaming(endless(), batch_size=8)
    assert read == 0 or read <= 8 * MANY_BATCHES
    next(stream)
    assert 8 <= read <= 8 * MANY_BATCHES
    before = read
    next(stream)
    assert read <= before + 8 * MANY_BATCHES


def test_a_batch_size_of_1_answers_each_text_before_the_next_is_read(classifier):
    read = []

    def source():
        for text in ["a", "b", "c"]:
            read.append(text)
            yield text

    for batch_idx, predictions in classifier.predict_batch_streaming(source(), batch_size=1):
        assert len(predictions) == 1
        assert len(read) == batch_idx + 1


def test_what_the_source_raises_comes_after_the_batches_before_it(classifier):
    class Broken(Exception):
        pass

    error = Broken("the database went away")

    def source():
        yield from ["a"] * 10
        raise error

    stream = classifier.predict_batch_streaming(source(), batch_size=4)
    answers = 0
    with pytest.raises(Broken) as raised:
        for _, predictions in stream:
            answers += len(predictions)
    assert raised.value is error
    assert answers >= 8
    assert list(stream) == []


def test_an_element_of_another_type_is_named_by_index(classifier):
    stream = classifier.predict_batch_streaming(["a", "b", None], batch_size=1)
    assert len(next(stream)[1]) == 1
    with pytest.raises(TypeError, match="str at index 2, found NoneType"):
        list(stream)


@pytest.mark.parametrize("texts", ["a card", None, 3])
def test_what_is_no_iterable_of_texts_is_an_error_at_once(classifier, texts):
    with pytest.raises(TypeError, match="expected an iterable of str"):
        classifier.predict_batch_streaming(texts)


def test_leaving_early_stops_the_work_and_lets_the_source_go(classifier):
    source = EndlessSource()
    gone = weakref.ref(source)
    for batch_idx, _ in classifier.predict_batch_streaming(source, batch_size=2):
        if batch_idx == 3:
            break
    del source
    gc.collect()
    assert gone() is None


def test_close(classifier):
    stream = classifier.predict_batch_streaming(itertools.repeat("a card"))
    next(stream)
    stream.close()
    assert list(stream) == []
    stream.close()


def test_a_source_that_asks_its_own_stream_is_an_error(classifier):
    def source():
        yield next(stream)[1][0].intent

    stream = classifier.predict_batch_streaming(source())
    with pytest.raises(fastintent.InvalidArgumentError, match="one thread at a time"):
        next(stream)


def test_a_source_that_waits_for_other_threads(classifier):
    given = threading.Semaphore(0)

    def source():
        for i in range(10):
            given.acquire()
            yield f"card {i}"

    def give():
        for _ in range(10):
            given.release()

    giver = threading.Timer(0.05, give)
    giver.start()
    assert len(list(classifier.predict_batch_streaming(source(), batch_size=5))) == 2
    giver.join()


def test_memory_is_constant(classifier):
    classifier.enable_cache = False
    before = None
    for batch_idx, _ in classifier.predict_batch_streaming(
        (f"card {i} of {i * i}" for i in range(40_000)), batch_size=100
    ):
        if batch_idx == 100:  # the buffers have grown to their size
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # All predictions of the rest would take more than 40 MB.
    assert grown_kb < 5 * 1024


def test_a_stream_outlives_its_classifier(texts):
    from conftest import TRAINED

    stream = fastintent.IntentClassifier(model_path=TRAINED).predict_batch_streaming(texts)
    gc.collect()
    assert sum(len(predictions) for _, predictions in stream) == len(texts)


def test_a_cycle_through_the_source_is_collected(classifier):
    source = EndlessSource()
    source.stream = classifier.predict_batch_streaming(source)
    next(source.stream)
    gone = weakref.ref(source)
    del source
    gc.collect()
    assert gone() is None


def test_what_iter_raises_comes_out_as_it_is(classifier):
    class Broken:
        def __iter__(self):
            raise ConnectionError("no database")

    with pytest.raises(ConnectionError, match="no database"):
        classifier.predict_batch_streaming(Broken())
    with pytest.raises(ConnectionError, match="no database"):
        classifier.predict_batch(Broken())
