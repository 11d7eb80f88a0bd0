"""What a published document says, without its prose and whatever way it is written: wrappers folded, parts found.

Key order, the order of components, descriptions and examples are no facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import field, frozen

from .document import METHODS, Node, is_list, is_object, reference, schemas
from .form import Form

PROSE: Final = frozenset({"description", "summary", "title", "example", "examples", "externalDocs"})

_BESIDE_A_WRAPPED: Final = frozenset({"default", "deprecated", "readOnly", "writeOnly"})
"""What may stand beside a single ``allOf`` and says something of the place, not of the value's shape."""

_TEXTS: Final[dict[str, Callable[[str], bool]]] = {"info": lambda key: key != "version", "scopes": lambda _: True}
"""Where other keys than those of prose hold texts, too."""

_OF_A_STRING: Final = {"date-time": "datetime", "date": "date", "uuid": "UUID", "binary": "file"}
"""What a string of a format is in Python; of any other format it is a str, as a number of any is a number."""

_FOLLOWED_AT_MOST: Final = 50


Alternative = tuple[tuple[str, tuple[str, ...]], ...]
"""One way to be allowed a call: the scopes needed of each scheme."""


@frozen
class Value:
    """A schema as it is used in a place.

    Attributes:
        ref: The named schema that it is, None where it is written out.
        nullable: Whether it may be null here.
        body: Its keywords without prose; of a reference those that stand beside it.
    """

    ref: str | None
    nullable: bool
    body: Node


@frozen
class Endpoint:
    """An operation of a document, or an event that Brex sends.

    Attributes:
        where: ``GET /path``, or ``EVENT name``.
        key: The same, whatever the path's parameters are called.
        node: As it is written.
        parameters: By place and name, those of the path item included.
        body: What is sent, None for nothing.
        answers: By status.
        security: Its alternatives.
        servers: URLs of its own, None where it has none.
        is_event: Whether Brex sends it.
    """

    where: str
    key: str
    node: Node
    parameters: dict[tuple[str, str], Node]
    body: Node | None
    answers: dict[str, Node]
    security: tuple[Alternative, ...]
    servers: tuple[str, ...] | None
    is_event: bool


@frozen
class Facts:
    """A document that can be compared.

    Attributes:
        document: As it is written.
        endpoints: Its operations and events by key.
    """

    document: Node
    endpoints: dict[str, Endpoint] = field(repr=False)

    @classmethod
    def read(cls, document: Node, name: str) -> Facts:
        """Find the facts of a document.

        Args:
            document: An OpenAPI 3.0 tree.
            name: What to call it in an error.

        Raises:
            SpecError: Its form is not OpenAPI's; the text names the place.
        """
        Form(name).check(document)
        found: dict[str, Endpoint] = {}
        for endpoint in _endpoints(document):
            # Two paths that differ in the names of their parameters only are against OpenAPI, and are two all the same.
            found[endpoint.where if endpoint.key in found else endpoint.key] = endpoint
        return cls(document, found)

    @property
    def schemas(self) -> dict[str, Node]:
        """The named schemas."""
        return schemas(self.document)

    def body_of(self, value: Value) -> Node | None:
        """The keywords of a value, its reference followed; None where that leads nowhere."""
        for _ in range(_FOLLOWED_AT_MOST):
            if value.ref is None:
                return value.body
            target = self.schemas.get(value.ref)
            if target is None:
                return None
            value = fold(target)
        return None

    def fields_of(self, body: Node) -> tuple[dict[str, Node], frozenset[str]]:
        """The fields of an object and which of them are required, those of all its parts together."""
        found: dict[str, Node] = {}
        required: set[str] = set()
        self._gather(body, found, required, 0)
        return found, frozenset(required)

    def _gather(self, body: Node, found: dict[str, Node], required: set[str], depth: int) -> None:
        if depth < _FOLLOWED_AT_MOST:
            for part in body.get("allOf", []):
                self._gather(self.body_of(fold(part)) or {}, found, required, depth + 1)
        found |= body.get("properties", {})
        required |= set(body.get("required", []))


def fold(schema: Node) -> Value:
    """A schema without the wrappers that only say null, and without prose."""
    nullable = False
    beside: Node = {}
    while True:
        if "$ref" in schema:
            return Value(reference(schema) or str(schema["$ref"]), nullable, beside)
        nullable = nullable or schema.get("nullable") is True
        own = {key: value for key, value in schema.items() if key not in PROSE and key != "nullable"}
        parts = own.get("allOf", [])
        if len(parts) != 1 or any(key not in _BESIDE_A_WRAPPED and key[:2] != "x-" for key in own if key != "allOf"):
            values = own.get("enum", [])
            if None in values:  # the bundle says it this way, too
                nullable, own["enum"] = True, [value for value in values if value is not None]
            return Value(None, nullable, {**own, **beside})
        beside = {**own, **beside}
        del beside["allOf"]
        schema = parts[0]


def kind(body: Node | None) -> str:
    """What sort of value a folded schema describes."""
    if body is None:
        return "missing"
    if "enum" in body:
        return "enum"
    if "oneOf" in body or "anyOf" in body:
        return "choice"
    declared = body.get("type")
    if declared == "object" or (declared is None and ("properties" in body or "allOf" in body)):
        return "object"
    return "list" if declared == "array" else str(declared or "any")


