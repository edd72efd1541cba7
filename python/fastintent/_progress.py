"""The progress of calls with show_progress=True. The library itself never prints."""

import importlib
import sys
import time
from typing import Any

_BETWEEN_LINES = 5.0  # seconds between lines where no bar can be drawn


class ProgressBar:
    """Shows the progress of a call on standard error.

    A bar of tqdm on a terminal and in a notebook, where tqdm is installed; elsewhere a line every five
    seconds. Shows nothing where there is no standard error.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._stream = sys.stderr
        self._new_bar = _find_tqdm() if _can_redraw(self._stream) else None
        self._bar: Any = None  # made by the first update, which knows where counting starts
        self._start = self._printed = time.monotonic()
        self._first_done = 0  # a resumed call counts its rate from where it resumed
        self._latest: tuple[int, int, str] | None = None

    def update(self, done: int, total: int, note: str = "") -> None:
        """Reports that `done` of `total` (0: unknown) are finished."""
        restarted = self._latest is not None and done < self._latest[0]
        if restarted:  # a second fit counts from its own first step
            self._first_done, self._start = 0, time.monotonic()
        elif self._latest is None and done < total:
            self._first_done = done
        self._latest = (done, total, note)
        if self._new_bar is not None:
            if self._bar is not None and restarted:
                self._bar.close()
                self._bar = None
            if self._bar is None:
                self._bar = self._new_bar(
                    total=total or None,
                    initial=self._first_done,
                    unit=f" {self._unit}",
                    file=self._stream,
                )
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._printed >= _BETWEEN_LINES:
            self._print()

    def finish(self) -> None:
        """Marks the job complete, even where no update reported it."""
        if self._latest is not None:
            done, total, note = self._latest
            self.update(total or done, total, note)

    def close(self) -> None:
        """Leaves the last state on the screen."""
        if self._bar is not None:
            self._bar.close()
        elif self._latest is not None:
            self._print()

    def _print(self) -> None:
        if self._stream is None or self._latest is None:
            return
        self._printed = time.monotonic()
        done, total, note = self._latest
        line = f"{done:,}/{total:,} {self._unit}" if total else f"{done:,} {self._unit}"
        elapsed = self._printed - self._start
        if elapsed > 0:
            line += f", {(done - self._first_done) / elapsed:,.1f}/s"
        line += f", {elapsed:,.0f} s"
        self._stream.write(f"{line}, {note}\n" if note else f"{line}\n")
        self._stream.flush()


def _find_tqdm() -> Any:
    try:
        return importlib.import_module("tqdm.auto").tqdm
    except ImportError:
        return None


def _can_redraw(stream: object) -> bool:
    in_notebook = type(stream).__module__.startswith("ipykernel.")
    isatty = getattr(stream, "isatty", None)
    return in_notebook or (isatty is not None and bool(isatty()))
