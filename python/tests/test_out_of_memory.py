"""When memory runs out a call raises MemoryError, or an error of this module, and the next one works."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, TRAINED

SOURCE = ROOT / "tests" / "faults" / "fail_allocations.cpp"

# In a process of its own: a library takes the place of what allocates there.
PROGRAM = """
import ctypes, sys
from fastintent import FastintentError, IntentClassifier

model, points = sys.argv[1], int(sys.argv[2])
faults = ctypes.CDLL(None)
faults.fail_allocations.argtypes = [ctypes.c_long, ctypes.c_bool, ctypes.c_char_p]
faults.allocations_counted.restype = ctypes.c_long
faults.spare_python()
texts = ["where is my card", "i want my money back", "card please"] * 10

def sweep(name, call):
    expected = call()
    faults.fail_allocations(0, False, None)
    assert call() == expected
    count = faults.allocations_counted()
    raised = 0
    for point in range(points):
        for from_then_on in (False, True):
            at = 1 + point * (count - 1) // (points - 1)
            print(name, "allocation", at, "of", count, from_then_on, file=sys.stderr, flush=True)
            faults.fail_allocations(at, from_then_on, None)
            try:
                found = call()
            except (MemoryError, FastintentError) as error:
                found = None
                raised += isinstance(error, MemoryError)
            finally:
                faults.fail_allocations(0, False, None)
            assert found in (None, expected)
            assert call() == expected
    assert raised > 0

def answers(predictions):
    return [(each.intent, each.confidence) for each in predictions]

classifier = IntentClassifier(model_path=model, enable_cache=False, threads=2)
sweep("load", lambda: IntentClassifier(model_path=model, threads=2).predict(texts[0]).intent)
sweep("predict", lambda: classifier.predict(texts[0]).confidence)
sweep("batch", lambda: answers(classifier.predict_batch(texts, batch_size=4)))
sweep("stream", lambda: [
    answers(batch) for _, batch in classifier.predict_batch_streaming(texts, batch_size=4)
])

import pyarrow  # which does not take part: the answers are read by the classifier itself
array = classifier.predict_arrow(pyarrow.array(texts))
sweep("arrow", lambda: len(classifier.predict_arrow(
    classifier.predict_arrow(array, text="intent", top_k=2), text="error"
)))
"""


def test_missing_memory_is_an_error_of_the_call(tmp_path):
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler for the library that lets allocations fail")
    library = tmp_path / "fail_allocations.so"
    subprocess.run(
        [compiler, "-std=c++20", "-O1", "-shared", "-fPIC", SOURCE, "-o", library, "-ldl"],
        check=True,
    )
    points = os.environ.get("FASTINTENT_FAULT_POINTS", "12")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, TRAINED, "100" if points == "all" else points],
        env=os.environ | {"LD_PRELOAD": str(library)},
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
