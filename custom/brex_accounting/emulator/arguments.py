"""The parameters of a request, read as the published document describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final

from .answers import invalid
from .published import Parameter, PublishedOperation, Schema

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:[0-5]\d)?)?", re.ASCII
)
_INT32: Final = 2**31
_LONGEST_NAME: Final = 100

Pairs = Sequence[tuple[str, str]]


def read_arguments(
    operation: PublishedOperation, path: Mapping[str, str], query: Pairs, headers: Pairs
) -> dict[str, Any]:
    """Read every parameter of an operation.

    Args:
        operation: What is called.
        path: The path's parameters, decoded.
        query: The query's pairs, decoded, in their order. Names that the document does not list are passed over.
        headers: The request's headers, names in lower case.

    Returns:
        Values by name: str, bool, int, float, list, or dict for a deep object; None where the request leaves it out.

    Raises:
        Refusal: 400, because a value is missing, given twice or not what the document says.
    """
    _refuse_near_misses(operation, query)
    return {parameter.name: _read(parameter, path, query, headers) for parameter in operation.parameters}


def _refuse_near_misses(operation: PublishedOperation, query: Pairs) -> None:
    """``ids[]`` for ``ids`` would otherwise be a filter that is passed over, and a page of everything."""
    known = {parameter.name: parameter for parameter in operation.parameters if parameter.place == "query"}
    meant = {name.partition("[")[0]: name for name, parameter in known.items() if parameter.schema["type"] != "object"}
    for key, _ in query:
        name = meant.get(key.partition("[")[0])
        if name is not None and key not in known:
            message = f"{key[:_LONGEST_NAME]} is no parameter; {name} is"
            raise invalid(message)


def _read(parameter: Parameter, path: Mapping[str, str], query: Pairs, headers: Pairs) -> Any:
    name, schema = parameter.name, parameter.schema
    if parameter.place == "path":
        given = [path[name]]
    elif parameter.place == "header":
        given = [value for key, value in headers if key == name.lower()]
    elif schema["type"] == "object":
        return _deep_object(name, schema, query)
    else:
        given = [value for key, value in query if key == name]
    if not given:
        if parameter.required:
            message = f"{name} is missing"
            raise invalid(message)
        return None
    if schema["type"] == "array":
        return [_single(name, schema["items"], value) for value in given]
    if len(given) > 1:
        message = f"{name} is given {len(given)} times"
        raise invalid(message)
    return _single(name, schema, given[0])


def _deep_object(name: str, schema: Schema, query: Pairs) -> dict[str, str]:
    """``name[key]=value``, each key at most once."""
    members = {f"{name}[{member}]": member for member in schema["properties"]}
    found: dict[str, str] = {}
    for key, value in query:
        if key != name and not key.startswith(f"{name}["):
            continue
        if key not in members:
            message = f"{name} is given otherwise than as {', '.join(members)}"
            raise invalid(message)
        if members[key] in found:
            message = f"{key} is given twice"
            raise invalid(message)
        found[members[key]] = value
    return found


def _single(name: str, schema: Schema, value: str) -> Any:
    match schema["type"]:
        case "boolean":
            if value not in ("true", "false"):
                message = f"{name} is neither true nor false"
                raise invalid(message)
            return value == "true"
        case "integer":
            return _integer(name, value)
        case "number":
            return _number(name, value)
        case _:
            return _string(name, schema, value)


def _integer(name: str, value: str) -> int:
    if not _WHOLE.fullmatch(value) or len(value) > 11 or not -_INT32 <= int(value) < _INT32:
        message = f"{name} is not a whole number of 32 bits"
        raise invalid(message)
    return int(value)


def _number(name: str, value: str) -> float:
    if not _NUMBER.fullmatch(value):
        message = f"{name} is not a number"
        raise invalid(message)
    return float(value)


def _string(name: str, schema: Schema, value: str) -> Any:
    if "enum" in schema and value not in schema["enum"]:
        message = f"{name} is not one of {', '.join(schema['enum'])}"
        raise invalid(message)
    if schema.get("format") == "date-time":
        return read_instant(name, value)
    return value


def read_instant(name: str, value: str) -> datetime:
    """Read an ISO 8601 date or date-time; without a zone it is UTC, as Brex's own examples are.

    Args:
        name: What to call it in the refusal.
        value: The text; digits beyond microseconds are dropped.

    Raises:
        Refusal: 400, because it is no such thing.
    """
    match = _INSTANT.fullmatch(value)
    try:
        if match is not None:
            day, clock, fraction, zone = match.groups()
            text = f"{day}T{clock or '00:00:00'}{(fraction or '')[:7]}{(zone or 'Z').upper()}"
            return datetime.fromisoformat(text).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        pass
    message = f"{name} is not an ISO 8601 date or date-time"
    raise invalid(message)


__all__ = ["Pairs", "read_arguments", "read_instant"]
