"""Refusals: what the generator, the templates or the decoder could not carry faithfully stops the build here.

Every message names the place and, where there is one, the remedy.
"""

from __future__ import annotations

import keyword
from typing import Any, cast

from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.schemas.backend.jsonschema import create_validator
from openapi_spec_validator.schemas.utils import get_schema_content

from ..errors import SpecError
from .document import (
    SCHEMA_PREFIX,
    Location,
    Node,
    describes_object,
    is_list,
    is_object,
    nodes,
    operations,
    reachable_nodes,
    reference,
    schemas,
    show,
)

_TAKEN = {"bool", "dict", "float", "int", "list", "self", "str", "tuple"}
_TAKEN_BY_PAGES = {"bad_records", "raw", "raw_item", "repaired"}
_STYLES = {"query": "form", "path": "simple", "header": "simple"}


# With jsonschema-rs installed, which the emulator uses, they would take that, whose errors say less of the place.
class _Validator(OpenAPIV30SpecValidator):
    schema_validator = create_validator(dict(get_schema_content("3.0")))


class _Validator31(OpenAPIV31SpecValidator):
    schema_validator = create_validator(dict(get_schema_content("3.1")))


def check_references(bundle: Node) -> None:
    """Refuse references that lead nowhere, or to anything but a named schema.

    Raises:
        SpecError: Names the first such place.
    """
    for at, node in nodes(bundle):
        target = node.get("$ref")
        if isinstance(target, str) and reference(node) not in schemas(bundle):
            message = f"{show(at)}: $ref {target!r} leads to no schema below {SCHEMA_PREFIX}; write out what it means"
            raise SpecError(message)


def check(bundle: Node) -> None:
    """Refuse what could not be carried faithfully, in a bundle whose references are sound and objects marked.

    Raises:
        SpecError: Names the first such place, and the remedy.
    """
    check_validity(bundle, "bundle")
    _check_modules(bundle)
    for at, node in nodes(bundle):
        if at[:2] != ("components", "securitySchemes"):
            _check_schema(at, node)
            _check_composition(bundle, at, node)
    for where, operation, item in operations(bundle):
        if "servers" in operation or "servers" in item:
            message = f"{where}: has servers of its own, and the client has one base URL; remove them by an overlay"
            raise SpecError(message)
        _check_answers(where, operation)
        _check_content(f"{where} requestBody", operation.get("requestBody", {}))
        _check_arguments(where, [*item.get("parameters", []), *operation.get("parameters", [])])
        for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
            _check_parameter(bundle, f"{where} parameter {parameter['name']!r}", parameter)
    received = {where: {"responses": operation.get("responses", {})} for where, operation, _ in operations(bundle)}
    received["x-webhooks"] = bundle.get("x-webhooks", {})
    for at, node in [*nodes(received), *reachable_nodes(bundle, received)]:
        _check_choice(at, node)


def check_validity(document: Node, name: str) -> None:
    """Refuse what is no valid OpenAPI document of the version that it says it is, 3.0 or 3.1.

    Args:
        document: The document; its references lead somewhere.
        name: What to call it in an error.

    Raises:
        SpecError: Names the first such place.
    """
    validator = _Validator31 if str(document["openapi"]).startswith("3.1") else _Validator
    for error in validator(cast("Any", document)).iter_errors():
        inner: Any = error
        while inner.context:  # of the alternatives that all fail, the one that got furthest says what is wrong
            inner = max(inner.context, key=lambda alternative: len(alternative.absolute_path))
        message = f"{name}: {show(tuple(inner.absolute_path)) or 'at the top'}: {inner.message}"
        raise SpecError(message)


def _check_modules(bundle: Node) -> None:
    """Refuse names of which the generator makes one module, where the later would take the place of the earlier."""
    kept = {where: operation for where, operation, _ in operations(bundle) if "operationId" in operation}
    modules = {where: f"{(node.get('tags') or [''])[0]}/{node['operationId']}" for where, node in kept.items()}
    classes = {f"schema {name}": str(node.get("title") or name) for name, node in schemas(bundle).items()}
    for named, update in ((modules, "operationId: …"), (classes, "x-name: …, or another title")):
        seen: dict[str, str] = {}
        for where, name in named.items():
            word = _without_signs(name)
            if word in seen:
                message = (
                    f"{seen[word]} and {where}: their names differ in letter case and signs only, and would be one "
                    f"module; give one of them another by an overlay action (update: {{{update}}})"
                )
                raise SpecError(message)
            seen[word] = where


