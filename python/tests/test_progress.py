"""The progress bar, with a clock and a screen of its own."""

import io

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
    monkeypatch.setenv("COLUMNS", "80")
    return clock


def run(clock, stream, monkeypatch, total, seconds):
    """A bar that is updated ten times a second while `total` texts are done in `seconds`."""
    monkeypatch.setattr("sys.stderr", stream)
    bar = _progress.ProgressBar("texts")
    steps = 10 * seconds
    for step in range(1, steps + 1):
        clock.now += 0.1
        bar.update(step * 1000 // steps, total)
    bar.close()


def test_a_terminal_shows_one_bar_with_rate_and_time_left(clock, monkeypatch):
    screen = Screen()
    run(clock, screen, monkeypatch, total=1000, seconds=10)
    shown = screen.getvalue()
    assert shown.count("\n") == 1
    assert "500/1,000 texts, 100/s, 5 s left" in shown
    assert "\r[" + "=" * 20 + " " * 20 + "] 500/1,000" in shown
    assert shown.endswith("] 1,000/1,000 texts, 100/s, 10 s\n")
    assert all(len(line) <= 79 for line in shown.split("\r"))


def test_elsewhere_a_line_now_and_then(clock, monkeypatch):
    log = io.StringIO()
    run(clock, log, monkeypatch, total=1000, seconds=20)
    lines = log.getvalue().splitlines()
    assert 4 <= len(lines) <= 5
    assert "\r" not in log.getvalue()
    assert lines[-1] == "1,000/1,000 texts, 50/s, 20 s"


def test_what_is_finished_is_shown_as_done(clock, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    bar = _progress.ProgressBar("texts")
    clock.now += 1
    bar.update(990, 1000)
    bar.finish()
    bar.close()
    assert log.getvalue() == "1,000/1,000 texts, 1,000/s, 1 s\n"


def test_a_total_that_nobody_knows(clock, monkeypatch):
    log = io.StringIO()
    run(clock, log, monkeypatch, total=0, seconds=1)
    assert log.getvalue() == "1,000 texts, 1,000/s, 1 s\n"


def test_without_standard_error_nothing_is_shown(clock, monkeypatch):
    run(clock, None, monkeypatch, total=1000, seconds=10)


def test_a_narrow_terminal_gets_the_figures_alone(clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    screen = Screen()
    run(clock, screen, monkeypatch, total=1000, seconds=1)
    assert "[" not in screen.getvalue()
    assert all(len(line.rstrip("\n")) <= 29 for line in screen.getvalue().split("\r"))


@pytest.mark.parametrize(
    "seconds, text", [(0.4, "0 s"), (59, "59 s"), (61, "1 min 01 s"), (3725, "1 h 02 min")]
)
def test_durations(seconds, text):
    assert _progress._duration(seconds) == text


def test_the_rate_is_that_of_this_call_and_of_this_fit(clock, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    bar = _progress.ProgressBar("steps")
    clock.now += 100
    for step in range(500, 601, 10):  # a resumed run: ten steps a second
        bar.update(step, 1000)
        clock.now += 1
    assert "10/s, 40 s left" in log.getvalue().splitlines()[-1]
    for step in range(1, 32):  # the fit after it: two steps a second
        bar.update(step, 300)
        clock.now += 0.5
    assert "2.0/s" in log.getvalue().splitlines()[-1]
