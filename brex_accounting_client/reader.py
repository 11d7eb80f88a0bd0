# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""The fast path: msgspec, and the tests that tell when its reading is not to be trusted.

msgspec takes three things that it should not: a timestamp with more than six fractional digits, which it rounds (into
the next day, at worst); a timestamp with an offset, which it keeps as it is; and a string where money belongs, even
"NaN". Bytes that could hold one of these, and bytes that msgspec refuses, are left to the careful path.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from .errors import InvalidInput
from .shape import Kind, Shape, fields_of, holds, shape_of, walk

T = TypeVar("T")

_LONG_FRACTION = re.compile(rb"\.\d{7}")
# A letter, digit or underscore written as an escape: no encoder does that, and it could hide a field's name.
_ESCAPED_NAME = re.compile(rb"\\u00(?:3[0-9]|4[1-9A-Fa-f]|5[0-9AFaf]|6[1-9A-Fa-f]|7[0-9Aa])")

_REFUSED = (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError)
"""What msgspec, and Decimal inside it, raise on bytes that are not what they should be."""


class Reader(Generic[T]):
    """The fast path for one type: a msgspec decoder and the tests that tell when not to trust it."""

    def __init__(self, type_: type[T]) -> None:
        shape = shape_of(type_)
        if holds(shape, Kind.UNION):
            message = f"{type_!r} is only sent: it holds a choice of models, which cannot be read back"
            raise InvalidInput(message)
        self._decode: Callable[[bytes], T] = msgspec.json.Decoder(type_, float_hook=Decimal).decode
        self._timed = holds(shape, Kind.TIMESTAMP)
        numbers = {name for name, here in walk(shape) if here.kind is Kind.NUMBER}
        self._trusted = None not in numbers  # a number outside a field cannot be told from a string by its name
        self._texts = [re.compile(rb'%s"\s*:\s*"' % re.escape(name).encode()) for name in sorted(filter(None, numbers))]
        self._utc = _utc_check(shape)

    def read(self, data: bytes) -> T | None:
        """The value, or None where the careful path has to look."""
        if self._suspicious(data):
            return None
        try:
            value = self._decode(data)
        except _REFUSED:
            return None
        return value if self._utc(value) else None

    def _suspicious(self, data: bytes) -> bool:
        if not self._trusted:
            return True
        if self._timed and _LONG_FRACTION.search(data):
            return True
        if any(text.search(data) for text in self._texts):
            return True
        return bool(self._texts) and b"\\" in data and _ESCAPED_NAME.search(data) is not None


def reader(type_: type[T]) -> Reader[T]:
    """The fast reader of a type, made once."""
    key: Any = type_
    return _made_once(key)


@cache
def _made_once(type_: Any) -> Reader[Any]:
    return Reader(type_)


def _utc_check(shape: Shape) -> Callable[[Any], bool]:
    """A function that tells whether every timestamp of a value is in UTC itself, not in some zone."""
    if shape.kind is Kind.TIMESTAMP:
        return _is_utc
    if shape.item is not None and holds(shape.item, Kind.TIMESTAMP):
        check = _utc_check(shape.item)
        return lambda items: items is None or all(check(item) for item in items)
    if shape.model is not None and holds(shape, Kind.TIMESTAMP):
        return _model_utc_check(shape.model)
    return lambda _: True


@cache
def _model_utc_check(model: type) -> Callable[[Any], bool]:
    names = [name for name, here in fields_of(model).items() if here.kind is Kind.TIMESTAMP]
    nested = [name for name, here in fields_of(model).items() if name not in names and holds(here, Kind.TIMESTAMP)]
    checks: list[tuple[Callable[[Any], Any], Callable[[Any], bool]]] = []

    # One attrgetter for all timestamps of a model: with two names or more it gives a tuple in one call.
    get_all = attrgetter(*names) if len(names) > 1 else None
    get_one = attrgetter(names[0]) if len(names) == 1 else None

    def check(value: Any) -> bool:
        if value is None:
            return True
        if get_all is not None:
            for instant in get_all(value):
                if instant is not None and instant.tzinfo is not datetime.UTC:
                    return False
        elif get_one is not None and not _is_utc(get_one(value)):
            return False
        if nested and not checks:  # filled at the first call: a model may hold itself
            checks.extend((attrgetter(name), _utc_check(fields_of(model)[name])) for name in nested)
        return all(good(get(value)) for get, good in checks)

    return check


def _is_utc(instant: datetime.datetime | None) -> bool:
    return instant is None or instant.tzinfo is datetime.UTC


__all__ = ["Reader", "reader"]
