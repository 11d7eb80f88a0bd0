"""The fast path: msgspec, straight from bytes into models."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from .errors import InvalidInput
from .leaves import read_leaf
from .shape import Kind, holds, shape_of

T = TypeVar("T")

_REFUSED = (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError)
"""What msgspec, and Decimal inside it, raise on bytes that are not what they should be."""


class Reader(Generic[T]):
    """The fast path for one type."""

    def __init__(self, type_: type[T]) -> None:
        if holds(shape_of(type_), Kind.UNION):
            message = f"{type_!r} is only sent: it holds a choice of models, which cannot be read back"
            raise InvalidInput(message)
        decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type_, dec_hook=read_leaf, float_hook=Decimal)
        self._decode: Callable[[bytes], T] = decoder.decode

    def read(self, data: bytes) -> T | None:
        """The value, or None where the careful path has to look."""
        try:
            return self._decode(data)
        except _REFUSED:
            return None


def reader(type_: type[T]) -> Reader[T]:
    """The fast reader of a type, made once."""
    key: Any = type_
    return _made_once(key)


@cache
def _made_once(type_: Any) -> Reader[Any]:
    return Reader(type_)


__all__ = ["Reader", "reader"]
