"""Predictions for asyncio."""

import asyncio
import gc
import subprocess
import sys
import textwrap
import time
import weakref

import fastintent
import pytest
from conftest import TRAINED as MODEL
from fastintent import IntentClassifier

TEXTS = ["please help me", "my card is lost", "when will my payment arrive", "change my pin"]


@pytest.fixture
def classifier():
    return IntentClassifier(model_path=MODEL, device="cpu", threads=2, enable_cache=False)


def test_answers_are_those_of_predict_and_predict_batch(classifier):
    async def answers():
        one = await classifier.predict_async(TEXTS[0], top_k=1, with_logits=True)
        several = await classifier.predict_async(iter(TEXTS))
        together = await asyncio.gather(*(classifier.predict_async(text) for text in TEXTS * 50))
        return one, several, together

    one, several, together = asyncio.run(answers())
    assert one == classifier.predict(TEXTS[0], top_k=1, with_logits=True)
    expected = classifier.predict_batch(TEXTS)
    assert several == expected
    assert together == expected * 50
    assert one.tokens > 2
    assert asyncio.run(_of(classifier, [])) == []


async def _of(classifier, texts, **options):
    return await classifier.predict_async(texts, **options)


def test_cached_answers(classifier):
    classifier.enable_cache = True
    known = classifier.predict(TEXTS[0])
    assert asyncio.run(_of(classifier, TEXTS[0])) == known
    assert classifier.get_cache_stats()["hits"] == 1


def test_errors_are_raised_at_the_call(classifier):
    with pytest.raises(RuntimeError, match="no running event loop"):
        classifier.predict_async(TEXTS[0])
    for texts, error in [
        (" ", fastintent.InvalidDataError),
        ([TEXTS[0], "\t"], fastintent.InvalidDataError),
        ([TEXTS[0], None], TypeError),
        (b"bytes", TypeError),
    ]:
        with pytest.raises(error):
            asyncio.run(_of(classifier, texts))
    with pytest.raises(fastintent.InvalidArgumentError, match="timeout"):
        asyncio.run(_of(classifier, TEXTS[0], timeout=-1))
    with pytest.raises(fastintent.NoModelError):
        asyncio.run(_of(IntentClassifier(), TEXTS[0]))


def test_the_deadline_is_an_error_of_the_future(classifier):
    with pytest.raises(fastintent.DeadlineExceededError) as raised:
        asyncio.run(_of(classifier, TEXTS[0], timeout=0))
    assert isinstance(raised.value, TimeoutError)
    assert asyncio.run(_of(classifier, TEXTS[0], timeout=1e300)).intent


def test_the_queue_is_bounded():
    tokens = IntentClassifier(model_path=MODEL, device="cpu").predict(TEXTS[0]).tokens
    bounded = IntentClassifier(
        model_path=MODEL, device="cpu", threads=1, enable_cache=False, max_queued_tokens=2 * tokens
    )

    async def overload():
        calls, refused = [], 0
        while not refused:
            try:
                calls.append(bounded.predict_async(TEXTS[0]))
            except fastintent.OverloadedError:
                refused += 1
        assert bounded.get_prediction_counters()["queued_tokens"] <= 2 * tokens
        return await asyncio.gather(*calls)

    assert {answer.intent for answer in asyncio.run(overload())} == {bounded.predict(TEXTS[0]).intent}
    with pytest.raises(fastintent.InvalidArgumentError, match="max_queued_tokens"):
        asyncio.run(_of(bounded, [" ".join(TEXTS[0].split()[: 1 + i]) + "!" * i for i in range(20)]))


def test_a_cancelled_future_drops_its_call(classifier):
    async def cancel():
        futures = [classifier.predict_async(TEXTS) for _ in range(200)]
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        return sum(not future.cancelled() for future in futures)

    assert asyncio.run(cancel()) == 0
    assert classifier.predict(TEXTS[0]).intent  # the workers go on
    while classifier.get_prediction_counters()["queued_tokens"]:  # of texts that a worker had begun
        time.sleep(0.001)


def test_nothing_is_kept_after_the_answer(classifier):
    async def answered():
        future = classifier.predict_async(TEXTS[0])
        await future
        return weakref.ref(future)

    reference = asyncio.run(answered())
    gc.collect()
    assert reference() is None


def test_the_interpreter_ends_beside_calls_in_progress():
    program = f"""
        import asyncio
        from fastintent import IntentClassifier

        classifier = IntentClassifier(model_path={str(MODEL)!r}, device="cpu", threads=1, enable_cache=False)
        loop = asyncio.new_event_loop()

        async def start():
            return [classifier.predict_async({TEXTS!r}) for _ in range(300)]

        futures = loop.run_until_complete(start())
        print("ended")
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=300, check=True
    )
    assert ended.stdout == "ended\n"
