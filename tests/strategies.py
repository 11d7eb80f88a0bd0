"""Hypothesis strategies, among them instances of any schema of the published documents.

They read the published documents, never the bundle, so that a misreading in an overlay shows.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
DOCUMENTS = ("accounting_api", "expenses_api", "webhooks_api", "team_api")

MODEL_NAMES = {("expenses_api", "User"): "ExpenseUser", ("expenses_api", "Receipt"): "ExpenseReceipt"}
"""Schemas whose model has another name, because two documents share theirs."""

COUNTS = {"version", "total_count"}
"""Fields published as numbers that are counts."""


@cache
def document(name: str) -> dict[str, Any]:
    """A published document."""
    return YAML(typ="safe", pure=True).load((ROOT / "openapi" / f"{name}.yaml").read_text())


def text() -> st.SearchStrategy[str]:
    """Any text that JSON can carry whole."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def exact_numbers() -> st.SearchStrategy[Decimal]:
    """Amounts: small, huge, tiny, negative, with and without an exponent, many digits."""
    return st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9),
        st.decimals(allow_nan=False, allow_infinity=False).filter(lambda d: abs(d.adjusted()) < 300),
        st.integers(-(10**30), 10**30).map(Decimal),
    )


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """Date-times as servers write them: Z or an offset, 0 to 9 fractional digits, and bare dates."""
    instant = draw(st.datetimes(datetime.datetime(1970, 1, 2), datetime.datetime(2200, 1, 1))).replace(microsecond=0)
    if draw(st.integers(0, 9)) == 0:
        return instant.date().isoformat()
    digits = draw(st.integers(0, 9))
    fraction = "." + "".join(str(draw(st.integers(0, 9))) for _ in range(digits)) if digits else ""
    zone = draw(st.sampled_from(["Z", "Z", "Z", "+00:00", "-05:00", "+05:30", "+14:00"]))
    return instant.isoformat() + fraction + zone


def instances(name: str, schema_name: str) -> st.SearchStrategy[Any]:
    """Instances of a named schema of a published document."""
    return _instances(name, {"$ref": f"#/components/schemas/{schema_name}"}, depth=0)


def _instances(name: str, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        target = document(name)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return st.deferred(lambda: _instances(name, target, depth))
    values = _values(name, schema, depth)
    return st.none() | values if schema.get("nullable") else values


def _values(name: str, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "allOf" in schema:
        return _instances(name, schema["allOf"][0], depth)
    if "oneOf" in schema:
        return st.one_of([_instances(name, part, depth) for part in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | st.from_regex(r"[A-Z][A-Z_]{3,12}", fullmatch=True)
    match schema.get("type"):
        case "object":
            return _objects(name, schema, depth)
        case "array":
            items = _instances(name, schema["items"], depth + 1)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=0 if depth > 3 else 2)
        case "string":
            return timestamps() if schema.get("format") == "date-time" else text()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-(2**53), 2**53)
        case "number":
            return exact_numbers()
        case _:
            return st.dictionaries(text(), text() | st.integers() | exact_numbers(), max_size=3)


@st.composite
def _objects(draw: st.DrawFn, name: str, schema: dict[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if properties is None:
        return draw(st.dictionaries(text(), text() | st.integers() | exact_numbers(), max_size=3))
    required = schema.get("required", [])
    value: dict[str, Any] = {}
    for field, inner in properties.items():
        if field not in required and (depth > 3 or draw(st.booleans())):
            continue
        if field in COUNTS:
            whole = draw(st.integers(0, 10**9))
            value[field] = draw(st.sampled_from([whole, Decimal(f"{whole}.0")]))
        else:
            value[field] = draw(_instances(name, inner, depth + 1))
    return value


def directions() -> list[tuple[str, str, bool]]:
    """Every object schema as (document, schema, whether callers send it)."""
    found: list[tuple[str, str, bool]] = []
    for name in DOCUMENTS:
        sent = _sent(name)
        for schema_name, schema in document(name)["components"]["schemas"].items():
            if schema.get("type") == "object" and "properties" in schema:
                found.append((name, schema_name, schema_name in sent))
    return found


def _sent(name: str) -> set[str]:
    pending = [
        operation["requestBody"]
        for item in document(name)["paths"].values()
        for operation in item.values()
        if "requestBody" in operation
    ]
    found: set[str] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            if "$ref" in node and (target := node["$ref"].rpartition("/")[2]) not in found:
                found.add(target)
                pending.append(document(name)["components"]["schemas"][target])
            pending += [part for part in node.values() if isinstance(part, (dict, list))]
    return found
