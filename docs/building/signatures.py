"""What a reader of the reference should see and griffe cannot know, since it reads the sources and runs nothing.

That is the signature of each constructor that attrs makes; what a private name stands for, which is the value of a
default or the public bases behind a private one; and the values of an enum.
"""

from __future__ import annotations

from typing import Any

from griffe import (
    Attribute,
    Class,
    Expr,
    ExprCall,
    ExprKeyword,
    ExprName,
    Extension,
    Function,
    Module,
    Parameter,
    ParameterKind,
    Parameters,
)

DECORATORS = frozenset({"attrs.define", "attrs.frozen"})


def arguments(call: Expr | str | None) -> dict[str, Any]:
    """The keyword arguments of a call; none of what is no call."""
    if not isinstance(call, ExprCall):
        return {}
    return {
        argument.name: argument.value
        for argument in call.arguments
        if isinstance(argument, ExprKeyword)
    }


def decorator(cls: Class) -> Expr | str | None:
    """The decorator that makes the class one of attrs'."""
    for found in cls.decorators:
        value = found.value
        if isinstance(value, Expr) and value.canonical_path in DECORATORS:
            return value
    return None


def is_field(call: Expr | str | None) -> bool:
    """Whether a default is a call of ``attrs.field``."""
    return isinstance(call, ExprCall) and call.canonical_path == "attrs.field"


def default_of(value: Expr | str | None) -> Expr | str | None:
    """What the argument is when it is left out; None where it has to be given."""
    if not is_field(value):
        return value
    given = arguments(value)
    if "factory" in given:
        return ExprCall(function=given["factory"], arguments=[])
    return given.get("default")


def parameters(cls: Class) -> list[Parameter]:
    """The parameters that the fields of one class bring."""
    keyword_only = arguments(decorator(cls)).get("kw_only") == "True"
    found: list[Parameter] = []
    for member in cls.members.values():
        if (
            not isinstance(member, Attribute)
            or member.annotation is None
            or "instance-attribute" not in member.labels
        ):
            continue
        given = arguments(member.value) if is_field(member.value) else {}
        if given.get("init") == "False":
            continue
        by_keyword = keyword_only or given.get("kw_only") == "True"
        kind = (
            ParameterKind.keyword_only
            if by_keyword
            else ParameterKind.positional_or_keyword
        )
        name = member.name.lstrip("_")
        found.append(
            Parameter(
                name,
                annotation=member.annotation,
                kind=kind,
                default=default_of(member.value),
            )
        )
    return found


def shown(value: Expr | str | None, owner: Module | Class) -> Expr | str | None:
    """The value of a default that is the name of a private constant; other defaults as they are."""
    if not isinstance(value, ExprName) or not value.name.startswith("_"):
        return value
    constant = owner.module.members.get(value.name)
    if not isinstance(constant, Attribute) or not isinstance(constant.value, str):
        return value
    return constant.value


def public_bases(cls: Class) -> list[Expr | str]:
    """The bases of a class, with those of its private ones in their places."""
    found: list[Expr | str] = []
    for base in cls.bases:
        private = (
            cls.module.members.get(base.name)
            if isinstance(base, ExprName) and base.name.startswith("_")
            else None
        )
        found += public_bases(private) if isinstance(private, Class) else [base]
    return found


class Signatures(Extension):
    """Completes the classes and functions of a package."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Take a package that has been read."""
        self._walk(pkg)

    def _walk(self, owner: Module | Class) -> None:
        for member in list(owner.members.values()):
            if member.is_alias:
                continue
            if isinstance(member, Class):
                self._complete(member)
            if isinstance(member, Module | Class):
                self._walk(member)
            if isinstance(member, Class):
                member.bases = public_bases(member)
                self._list_values(member)
            if isinstance(member, Function):
                for parameter in member.parameters:
                    parameter.default = shown(parameter.default, owner)

    def _list_values(self, cls: Class) -> None:
        if "OpenEnum" not in {
            base.name for base in cls.bases if isinstance(base, ExprName)
        }:
            return
        values = [
            f"`{name}`" for name, member in cls.members.items() if member.is_attribute
        ]
        if cls.docstring is not None and values:
            cls.docstring.value += f"\n\nKnown values: {', '.join(values)}."

    def _complete(self, cls: Class) -> None:
        if decorator(cls) is None or "__init__" in cls.members:
            return
        fields: dict[str, Parameter] = {}
        for owner in (*reversed(cls.mro()), cls):
            if decorator(owner) is not None:
                fields.update(
                    {parameter.name: parameter for parameter in parameters(owner)}
                )
        ordered = sorted(
            fields.values(), key=lambda field: field.kind is ParameterKind.keyword_only
        )
        itself = Parameter("self", kind=ParameterKind.positional_or_keyword)
        init = Function(
            "__init__",
            parameters=Parameters(itself, *ordered),
            returns="None",
            parent=cls,
        )
        cls.set_member("__init__", init)
