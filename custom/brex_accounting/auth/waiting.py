"""Waiting for a lock that nobody announces to be free."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from ..clock import Clock
from ..errors import InvalidArgument

# Seconds between two attempts. A lock is held for as long as a refresh takes, some tenths of a second.
_FIRST = 0.005
_LONGEST = 0.1


async def until(attempt: Callable[[], bool], *, wait: float, clock: Clock, random: Random) -> bool:
    """Try until it works, at growing intervals that differ from one waiter to the next.

    Args:
        attempt: One try, which does not wait; nothing is awaited after the one that works.
        wait: The most seconds to wait.
        clock: Time and sleep.
        random: Draws the intervals.

    Returns:
        Whether it worked.
    """
    end = clock.monotonic() + wait
    delay = _FIRST
    while not attempt():
        left = end - clock.monotonic()
        if left <= 0:
            return False
        await clock.sleep(min(left, random.uniform(delay / 2, delay)))
        delay = min(delay * 2, _LONGEST)
    return True


def patience(value: Any) -> float:
    """The argument ``wait`` of a lock.

    Raises:
        InvalidArgument: It is no number, or not finite, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (0 <= value < math.inf):
        message = f"wait: expected a number of seconds, 0 for a single attempt, got {value!r}"
        raise InvalidArgument(message)
    return float(value)


__all__ = ["patience", "until"]
