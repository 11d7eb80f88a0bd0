"""The three questions about time, asked of one injected object so that no test has to wait."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timezone
from typing import Protocol

import attrs


class Clock(Protocol):
    """What tells the time; a test passes its own, on an event loop whose time is its own too."""

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        ...

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop.

        Args:
            seconds: How long; 0 gives the other tasks their turn.
        """
        ...


@attrs.frozen
class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        return datetime.now(timezone.utc)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop.

        Args:
            seconds: How long; 0 gives the other tasks their turn.
        """
        await asyncio.sleep(seconds)


__all__ = ["Clock", "SystemClock"]