def python_type(body: Node | None) -> str:
    """What the generator makes of a folded schema; a shape is only named by its sort."""
    if body is not None and kind(body) == "string":
        return _OF_A_STRING.get(str(body.get("format")), "str")
    return kind(body)


def has_class(body: Node | None) -> bool:
    """Whether the generator makes a class of a folded schema."""
    return kind(body) == "enum" or (body is not None and kind(body) == "object" and bool(_inside(body)))


def _inside(body: Node) -> bool:
    return bool(body.get("properties")) or "allOf" in body


def in_words(value: Value, facts: Facts) -> str:
    """A value's type as people say it."""
    if value.ref is not None:
        return value.ref
    body = value.body
    match kind(body):
        case "enum":
            return "enum of " + ", ".join(sorted(map(str, body["enum"])))
        case "list":
            return f"list of {in_words(fold(body.get('items', {})), facts)}"
        case "choice":
            return " or ".join(in_words(fold(part), facts) for part in (*body.get("oneOf", ()), *body.get("anyOf", ())))
        case "object":
            names = ", ".join(sorted(facts.fields_of(body)[0]))
            return f"object with {names}" if names else "object"
        case other:
            return f"{other} ({body['format']})" if "format" in body else other


def plain(tree: Any) -> Any:
    """A tree without its prose."""
    if is_object(tree):
        return {key: plain(part) for key, part in tree.items() if key not in PROSE}
    return [plain(part) for part in tree] if is_list(tree) else tree


def shown(node: Node, key: str) -> str:
    """A value as a report shows it."""
    return json.dumps(node[key], ensure_ascii=False, sort_keys=True, default=str) if key in node else "none"


def is_same(one: object, other: object) -> bool:
    """Whether two plain trees are the same; Python has 1 == 1.0 == True."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def texts(facts: Facts, names: dict[str, str]) -> dict[tuple[str, ...], str | None]:
    """Every object's place with None, and every text's place with the text; lists without an order have none here.

    Args:
        facts: The document.
        names: What schemas are called in the places, where that is not their own name.
    """
    found: dict[tuple[str, ...], str | None] = {}
    for place, node, is_names in _objects(facts.document, (), names=False):
        here = tuple(names.get(part, part) if place[:2] == ("components", "schemas") else part for part in place)
        found[here] = None
        is_text = _TEXTS.get(place[-1]) if place else None
        for key in node:
            if (not is_names and key in PROSE) if is_text is None else is_text(key):
                found[(*here, key)] = repr(node[key])
    return found


def _objects(tree: object, at: tuple[str, ...], *, names: bool) -> Iterator[tuple[tuple[str, ...], Node, bool]]:
    if is_object(tree):
        yield at, tree, names
        for key, part in tree.items():
            if names or (key not in PROSE and key not in ("default", "enum")):
                inner = not names and key in (
                    "properties",
                    "schemas",
                    "responses",
                    "paths",
                    "securitySchemes",
                    "scopes",
                )
                yield from _objects(part, (*at, key), names=inner)
    elif is_list(tree):
        for index, part in enumerate(tree):
            name = f"{part.get('in', '')} {part['name']}" if is_object(part) and "name" in part else str(index)
            yield from _objects(part, (*at, name), names=False)


def _endpoints(document: Node) -> Iterator[Endpoint]:
    for root, is_event in (("paths", False), ("x-webhooks", True)):
        for path, item in document.get(root, {}).items():
            whole = _followed(document, item)
            for method in METHODS:
                if method in whole:
                    yield _endpoint(document, path, method, whole, is_event=is_event)


def _endpoint(document: Node, path: str, method: str, item: Node, *, is_event: bool) -> Endpoint:
    node: Node = item[method]
    parameters = [_followed(document, part) for part in (*item.get("parameters", ()), *node.get("parameters", ()))]
    where = f"EVENT {path}" if is_event else f"{method.upper()} {path}"
    security: list[Node] = node["security"] if "security" in node else document.get("security", [])
    servers: list[Node] | None = node.get("servers", item.get("servers"))
    return Endpoint(
        where=where,
        key=re.sub(r"{[^{}/]*}", "{}", where),
        node=node,
        parameters={(part.get("in", "?"), part.get("name", str(part.get("$ref")))): part for part in parameters},
        body=_followed(document, node["requestBody"]) if "requestBody" in node else None,
        answers={code: _followed(document, answer) for code, answer in node.get("responses", {}).items()},
        security=tuple(
            sorted(tuple(sorted((name, tuple(sorted(needs[name]))) for name in needs)) for needs in security)
        ),
        servers=None if servers is None else tuple(sorted(str(server.get("url")) for server in servers)),
        is_event=is_event,
    )


def _followed(document: Node, node: Node) -> Node:
    """A parameter, body, answer or path item, found where its reference leads within the document."""
    for _ in range(_FOLLOWED_AT_MOST):
        target: object = node.get("$ref")
        if not isinstance(target, str) or not target.startswith("#/"):
            break
        found: Any = document
        for part in target[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if is_object(found) else None
        if not is_object(found):
            break
        node = found
    return node


__all__ = [
    "PROSE",
    "Alternative",
    "Endpoint",
    "Facts",
    "Value",
    "fold",
    "has_class",
    "in_words",
    "is_same",
    "kind",
    "plain",
    "python_type",
    "shown",
    "texts",
]
