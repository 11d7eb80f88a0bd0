"""What a server says about when to come back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_LONGEST = 1e9
"""Seconds, some thirty years: what is longer is as good as never, and this can still be added to."""


def retry_after(headers: Mapping[str, str], now: datetime.datetime) -> float | None:
    """Seconds to wait, from ``Retry-After`` (RFC 9110, 10.2.3), of which fractions are taken too.

    Args:
        headers: The answer's header fields, names in lower case.
        now: The time here, used where the answer does not say its own: a date is compared with the clock that wrote it.

    Returns:
        At least 0; None where the header is missing or says nothing that can be read.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST)
    moment = _date(value)
    if moment is None:
        return None
    return max(0.0, (moment - (_date(headers.get("date", "")) or now)).total_seconds())


def _date(value: str) -> datetime.datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


__all__ = ["retry_after"]
