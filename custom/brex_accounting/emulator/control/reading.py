"""Queries and bodies: plain values in, checked ones out."""

from __future__ import annotations

from typing import Any, TypeGuard, cast

import msgspec

from ...errors import InvalidArgument


def read_query(pairs: list[tuple[str, str]], kind: type[msgspec.Struct]) -> Any:
    """Read a query.

    Args:
        pairs: Names and values, decoded.
        kind: What it has to be.

    Raises:
        InvalidArgument: It is not that.
    """
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            message = f"{name}: given twice; give it once"
            raise InvalidArgument(message)
        given[name] = value
    return read(given, kind, what="parameter", strict=False)


def read_body(text: bytes, kind: Any) -> Any:
    """Read a body; an empty one counts as an empty object.

    Args:
        text: All of it.
        kind: What it has to be.

    Raises:
        InvalidArgument: It is not JSON, or not that.
    """
    try:
        value = msgspec.json.decode(text or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"body: expected JSON: {error}"
        raise InvalidArgument(message) from None
    return read(value, kind)


def read(value: Any, kind: Any, *, within: str = "", what: str = "member", strict: bool = True) -> Any:
    """Check plain JSON values.

    Args:
        value: The values.
        kind: What they have to be.
        within: The member that they stand in; blank for a whole body or query.
        what: What to call its members in a message.
        strict: Whether numbers must be numbers; else their text will do.

    Raises:
        InvalidArgument: They are not that.
    """
    if is_struct(kind) and isinstance(value, dict):
        known = [field.encode_name for field in msgspec.structs.fields(kind)]
        for name in cast("dict[str, Any]", value):
            if name not in known:
                message = f"{_joined(within, name)}: no such {what}; there are {', '.join(known) or 'none'}"
                raise InvalidArgument(message)
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        message = f"{_joined(within, path.strip('.`')) or 'body'}: {problem}"
        raise InvalidArgument(message) from None


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Check a text that can only be one of a few.

    Raises:
        InvalidArgument: It is none of them.
    """
    if value not in choices:
        message = f"{name}: expected one of {', '.join(choices)}, got {value!r}"
        raise InvalidArgument(message)
    return value


def is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Whether a type has members."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _joined(within: str, name: str) -> str:
    return ".".join(filter(None, (within, name)))


__all__ = ["is_struct", "one_of", "read", "read_body", "read_query"]
