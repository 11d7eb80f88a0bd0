"""Time that passes only where somebody waits for it."""

from __future__ import annotations

import asyncio
import datetime

_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class InstantClock:
    """A clock on which nothing takes time but a sleep, and a sleep takes none of the tester's."""

    def __init__(self) -> None:
        self._passed = 0.0

    def monotonic(self) -> float:
        """Return the seconds that have been slept in all."""
        return self._passed

    def now(self) -> datetime.datetime:
        """Return the first instant of 2026 and what has been slept since."""
        return _START + datetime.timedelta(seconds=self._passed)

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._passed += seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass, and give the other tasks their turn."""
        self.advance(seconds)
        await asyncio.sleep(0)


__all__ = ["InstantClock"]
