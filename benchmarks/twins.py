"""Our models once more as pydantic models and as Structs, with the same fields, enums and types, made by one walk."""

from __future__ import annotations

import datetime
import functools
import operator
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pydantic

from brex_accounting_client.leaves import Number, Timestamp

Make = Callable[[str, dict[str, tuple[Any, Any]]], type[Any]]
"""Makes a class from its name and its fields: type and default of each, ``...`` where a field has to be sent."""


def pydantic_twin(model: type[Any]) -> type[pydantic.BaseModel]:
    """Make the pydantic model that a user of pydantic would have written for this model."""
    return _twin(model, _pydantic_model, {})


def struct_twin(model: type[Any]) -> type[msgspec.Struct]:
    """Make the Struct that is as fast as msgspec gets."""
    return _twin(model, _struct, {})


def same(ours: Any, theirs: Any) -> bool:
    """Tell whether two readings of a page hold the same values: a contender that reads less is no contender."""
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if attrs.has(type(ours)):
        names = (field.name for field in attrs.fields(type(ours)))
        return all(same(getattr(ours, name), getattr(theirs, name)) for name in names)
    return type(ours) is type(theirs) and ours == theirs


def _twin(model: type[Any], make: Make, done: dict[type[Any], type[Any]]) -> type[Any]:
    if model not in done:
        hints = typing.get_type_hints(model, include_extras=True)
        fields = {
            field.name: (
                _swapped(hints[field.name], make, done),
                ... if field.default is attrs.NOTHING else field.default,
            )
            for field in attrs.fields(model)
        }
        done[model] = make(model.__name__, fields)
    return done[model]


def _swapped(hint: Any, make: Make, done: dict[type[Any], type[Any]]) -> Any:
    """Give the same type with twins in place of our models."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, (_swapped(part, make, done) for part in typing.get_args(hint)))
    if origin is list:
        return types.GenericAlias(list, (_swapped(typing.get_args(hint)[0], make, done),))
    if hint in (Number, Timestamp):  # what a user would write; ours are read more strictly
        return Decimal if hint is Number else datetime.datetime
    return _twin(hint, make, done) if attrs.has(hint) else hint


def _pydantic_model(name: str, fields: dict[str, Any]) -> type[Any]:
    model: type[pydantic.BaseModel] = pydantic.create_model(name, **fields)
    return model


def _struct(name: str, fields: dict[str, tuple[Any, Any]]) -> type[Any]:
    return msgspec.defstruct(
        name,
        [(field, type_) if default is ... else (field, type_, default) for field, (type_, default) in fields.items()],
        kw_only=True,
    )
