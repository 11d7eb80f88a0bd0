# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""The two kinds of values that msgspec must not read by itself: exact numbers and instants.

msgspec takes a string where ``Decimal`` is annotated, even "NaN"; it rounds a timestamp with more than six fractional
digits, into the next day at worst; and it keeps an offset instead of converting it. So models are annotated ``Number``
and ``Timestamp``. For type checkers these are ``Decimal`` and ``datetime``; for msgspec they are types that it does not
know, and so it asks ``read_leaf``.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Number = Decimal
    Timestamp = datetime.datetime
else:
    # msgspec checks that what read_leaf gave it is an instance, hundreds of times a page. It asks about Decimals and
    # datetimes only, for which these C functions are true; a check written in Python took 3 % of reading a page.

    class _IsFinite(type):
        __instancecheck__ = staticmethod(Decimal.is_finite)

    class _HasDay(type):
        __instancecheck__ = staticmethod(datetime.datetime.toordinal)

    class Number(metaclass=_IsFinite):
        """A finite Decimal with the digits of the JSON number that it was."""

    class Timestamp(metaclass=_HasDay):
        """An aware datetime, in UTC wherever this package made it."""


_UTC = datetime.UTC
_NO_DATE_TIME = "not an ISO 8601 date or date-time"
_from_iso = datetime.datetime.fromisoformat


def read_leaf(kind: type[Any], value: object) -> Any:
    """What msgspec calls for a ``Number`` or ``Timestamp``, with what stands there in the JSON.

    Numbers come as int, or as the Decimal that ``float_hook`` made. Of timestamps, only those in UTC with six
    fractional digits or fewer are read here; a page that holds others takes the careful path.

    Raises:
        TypeError: Something else stands there; msgspec adds its path.
        ValueError: The text is no date-time.
    """
    if type(value) is str:
        if kind is Timestamp:
            # Runs hundreds of times a page. 20 characters have whole seconds; more than 27, a seventh digit or +00:00.
            try:
                instant = _from_iso(value)
                if (
                    instant.tzinfo is _UTC
                    and value[10] == "T"
                    and (19 < len(value) < 28 or (24 < len(value) < 33 and value[-6] == "+"))
                ):
                    return instant
            except (ValueError, IndexError):
                pass  # its message repeats the text
            raise ValueError(_NO_DATE_TIME)
    elif kind is Number:
        if type(value) is Decimal:
            return value
        if type(value) is int:
            return Decimal(value)
    elif type(value) is datetime.datetime:
        return value
    raise TypeError(no_number(value) if kind is Number else f"expected a date-time, got {_named(value)}")


def no_number(value: object) -> str:
    """Say what stands where a number belongs, without the value."""
    return f"expected a number, got {_named(value)}"


def _named(value: object) -> str:
    return _NAMES.get(type(value), f"a {type(value).__name__}")


_NAMES: dict[type[Any], str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    Decimal: "a number",
    type(None): "null",
    list: "an array",
    dict: "an object",
}

__all__ = ["Number", "Timestamp", "no_number", "read_leaf"]
