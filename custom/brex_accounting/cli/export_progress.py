"""How far an export is: one line that is drawn anew on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import logging
import math
import shutil
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TextIO

from ..export.events import ExportEvent, ExportProgress

_ON_TERMINAL: Final = 0.1
_ELSEWHERE: Final = 5.0
_LEAST: Final = 0.5
"""Seconds before which a rate would say nothing."""


class ProgressLine:
    """Tells on the standard error how far a run is, with the rate and the time that is left of the list in hand.

    Args:
        stream: Where to; the standard error by default.
        monotonic: Tells the seconds.
    """

    def __init__(self, stream: TextIO | None = None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._monotonic = monotonic
        self._is_terminal = self._stream.isatty()
        self._width = 0
        self._told = 0.0
        self.begin()

    def __call__(self, event: ExportEvent) -> None:
        """Take an event of an export."""
        if not isinstance(event, ExportProgress):
            self.clear()
            return
        now = self._monotonic()
        pace = self._pace(event, now)
        waits = _waits_first(event) and not self._waited  # a log should say at once why nothing happens
        self._waited |= waits
        if waits or now - self._told >= (_ON_TERMINAL if self._is_terminal else _ELSEWHERE):
            self._told = now
            self._write(_text(event, pace))

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self._is_terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0

    def begin(self) -> None:
        """Take note that another run begins: what is told from now on is about that."""
        self.clear()
        now = self._monotonic()
        self._told = -math.inf if self._is_terminal else now
        self._waited = False
        self._measured: tuple[str, int | None] | None = None
        self._start = (now, 0)
        self._last = (now, 0, 0)

    @contextmanager
    def beside_the_log(self) -> Generator[None]:
        """A block in which what is logged does not stand behind the line, and that leaves none."""
        handlers = [*logging.getLogger().handlers]
        for handler in handlers:
            handler.addFilter(self._make_room)
        try:
            yield
        finally:
            self.clear()
            for handler in handlers:
                handler.removeFilter(self._make_room)

    def _make_room(self, _record: logging.LogRecord) -> bool:
        self.clear()
        return True

    def _pace(self, event: ExportProgress, now: float) -> tuple[float, float | None] | None:
        """What is done in a second, and the seconds that are left where that can be said.

        Reading and posting take turns, page by page, and are one piece of work; a list of another length, and
        reporting, are others.
        """
        is_reporting = event.stage == "reporting"
        done = event.reported if is_reporting else event.seen
        measured = ("reporting", None) if is_reporting else ("reading", event.expected)
        if measured != self._measured:
            began, seen, reported = self._last
            self._start, self._measured = (began, min(done, reported if is_reporting else seen)), measured
        self._last = (now, event.seen, event.reported)
        began, base = self._start
        if event.stage == "waiting" or now - began < _LEAST or done == base:
            return None
        rate = (done - base) / (now - began)
        whole = event.posted if is_reporting else None if event.expected is None else base + event.expected
        return rate, None if whole is None or whole < done else (whole - done) / rate

    def _write(self, text: str) -> None:
        if not self._is_terminal:
            print(text, file=self._stream, flush=True)
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r" + text.ljust(self._width))
        self._stream.flush()
        self._width = len(text)


def _waits_first(event: ExportProgress) -> bool:
    """Whether a run waits before it has read anything."""
    return event.stage == "waiting" and event.seen == 0


def _text(event: ExportProgress, pace: tuple[float, float | None] | None) -> str:
    if _waits_first(event):
        return "waiting: the ERP may not show its last entries yet, or another worker is at a record"
    whole = "" if event.expected is None or event.seen > event.expected else f" of {event.expected}"
    parts = [
        f"{event.stage}: {event.seen}{whole} read",
        f"{event.posted} posted",
        f"{event.reported} reported",
    ]
    if pace is not None:
        rate, left = pace
        parts.append(f"{rate:.0f}/s")
        if left is not None:
            parts.append(f"{_span(left)} left")
    return ", ".join(parts)


def _span(seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


__all__ = ["ProgressLine"]
