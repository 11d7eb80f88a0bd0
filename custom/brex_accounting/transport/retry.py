"""Which attempts are worth another one, and when."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from attrs import field, frozen

from ..checks import count, seconds
from ..errors import InvalidArgument

_RETRIED = frozenset({408, 429, 500, 502, 503, 504, *range(520, 530)})


def _count(_: object, attribute: Any, value: Any) -> None:
    count(value, f"RetryPolicy.{attribute.name}", most=100)


def _seconds(_: object, attribute: Any, value: Any) -> None:
    seconds(value, f"RetryPolicy.{attribute.name}")


def _not_negative(_: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        message = f"RetryPolicy.{attribute.name}: expected a number from 0, got {value!r}"
        raise InvalidArgument(message)


def _at_least_one(_: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 1 <= value < math.inf:
        message = f"RetryPolicy.{attribute.name}: expected a number from 1, got {value!r}; attempts=1 turns retries off"
        raise InvalidArgument(message)


@frozen(kw_only=True)
class RetryPolicy:
    """How often a call is tried, and how long it waits in between.

    Attributes:
        attempts: The most that a call is tried, the first one included; 1 turns retries off.
        backoff: Seconds; the wait before attempt n + 1 is drawn evenly from 0 to ``backoff * 2 ** (n - 1)``.
        max_backoff: Seconds; the most that this upper end becomes.
        max_retry_after: Seconds; a longer ``Retry-After`` is raised at once, with the wait on the error.
        budget: How many retries an account may save up. One more comes back every second and with every fifth call
            that succeeds, so that an account at which everything fails does not take the connections of the others.
            All clients of an account share it; the strictest sets it.
    """

    attempts: int = field(default=5, validator=_count)
    backoff: float = field(default=0.5, validator=_seconds)
    max_backoff: float = field(default=20.0, validator=_seconds)
    max_retry_after: float = field(default=120.0, validator=_not_negative)
    budget: float = field(default=60.0, validator=_at_least_one)

    def delay(self, attempt: int, asked: float | None, random: Random) -> float:
        """Seconds before the next attempt: full jitter, on top of what Brex asked for.

        Args:
            attempt: How many attempts there have been.
            asked: Seconds of ``Retry-After``, None without one.
            random: The source of randomness.
        """
        upper = min(self.max_backoff, self.backoff * 2.0 ** (attempt - 1))
        return (asked or 0.0) + random.uniform(0.0, upper)


ONCE = RetryPolicy(attempts=1)
"""No retries."""


def is_retried(status_code: int) -> bool:
    """Whether a status is worth another attempt: the server was busy or failed, and did not refuse the request."""
    return status_code in _RETRIED


def is_ambiguous(status_code: int) -> bool:
    """Whether a request that writes may have taken effect in spite of this status.

    A gateway answers 5xx and 408 also when the server behind it went on; 429 comes before anything is handled.
    """
    return status_code == 408 or status_code >= 500


__all__ = ["ONCE", "RetryPolicy", "is_ambiguous", "is_retried"]
