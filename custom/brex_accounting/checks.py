"""Arguments as callers pass them, checked before anything happens; each error names the argument and the remedy."""

from __future__ import annotations

import datetime
import re
import sys
from typing import Any

from brex_accounting_client import InvalidInput
from brex_accounting_client.requests import check_header
from brex_accounting_client.timestamps import parse_timestamp

from .errors import InvalidArgument

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def seconds(value: Any, name: str, *, most: float | None = None) -> float:
    """A time span that is longer than nothing and ends.

    Raises:
        InvalidArgument: It is no number, not finite and positive, or too long.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (0 < value <= sys.float_info.max):
        shown = "a number with too many digits" if isinstance(value, int) and abs(value) > 10**100 else repr(value)
        message = f"{name}: expected a positive number of seconds, got {shown}"
        raise InvalidArgument(message)
    if most is not None and value > most:
        message = f"{name}: expected at most {most:.0f} seconds, got {value!r}"
        raise InvalidArgument(message)
    return float(value)


def count(value: Any, name: str, *, least: int = 1, most: int | None = None, why: str = "") -> int:
    """A whole number within bounds.

    Raises:
        InvalidArgument: It is none, or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        message = f"{name}: expected a whole number {bounds}, got {value!r}{why and f'; {why}'}"
        raise InvalidArgument(message)
    return value


def text(value: Any, name: str) -> str:
    """A string that says something.

    Raises:
        InvalidArgument: It is no string, blank, or cannot be sent. The value is not repeated.
    """
    if not isinstance(value, str) or not value.strip():
        message = f"{name}: expected a string that is not empty"
        raise InvalidArgument(message)
    return sendable(value, name)


def sendable(value: str, name: str) -> str:
    """A string that can be written as UTF-8.

    Raises:
        InvalidArgument: It holds half of a surrogate pair. The value is not repeated.
    """
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError as error:
        at = error.start
    else:
        return value
    message = f"{name}: half of a surrogate pair at character {at} cannot be sent; replace it, by U+FFFD for instance"
    raise InvalidArgument(message)


def label(value: Any, name: str) -> str:
    """A string for people and logs to tell things apart by: one line of printable characters.

    Raises:
        InvalidArgument: It is none, or longer than 200 characters.
    """
    if not text(value, name).isprintable() or len(value) > 200:
        message = f"{name}: expected one line of at most 200 printable characters"
        raise InvalidArgument(message)
    return str(value)


def header(value: Any, name: str) -> str:
    """A string that can stand in a header field: visible ASCII.

    Raises:
        InvalidArgument: It cannot. The value is not repeated.
    """
    try:
        check_header(text(value, name), name)
    except InvalidInput as error:
        message = str(error)
    else:
        return str(value)
    raise InvalidArgument(message)


def instant(value: Any, name: str) -> datetime.datetime:
    """A moment: as ``moment`` takes it, with a date standing for its first instant in UTC.

    Raises:
        InvalidArgument: As ``moment`` does.
    """
    found = moment(value, name)
    if isinstance(found, datetime.datetime):
        return found
    return datetime.datetime.combine(found, datetime.time(), datetime.UTC)


def moment(value: Any, name: str) -> datetime.datetime | datetime.date:
    """A moment or a whole day: an aware datetime, a date, or the text of either.

    Raises:
        InvalidArgument: It is none of these, or a datetime without a time zone.
    """
    found: Any = value
    if isinstance(value, str):
        try:
            found = datetime.date.fromisoformat(value) if _DATE.fullmatch(value) else parse_timestamp(value)
        except ValueError:
            found = None
    if isinstance(found, datetime.datetime) and found.tzinfo is None:
        message = f"{name}: a datetime without a time zone is ambiguous; pass an aware one, e.g. tzinfo=timezone.utc"
        raise InvalidArgument(message)
    if isinstance(found, datetime.datetime):
        return _in_utc(found, name)
    if not isinstance(found, datetime.date):
        message = f"{name}: expected a date, a datetime with a time zone, or ISO 8601 text such as 2025-01-31"
        raise InvalidArgument(message)
    return found


def _in_utc(found: datetime.datetime, name: str) -> datetime.datetime:
    """The same instant as it is sent, so that it reads the same wherever it comes from."""
    try:
        return found.astimezone(datetime.UTC)
    except OverflowError:
        message = f"{name}: this instant lies outside the years 1 to 9999 once it is in UTC"
    raise InvalidArgument(message)


__all__ = ["count", "header", "instant", "label", "moment", "seconds", "sendable", "text"]
