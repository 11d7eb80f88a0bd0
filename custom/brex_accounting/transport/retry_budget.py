"""A budget of retries for each account, so that one that fails cannot flood Brex."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from ..clock import Clock

_DUST = 1e-9  # ten times a tenth of a token is a token, whatever floats make of it


class RetryBudget:
    """A bucket of tokens: a retry takes one, time and successes give some back.

    Safe to share between threads and event loops.

    Args:
        capacity: Tokens in the full bucket, at least 1; it starts full.
        refill_per_second: Tokens that each second gives back.
        refill_per_success: Tokens that each success gives back.
        clock: What tells the time.

    Raises:
        InvalidArgument: A number is not finite, or too small.
    """

    def __init__(self, capacity: float, refill_per_second: float, refill_per_success: float, clock: Clock) -> None:
        self._capacity = _number("capacity", capacity, least=1)
        self._per_second = _number("refill_per_second", refill_per_second, least=0)
        self._per_success = _number("refill_per_success", refill_per_success, least=0)
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = self._capacity
        self._seen = clock.monotonic()

    @property
    def capacity(self) -> float:
        """Tokens in the full bucket."""
        return self._capacity

    def take(self) -> bool:
        """Take one token; false when there is none, and the failure should go to the caller."""
        now = self._clock.monotonic()
        with self._lock:
            self._refill(now)
            if self._tokens < 1 - _DUST:
                return False
            self._tokens = max(0.0, self._tokens - 1)
            return True

    def succeeded(self) -> None:
        """Give back what a success earns."""
        now = self._clock.monotonic()
        with self._lock:
            self._refill(now, self._per_success)

    def resize(self, capacity: float) -> None:
        """Change the capacity; a bucket that grows gets the difference, one that shrinks keeps what fits.

        Args:
            capacity: Tokens in the full bucket, at least 1.

        Raises:
            InvalidArgument: The number is not finite, or too small.
        """
        new = _number("capacity", capacity, least=1)
        now = self._clock.monotonic()
        with self._lock:
            self._refill(now)
            self._tokens = min(new, self._tokens + max(0.0, new - self._capacity))
            self._capacity = new

    def is_full(self) -> bool:
        """Whether nothing is missing, so that a new budget would be the same as this one."""
        now = self._clock.monotonic()
        with self._lock:
            self._refill(now)
            return self._tokens >= self._capacity - _DUST

    def _refill(self, now: float, earned: float = 0.0) -> None:
        # Another thread may have read the clock later and come first: time that went back gives nothing.
        elapsed = max(0.0, now - self._seen)
        self._seen += elapsed
        self._tokens = min(self._capacity, self._tokens + elapsed * self._per_second + earned)


def _number(name: str, value: object, *, least: int) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < least:
        message = f"retry budget: {name} must be a finite number of at least {least}; pass one, or leave the default"
        raise InvalidArgument(message)
    return float(value)


__all__ = ["RetryBudget"]
