"""What the published documents promise, held against what comes in and what goes out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, cast

import jsonschema_rs
import msgspec

from .answers import invalid
from .published import PublishedOperation, Schema, document, operations

_LONGEST_TEXT: Final = 200
_MOST_PROBLEMS: Final = 20

_decode = msgspec.json.Decoder().decode


class ContractBroken(AssertionError):
    """An answer of the emulator's own breaks the published document: a bug in the emulator.

    Args:
        operation: The operationId.
        status: The answer's status.
        problems: What is wrong, with JSON paths.
    """

    def __init__(self, operation: str, status: int, problems: tuple[str, ...]) -> None:
        super().__init__(f"{operation} answered {status} against its document: {'; '.join(problems)}")
        self.operation = operation
        self.status = status
        self.problems = problems


def read_body(operation: PublishedOperation, content_type: str | None, body: bytes) -> Any:
    """Read and check the body of a request.

    Args:
        operation: What is called; it has a body.
        content_type: The header of that name, or None.
        body: All of it.

    Raises:
        Refusal: 400, because it is not JSON or not what the document says; the message names the JSON path.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        message = f"the body is sent as {kind[:_LONGEST_TEXT] or 'nothing'}, expected application/json"
        raise invalid(message)
    validator = _request_validator(operation.id)
    try:
        value = _decode(body)
        error = next(iter(validator.iter_errors(value)), None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        message = "the body is not JSON"
        raise invalid(message) from None
    except (RecursionError, ValueError):  # the second is how the validator says it
        message = "the body is nested too deeply"
        raise invalid(message) from None
    if error is not None:
        message = f"{_path(error)}: {_say(error)}"
        raise invalid(message)
    return value


def check_answer(operation: PublishedOperation, status: int, body: bytes) -> None:
    """Hold an answer against its document.

    Args:
        operation: What was called.
        status: The answer's status.
        body: All of it; a schema that the document does not give checks nothing.

    Raises:
        ContractBroken: It breaks the document.
    """
    problems: tuple[str, ...] = ()
    if status not in operation.answers:
        problems = (f"it lists {', '.join(map(str, operation.answers))}",)
    elif operation.answers[status] is not None:
        problems = _problems(_answer_validator(operation.id, status), body)
    if problems:
        raise ContractBroken(operation.id, status, problems)


def check_item(name: str, schema_name: str, text: bytes) -> None:
    """Hold one item of a list against its schema, so that a page need only check what is new in it.

    Args:
        name: The document.
        schema_name: A schema of it.
        text: The item as JSON.

    Raises:
        ContractBroken: It breaks the schema.
    """
    problems = _problems(_item_validator(name, schema_name), text)
    if problems:
        raise ContractBroken(schema_name, 200, problems)


def _problems(validator: jsonschema_rs.Draft4Validator, text: bytes) -> tuple[str, ...]:
    try:
        value = _decode(text)
        errors = () if validator.is_valid(value) else validator.iter_errors(value)
        return tuple(f"{_path(error)}: {_say(error)}" for error in islice(errors, _MOST_PROBLEMS))
    except (ValueError, RecursionError) as error:  # no JSON, or nested too deeply
        return (f"the body: {error}",)


@cache
def _request_validator(operation_id: str) -> jsonschema_rs.Draft4Validator:
    operation = operations()[operation_id]
    if operation.body is None:
        message = f"{operation_id} takes no body"
        raise AssertionError(message)
    return _validator(operation.document, operation.body)


@cache
def _answer_validator(operation_id: str, status: int) -> jsonschema_rs.Draft4Validator:
    operation = operations()[operation_id]
    return _validator(operation.document, operation.answers[status] or {})


@cache
def _item_validator(name: str, schema_name: str) -> jsonschema_rs.Draft4Validator:
    return _validator(name, {"$ref": f"#/components/schemas/{schema_name}"})


def _validator(name: str, schema: Schema) -> jsonschema_rs.Draft4Validator:
    # OpenAPI 3.0 builds on this draft. Formats that the draft does not know, int32 among them, are only notes to it.
    return jsonschema_rs.Draft4Validator(
        {**_with_null(schema), "components": _components(name)}, validate_formats=True, ignore_unknown_formats=True
    )


@cache
def _components(name: str) -> Mapping[str, Any]:
    return {"schemas": _with_null(document(name)["components"]["schemas"])}


def _with_null(tree: object) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(tree, list):
        return [_with_null(part) for part in cast("list[object]", tree)]
    if not isinstance(tree, dict):
        return tree
    given = cast("dict[str, object]", tree)
    node = {key: _with_null(value) for key, value in given.items() if key != "nullable"}
    return {"anyOf": [node, {"type": "null"}]} if given.get("nullable") is True else node


def _path(error: jsonschema_rs.ValidationError) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path) or "the body"


def _say(error: jsonschema_rs.ValidationError) -> str:
    return error.message[:_LONGEST_TEXT]


__all__ = ["ContractBroken", "check_answer", "check_item", "read_body"]
