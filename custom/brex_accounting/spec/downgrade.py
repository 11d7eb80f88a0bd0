"""OpenAPI 3.1 as OpenAPI 3.0: what the two say in different words is said in those of 3.0.

What 3.0 cannot say stops with its place and the remedy, so that nothing is left out in silence.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from ..errors import SpecError
from .document import SCHEMA_PREFIX, Node, is_list, is_object
from .grammar import DATA, WEBHOOKS, child, is_foreign, prose

_TARGET: Final = "3.0.3"
_BASE_DIALECTS = (
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
)
_UNSAYABLE: dict[str, str] = {
    "prefixItems": "give the items one schema",
    "contains": "take it out",
    "minContains": "take it out",
    "maxContains": "take it out",
    "patternProperties": "say it with additionalProperties",
    "propertyNames": "take it out",
    "dependentRequired": "take it out",
    "dependentSchemas": "take it out",
    "unevaluatedProperties": "say it with additionalProperties",
    "unevaluatedItems": "take it out",
    "if": "say it with oneOf",
    "then": "say it with oneOf",
    "else": "say it with oneOf",
    "contentSchema": "take it out",
    "$id": "refer to schemas below components only",
    "$anchor": "refer to schemas below components only",
    "$dynamicRef": "refer to a schema by $ref",
    "$dynamicAnchor": "refer to a schema by $ref",
    "$vocabulary": "take it out",
}
_KNOWN = frozenset({
    "$ref", "title", "multipleOf", "maximum", "minimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
    "uniqueItems", "maxProperties", "minProperties", "required", "enum", "type", "not", "allOf", "oneOf", "anyOf",
    "items", "properties", "additionalProperties", "description", "format", "default", "nullable", "discriminator",
    "readOnly", "writeOnly", "example", "externalDocs", "deprecated", "xml",
})  # fmt: skip
_BINARY_MEDIA = ("application/octet-stream", "application/pdf", "application/zip", "image/", "audio/", "video/")
_PROSE = prose("schema")


def downgraded(document: Node, name: str) -> Node:
    """A document of OpenAPI 3.1 as one of 3.0.

    Args:
        document: The document; it stays as it is.
        name: What to call it in an error.

    Raises:
        SpecError: It says what 3.0 cannot say; the text names the place and the remedy.
    """
    tree = copy.deepcopy(document)
    dialect: object = tree.pop("jsonSchemaDialect", _BASE_DIALECTS[0])
    if dialect not in _BASE_DIALECTS:
        message = f"{name}: jsonSchemaDialect: {dialect!r} may mean anything; write the schemas in OpenAPI's own"
        raise SpecError(message)
    tree["openapi"] = _TARGET
    _only_as_in_3_0(tree["info"])
    _write_out_path_items(tree, name)
    if "webhooks" in tree:
        if WEBHOOKS in tree:
            message = f"{name}: has webhooks and {WEBHOOKS}; take one of them out of the file"
            raise SpecError(message)
        tree[WEBHOOKS] = tree.pop("webhooks")
    tree.setdefault("paths", {})
    _hoist_definitions(tree)
    made: Node = _Downgrade(name).node(tree, "document", ())
    return made


def _only_as_in_3_0(info: Node) -> None:
    """Leave out the texts about a document that 3.1 has besides: they are prose, and say nothing of the wire."""
    info.pop("summary", None)
    licence: object = info.get("license")
    if is_object(licence):
        licence.pop("identifier", None)


def _write_out_path_items(tree: Node, name: str) -> None:
    """Put path items where they are referred to; 3.0 has no place to keep them."""
    kept = tree.get("components", {}).pop("pathItems", {})
    for part in ("paths", "webhooks"):
        for key, item in tree.get(part, {}).items():
            if not is_object(item) or "$ref" not in item:
                continue
            target = str(item["$ref"]).removeprefix("#/components/pathItems/")
            if target not in kept:
                message = f"{name}: {part}.{key}: $ref {item['$ref']!r} leads to no path item; write it out in the file"
                raise SpecError(message)
            tree[part][key] = copy.deepcopy(kept[target])


def _hoist_definitions(tree: Node) -> None:
    """Make schemas that a schema defines for itself (``$defs``) named schemas of the document."""
    moved: dict[str, str] = {}
    found: list[tuple[str, str, Any]] = []

    def walk(node: object, pointer: str, owner: str) -> None:
        if is_object(node):
            for key, schema in node.pop("$defs", {}).items():
                found.append((f"{pointer}/$defs/{_escaped(key)}", f"{owner}{key}" if owner else key, schema))
                walk(schema, f"{pointer}/$defs/{_escaped(key)}", owner)
            for key, part in node.items():
                inside = pointer == "#/components/schemas"
                walk(part, f"{pointer}/{_escaped(key)}", key if inside else owner)
        elif is_list(node):
            for index, part in enumerate(node):
                walk(part, f"{pointer}/{index}", owner)

    walk(tree, "#", "")
    if not found:
        return
    known: Node = tree.setdefault("components", {}).setdefault("schemas", {})
    for pointer, wanted, schema in found:
        short = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        chosen = short if short not in known else wanted
        while chosen in known:
            chosen += "_"
        known[chosen] = schema
        moved[pointer] = SCHEMA_PREFIX + chosen

    def retarget(node: object) -> None:
        if is_object(node):
            target = node.get("$ref")
            if isinstance(target, str) and target in moved:
                node["$ref"] = moved[target]
            mapping: object = node.get("mapping")  # of a discriminator
            if is_object(mapping):
                node["mapping"] = {
                    value: moved.get(to, to) if isinstance(to, str) else to for value, to in mapping.items()
                }
            for part in node.values():
                retarget(part)
        elif is_list(node):
            for part in node:
                retarget(part)

    retarget(tree)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


class _Downgrade:
    def __init__(self, name: str) -> None:
        self._name = name

    def node(self, tree: Any, kind: str, at: tuple[str, ...]) -> Any:
        """A part of the document, by its kind."""
        if kind == DATA:
            return tree
        if is_list(tree):
            item = kind[1:-1] if kind.startswith("[") else DATA
            return [self.node(part, item, (*at, str(index))) for index, part in enumerate(tree)]
        if kind == "schema":
            return self._schema(tree, at)
        if not is_object(tree):
            return tree
        if "$ref" in tree and not kind.startswith("{"):
            return {"$ref": tree["$ref"]}  # a reference has its own description in 3.1 and none in 3.0
        if kind == "security scheme" and tree.get("type") == "mutualTLS":
            self._refuse(at, "mutual TLS as a security scheme", "take it out")
        return {key: self.node(part, child(kind, key), (*at, key)) for key, part in tree.items()}

    def _refuse(self, at: tuple[str, ...], what: str, remedy: str) -> None:
        message = f"{self._name}: {'.'.join(at)}: OpenAPI 3.0 cannot say {what}; {remedy}, in the file that you give"
        raise SpecError(message)

    def _schema(self, tree: Any, at: tuple[str, ...]) -> Any:
        if isinstance(tree, bool):
            if not tree and at[-1] != "additionalProperties":
                self._refuse(at, "false as a schema", "take what it stands for out")
            return tree if at[-1] == "additionalProperties" else {}
        if not is_object(tree):
            self._refuse(at, f"{tree!r} as a schema", "write an object")
        if _is_null(tree):
            self._refuse(at, "null as the only value", "give the type that it may have besides")
        schema = _choices_without_null({key: tree[key] for key in tree if key not in ("$comment", "$schema")})
        self._check_keywords(schema, at)
        schema = {key: self.node(part, child("schema", key), (*at, key)) for key, part in schema.items()}
        _constants(schema)
        _examples(schema)
        _bounds(schema)
        self._content(schema, at)
        self._types(schema, at)
        return _reference_alone(schema)

    def _check_keywords(self, schema: Node, at: tuple[str, ...]) -> None:
        for key in ("unevaluatedProperties", "unevaluatedItems"):
            if schema.get(key) in (True, {}):
                del schema[key]
        for key in schema:
            if key in _UNSAYABLE:
                self._refuse(at, key, _UNSAYABLE[key])
            handled = ("const", "examples", "exclusiveMinimum", "exclusiveMaximum", "contentMediaType")
            if key not in _KNOWN and key not in (*handled, "contentEncoding") and not is_foreign("schema", key):
                self._refuse(at, key, "take it out")

    def _content(self, schema: Node, at: tuple[str, ...]) -> None:
        encoding, media = schema.pop("contentEncoding", None), schema.pop("contentMediaType", None)
        if encoding is None and media is None:
            return
        if encoding in ("base64", "base64url"):
            schema.setdefault("format", "byte")
        elif encoding is None and isinstance(media, str) and media.startswith(_BINARY_MEDIA):
            schema.setdefault("format", "binary")
        elif encoding is None and isinstance(media, str) and media.startswith("text/"):
            pass  # a text is a string
        else:
            said = {"contentEncoding": encoding, "contentMediaType": media}
            what = " and ".join(f"{key} {value!r}" for key, value in said.items() if value is not None)
            self._refuse(at, what, "say it with a format")

    def _types(self, schema: Node, at: tuple[str, ...]) -> None:
        types: object = schema.get("type")
        listed = list(types) if is_list(types) else [] if types is None else [types]
        if "null" in listed:
            schema["nullable"] = True
            listed.remove("null")
        if "integer" in listed and "number" in listed:
            listed.remove("integer")
        if len(listed) > 1:
            if set(schema) - _PROSE - {"type", "nullable"} or any(kind in ("array", "object") for kind in listed):
                self._refuse(at, f"several types ({', '.join(map(str, listed))}) with what is beside them", "use anyOf")
            del schema["type"]
            schema["anyOf"] = [{"type": kind} for kind in listed]
        elif listed:
            schema["type"] = listed[0]
        if schema.get("type") == "array":
            schema.setdefault("items", {})


def _constants(schema: Node) -> None:
    if "const" in schema:
        value = schema.pop("const")
        schema["enum"] = [value]
        if isinstance(value, str):
            schema.setdefault("type", "string")


def _examples(schema: Node) -> None:
    examples: object = schema.pop("examples", None)
    if is_list(examples) and examples:
        schema.setdefault("example", examples[0])


def _bounds(schema: Node) -> None:
    """3.1 has the bound that is left out as a number of its own; 3.0 has a mark on the bound."""
    for bound, exclusive, tighter in (("minimum", "exclusiveMinimum", max), ("maximum", "exclusiveMaximum", min)):
        limit = schema.get(exclusive)
        if limit is None or isinstance(limit, bool):
            continue
        del schema[exclusive]
        other = schema.get(bound)
        if other is None or tighter(other, limit) == limit:
            schema[bound] = limit
            schema[exclusive] = True


def _choices_without_null(schema: Node) -> Node:
    """``anyOf: [X, null]`` is X that may be null."""
    for key in ("anyOf", "oneOf"):
        choices: object = schema.get(key)
        if not is_list(choices):
            continue
        rest = [choice for choice in choices if not _is_null(choice)]
        if len(rest) == len(choices):
            continue
        outer = {name: part for name, part in schema.items() if name != key}
        outer["nullable"] = True
        if len(rest) != 1:
            return {**outer, key: rest}
        only = rest[0]
        if "$ref" in only or set(only) & set(outer) - _PROSE - {"nullable"}:
            return {**outer, "allOf": [*outer.pop("allOf", []), only]}
        return {**only, **outer}
    return schema


def _is_null(schema: object) -> bool:
    if not is_object(schema):
        return False
    says_null = schema.get("type") in ("null", ["null"]) or schema.get("enum") == [None]
    return says_null or ("const" in schema and schema["const"] is None)


def _reference_alone(schema: Node) -> Node:
    """A reference has nothing beside it in 3.0: prose goes, and what says something is put around it."""
    if "$ref" not in schema:
        return schema
    beside = {key: part for key, part in schema.items() if key != "$ref" and key not in _PROSE}
    only = {"$ref": schema["$ref"]}
    return {**beside, "allOf": [*beside.get("allOf", []), only]} if beside else only


__all__ = ["downgraded"]
