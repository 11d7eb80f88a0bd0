"""Plain values to and from models: what ``json.loads`` would give, but exact and in one form."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

import msgspec

from .errors import InvalidInput, Undecodable
from .leaves import no_number, read_leaf
from .reader import reader
from .shape import ANYTHING, Kind, Shape, careful_fields_of, fields_of, is_list, is_object, shape_of
from .timestamps import format_timestamp, parse_timestamp

T = TypeVar("T")

_AT = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
_NO_FLOAT = "a float is not exact; pass decimal.Decimal, made from a string such as Decimal('0.10')"

WIDEST = 1000
"""The most digits that a number may take when written out; 1e999999999 would fill the memory."""


def build(value: Any, type_: type[T]) -> T:
    """Make a model from plain values.

    Raises:
        Undecodable: A value does not fit.
    """
    reader(type_)  # refuses types that are only sent
    try:
        return msgspec.convert(_normal(value, shape_of(type_), "$"), type_, dec_hook=read_leaf)
    except msgspec.ValidationError as error:
        found = _AT.match(str(error))
        path, reason = (found["path"], found["reason"]) if found else (None, "not what the model says")
        raise Undecodable(path=path or "$", reason=reason) from None
    except RecursionError:
        raise Undecodable(path="$", reason="nested too deeply") from None


def _normal(value: Any, shape: Shape, path: str) -> Any:
    """Bring plain values into the one form that msgspec reads exactly."""
    if value is None:
        return None
    match shape.kind:
        case Kind.LIST if is_list(value) and shape.item is not None:
            return [_normal(item, shape.item, f"{path}[{index}]") for index, item in enumerate(value)]
        case Kind.MODEL if is_object(value) and shape.model is not None:
            mended = {
                name: _normal(value[name], here, f"{path}.{name}")
                for name, here in careful_fields_of(shape.model).items()
                if name in value
            }
            return {**value, **mended}
        case Kind.NUMBER:
            return _exact(value, path)
        case Kind.COUNT if isinstance(value, Decimal):
            return _whole(value)
        case Kind.TIMESTAMP:
            return _instant(value, path)
        case _:
            return value


def _exact(value: Any, path: str) -> Any:
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, float):
        raise Undecodable(path=path, reason=_NO_FLOAT)
    if not isinstance(value, Decimal):
        raise Undecodable(path=path, reason=no_number(value))
    if not value.is_finite():
        raise Undecodable(path=path, reason="expected a finite number")
    return value


def _whole(value: Decimal) -> Any:
    if value.is_finite() and abs(value.adjusted()) < WIDEST and value == value.to_integral_value():
        return int(value)
    return float(value)  # msgspec refuses it with the path


def _instant(value: Any, path: str) -> Any:
    if isinstance(value, datetime.datetime):
        if value.utcoffset() is None:
            raise Undecodable(path=path, reason="a datetime without a time zone is ambiguous; pass an aware one")
        return value.astimezone(datetime.timezone.utc)
    if not isinstance(value, str) or _CANONICAL.fullmatch(value):
        return value  # msgspec reads it exactly
    try:
        return parse_timestamp(value)
    except ValueError as error:
        raise Undecodable(path=path, reason=str(error)) from None


def plain(value: Any, path: str, number: Callable[[Decimal, str], Any], shape: Shape = ANYTHING) -> Any:
    """Plain values of a model; ``number`` says what a Decimal becomes, ``shape`` what the value should be."""
    kind = _class_of(value)
    if kind is str and shape.kind is not Kind.NUMBER:
        return value  # most of what is sent
    if shape.kind is Kind.NUMBER and value is not None and kind not in (int, float, Decimal):
        message = f"{path}: {no_number(value)}"
        raise InvalidInput(message)
    if is_object(value):
        return {str(name): plain(item, f"{path}.{name}", number) for name, item in value.items()}
    if is_list(value):
        return [plain(item, f"{path}[{i}]", number, shape.item or ANYTHING) for i, item in enumerate(value)]
    if hasattr(kind, "__attrs_attrs__"):
        return {
            name: plain(item, f"{path}.{name}", number, here)
            for name, here in fields_of(kind).items()
            if (item := getattr(value, name)) is not msgspec.UNSET
        }
    return _plain_leaf(value, path, number)


def _plain_leaf(value: Any, path: str, number: Callable[[Decimal, str], Any]) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value.value) if isinstance(value, Enum) else value
        case Decimal() if value.is_finite():
            return number(value, path)
        case datetime.datetime():
            return format_timestamp(value, path)
        case datetime.date():
            return value.isoformat()
        case _ if _class_of(value).__name__ == "UUID":
            return str(value)
        case float():
            reason = _NO_FLOAT
        case Decimal():
            reason = "money must be finite"
        case _:
            reason = f"a {_class_of(value).__name__} cannot be sent"
    message = f"{path}: {reason}"
    raise InvalidInput(message)


def _class_of(value: object) -> type[Any]:
    return type(value)


def exact(value: Decimal, _: str) -> Decimal:
    """Money in plain values: the Decimal itself."""
    return value


def written(value: Decimal, path: str) -> msgspec.Raw:
    """Money on the wire: digits, a point, no exponent."""
    if abs(value.adjusted()) >= WIDEST:
        message = f"{path}: a number of more than {WIDEST} digits cannot be sent"
        raise InvalidInput(message)
    return msgspec.Raw(format(value, "f").encode())


__all__ = ["WIDEST", "build", "exact", "plain", "written"]
