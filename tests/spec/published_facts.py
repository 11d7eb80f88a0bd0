"""What a published document says on the wire, as text with a fact on each line; read without the spec tools.

``!`` is required, ``?`` nullable, ``[X]`` a list of X, ``{...}`` an object of its own, ``=1`` a default. A keyword that
has no sign of its own is spelled out, so that nothing but prose and examples is passed over.

``python -m tests.spec.published_facts DOCUMENT`` prints them; an update of a document writes them into ``facts/``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Tree = dict[str, Any]

FACTS = Path(__file__).parent / "facts"

HEAD = """\
# What {name} says on the wire, a fact on each line; tests/spec/published_facts.py tells the signs.
# An update of the document writes this page. Whoever edits the document by hand, and means it, edits its line here.
"""
PROSE = {"description", "summary", "title", "example", "examples", "externalDocs"}
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def rest(node: Tree, *told: str) -> str:
    """Every keyword that is not told otherwise."""
    left = {key: part for key, part in node.items() if key not in told and key not in PROSE}
    return "".join(f" {key}={json.dumps(part, sort_keys=True, default=str)}" for key, part in sorted(left.items()))


def kind(schema: Any) -> str:
    """A schema in one word."""
    if not isinstance(schema, dict):
        return json.dumps(schema)
    mark = "?" if schema.get("nullable") is True else ""
    told = {"nullable"} if mark else set()
    if "$ref" in schema:
        return schema["$ref"].removeprefix("#/components/schemas/") + rest(schema, "$ref")
    if set(schema) - PROSE - told == {"allOf"} and len(schema["allOf"]) == 1:
        return kind(schema["allOf"][0]) + mark
    if set(schema) - PROSE - told == {"oneOf"}:
        return "|".join(kind(part) for part in schema["oneOf"]) + mark
    if set(schema) - PROSE - told == {"anyOf"}:
        return "any " + "|".join(kind(part) for part in schema["anyOf"]) + mark
    told |= {"type", "format", "default", "properties", "required", "items", "enum"}
    if schema.get("type") == "array" and "items" in schema:
        word = f"[{kind(schema['items'])}]"
    elif "properties" in schema:
        word = (
            "{" + ", ".join(fields(schema)) + "}" + ("" if schema.get("type") == "object" else f" {schema.get('type')}")
        )
    else:
        word = str(schema.get("type", "anything"))
    shape = f"({schema['format']})" if "format" in schema else ""
    values = f" of {json.dumps(schema['enum'])}" if "enum" in schema else ""
    default = f" ={json.dumps(schema['default'])}" if "default" in schema else ""
    lost = [name for name in schema.get("required", []) if name not in schema.get("properties", {})]
    return word + shape + mark + values + default + (f" required={lost}" if lost else "") + rest(schema, *told)


def fields(schema: Tree) -> list[str]:
    required = schema.get("required", [])
    return [f"{name}{'!' * (name in required)}: {kind(part)}" for name, part in schema.get("properties", {}).items()]


def parameter_line(parameter: Tree) -> str:
    if "$ref" in parameter:
        return f"parameter {parameter['$ref']}"
    style = f" {parameter['style']}" if "style" in parameter else ""
    mark = "!" if parameter.get("required") is True else ""
    told = ("name", "in", "schema", "style", *(["required"] if mark else []))
    held = kind(parameter["schema"]) if "schema" in parameter else "no schema"
    return f"{parameter['in']} {parameter['name']}{mark}: {held}{style}{rest(parameter, *told)}"


def body_kind(holder: Tree) -> str:
    if "content" not in holder:
        return "no body" + rest(holder, "required")
    parts = [
        ("" if media == "application/json" else f"{media} ") + kind(body.get("schema", {})) + rest(body, "schema")
        for media, body in holder["content"].items()
    ]
    return " and ".join(parts) + rest(holder, "content", "required")


def security_lines(requirements: list[Tree] | None) -> list[str]:
    if requirements is None:
        return []
    if not requirements:
        return ["open to all"]
    return [
        " ".join(["scopes", *([] if name == "OAuth2" else [f"({name})"]), *scopes])
        for requirement in requirements
        for name, scopes in (requirement or {"none": []}).items()
    ]


def operation_lines(document: Tree, where: str, operation: Tree, item: Tree) -> list[str]:
    answers: dict[str, list[str]] = {}
    for code, answer in operation.get("responses", {}).items():
        answers.setdefault(body_kind(answer), []).append(code)
    body = operation.get("requestBody")
    told = ("operationId", "tags", "security", "parameters", "requestBody", "responses")
    mark = "!" if body and body.get("required") is True else ""
    return [
        f"{where} {operation.get('operationId')}{rest(operation, *told)}",
        *(f"tag {tag}" for tag in operation.get("tags", [])),
        *security_lines(operation.get("security", document.get("security"))),
        *(parameter_line(parameter) for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]),
        *([f"body{mark}: {body_kind(body)}"] if body else []),
        *(f"{' '.join(codes)}: {held}" for held, codes in answers.items()),
    ]


def operation_table(document: Tree, part: str = "paths", word: str = "") -> list[list[str]]:
    return [
        operation_lines(
            document, f"{word}{method.upper()} {path}{rest(item, 'parameters', *METHODS)}", item[method], item
        )
        for path, item in document.get(part, {}).items()
        for method in item
        if method in METHODS
    ]


def schema_lines(name: str, schema: Tree) -> list[str]:
    if "enum" in schema and schema.get("type") == "string":
        values = [value if isinstance(value, str) else json.dumps(value) for value in schema["enum"]]
        return [f"{name}{rest(schema, 'enum', 'type')}", *values]
    if "properties" in schema and schema.get("type") == "object":
        lost = [field for field in schema.get("required", []) if field not in schema["properties"]]
        lines = fields(schema) + ([f"required without a field: {', '.join(lost)}"] if lost else [])
        return [f"{name}{rest(schema, 'properties', 'type', 'required')}", *lines]
    return [f"{name}: {kind(schema)}"]


def scheme_lines(name: str, scheme: Tree) -> Iterator[str]:
    yield f"sign-in {name}{rest(scheme, 'flows')}"
    for flow, settings in scheme.get("flows", {}).items():
        yield f"{flow}{rest(settings, 'scopes')}"
        yield from (f"scope {scope}" for scope in settings.get("scopes", {}))


def facts(document: Tree) -> list[list[str]]:
    """The facts in blocks: a line at the margin, and the lines that belong to it."""
    parts = document.get("components", {})
    top = ("openapi", "info", "servers", "tags", "security", "paths", "x-webhooks", "components")
    return [
        [
            f"openapi {document['openapi']}{rest(document, *top)}",
            f"version {document['info']['version']}",
            *(f"server {server['url']}{rest(server, 'url')}" for server in document.get("servers", [])),
            *(f"tag {tag['name']}{rest(tag, 'name')}" for tag in document.get("tags", [])),
            *(f"by default {line}" for line in security_lines(document.get("security"))),
            *(
                [f"components{rest(parts, 'schemas', 'securitySchemes')}"]
                if rest(parts, "schemas", "securitySchemes")
                else []
            ),
        ],
        *operation_table(document),
        *operation_table(document, "x-webhooks", "event "),
        *(schema_lines(name, schema) for name, schema in parts.get("schemas", {}).items()),
        *([*scheme_lines(name, scheme)] for name, scheme in parts.get("securitySchemes", {}).items()),
    ]


def page(document: Tree, name: str) -> str:
    blocks = ["".join([f"{head}\n", *(f"    {line}\n" for line in lines)]) for head, *lines in facts(document)]
    return "\n".join([HEAD.format(name=name), *blocks])


def main(path: Path) -> None:
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(page(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")), path.name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
