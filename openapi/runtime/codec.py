"""Models to bytes and back, exactly.

Reading has two paths. The fast one is msgspec, straight from bytes into models, and serves every page that a
well-behaved server sends. What msgspec would silently read wrong goes down the careful path: timestamps with more than
six fractional digits (msgspec rounds them) or with an offset (kept instead of converted). So does everything that
msgspec refuses, because some of it is readable: a date where a date-time is declared, ``3.0`` for a count, half a
surrogate pair or a broken UTF-8 sequence that a memo cut in the middle leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from .errors import InvalidInput, Undecodable
from .json_text import parse_json
from .reader import reader
from .shape import shape_of
from .values import build, exact, plain, written

T = TypeVar("T")


def decode(data: bytes, type_: type[T]) -> T:
    """Read a JSON answer into a model.

    Args:
        data: The body as it came, UTF-8.
        type_: A model class, or a list of one such as ``list[WebhookSecret]``.

    Raises:
        Undecodable: The bytes are no JSON, or not what the model says; the path and the bytes are on the error.
    """
    quick = reader(type_).read(data)
    return decode_carefully(data, type_)[0] if quick is None else quick


def decode_carefully(data: bytes, type_: type[T]) -> tuple[T, bool]:
    """Read what the fast path cannot; also tell whether the text had to be repaired first.

    Raises:
        Undecodable: As ``decode`` does.
    """
    value, repaired = parse_json(data)
    try:
        return build(value, type_), repaired
    except Undecodable as error:
        error.content = data
        raise


def from_dict(data: Any, type_: type[T]) -> T:
    """Make a model from plain values, as ``json.loads(..., parse_float=Decimal)`` or ``to_dict`` give them.

    Args:
        data: Dicts, lists, strings, ints, booleans, None, Decimals; datetimes are taken too.
        type_: A model class, or a list of one.

    Raises:
        InvalidInput: A value does not fit; the text names its path. A float is refused where money belongs.
    """
    try:
        return build(data, type_)
    except Undecodable as error:
        message = f"{error.path}: {error.reason}"
        raise InvalidInput(message) from None


def to_dict(value: Any) -> Any:
    """Turn a model, or a list of models, into plain values.

    Timestamps become RFC 3339 text in UTC, enums their strings, money stays ``Decimal``; a field that is ``UNSET``
    is left out and None stays None.

    Raises:
        InvalidInput: A float or a Decimal that is not finite stands where money belongs, or a datetime is naive.
    """
    return _checked_depth(value, exact)


def encode(value: Any) -> bytes:
    """Write a model, or a list of models, as JSON; money as plain numbers without an exponent.

    Raises:
        InvalidInput: As ``to_dict`` does, and for a number that would take more than 1,000 digits.
    """
    return msgspec.json.encode(_checked_depth(value, written))


def _checked_depth(value: Any, number: Callable[[Decimal, str], Any]) -> Any:
    try:
        return plain(value, "$", number, shape_of(type(value)))
    except RecursionError:
        message = "$: nested too deeply"
        raise InvalidInput(message) from None


def needs_repair(data: bytes) -> bool:
    """Whether a body holds broken UTF-8 or half a surrogate pair, which reading replaces by U+FFFD."""
    return parse_json(data)[1]


__all__ = ["decode", "decode_carefully", "encode", "from_dict", "needs_repair", "to_dict"]
