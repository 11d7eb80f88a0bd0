"""Arguments of a call as parts of an HTTP request."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, cast
from urllib.parse import quote

from msgspec import UNSET

from .errors import InvalidInput
from .timestamps import format_timestamp


def path_segment(value: str | int, name: str) -> str:
    """A path parameter, percent-encoded so that it stays one segment.

    Args:
        value: The parameter as passed.
        name: Its name, for the error.

    Raises:
        InvalidInput: It is no id, or empty, ``.`` or ``..``: the URL would then name another operation.
    """
    if not isinstance(value, (str, int)) or value in ("", ".", ".."):  # pyright: ignore[reportUnnecessaryIsInstance]
        message = f"{name}: expected the id of one object, which is not empty"
        raise InvalidInput(message)
    return quote(str(value), safe="")


def query_pairs(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters as pairs: unset and None are not sent, a list repeats its name.

    Args:
        parameters: Wire name to value; strings, enums, ints, booleans, Decimals, dates, aware datetimes,
            and lists of these.

    Raises:
        InvalidInput: A datetime is naive, or a value is of another kind.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is UNSET or value is None:
            continue
        values = cast("list[Any]", value) if isinstance(value, (list, tuple)) else [value]
        pairs.extend((name, _text(item, name)) for item in values)
    return pairs


def header_fields(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Header parameters: unset and None are not sent.

    Raises:
        InvalidInput: A value is not visible ASCII; the value itself is not repeated.
    """
    fields: dict[str, str] = {}
    for name, value in parameters.items():
        if value is not UNSET and value is not None:
            fields[name] = _text(value, name)
            check_header(fields[name], name)
    return fields


def check_header(text: str, name: str) -> None:
    """Refuse a header value that cannot be sent, before httpx does so with the value in its message.

    Raises:
        InvalidInput: The text is empty, or holds anything but visible ASCII and inner spaces.
    """
    if not text or text != text.strip() or not (text.isascii() and text.isprintable()):
        message = f"{name}: expected visible ASCII characters without line breaks or spaces around them"
        raise InvalidInput(message)


def _text(value: Any, name: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case str() | int():
            return str(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime.datetime():
            return format_timestamp(value, name)
        case datetime.date():
            return value.isoformat()
        case _ if type(value).__name__ == "UUID":
            return str(value)
        case _:
            message = f"{name}: a {type(value).__name__} cannot be sent as a parameter"
            raise InvalidInput(message)


__all__ = ["check_header", "header_fields", "path_segment", "query_pairs"]
