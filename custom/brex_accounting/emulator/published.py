"""The published documents, as the emulator reads them: which operations there are and what each of them promises.

They are the documents in ``openapi/`` as JSON, put here by ``make generate``; never the bundle that the client is
generated from, so that client and emulator cannot share a misreading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from .answers import Dialect

DOCUMENTS: Final = ("accounting_api", "expenses_api", "webhooks_api", "team_api")
METHODS: Final = ("get", "post", "put", "delete")

_FOLDER: Final = Path(__file__).parent / "documents"

Schema = Mapping[str, Any]


@attrs.frozen
class Parameter:
    """One parameter of an operation.

    Args:
        name: As on the wire.
        place: ``path``, ``query`` or ``header``.
        required: Whether a request without it is refused.
        schema: What it may hold, references resolved.
    """

    name: str
    place: str
    required: bool
    schema: Schema


@attrs.frozen
class PublishedOperation:
    """One operation of a published document.

    Args:
        id: Its operationId.
        document: The document that publishes it.
        method: In capitals.
        path: With ``{…}`` for its parameters.
        parameters: All of them.
        scopes: Any one of them allows a token to call it; none means that every token does.
        body: Schema of the request's body, or None.
        answers: The schema of each status that the document lists; None where it lists no body.
    """

    id: str
    document: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    scopes: tuple[str, ...]
    body: Schema | None
    answers: Mapping[int, Schema | None]

    @property
    def dialect(self) -> Dialect:
        """Whose words its errors are written in."""
        return "accounting" if self.document == "accounting_api" else "classic"


@cache
def document(name: str) -> Schema:
    """A published document.

    Args:
        name: One of ``DOCUMENTS``.
    """
    return msgspec.json.decode((_FOLDER / f"{name}.json").read_bytes(), type=dict[str, Any])


@cache
def operations() -> Mapping[str, PublishedOperation]:
    """Every operation of the four documents, by its operationId."""
    return {operation.id: operation for name in DOCUMENTS for operation in _operations(name)}


def resolve(name: str, schema: Schema) -> Schema:
    """Follow a reference into the components of a document, where the schema is one.

    Args:
        name: The document.
        schema: A schema of it.
    """
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Schema = document(name)["components"]["schemas"][str(reference).rpartition("/")[2]]
    return target


def _operations(name: str) -> Iterator[PublishedOperation]:
    for path, item in document(name)["paths"].items():
        for method in METHODS:
            if method in item:
                yield _operation(name, path, method, item[method])


def _operation(name: str, path: str, method: str, node: Schema) -> PublishedOperation:
    return PublishedOperation(
        id=node["operationId"],
        document=name,
        method=method.upper(),
        path=path,
        parameters=tuple(_parameter(name, parameter) for parameter in node.get("parameters", ())),
        scopes=tuple(scope for choice in node.get("security", ()) for scopes in choice.values() for scope in scopes),
        body=_content(node["requestBody"]) if "requestBody" in node else None,
        answers={int(status): _content(answer) for status, answer in node["responses"].items()},
    )


def _parameter(name: str, node: Schema) -> Parameter:
    schema = dict(resolve(name, node["schema"]))
    if "items" in schema:
        schema["items"] = resolve(name, schema["items"])
    return Parameter(node["name"], node["in"], bool(node.get("required", False)), schema)


def _content(node: Schema) -> Schema | None:
    content = node.get("content")
    return None if content is None else content["application/json"]["schema"]


__all__ = ["DOCUMENTS", "METHODS", "Parameter", "PublishedOperation", "Schema", "document", "operations", "resolve"]
