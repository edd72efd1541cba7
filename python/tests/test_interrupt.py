"""Ctrl-C, in processes of their own."""

import signal
import subprocess
import sys

import pytest
from conftest import BASE, DATA, TRAINED

# Each prints "started" just before the call to be stopped begins, and would run for hours.
CALLS = {
    "predict_batch": """
        texts = [f"card {i}" for i in range(2_000_000)]
        start()
        classifier.predict_batch(texts, show_progress=True)
    """,
    "predict_arrow": """
        import pyarrow
        texts = pyarrow.array([f"card {i}" for i in range(2_000_000)])
        start()
        classifier.predict_arrow(texts)
    """,
    "predict_arrow of a stream": """
        import pyarrow
        schema = pyarrow.schema({"text": pyarrow.string()})
        batch = pyarrow.record_batch({"text": ["a card"]})
        reader = pyarrow.RecordBatchReader.from_batches(schema, itertools.repeat(batch))
        start()
        classifier.predict_arrow(reader)
    """,
    "predict_batch_streaming": """
        for batch_idx, _ in classifier.predict_batch_streaming(map(str, itertools.count())):
            if batch_idx == 10:
                start()
    """,
    "a source that waits": """
        def source():
            yield "a"
            start()
            time.sleep(1000)
        list(classifier.predict_batch_streaming(source()))
    """,
    "evaluate": """
        texts = [f"card {i}" for i in range(2_000_000)]
        start()
        classifier.evaluate(texts, ["x"] * len(texts))
    """,
    "predict beside a busy thread": """
        busy = lambda: classifier.predict_batch([f"card {i}" for i in range(2_000_000)])
        threading.Thread(target=busy, daemon=True).start()
        start()
        for i in itertools.count():
            classifier.predict(f"card {i}")
    """,
    "a list of texts": """
        texts = ["a card"] * 100_000_000
        start()
        classifier.predict_batch(texts)
    """,
    "warm_up": """
        start()
        while True:
            classifier.warm_up(["a card"] * 1000)
    """,
    "optimize_for_inference": """
        texts = [f"card {i}" for i in range(2_000_000)]
        start()
        classifier.optimize_for_inference("bf16", texts)
    """,
    "benchmark_performance": """
        start()
        classifier.benchmark_performance(num_iterations=100_000_000)
    """,
    "quantize_model": f"""
        texts = [f"card {{i}}" for i in range(2_000_000)]
        start()
        fastintent.quantize_model({str(TRAINED)!r}, "unused", texts=texts)
    """,
    "the turn of another thread": f"""
        data = fastintent.read_labelled_texts({str(DATA / "train.csv")!r})
        begun = threading.Event()
        def train():
            classifier.train(data.texts, data.labels, epochs=100_000, patience=100_000,
                             base_model={str(BASE)!r}, on_step=lambda step: begun.set())
        threading.Thread(target=train, daemon=True).start()
        begun.wait()
        start()
        classifier.optimize_for_inference("bf16")
    """,
    "train before its first step": f"""
        texts = [f"card {{i}}" for i in range(2_000_000)]
        labels = [str(i % 2) for i in range(2_000_000)]
        start()
        classifier.train(texts, labels, base_model={str(BASE)!r})
    """,
    "train": f"""
        data = fastintent.read_labelled_texts({str(DATA / "train.csv")!r})
        classifier.train(data.texts, data.labels, epochs=100_000, patience=100_000,
                         base_model={str(BASE)!r}, on_epoch=lambda epoch: epoch.epoch == 1 and start())
    """,
}
PROGRAM = """
import itertools, sys, threading, time
import fastintent

def start():
    print("started", flush=True)

classifier = fastintent.IntentClassifier(model_path={model!r})
try:
    if True:{call}
except KeyboardInterrupt:
    print("stopped", classifier.predict("a card").intent)
"""


@pytest.mark.parametrize("call", CALLS)
def test_control_c_stops_a_call_and_leaves_the_classifier_in_use(call, tmp_path):
    program = PROGRAM.format(model=str(TRAINED), call=CALLS[call])
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as running:
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert out.startswith("stopped ")
