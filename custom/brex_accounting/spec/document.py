"""OpenAPI documents as plain trees: reading, writing, and finding the nodes that matter."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ..errors import SpecError

Node = dict[str, Any]
Location = tuple[str | int, ...]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
SCHEMA_PREFIX = "#/components/schemas/"


def load(path: Path) -> Node:
    """Read a YAML or JSON document.

    Raises:
        SpecError: There is no such file, or it holds no object.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path.name}: cannot be read as YAML: {error}"
        raise SpecError(message) from error
    return load_text(text, path.name)


def load_text(text: str, name: str) -> Node:
    """Read the text of a YAML or JSON document.

    Args:
        text: The document.
        name: What to call it in an error.

    Raises:
        SpecError: It is no YAML, or holds no object.
    """
    try:
        data = _as_json(_parsed(text))
    except YAMLError as error:
        message = f"{name}: cannot be read as YAML: {error}"
        raise SpecError(message) from error
    if not is_object(data):
        message = f"{name}: expected an OpenAPI object at the top"
        raise SpecError(message)
    return data


@lru_cache(maxsize=16)
def _parsed(text: str) -> object:
    """The tree of a text, shared: one run reads the same documents again and again, and reading takes most of it."""
    found: object = _yaml("safe").load(text)
    return found


def _as_json(tree: object) -> object:
    """A tree as JSON would give it: no node in two places, as YAML aliases put them, and every key a string."""
    if is_object(tree):
        return {str(key): _as_json(value) for key, value in tree.items()}
    return [_as_json(value) for value in tree] if is_list(tree) else tree


def is_object(tree: object) -> TypeGuard[Node]:
    """Whether a node is an object."""
    return isinstance(tree, dict)


def is_list(tree: object) -> TypeGuard[list[Any]]:
    """Whether a node is a list."""
    return isinstance(tree, list)


def dump(data: Node, heading: str) -> str:
    """Write a tree as YAML, key order kept, under a comment."""
    yaml = _yaml("rt")
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = _never  # the same subtree twice is written twice
    text = io.StringIO()
    yaml.dump(data, text)
    return f"# {heading}\n{text.getvalue()}"


def dump_json(data: Node, name: str) -> str:
    """Write a tree as JSON, key order kept; a date that YAML found in it is text, as whoever wrote it meant.

    Args:
        data: The tree.
        name: What to call it in an error.

    Raises:
        SpecError: It holds what JSON cannot say.
    """
    try:
        return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False, default=_date) + "\n"
    except (TypeError, ValueError) as error:
        message = f"{name}: cannot be written as JSON: {error}"
        raise SpecError(message) from error


def _date(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    message = f"{type(value).__name__} is no JSON type"
    raise TypeError(message)


def _yaml(kind: str) -> Any:
    return YAML(typ=kind, pure=True)  # untyped in parts, so it is handed out as it is used


def _never(_: object) -> bool:
    return True


def nodes(tree: object, at: Location = (), *, names: bool = False) -> Iterator[tuple[Location, Node]]:
    """Every object of a tree with its location, parents first.

    Examples are passed over, since they are data. So are objects whose keys are names, ``properties`` and ``schemas``
    (and the tree itself with ``names``): there ``type`` or ``example`` is a field's name and says nothing.
    """
    if is_object(tree):
        if not names:
            yield at, tree
        for key, value in tree.items():
            if names or key not in ("example", "examples"):
                yield from nodes(value, (*at, key), names=not names and key in ("properties", "schemas"))
    elif is_list(tree):
        for index, value in enumerate(tree):
            yield from nodes(value, (*at, index))


def leaves(tree: object, at: Location = ()) -> Iterator[tuple[Location, object]]:
    """Every scalar of a tree, and every empty object or list, with its location."""
    if is_object(tree) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*at, key))
    elif is_list(tree) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, (*at, index))
    else:
        yield at, tree


def schemas(document: Node) -> dict[str, Node]:
    """The named schemas of a document."""
    return cast("dict[str, Node]", document.get("components", {}).get("schemas", {}))


def operations(document: Node) -> Iterator[tuple[str, Node, Node]]:
    """Every operation as (``GET /path``, the operation, the path item that it stands in)."""
    for path, item in cast("dict[str, Node]", document.get("paths", {})).items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method], item


def reference(node: Node) -> str | None:
    """The name of the schema that a node refers to, None for any other node."""
    target = node.get("$ref")
    return target.removeprefix(SCHEMA_PREFIX) if isinstance(target, str) and target.startswith(SCHEMA_PREFIX) else None


def references(tree: object) -> set[str]:
    """The names of the schemas that a tree refers to directly."""
    return {name for _, node in nodes(tree) if (name := reference(node)) is not None}


def describes_object(schema: Node) -> bool:
    """Whether a schema is one of objects, which become models."""
    if "type" in schema:
        return bool(schema["type"] == "object")
    return is_object(schema.get("properties")) or len(schema.get("allOf", [])) > 1


def reachable(document: Node, roots: set[str]) -> set[str]:
    """The names of all schemas that can be reached from some; every reference leads somewhere."""
    known = schemas(document)
    found: set[str] = set()
    pending = sorted(roots)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        pending.extend(sorted(references(known[name])))
    return found


def reachable_nodes(document: Node, trees: object) -> Iterator[tuple[Location, Node]]:
    """Every object of the schemas that some trees refer to, directly or through others, with its location."""
    for name in sorted(reachable(document, references(trees))):
        yield from nodes(schemas(document)[name], ("components", "schemas", name))


def retarget(tree: object, rename: Callable[[str], str]) -> None:
    """Point the references of a tree to the new names of their schemas, in place."""
    for _, node in nodes(tree):
        name = reference(node)
        if name is not None:
            node["$ref"] = SCHEMA_PREFIX + rename(name)


def show(location: Location) -> str:
    """A location as people read it: ``paths./v1/webhooks.get.parameters[1]``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
