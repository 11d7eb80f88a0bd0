"""What the objects of an OpenAPI document hold: which keys lead to which objects, which are prose, in which order.

A kind is written ``schema``; ``[schema]`` is a list of them and ``{schema}`` an object of them whose keys are names.
What a kind does not list is data: it is compared and copied as it stands.
"""

from __future__ import annotations

from typing import Final

from .document import METHODS

DATA: Final = "data"
"""A value whose inside is nobody's business: a default, an enum's value, a mark of some tool."""

WEBHOOKS: Final = "x-webhooks"
"""Where our documents, which are OpenAPI 3.0, have what 3.1 calls ``webhooks``."""

_BODY = {"schema": "schema", "content": "{media}"}
_CHILDREN: dict[str, dict[str, str]] = {
    "document": {
        "info": "info",
        "servers": "[server]",
        "tags": "[tag]",
        "security": "[requirement]",
        "paths": "{path item}",
        WEBHOOKS: "{path item}",
        "components": "components",
    },
    "server": {"variables": "{server variable}"},
    "path item": {**dict.fromkeys(METHODS, "operation"), "parameters": "[parameter]", "servers": "[server]"},
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "{response}",
        "callbacks": "{callback}",
        "security": "[requirement]",
        "servers": "[server]",
    },
    "callback": {"*": "path item"},
    "requirement": {"*": "[scope]"},
    "parameter": _BODY,
    "header": _BODY,
    "request body": {"content": "{media}"},
    "response": {"content": "{media}", "headers": "{header}", "links": "{link}"},
    "media": {"schema": "schema", "encoding": "{encoding}"},
    "encoding": {"headers": "{header}"},
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "requestBodies": "{request body}",
        "headers": "{header}",
        "securitySchemes": "{security scheme}",
        "links": "{link}",
        "callbacks": "{callback}",
    },
    "security scheme": {"flows": "{flow}"},
    "flow": {"scopes": "{text}"},
    "schema": {
        "required": "[name]",
        "enum": "[value]",
        "properties": "{schema}",
        "items": "schema",
        "additionalProperties": "schema",
        "allOf": "[schema]",
        "oneOf": "[schema]",
        "anyOf": "[schema]",
        "not": "schema",
    },
}

_DESCRIBED = frozenset({"description"})
_EXAMPLES = frozenset({"example", "examples"})
_PROSE: dict[str, frozenset[str]] = {
    "document": frozenset({"externalDocs"}),
    "info": frozenset({"title", "summary", "description", "termsOfService", "contact", "license"}),
    "server": _DESCRIBED,
    "server variable": _DESCRIBED,
    "tag": _DESCRIBED | {"externalDocs"},
    "path item": _DESCRIBED | {"summary"},
    "operation": _DESCRIBED | {"summary", "externalDocs"},
    "parameter": _DESCRIBED | _EXAMPLES,
    "header": _DESCRIBED | _EXAMPLES,
    "request body": _DESCRIBED,
    "response": _DESCRIBED,
    "media": _EXAMPLES,
    "link": _DESCRIBED,
    "components": frozenset({"examples"}),
    "security scheme": _DESCRIBED,
    "schema": _DESCRIBED | _EXAMPLES | {"title", "externalDocs"},
}

_ORDER: dict[str, str] = {
    "document": f"openapi info externalDocs servers tags security paths {WEBHOOKS} components",
    "info": "title version description",
    "server": "url description variables",
    "tag": "name description",
    "path item": "summary description servers parameters",
    "operation": "operationId tags summary description deprecated servers security parameters requestBody responses",
    "parameter": "name in required deprecated description style explode allowEmptyValue allowReserved schema content",
    "header": "required deprecated description style explode schema content",
    "request body": "description required content",
    "response": "description headers content links",
    "components": "schemas responses parameters requestBodies headers securitySchemes links callbacks",
    "security scheme": "type description name in scheme bearerFormat flows openIdConnectUrl",
    "flow": "authorizationUrl tokenUrl refreshUrl scopes",
    "schema": (
        "type format nullable deprecated readOnly writeOnly title description default enum multipleOf minimum "
        "exclusiveMinimum maximum exclusiveMaximum minLength maxLength pattern minItems maxItems uniqueItems "
        "minProperties maxProperties required properties additionalProperties discriminator allOf oneOf anyOf not items"
    ),
}
_RANKS = {kind: {key: rank for rank, key in enumerate(order.split())} for kind, order in _ORDER.items()}


def child(kind: str, key: str) -> str:
    """The kind of what a key of an object of some kind leads to."""
    if kind.startswith("{"):
        return kind[1:-1]
    known = _CHILDREN.get(kind, {})
    return known.get(key) or known.get("*", DATA)


def prose(kind: str) -> frozenset[str]:
    """The keys of an object of some kind under which stands text for people, or an example."""
    return _PROSE.get(kind, frozenset())


def is_foreign(kind: str, key: str) -> bool:
    """Whether a key is an extension of some tool's, which says nothing of the wire."""
    return not kind.startswith("{") and kind != DATA and key.startswith("x-") and key != WEBHOOKS


def takes_description(kind: str, *, named: bool) -> bool:
    """Whether a new object is to be described: not what others describe already, such as a parameter's schema.

    Args:
        kind: What it is.
        named: Whether it is a property or a component, and not a part of something.
    """
    return named if kind == "schema" else "description" in prose(kind) and kind not in ("info", "path item")


def is_named(kind: str) -> bool:
    """Whether an object's keys are names, so that any of them may be one that has a meaning elsewhere."""
    return kind.startswith("{") or kind in ("callback", "requirement")


def rank(kind: str, key: str) -> int:
    """Where a key stands among the others of its object, in the order that our documents keep."""
    ranks = _RANKS.get(kind, {})
    return ranks.get(key, len(ranks))


__all__ = ["DATA", "WEBHOOKS", "child", "is_foreign", "is_named", "prose", "rank", "takes_description"]
