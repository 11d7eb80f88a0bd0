"""The bundle: all published documents, overlaid and joined, as the generator's one input.

What joining adds by itself changes no value that goes over the wire: it renames schemas where an overlay says so
(``x-name``), spells out document-wide security at each operation, and marks what the templates need to know:

``x-direction``
    ``request`` or ``response``: whether callers send the object or Brex does. What both do is split in two.
``x-page``
    The object is a page of records behind a cursor.
"""

from __future__ import annotations

import copy
import keyword
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from openapi_spec_validator import OpenAPIV30SpecValidator

from ..errors import SpecError
from .document import (
    Location,
    Node,
    load,
    nodes,
    operations,
    reachable,
    reference,
    references,
    retarget,
    schemas,
    show,
)
from .overlay import Change, Overlay

DOCUMENTS = ("accounting_api.yaml", "expenses_api.yaml", "webhooks_api.yaml", "team_api.yaml")

_SHADOWING = {"bool", "dict", "float", "int", "list", "str", "tuple"}
_PAGE_NAMES = {"bad_records", "raw", "raw_item", "repaired"}


@frozen
class Bundle:
    """The joined document and everything in which it deviates from what Brex published.

    Attributes:
        document: The generator's input.
        changes: Published document's file name to what its overlays changed.
    """

    document: Node
    changes: dict[str, list[Change]]


def make_bundle(folder: Path) -> Bundle:
    """Overlay, join and check the documents of a folder.

    Args:
        folder: Holds the published documents and ``overlays/``.

    Raises:
        SpecError: A document, an overlay or the result is not fit for the generator; the text names the place.
    """
    published = {name: load(folder / name) for name in DOCUMENTS}
    overlays = [Overlay.read(path) for path in sorted((folder / "overlays").glob("*.yaml"))]
    changes: dict[str, list[Change]] = {name: [] for name in DOCUMENTS}
    for overlay in overlays:
        name = overlay.extends.rpartition("/")[2]
        if name not in published:
            message = f"{overlay.path.name}: extends {overlay.extends!r}, expected one of {', '.join(DOCUMENTS)}"
            raise SpecError(message)
        published[name], found = overlay.apply(published[name])
        changes[name] += found
    joined = join(published)
    mark(joined)
    check(joined)
    return Bundle(document=joined, changes=changes)


