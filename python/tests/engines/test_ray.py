"""fastintent.ray: the actor class and the function of data sets, on three processors: two actors and a reader."""

import ast
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

import fastintent.ray
import pyarrow as pa
import pytest
import ray
from cases import TEXTS, TRAINED, comparable
from fastintent import IntentClassifier, InvalidArgumentError

# The actors cannot import this file.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # Otherwise it ends workers where the machine's memory, not theirs, is nearly full.
    os.environ["RAY_memory_monitor_refresh_ms"] = "0"
    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def messages(blocks=8):
    return ray.data.from_items([{"id": i, "text": text} for i, text in enumerate(TEXTS)], override_num_blocks=blocks)


def rows_of(answers):
    return sorted(comparable(row["id"], row) for row in answers.take_all())


def test_answers_are_those_of_the_classifier(expected):
    assert rows_of(fastintent.ray.predict(messages(), TRAINED)) == expected


class Dying(fastintent.ray.IntentPredictor):
    """Its first process is killed at its third batch."""

    def __init__(self, model, marker):
        super().__init__(model)
        self._marker = pathlib.Path(marker)
        self._calls = 0

    def __call__(self, batch):
        self._calls += 1
        if self._calls == 3:
            try:
                self._marker.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(batch)


def test_a_killed_actor_changes_nothing(expected, tmp_path):
    marker = tmp_path / "killed"
    answers = messages().map_batches(
        Dying,
        fn_constructor_args=(str(TRAINED), str(marker)),
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=0.5,
        batch_size=50,
        batch_format="pyarrow",
    )
    assert rows_of(answers) == expected
    assert marker.exists()


class Meeting(fastintent.ray.IntentPredictor):
    """Answers a batch only when two processes have one."""

    def __init__(self, model, text, *, folder, **options):
        super().__init__(model, text, **options)
        self._folder = pathlib.Path(folder)

    def __call__(self, batch):
        self._folder.joinpath(str(os.getpid())).touch()
        give_up = time.monotonic() + 120  # a failure, instead of a test without an end
        while len(list(self._folder.iterdir())) < 2:
            assert time.monotonic() < give_up, "expected a batch in another actor, too; found none"
            time.sleep(0.01)
        return super().__call__(batch)


def test_one_block_is_shared_by_all_actors(expected, monkeypatch, tmp_path):
    """Ray reads small files into one block, and a block is the task of one actor."""
    monkeypatch.setattr(fastintent.ray, "IntentPredictor", Meeting)
    answers = fastintent.ray.predict(messages(1), TRAINED, batch_size=50, folder=str(tmp_path))
    assert rows_of(answers) == expected


def test_alternatives_and_options():
    answers = fastintent.ray.predict(messages(1), TRAINED, top_k=2, review_threshold=1.0, precision="fp32", actors=1)
    rows = answers.take_all()
    assert {len(row["alternatives"] or []) for row in rows} == {0, 2}
    assert all(row["needs_review"] for row in rows if not row["error"])


class Threads:
    """Reports the threads of a classifier that is loaded in an actor."""

    def __init__(self):
        self._threads = fastintent.ray.IntentPredictor(TRAINED)._classifier.threads

    def __call__(self, batch):
        return {"threads": [self._threads] * len(batch["id"])}


def test_the_threads_are_the_cpus_of_the_actor():
    seen = messages(1).map_batches(Threads, compute=ray.data.ActorPoolStrategy(size=1), num_cpus=0.5).take(1)
    assert seen == [{"threads": 1}]
    assert fastintent.ray.IntentPredictor(TRAINED)._classifier.threads == IntentClassifier(model_path=TRAINED).threads


SSE4 = "sse4" if platform.machine() == "x86_64" else "neon"  # not the best one


def test_retries_can_repeat_their_bits():
    """The instruction set and the precision are those of the caller, not the best of the actor."""

    def bits_with(**options):
        return rows_of(fastintent.ray.predict(messages(1), TRAINED, **options))

    program = f"import sys; sys.path.append({str(pathlib.Path(__file__).parent)!r}); import cases; " + (
        "print(cases.answers_without_an_engine())"
    )
    environment = {**os.environ, "FASTINTENT_FORCE_ISA": SSE4}
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert bits_with(instruction_set=SSE4) == ast.literal_eval(alone.stdout)
    assert bits_with(precision="bf16") != bits_with(precision="fp32")


def test_a_wrong_call_is_refused():
    with pytest.raises(InvalidArgumentError, match="actors"):
        fastintent.ray.predict(messages(1), TRAINED, actors=0)
    predictor = fastintent.ray.IntentPredictor(TRAINED, "body")
    with pytest.raises(InvalidArgumentError, match="column 'body', found text"):
        predictor(pa.table({"text": ["a"]}))
    with pytest.raises(InvalidArgumentError, match="no column 'intent'"):
        predictor(pa.table({"body": ["a"], "intent": ["b"]}))
