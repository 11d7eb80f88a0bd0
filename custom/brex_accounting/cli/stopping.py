"""What SIGTERM and Ctrl-C do to work that must not be torn in its middle."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

_HANG_UP: Final = (signal.SIGHUP,) if sys.platform != "win32" else ()
"""A terminal that is closed stops what runs in it."""

INTERRUPTED: Final = 130
"""128 and the number of SIGINT: what shells show of a command that Ctrl-C has ended."""


class StopSignals:
    """In its block the first signal asks the work to stop, and another one ends the process at once.

    ``signal.signal`` works on all platforms, as a loop's own signal handlers do not.

    Attributes:
        received: The number of the signal that came, None where none did.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._ask: Callable[[], object] = lambda: None
        self._numbers = [
            number
            for number in (signal.SIGINT, signal.SIGTERM, *_HANG_UP)
            if signal.getsignal(number) is not signal.SIG_IGN  # a shell's background process stays deaf to Ctrl-C
        ]

    def __enter__(self) -> StopSignals:
        self._before = [signal.signal(number, self._handle) for number in self._numbers]
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(self._numbers, self._before, strict=True):
            signal.signal(number, handler)

    def ask(self, stop: Callable[[], object]) -> None:
        """Say what the first signal does; it is done at once where that has come already.

        Args:
            stop: Called in the main thread, between any two steps of it.
        """
        self._ask = stop
        if self.received is not None:
            stop()

    @property
    def was_interrupted(self) -> bool:
        """Whether it was Ctrl-C."""
        return self.received == signal.SIGINT

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        for other in self._numbers:
            signal.signal(other, signal.SIG_DFL)
        self.received = number
        self._ask()


__all__ = ["INTERRUPTED", "StopSignals"]
