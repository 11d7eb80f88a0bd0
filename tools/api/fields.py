"""The fields of attrs classes, and the constructor that attrs makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import griffe

from .names import Expression, Names

_MAKERS: Final = ("attrs.frozen", "attrs.define", "attrs.mutable", "attr.frozen", "attr.define", "attr.mutable")
_FIELDS: Final = ("attrs.field", "attr.field")
_FACTORIES: Final = ("attrs.Factory", "attr.Factory")

COMPUTED: Final = "computed"
"""Stands for a default that depends on the other fields."""


@attrs.frozen
class Field:
    """A field of an attrs class.

    Attributes:
        attribute: Where it is declared.
        argument: Its name in the constructor; None where the constructor does not take it.
        keyword: Whether it is taken by keyword only.
        default: What it is when it is not given, as text; None where it has to be given.
        accepts: The type that the constructor takes, where a converter makes it another one.
    """

    attribute: griffe.Attribute
    argument: str | None
    keyword: bool
    default: str | None
    accepts: str | None


def maker(cls: griffe.Class) -> griffe.Decorator | None:
    """The decorator that makes an attrs class of a class; None for any other class."""
    return next((decorator for decorator in cls.decorators if decorator.callable_path in _MAKERS), None)


def fields(cls: griffe.Class, names: Names) -> list[Field]:
    """All fields of an attrs class in the order of its constructor, those of its bases first, as attrs has it."""
    found: dict[str, Field] = {}
    for owner in [*reversed(cls.mro()), cls]:
        if maker(owner) is not None:
            for field in _own(owner, names):
                found.pop(field.attribute.name, None)
                found[field.attribute.name] = field
    return list(found.values())


def _own(cls: griffe.Class, names: Names) -> Iterator[Field]:
    decorator = maker(cls)
    of_class = _arguments(decorator.value if decorator else None)
    computed = {
        str(mark.value).removesuffix(".default")
        for member in cls.members.values()
        if isinstance(member, griffe.Function)
        for mark in member.decorators
    }
    for attribute in cls.members.values():
        if not isinstance(attribute, griffe.Attribute) or not _is_field(attribute):
            continue
        options = _arguments(attribute.value) if _is_call_of_field(attribute.value) else {}
        default = _default(attribute.value if not _is_call_of_field(attribute.value) else options.get("default"), names)
        if "factory" in options:
            default = f"{names.value(options['factory'])}()"
        elif attribute.name in computed:
            default = COMPUTED
        alias = options.get("alias")
        argument = str(alias).strip("'\"") if alias is not None else attribute.name.lstrip("_")
        yield Field(
            attribute=attribute,
            argument=None if str(options.get("init")) == "False" else argument,
            keyword=str(options.get("kw_only", of_class.get("kw_only"))) == "True",
            default=default,
            accepts=_accepted(options.get("converter"), names),
        )


def _is_field(attribute: griffe.Attribute) -> bool:
    # griffe takes a ClassVar for an attribute of the class alone, and what a method sets has a value and no such label.
    of_instances = "instance-attribute" in attribute.labels
    in_body = attribute.value is None or "class-attribute" in attribute.labels
    return attribute.annotation is not None and of_instances and in_body and "property" not in attribute.labels


def _is_call_of_field(value: Expression) -> bool:
    return isinstance(value, griffe.ExprCall) and value.canonical_path in _FIELDS


def _arguments(value: Expression) -> dict[str, Expression]:
    if not isinstance(value, griffe.ExprCall):
        return {}
    return {part.name: part.value for part in value.arguments if isinstance(part, griffe.ExprKeyword)}


def _default(value: Expression, names: Names) -> str | None:
    if isinstance(value, griffe.ExprCall) and value.canonical_path in _FACTORIES:
        return COMPUTED
    return names.value(value)


def _accepted(converter: Expression, names: Names) -> str | None:
    if not isinstance(converter, griffe.Expr):
        return None
    function = names.find(converter.canonical_path)
    if not isinstance(function, griffe.Function):
        return f"what {names.type(converter)} takes"
    return names.type(next(iter(function.parameters)).annotation)
