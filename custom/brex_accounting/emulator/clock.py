"""The clock of one tenant: it can stand still, jump ahead, and run faster or slower than the machine's."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from ..errors import InvalidArgument

_LONGEST_JUMP = 100 * 365 * 86400.0
_LONGEST_SPAN = 1e12
"""Seconds; longer than the clock has years, and short enough to reckon with."""
_EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = datetime(9000, 1, 1, tzinfo=timezone.utc)
"""Where the clock ends: whatever is reckoned from an instant, such as an expiry, is still one that Python knows."""


class TenantClock:
    """Virtual time, on top of a source of real time.

    It moves on with real time unless it is frozen or scaled. The lesson of Stripe's test clocks: one clock for each
    customer, never one for the process. It ends with the year 8999 and stands still there.

    Args:
        start: Where it begins; None for the real instant.
        monotonic: Real seconds that never go back; injected for tests.

    Raises:
        InvalidArgument: The start has no time zone, or is not between the years 1970 and 8999.
    """

    def __init__(self, start: datetime | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = datetime.now(timezone.utc) if start is None else _instant(start)
        self._since = monotonic()
        self._scale = 1.0
        self._before_freeze = 1.0

    def now(self) -> datetime:
        """Return the instant, in UTC and aware."""
        return self._after(self._monotonic())

    @property
    def scale(self) -> float:
        """Virtual seconds in a real one; 0 while the clock is frozen."""
        return self._scale

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._scale == 0

    def freeze(self, at: datetime | None = None) -> None:
        """Let time stand still.

        Args:
            at: Where, even in the past: tokens and cursors come to life again then. None for the present instant.

        Raises:
            InvalidArgument: The instant has no time zone, or is not between the years 1970 and 8999.
        """
        self._settle()
        if at is not None:
            self._at = _instant(at)
        if self._scale:
            self._before_freeze, self._scale = self._scale, 0.0

    def unfreeze(self) -> None:
        """Let time go on as fast as it went before it was frozen."""
        self._settle()
        if not self._scale:
            self._scale = self._before_freeze

    def advance(self, seconds: float) -> None:
        """Jump ahead.

        Args:
            seconds: How far; time does not go back, since tokens and cursors would come to life again.

        Raises:
            InvalidArgument: It is negative, not finite, more than a hundred years, or leads beyond the year 8999.
        """
        if not 0 <= seconds <= _LONGEST_JUMP:
            message = f"seconds: expected a number from 0 to {_LONGEST_JUMP:.0f}, got {seconds!r}"
            raise InvalidArgument(message)
        self._settle()
        if timedelta(seconds=seconds) > _LATEST - self._at:
            message = f"seconds: {seconds!r} leads beyond the year {_LATEST.year - 1}, where the clock ends"
            raise InvalidArgument(message)
        self._at += timedelta(seconds=seconds)

    def run(self, scale: float) -> None:
        """Run at another speed.

        Args:
            scale: Virtual seconds in a real one; 0 freezes.

        Raises:
            InvalidArgument: It is negative or more than a million.
        """
        if not 0 <= scale <= 1_000_000:
            message = f"scale: expected a number from 0 to 1000000, got {scale!r}"
            raise InvalidArgument(message)
        self._settle()
        if scale == 0:
            self.freeze()
        else:
            self._scale = scale

    def snapshot(self) -> tuple[datetime, float, float]:
        """Where it stands, and how fast it goes."""
        return self.now(), self._scale, self._before_freeze

    def restore(self, state: tuple[datetime, float, float]) -> None:
        """Go on from a snapshot.

        Args:
            state: What ``snapshot`` returned; it can be used again.
        """
        self._at, self._scale, self._before_freeze = state
        self._since = self._monotonic()

    def _settle(self) -> None:
        real = self._monotonic()
        self._at, self._since = self._after(real), real

    def _after(self, real: float) -> datetime:
        passed = timedelta(seconds=min((real - self._since) * self._scale, _LONGEST_SPAN))
        return self._at + min(passed, _LATEST - self._at)


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = f"the instant {value.isoformat()} has no time zone; write it with Z or an offset"
        raise InvalidArgument(message)
    if not _EARLIEST <= value <= _LATEST:
        message = f"the instant {value.isoformat()} is not between the years {_EARLIEST.year} and {_LATEST.year - 1}"
        raise InvalidArgument(message)
    return value.astimezone(timezone.utc)


def timestamp(instant: datetime) -> str:
    """An instant as Brex writes it: RFC 3339 in UTC, with microseconds only where there are any."""
    return instant.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


__all__ = ["TenantClock", "timestamp"]