def join(documents: dict[str, Node]) -> Node:
    """Join documents into one; schemas of the same name must have been given different ones by overlays.

    Raises:
        SpecError: Two documents share a schema's name, a path, or an operation's id.
    """
    bundle: Node = {
        "openapi": "3.0.1",
        "info": {
            "title": "Brex Accounting",
            "version": str(next(iter(documents.values()))["info"]["version"]),
            "description": "Brex's Accounting, Expenses, Webhooks and Team APIs, joined and overlaid.",
        },
        "servers": copy.deepcopy(next(iter(documents.values())).get("servers", [])),
        "tags": [],
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    owners: dict[str, str] = {}
    for name, published in documents.items():
        document = _renamed(published)
        _spell_out_security(document)
        _describe_parameters(document)
        _adopt(bundle["paths"], document.get("paths", {}), owners, name, "path")
        _adopt(bundle["components"]["schemas"], schemas(document), owners, name, "schema")
        if "x-webhooks" in document:
            _adopt(bundle.setdefault("x-webhooks", {}), document["x-webhooks"], owners, name, "webhook")
        bundle["tags"] += document.get("tags", [])
        _join_security_schemes(bundle, document)
        for where, operation, _ in operations(document):
            _claim(owners, f"operationId {operation.get('operationId')}", name, where)
    return bundle


def _renamed(published: Node) -> Node:
    document = copy.deepcopy(published)
    names = {name: str(schema.pop("x-name", name)) for name, schema in schemas(document).items()}
    if schemas(document):
        document["components"]["schemas"] = {names[name]: schema for name, schema in schemas(document).items()}
    retarget(document, lambda name: names.get(name, name))
    return document


def _spell_out_security(document: Node) -> None:
    for _, operation, _ in operations(document):
        if "security" not in operation and "security" in document:
            operation["security"] = copy.deepcopy(document["security"])


def _describe_parameters(document: Node) -> None:
    """Copy what a parameter says of itself into its schema, where the generator looks for it."""
    for _, operation, item in operations(document):
        for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
            schema = parameter.get("schema", {})
            if "description" in parameter and "$ref" not in schema:
                schema.setdefault("description", parameter["description"])


def _adopt(into: Node, parts: Node, owners: dict[str, str], name: str, kind: str) -> None:
    for key, part in parts.items():
        if into.get(key) == part:  # the same in two documents is one
            continue
        _claim(owners, f"{kind} {key}", name, key)
        into[key] = part


def _claim(owners: dict[str, str], what: str, name: str, where: str) -> None:
    if what in owners:
        message = (
            f"{what} stands in {owners[what]} and in {name} ({where}); give one of them another name by an overlay "
            "action (for a schema: update: {x-name: …})"
        )
        raise SpecError(message)
    owners[what] = name


def _join_security_schemes(bundle: Node, document: Node) -> None:
    mine: Node = bundle["components"]["securitySchemes"]
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        if name not in mine:
            mine[name] = scheme
            continue
        for flow, settings in scheme.get("flows", {}).items():
            mine[name]["flows"].setdefault(flow, settings).setdefault("scopes", {}).update(settings.get("scopes", {}))


def mark(bundle: Node) -> None:
    """Mark objects with the direction in which they go, pages as such, and split what goes both ways."""
    sent_trees = [part for _, operation, item in operations(bundle) for part in _sent(operation, item)]
    received_trees = [operation.get("responses", {}) for _, operation, _ in operations(bundle)]
    received_trees += [bundle.get("x-webhooks", {})]
    sent = reachable(bundle, references(sent_trees))
    received = reachable(bundle, references(received_trees))
    both = {name for name in sent & received if _holds_objects(bundle, name)}
    known = schemas(bundle)
    for name in sorted(both):
        if f"{name}Input" in known:
            message = f"schema {name} is sent and received, and {name}Input exists already; rename one by an overlay"
            raise SpecError(message)
        known[f"{name}Input"] = copy.deepcopy(known[name])
    mine = [known[name] for name in sorted(sent - both)] + [known[f"{name}Input"] for name in sorted(both)]
    for tree in [*sent_trees, *mine]:
        retarget(tree, lambda name: f"{name}Input" if name in both else name)
    directions = {name: "request" if name in sent - both else "response" for name in known}
    directions |= {f"{name}Input": "request" for name in both}
    for name, schema in known.items():
        _mark_objects(schema, directions[name])
        if directions[name] == "response" and _is_page(schema):
            schema["x-page"] = True
    for tree in sent_trees:
        _mark_objects(tree, "request")
    for tree in received_trees:
        _mark_objects(tree, "response")


def _sent(operation: Node, item: Node) -> Iterable[Any]:
    yield operation.get("requestBody", {})
    yield operation.get("parameters", [])
    yield item.get("parameters", [])


def _holds_objects(bundle: Node, name: str) -> bool:
    return any(_is_object(node) for inner in reachable(bundle, {name}) for _, node in nodes(schemas(bundle)[inner]))


def _is_object(node: Node) -> bool:
    return node.get("type") == "object" or (isinstance(node.get("properties"), dict) and "type" not in node)


def _mark_objects(tree: object, direction: str) -> None:
    for at, node in list(nodes(tree)):
        if _is_object(node) and (not at or at[-1] not in ("example", "examples")):
            node["x-direction"] = direction


def _is_page(schema: Node) -> bool:
    properties = schema.get("properties", {})
    items = properties.get("items", {})
    records = items.get("type") == "array" and reference(items.get("items", {})) is not None
    return records and "next_cursor" in properties


def check(bundle: Node) -> None:
    """Refuse what the templates or the decoder could not carry faithfully.

    Raises:
        SpecError: Names the first such place, and the remedy.
    """
    for error in OpenAPIV30SpecValidator(cast("Any", bundle)).iter_errors():
        message = f"bundle: {show(tuple(error.absolute_path))}: {error.message}"
        raise SpecError(message)
    for where, operation, _ in operations(bundle):
        _check_answers(where, operation)
    for name, schema in schemas(bundle).items():
        for at, node in nodes(schema):
            _check_schema(("components", "schemas", name, *at), node)
        if schema.get("x-page"):
            _check_names((name,), schema.get("properties", {}), _PAGE_NAMES, "is taken by every page")
    received = reachable(bundle, references([op.get("responses", {}) for _, op, _ in operations(bundle)]))
    for name in sorted(received):
        for at, node in nodes(schemas(bundle)[name]):
            _check_choice(("components", "schemas", name, *at), node)


def _check_answers(where: str, operation: Node) -> None:
    bodies = {
        str(body.get("schema"))
        for code, answer in operation.get("responses", {}).items()
        if str(code).startswith("2")
        for body in answer.get("content", {}).values()
    }
    if len(bodies) > 1:
        message = f"{where}: has different bodies for different 2xx answers; a call returns one model"
        raise SpecError(message)


def _check_schema(where: Location, node: Node) -> None:
    values = node.get("enum")
    if isinstance(values, list) and not all(isinstance(v, str) or v is None for v in cast("list[object]", values)):
        message = f"{show(where)}: an enum that is not of strings would be closed; make it a plain type by an overlay"
        raise SpecError(message)
    properties = node.get("properties")
    if isinstance(properties, dict) and _is_object(node):
        _check_names(where, cast("Node", properties), _SHADOWING, "would shadow a type in the model")


def _check_names(where: Location, properties: Node, taken: set[str], why: str) -> None:
    for name in properties:
        if name in taken:
            message = f"{show(where)}: the field name {name!r} {why}"
            raise SpecError(message)
        if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
            message = f"{show(where)}: the field name {name!r} cannot be an attribute, which are named as on the wire"
            raise SpecError(message)


def _check_choice(where: Location, node: Node) -> None:
    for key in ("oneOf", "anyOf"):
        parts = [part for part in node.get(key, []) if part.get("type") != "null"]
        if len(parts) > 1:
            message = f"{show(where)}: Brex answers with a choice of schemas ({key}); settle on one by an overlay"
            raise SpecError(message)
