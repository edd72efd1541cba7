"""The progress bar of calls with show_progress=True. The library itself never prints."""

import shutil
import sys
import time

_REDRAW = 0.1  # seconds; fast enough to look alive, too slow to flicker
_NEW_LINE = 5.0  # seconds between lines where nothing can be drawn over
_LEAST_BAR = 10  # columns; a shorter bar says less than the figures beside it
_MOST_BAR = 40


class ProgressBar:
    """Shows how far a call is, with rate and time left, on standard error.

    A bar on a terminal and in a notebook, elsewhere a line every five seconds; nothing where there is
    no standard error.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._stream = sys.stderr
        self._redraws = self._stream is not None and _can_redraw(self._stream)
        self._start = self._drawn = time.monotonic()
        self._width = 0  # of what is drawn
        self._latest: tuple[int, int, str] | None = None
        # Where counting began: a resumed call does not begin at 0, a second fit begins anew.
        self._first_done = 0
        self._first_time = self._start

    def update(self, done: int, total: int, note: str = "") -> None:
        """Tells that `done` of `total` (0: nobody knows) are finished."""
        now = time.monotonic()
        before = self._latest
        if before is None or done < before[0]:
            self._first_done, self._first_time = done, now
        self._latest = (done, total, note)
        if now - self._drawn >= (_REDRAW if self._redraws else _NEW_LINE):
            self._drawn = now
            self._draw()

    def finish(self) -> None:
        """Tells that all is done, which nobody need have seen happen."""
        if self._latest is not None:
            done, total, note = self._latest
            self._latest = (total or done, total, note)

    def close(self) -> None:
        """Shows the last state for good."""
        if self._latest is not None:
            self._draw(last=True)

    def _draw(self, last: bool = False) -> None:
        if self._stream is None or self._latest is None:
            return
        line = self._line(*self._latest)
        if self._redraws:
            done, total, _ = self._latest
            line = _with_bar(line, done / total if total else 0)
            # Spaces instead of an escape sequence, which notebooks do not know.
            erase = " " * (self._width - len(line))
            self._width = len(line)
            self._stream.write("\r" + line + erase + ("\n" if last else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def _line(self, done: int, total: int, note: str) -> str:
        now = time.monotonic()
        elapsed = now - self._start
        if now > self._first_time:
            rate = (done - self._first_done) / (now - self._first_time)
        else:  # the first update is all there is
            rate = done / elapsed if elapsed > 0 else 0.0
        parts = [f"{done:,}/{total:,} {self._unit}" if total else f"{done:,} {self._unit}"]
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if done >= total:
            parts.append(_duration(elapsed))
        elif rate > 0:
            parts.append(_duration((total - done) / rate) + " left")
        if note:
            parts.append(note)
        return ", ".join(parts)


def _can_redraw(stream: object) -> bool:
    in_notebook = type(stream).__module__.startswith("ipykernel.")
    isatty = getattr(stream, "isatty", None)
    return in_notebook or (isatty is not None and bool(isatty()))


def _with_bar(line: str, share: float) -> str:
    room = shutil.get_terminal_size().columns - 1  # the last column would wrap on some terminals
    width = min(_MOST_BAR, room - len(line) - 3)
    if width < _LEAST_BAR:
        return line[:room]
    full = min(width, int(share * width))
    return f"[{'=' * full}{' ' * (width - full)}] {line}"


def _duration(seconds: float) -> str:
    """3725 as "1 h 02 min"."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02} s"
    return f"{total // 3600} h {total % 3600 // 60:02} min"
