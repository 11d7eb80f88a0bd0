"""Instants on the wire: RFC 3339 text to aware UTC datetimes and back.

Fractions are cut, not rounded, to microseconds: rounding moves 23:59:59.999999999 into the next day, and with it a
posting date into the next period.
"""

from __future__ import annotations

import datetime
import re

from .errors import InvalidInput

# Years, weeks, compact forms and hour 24 are dates to isoparse, but no server means them.
_WRITTEN_OUT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)


def parse_timestamp(text: str) -> datetime.datetime:
    """Read a date or date-time as an instant in UTC; without an offset it is UTC, as Brex documents its times.

    Args:
        text: ISO 8601 calendar date, with or without a time, an offset, and any number of fractional digits.

    Raises:
        ValueError: The text is none of that, or lies outside the years 1 to 9999. The text is not repeated.
    """
    from dateutil.parser import isoparse  # imported where needed: most pages never take this path

    if _WRITTEN_OUT.fullmatch(text) is None:
        reason = "not an ISO 8601 date or date-time"
        raise ValueError(reason)
    try:
        instant = isoparse(text)
        if instant.tzinfo is None:
            return instant.replace(tzinfo=datetime.timezone.utc)
        return instant.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        reason = "not an ISO 8601 date or date-time"
        raise ValueError(reason) from None


def format_timestamp(instant: datetime.datetime, name: str) -> str:
    """Write an instant as RFC 3339 in UTC with a ``Z``.

    Args:
        instant: An aware datetime.
        name: The field or parameter, for the error.

    Raises:
        InvalidInput: The datetime is naive.
    """
    if instant.utcoffset() is None:
        message = f"{name}: a datetime without a time zone is ambiguous; pass an aware one, e.g. tzinfo=timezone.utc"
        raise InvalidInput(message)
    try:
        utc = instant.astimezone(datetime.timezone.utc)
    except OverflowError:
        message = f"{name}: this instant lies outside the years 1 to 9999 once it is in UTC"
        raise InvalidInput(message) from None
    return utc.replace(tzinfo=None).isoformat() + "Z"


__all__ = ["format_timestamp", "parse_timestamp"]
