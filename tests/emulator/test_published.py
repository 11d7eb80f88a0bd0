"""The published documents as the emulator reads them, against the YAML in ``openapi/`` read by other means."""

from __future__ import annotations

from typing import Any

import pytest

from brex_accounting.emulator.published import (
    DOCUMENTS,
    METHODS,
    Parameter,
    PublishedOperation,
    document,
    operations,
    resolve,
)
from tests import strategies

PATH_KEYS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def nodes() -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """Each operation of the YAML: operationId to document, method, path and node."""
    return {
        node["operationId"]: (name, method, path, node)
        for name in strategies.DOCUMENTS
        for path, item in strategies.document(name)["paths"].items()
        for method, node in item.items()
    }


NODES = nodes()
EACH = pytest.mark.parametrize("name", NODES)


def resolved(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    return strategies.document(name)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def described(name: str, parameter: dict[str, Any]) -> Parameter:
    schema = dict(resolved(name, parameter["schema"]))
    if "items" in schema:
        schema["items"] = resolved(name, schema["items"])
    return Parameter(parameter["name"], parameter["in"], parameter.get("required", False), schema)


class TestDocuments:
    def test_all_four(self) -> None:
        """The emulator has the four published documents, and no others."""
        assert list(strategies.DOCUMENTS) == list(DOCUMENTS)

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_each_is_what_was_published(self, name: str) -> None:
        """Each is the YAML in openapi/, node for node."""
        assert strategies.document(name) == document(name)

    @pytest.mark.parametrize("name", DOCUMENTS)
    def test_nothing_is_passed_over(self, name: str) -> None:
        """No path has methods, parameters or servers of its own that the emulator does not read."""
        items = document(name)["paths"].values()
        assert set() == {key for item in items for key in item} - set(METHODS)
        assert set(METHODS) <= PATH_KEYS

    def test_references(self) -> None:
        """A reference leads to its schema; what is none is itself."""
        found = resolve("accounting_api", {"$ref": "#/components/schemas/ReviewStatus"})
        assert strategies.document("accounting_api")["components"]["schemas"]["ReviewStatus"] == found
        plain = {"type": "string"}
        assert plain is resolve("accounting_api", plain)


class TestOperations:
    def test_all_of_them(self) -> None:
        """There are the operations of the documents, eighteen at least; the event that Brex sends is none of them."""
        assert NODES.keys() == operations().keys()
        assert len(operations()) >= 18

    @EACH
    def test_where_it_is(self, name: str) -> None:
        """Document, method and path are as published; only the accounting API's errors are its own."""
        source, method, path, _ = NODES[name]
        operation = operations()[name]
        expected = (name, source, method.upper(), path, "accounting" if source == "accounting_api" else "classic")
        assert expected == (operation.id, operation.document, operation.method, operation.path, operation.dialect)

    @EACH
    def test_parameters(self, name: str) -> None:
        """Every parameter is there, in order, with its schema resolved; those of the path are all described."""
        source, _, path, node = NODES[name]
        parameters = operations()[name].parameters
        assert [described(source, parameter) for parameter in node.get("parameters", [])] == list(parameters)
        in_path = {parameter.name for parameter in parameters if parameter.place == "path"}
        assert {part[1:-1] for part in path.split("/") if part.startswith("{")} == in_path

    @EACH
    def test_every_parameter_can_be_read(self, name: str) -> None:
        """No parameter is of a type, place or style that the emulator does not know, nor a reference still."""
        for parameter in operations()[name].parameters:
            assert parameter.place in ("path", "query", "header")
            assert parameter.schema["type"] in ("string", "boolean", "integer", "number", "array", "object")
            for schema in (parameter.schema, parameter.schema.get("items", {})):
                assert "$ref" not in schema
                assert schema.keys() <= {
                    "type", "format", "nullable", "enum", "items", "properties", "default", "description",
                }  # fmt: skip
            if parameter.schema["type"] == "object":
                assert {"string"} == {member["type"] for member in parameter.schema["properties"].values()}

    @EACH
    def test_scopes(self, name: str) -> None:
        """An operation asks for the scopes that it names; what names none, or leaves it to the document, for none."""
        source, _, _, node = NODES[name]
        security = node.get("security", strategies.document(source).get("security", []))
        assert [scope for choice in security for scope in choice.get("OAuth2", [])] == list(operations()[name].scopes)

    @EACH
    def test_body(self, name: str) -> None:
        """A body is asked for where one is published, always as JSON, and always required."""
        node = NODES[name][3]
        operation = operations()[name]
        if "requestBody" not in node:
            assert operation.body is None
        else:
            assert {"application/json"} == node["requestBody"]["content"].keys()
            assert node["requestBody"]["required"] is True
            assert node["requestBody"]["content"]["application/json"]["schema"] == operation.body

    @EACH
    def test_answers(self, name: str) -> None:
        """Every published status is listed with the schema of its body, or with None where it has none."""
        node = NODES[name][3]
        expected = {
            int(status): answer.get("content", {}).get("application/json", {}).get("schema")
            for status, answer in node["responses"].items()
        }
        assert expected == operations()[name].answers
        assert all(set(answer.get("content", {})) <= {"application/json"} for answer in node["responses"].values())

    def test_one_spelled_out(self) -> None:
        """An operation reads as one would expect, to guard against a test that errs as the code does."""
        operation = operations()["getAccountingRecord"]
        expected = PublishedOperation(
            id="getAccountingRecord",
            document="accounting_api",
            method="GET",
            path="/v3/accounting/records/{record_id}",
            parameters=(
                Parameter("record_id", "path", True, {"type": "string"}),
                Parameter("single_entry", "query", False, {"type": "boolean"}),
            ),
            scopes=("accounting.record.read", "accounting.record.write"),
            body=None,
            answers={
                200: {"$ref": "#/components/schemas/AccountingRecord"},
                **{status: {"$ref": "#/components/schemas/AccountingError"} for status in (400, 401, 403, 404, 500)},
            },
        )
        assert expected == operation
