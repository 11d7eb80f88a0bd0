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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from ..errors import SpecError
from .check import check, check_references
from .document import (
    SCHEMA_PREFIX,
    Node,
    describes_object,
    is_list,
    load,
    nodes,
    operations,
    reachable,
    reachable_nodes,
    reference,
    references,
    retarget,
    schemas,
)
from .overlay import Change, Overlay

DOCUMENTS = ("accounting_api.yaml", "expenses_api.yaml", "webhooks_api.yaml", "team_api.yaml")


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
    check_references(joined)
    mark(joined)
    check(joined)
    return Bundle(document=joined, changes=changes)


def join(documents: dict[str, Node]) -> Node:
    """Join documents into one; schemas of the same name must have been given different ones by overlays.

    Raises:
        SpecError: Two documents share a schema's name, a path, or an operation's id, or differ in their servers or in
            a security scheme.
    """
    first = next(iter(documents.values()))
    bundle: Node = {
        "openapi": "3.0.1",
        "info": {
            "title": "Brex Accounting",
            "version": str(first["info"]["version"]),
            "description": "Brex's Accounting, Expenses, Webhooks and Team APIs, joined and overlaid.",
        },
        "servers": copy.deepcopy(first.get("servers", [])),
        "tags": [],
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    owners: dict[str, str] = {}
    for name, published in documents.items():
        document = _renamed(published, name)
        _spell_out_security(document)
        _describe_parameters(document)
        _say_nullable_once(document)
        _check_servers(bundle, document, name)
        _adopt(bundle["paths"], document.get("paths", {}), owners, name, "path")
        _adopt(bundle["components"]["schemas"], schemas(document), owners, name, "schema")
        if "x-webhooks" in document:
            _adopt(bundle.setdefault("x-webhooks", {}), document["x-webhooks"], owners, name, "webhook")
        known_tags = {tag["name"] for tag in bundle["tags"]}
        bundle["tags"] += [tag for tag in document.get("tags", []) if tag["name"] not in known_tags]
        _join_security_schemes(bundle, document, name)
    for where, operation, _ in operations(bundle):
        if "operationId" in operation:
            owner = owners[f"path {where.partition(' ')[2]}"]
            _claim(owners, f"operationId {operation['operationId']}", owner, where)
    return bundle


def _renamed(published: Node, document_name: str) -> Node:
    document = copy.deepcopy(published)
    names = {name: str(schema.pop("x-name", name)) for name, schema in schemas(document).items()}
    owners: dict[str, str] = {}
    for name, new_name in names.items():
        _claim(owners, f"schema {new_name}", document_name, name)
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


def _say_nullable_once(document: Node) -> None:
    """Take null out of enums that list it: ``nullable`` says the same, and the generator makes two classes of both."""
    for _, node in nodes(document):
        values: object = node.get("enum")
        if is_list(values) and None in values:
            node["enum"] = [value for value in values if value is not None]
            node["nullable"] = True


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


def _check_servers(bundle: Node, document: Node, name: str) -> None:
    here, there = ([server["url"] for server in part.get("servers", [])] for part in (document, bundle))
    if "servers" in document and here != there:
        message = f"{name}: has other servers than the first document, and the client has one base URL; remove them "
        raise SpecError(message + "by an overlay")


def _join_security_schemes(bundle: Node, document: Node, document_name: str) -> None:
    mine: Node = bundle["components"]["securitySchemes"]
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        known: Node = mine.setdefault(name, copy.deepcopy(scheme))
        if _without_scopes(known) != _without_scopes(scheme):
            message = f"{document_name}: the security scheme {name} differs from the one of this name before it"
            raise SpecError(message + "; make them one by an overlay")
        for flow, settings in scheme.get("flows", {}).items():
            known["flows"][flow].setdefault("scopes", {}).update(settings.get("scopes", {}))


def _without_scopes(scheme: Node) -> Node:
    flows = {flow: {**settings, "scopes": None} for flow, settings in scheme.get("flows", {}).items()}
    return {**scheme, "flows": flows, "description": None}


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
    for tree in sent_trees:
        _mark_objects(tree, "request")
    for tree in received_trees:
        _mark_objects(tree, "response")


def _sent(operation: Node, item: Node) -> Iterable[Any]:
    yield operation.get("requestBody", {})
    yield operation.get("parameters", [])
    yield item.get("parameters", [])


def _holds_objects(bundle: Node, name: str) -> bool:
    return any(describes_object(node) for _, node in reachable_nodes(bundle, {"$ref": SCHEMA_PREFIX + name}))


def _mark_objects(tree: object, direction: str) -> None:
    for _, node in list(nodes(tree)):
        if describes_object(node):
            node["x-direction"] = direction
            if direction == "response" and _is_page(node):
                node["x-page"] = True


def _is_page(schema: Node) -> bool:
    properties = schema.get("properties", {})
    items = properties.get("items", {})
    records = items.get("type") == "array" and reference(items.get("items", {})) is not None
    return records and "next_cursor" in properties
