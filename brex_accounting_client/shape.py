# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
"""What a type looks like on the wire: the one description of a model that the careful paths of this package walk.

The fast path never comes here; msgspec reads bytes into models by itself.
"""

from __future__ import annotations

import types
import typing
from enum import Enum, auto
from functools import cache
from typing import Any, TypeGuard

import attrs
from msgspec import UnsetType

from .leaves import Number, Timestamp


class Kind(Enum):
    """The kinds of values that need care on the way in or out."""

    PLAIN = auto()
    """Strings, booleans, enums, dates, free-form JSON: as msgspec reads them."""
    COUNT = auto()
    """An int, which some servers write as 3.0."""
    NUMBER = auto()
    """An exact decimal, a number and never a string."""
    TIMESTAMP = auto()
    LIST = auto()
    MODEL = auto()
    UNION = auto()
    """One of several models: only requests hold it, so it is encoded and never decoded."""


@attrs.frozen
class Shape:
    """One node of a type.

    Attributes:
        kind: Which care it needs.
        item: The shape of a list's items.
        model: The class of a model.
    """

    kind: Kind
    item: Shape | None = None
    model: type | None = None


_LEAVES: dict[object, Kind] = {int: Kind.COUNT, Number: Kind.NUMBER, Timestamp: Kind.TIMESTAMP}


ANYTHING = Shape(Kind.PLAIN)
"""The shape of a value of which nothing is known."""


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a plain value is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a plain value is a JSON object."""
    return isinstance(value, dict)


def shape_of(type_: Any) -> Shape:
    """Describe a type: a model, a list of something, a leaf, or any of these or None."""
    return _described_once(type_)


@cache
def _described_once(type_: Any) -> Shape:
    origin = typing.get_origin(type_)
    if origin is typing.Annotated:
        return shape_of(typing.get_args(type_)[0])
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(type_) if part not in (type(None), UnsetType)]
        shapes = {shape_of(part) for part in parts}
        return shapes.pop() if len(shapes) == 1 else Shape(Kind.UNION)
    if origin is list:
        return Shape(Kind.LIST, item=shape_of(typing.get_args(type_)[0]))
    if isinstance(type_, type) and attrs.has(type_):
        return Shape(Kind.MODEL, model=type_)
    return Shape(_LEAVES.get(type_, Kind.PLAIN))


def fields_of(model: Any) -> dict[str, Shape]:
    """The wire fields of a model with their shapes, in order."""
    return _fields_once(model)


def careful_fields_of(model: Any) -> dict[str, Shape]:
    """Those fields of a model that hold, at any depth, what needs care."""
    return _careful_fields_once(model)


@cache
def _careful_fields_once(model: Any) -> dict[str, Shape]:
    return {name: here for name, here in fields_of(model).items() if holds(here, *_LEAVES.values())}


@cache
def _fields_once(model: Any) -> dict[str, Shape]:
    hints = typing.get_type_hints(model, include_extras=True)
    return {name: shape_of(hints[name]) for name in field_names(model)}


def field_names(model: Any) -> tuple[str, ...]:
    """The wire fields of a model, in order."""
    return tuple(attribute.name for attribute in attrs.fields(model))


def holds(shape: Shape, *kinds: Kind) -> bool:
    """Whether a value of this shape can hold a value of one of these kinds, at any depth."""
    seen: set[type] = set()
    pending = [shape]
    while pending:
        here = pending.pop()
        if here.kind in kinds:
            return True
        if here.item is not None:
            pending.append(here.item)
        if here.model is not None and here.model not in seen:
            seen.add(here.model)
            pending.extend(fields_of(here.model).values())
    return False


__all__ = [
    "ANYTHING",
    "Kind",
    "Shape",
    "careful_fields_of",
    "field_names",
    "fields_of",
    "holds",
    "is_list",
    "is_object",
    "shape_of",
]
