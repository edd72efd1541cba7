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
    "train": f"""
        data = fastintent.read_labelled_texts({str(DATA / "train.csv")!r})
        classifier.train(data.texts, data.labels, epochs=100_000, patience=100_000,
                         base_model={str(BASE)!r}, on_epoch=lambda epoch: epoch.epoch == 1 and start())
    """,
}
PROGRAM = """
import itertools, sys, time
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
def test_control_c_stops_a_call_and_leaves_the_classifier_in_use(call):
    program = PROGRAM.format(model=str(TRAINED), call=CALLS[call])
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout.readline() == "started\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    assert out.startswith("stopped ")
