"""Schemas, path variables and paths that have another name in a new document, and describe the same.

A schema is the same if the same places refer to it. A path is the same if it differs in the names of its variables
only, which go over no wire, or if an operation has moved to it, which its operationId tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .document import METHODS, SCHEMA_PREFIX, Node, is_list, is_object, nodes, reference, schemas
from .roundtrip import styled_text

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def align(ours: Any, theirs: Node) -> None:
    """Give schemas, path variables and paths of our document, in place, the names that they have in the new one.

    Args:
        ours: Our document, as ``roundtrip`` reads it.
        theirs: The new document.
    """
    for old, new in _renamed_paths(ours, theirs):
        _rename_path(ours, old, new)
    names = _renamed_schemas(ours, theirs)
    known: Any = ours.get("components", {}).get("schemas", {})
    for old, new in names.items():
        _rename_key(known, old, new)
    for _, node in nodes(ours):
        name = reference(node)
        if name in names:
            node["$ref"] = styled_text(SCHEMA_PREFIX + names[name])


def _renamed_paths(ours: Node, theirs: Node) -> list[tuple[str, str]]:
    mine: dict[str, Any] = ours.get("paths", {})
    new = {_VARIABLE.sub("{}", path): path for path in theirs.get("paths", {}) if path not in mine}
    gone = [path for path in mine if path not in theirs.get("paths", {})]
    found = {path: new[shape] for path in gone if (shape := _VARIABLE.sub("{}", path)) in new}
    moved = {
        name: path for path in new.values() if path not in found.values() for name in _names(theirs["paths"][path])
    }
    for path in gone:
        target = next((moved[name] for name in _names(mine[path]) if name in moved), None)
        if path not in found and target is not None and target not in found.values():
            found[path] = target
    return list(found.items())


def _names(item: object) -> list[tuple[str, str]]:
    """What tells the operations of a path again elsewhere: their methods and operationIds."""
    operations = [(method, item[method]) for method in METHODS if method in item] if is_object(item) else []
    return [(method, str(one["operationId"])) for method, one in operations if is_object(one) and "operationId" in one]


def _rename_path(ours: Any, old: str, new: str) -> None:
    before, after = _VARIABLE.findall(old), _VARIABLE.findall(new)
    names = dict(zip(before, after, strict=True)) if len(before) == len(after) else {}
    item = ours["paths"][old]
    holders: list[Node] = [part for part in (item, *item.values()) if is_object(part)]
    for holder in holders:
        for parameter in holder.get("parameters", []):
            if parameter.get("in") == "path" and parameter.get("name") in names:
                parameter["name"] = styled_text(names[parameter["name"]])
    _rename_key(ours["paths"], old, new)


def _rename_key(holder: Any, old: str, new: str) -> None:
    place = list(holder).index(old)
    value = holder.pop(old)
    holder.insert(place, styled_text(new), value)


def _renamed_schemas(ours: Node, theirs: Node) -> dict[str, str]:
    """Old to new names: of a schema that is gone, and one that is new, to which the same place refers."""
    mine, others = schemas(ours), schemas(theirs)
    names: dict[str, str] = {}
    trees: list[tuple[Any, Any]] = [(ours.get(key), theirs.get(key)) for key in ("paths", "x-webhooks")]
    trees += [(mine[name], others[name]) for name in mine if name in others]
    while trees:
        for old, new in _facing_references(*trees.pop()):
            gone, come = old in mine and old not in others, new in others and new not in mine
            if gone and come and old not in names and new not in names.values():
                names[old] = new
                trees.append((mine[old], others[new]))
    return names


def _facing_references(ours: Any, theirs: Any) -> Iterator[tuple[str, str]]:
    """The names of schemas to which both trees refer from the same place."""
    if is_object(ours) and is_object(theirs):
        one, other = _target(ours), _target(theirs)
        if one is not None and other is not None:
            yield one, other
        for key in ours:
            if key in theirs:
                yield from _facing_references(ours[key], theirs[key])
    elif is_list(ours) and is_list(theirs):
        others = {_key(part): part for part in theirs}
        for index, part in enumerate(ours):
            found = others.get(_key(part)) if _key(part) else theirs[index] if len(ours) == len(theirs) else None
            yield from _facing_references(part, found)


def _target(node: Node) -> str | None:
    """The schema that a node refers to, wrapped or not."""
    parts: object = node.get("allOf")
    if is_list(parts) and len(parts) == 1 and is_object(parts[0]):
        return reference(parts[0])
    return reference(node)


def _key(part: object) -> str:
    return f"{part['in']} {part['name']}" if is_object(part) and "in" in part and "name" in part else ""


__all__ = ["align"]