def _check_arguments(where: str, parameters: list[Node]) -> None:
    """Refuse parameters that would be one argument: the generator gives the older one another name then, too."""
    seen: dict[str, str] = {}
    for parameter in parameters:
        label = f"{parameter['in']} {parameter['name']}"
        word = _without_signs(str(parameter["name"]))
        if seen.setdefault(word, label) != label:
            message = (
                f"{where}: the parameters {seen[word]!r} and {label!r} would be one argument; take one of them out by "
                "an overlay"
            )
            raise SpecError(message)


def _without_signs(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum() or letter == "/").lower()


def _check_answers(where: str, operation: Node) -> None:
    bodies: set[str] = set()
    if not any(code.startswith("2") for code in operation.get("responses", {})):
        message = f"{where}: has no 2xx answer, so a call would have nothing to return; add one by an overlay"
        raise SpecError(message)
    for code, answer in operation.get("responses", {}).items():
        _check_content(f"{where} responses.{code}", answer)
        if code.startswith("2"):
            bodies |= {str(body.get("schema")) for body in answer.get("content", {}).values()} or {"none"}
    if len(bodies) > 1:
        message = f"{where}: has different bodies for different 2xx answers; a call returns one model"
        raise SpecError(message)


def _check_content(where: str, body: Node) -> None:
    kinds = list(body.get("content", {}))
    if len(kinds) > 1 or not all(kind == "application/json" or kind.endswith("+json") for kind in kinds):
        message = f"{where}: holds {', '.join(kinds)}; one kind of JSON is carried, remove the others by an overlay"
        raise SpecError(message)


def _check_parameter(bundle: Node, where: str, parameter: Node) -> None:
    schema = parameter.get("schema")
    place = parameter["in"]
    inside = [node for _, node in [*nodes(schema), *reachable_nodes(bundle, schema)]]
    lists = any(node.get("type") == "array" for node in inside)
    fits = (
        schema is not None
        and place in _STYLES
        and parameter.get("style", _STYLES[place]) == _STYLES[place]
        and not (lists and (place != "query" or parameter.get("explode") is False))
        and not any(describes_object(node) for node in inside)
    )
    if not fits:
        message = (
            f"{where}: would not be sent as the document says; sent are single values in path, query and header, and "
            "lists that repeat their name in the query; write it out as such, or remove it, by an overlay"
        )
        raise SpecError(message)


def _check_schema(where: Location, node: Node) -> None:
    values: object = node.get("enum")
    if is_list(values):
        _check_enum(where, values)
    if node.get("format") == "binary":
        message = f"{show(where)}: is a file, and only JSON is carried; remove it by an overlay"
        raise SpecError(message)
    if not describes_object(node):
        return
    properties: object = node.get("properties")
    if is_object(properties) and properties:
        _check_names(where, properties, _TAKEN, "is taken in every model")
        if node.get("x-page"):
            _check_names(where, properties, _TAKEN_BY_PAGES, "is taken by every page")
    elif "allOf" not in node:
        message = (
            f"{show(where)}: a model of an object without fields would hold nothing of it; remove its type by an "
            "overlay, and it is carried as plain JSON"
        )
        raise SpecError(message)


def _check_composition(bundle: Node, where: Location, node: Node) -> None:
    parts: object = node.get("allOf")
    if not is_list(parts) or len(parts) < 2:
        return
    inner: list[Node] = [schemas(bundle)[name] if (name := reference(part)) else part for part in parts]
    for schema in inner:
        for name, field in schema.get("properties", {}).items():
            if "x-secret" in field:
                message = (
                    f"{show(where)}: a model composed of several schemas (allOf) would show its secret {name!r} in its "
                    "repr; write its fields out by an overlay"
                )
                raise SpecError(message)


def _check_enum(where: Location, values: list[Any]) -> None:
    members: dict[str, str] = {}
    for value in values:
        if value is None:
            continue
        if not isinstance(value, str):
            message = (
                f"{show(where)}: an enum that is not of strings would be closed; make it a plain type by an overlay"
            )
            raise SpecError(message)
        member = "".join(letter for letter in value.upper() if letter.isalnum())
        if members.setdefault(member, value) != value:
            message = f"{show(where)}: {members[member]!r} and {value!r} would be one member; remove one by an overlay"
            raise SpecError(message)


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
        if len(node.get(key, [])) > 1:
            message = f"{show(where)}: Brex answers with a choice of schemas ({key}); settle on one by an overlay"
            raise SpecError(message)
