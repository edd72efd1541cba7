"""The progress of calls, with a clock and a screen of its own."""

import io
import sys

import pytest
from fastintent import _progress


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(_progress, "time", clock)
    return clock


def run(clock, stream, monkeypatch, total, seconds):
    """Updates a bar ten times a second while `total` texts are done in `seconds`."""
    monkeypatch.setattr("sys.stderr", stream)
    bar = _progress.ProgressBar("texts")
    steps = 10 * seconds
    for step in range(1, steps + 1):
        clock.now += 0.1
        bar.update(step * 1000 // steps, total)
    bar.close()


def test_a_terminal_shows_a_bar_of_tqdm(clock, monkeypatch):
    screen = Screen()
    run(clock, screen, monkeypatch, total=1000, seconds=1)
    shown = screen.getvalue()
    assert "100%" in shown
    assert "1000/1000" in shown
    assert "texts" in shown
    assert shown.count("\n") == 1


def test_a_second_fit_has_a_bar_of_its_own(clock, monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    bar = _progress.ProgressBar("steps")
    for step in range(500, 1001, 100):  # a resumed run
        bar.update(step, 1000)
    for step in range(1, 301):
        bar.update(step, 300, "loss 0.1")
    bar.close()
    shown = screen.getvalue()
    assert "1000/1000" in shown
    assert "300/300" in shown
    assert "loss 0.1" in shown


def test_without_tqdm_a_terminal_shows_lines(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    screen = Screen()
    run(clock, screen, monkeypatch, total=1000, seconds=10)
    assert screen.getvalue().splitlines()[-1] == "1,000/1,000 texts, 99.0/s, 10 s"
    assert "\r" not in screen.getvalue()


def test_elsewhere_a_line_now_and_then(clock, monkeypatch):
    log = io.StringIO()
    run(clock, log, monkeypatch, total=1000, seconds=20)
    lines = log.getvalue().splitlines()
    assert 4 <= len(lines) <= 5
    assert "\r" not in log.getvalue()
    assert lines[-1] == "1,000/1,000 texts, 49.8/s, 20 s"


def test_what_is_finished_is_shown_as_done(clock, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    bar = _progress.ProgressBar("texts")
    clock.now += 1
    bar.update(990, 1000, "nearly")
    bar.finish()
    bar.close()
    assert log.getvalue() == "1,000/1,000 texts, 10.0/s, 1 s, nearly\n"


def test_an_unknown_total(clock, monkeypatch):
    log = io.StringIO()
    run(clock, log, monkeypatch, total=0, seconds=1)
    assert log.getvalue() == "1,000 texts, 1,000.0/s, 1 s\n"


def test_without_standard_error_nothing_is_shown(clock, monkeypatch):
    run(clock, None, monkeypatch, total=1000, seconds=10)
