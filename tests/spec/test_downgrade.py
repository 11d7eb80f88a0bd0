"""OpenAPI 3.1 in the words of 3.0."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.errors import SpecError
from brex_accounting.spec.dialect import read_published
from brex_accounting.spec.downgrade import downgraded

from .documents import PUBLISHED, Tree, document, published

REF: Tree = {"$ref": "#/components/schemas/Other"}


def schema_of(schema: Any) -> Any:
    """A schema of a document of 3.1, as 3.0 says it."""
    tree = document(schemas={"Some": schema, "Other": {"type": "object"}}, openapi="3.1.0")
    return downgraded(tree, "new.yaml")["components"]["schemas"]["Some"]


def refusal(tree: Tree) -> str:
    with pytest.raises(SpecError) as caught:
        downgraded(tree, "new.yaml")
    return str(caught.value)


class TestSchemas:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
            ({"type": ["null", "array"], "items": {}}, {"type": "array", "items": {}, "nullable": True}),
            ({"type": "array"}, {"type": "array", "items": {}}),
            ({"type": ["string"]}, {"type": "string"}),
            ({"type": ["integer", "number"]}, {"type": "number"}),
            (
                {"type": ["string", "boolean", "null"], "description": "D"},
                {"anyOf": [{"type": "string"}, {"type": "boolean"}], "nullable": True, "description": "D"},
            ),
            (
                {"type": ["string", "null"], "enum": ["A", None]},
                {"type": "string", "enum": ["A", None], "nullable": True},
            ),
            ({"anyOf": [REF, {"type": "null"}]}, {"allOf": [REF], "nullable": True}),
            ({"oneOf": [{"type": "null"}, REF]}, {"allOf": [REF], "nullable": True}),
            (
                {"anyOf": [REF, {"type": "null"}], "description": "D"},
                {"allOf": [REF], "nullable": True, "description": "D"},
            ),
            (
                {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                {"type": "string", "format": "date", "nullable": True},
            ),
            (
                {"anyOf": [REF, {"type": "string"}, {"type": "null"}]},
                {"anyOf": [REF, {"type": "string"}], "nullable": True},
            ),
            ({"anyOf": [REF, {"const": None}]}, {"allOf": [REF], "nullable": True}),
            ({"const": "BILL"}, {"enum": ["BILL"], "type": "string"}),
            ({"type": "integer", "const": 3}, {"type": "integer", "enum": [3]}),
            ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
            ({"exclusiveMinimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
            ({"exclusiveMaximum": 3, "maximum": 9}, {"maximum": 3, "exclusiveMaximum": True}),
            ({"exclusiveMinimum": 3, "minimum": 9}, {"minimum": 9}),
            ({"exclusiveMinimum": 3, "minimum": 3}, {"minimum": 3, "exclusiveMinimum": True}),
            ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}),
            ({**REF, "description": "D"}, REF),
            ({**REF, "deprecated": True}, {"deprecated": True, "allOf": [REF]}),
            ({**REF, "allOf": [{"type": "object"}]}, {"allOf": [{"type": "object"}, REF]}),
            ({"type": "string", "contentEncoding": "base64"}, {"type": "string", "format": "byte"}),
            (
                {"type": "string", "contentMediaType": "application/octet-stream"},
                {"type": "string", "format": "binary"},
            ),
            ({"type": "string", "contentMediaType": "text/csv"}, {"type": "string"}),
            ({"type": "string", "$comment": "C", "x-tool": [1]}, {"type": "string", "x-tool": [1]}),
            ({"additionalProperties": False, "unevaluatedProperties": True}, {"additionalProperties": False}),
            (True, {}),
            (
                {"type": "object", "properties": {"type": {"type": ["string", "null"]}, "const": {"const": "A"}}},
                {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string", "nullable": True},
                        "const": {"enum": ["A"], "type": "string"},
                    },
                },
            ),
            ({"type": "string", "default": {"const": 1}}, {"type": "string", "default": {"const": 1}}),
            ({"enum": [{"type": ["a", "null"]}]}, {"enum": [{"type": ["a", "null"]}]}),
            ({"items": {"type": ["string", "null"]}}, {"items": {"type": "string", "nullable": True}}),
            ({"not": {"const": "A"}}, {"not": {"enum": ["A"], "type": "string"}}),
        ],
    )
    def test_each_has_its_words(self, said: Any, expected: Tree) -> None:
        """What both can say is said, and nothing that was not there."""
        assert expected == schema_of(said)

    @pytest.mark.parametrize(
        ("said", "what"),
        [
            ({"prefixItems": []}, "prefixItems; give the items one schema"),
            ({"patternProperties": {}}, "patternProperties; say it with additionalProperties"),
            ({"if": {}, "then": {}}, "if; say it with oneOf"),
            ({"unevaluatedProperties": False}, "unevaluatedProperties; say it with additionalProperties"),
            ({"$id": "https://x"}, "$id; refer to schemas below components only"),
            (
                {"type": ["string", "integer"], "format": "x"},
                "several types (string, integer) with what is beside them",
            ),
            ({"type": ["array", "string"]}, "several types (array, string)"),
            ({"type": "null"}, "null as the only value; give the type"),
            ({"const": None}, "null as the only value"),
            ({"contentMediaType": "application/json"}, "contentMediaType 'application/json'; say it with a format"),
            ({"contentEncoding": "quoted-printable"}, "contentEncoding 'quoted-printable'"),
            ({"someday": 1}, "someday; take it out"),
        ],
    )
    def test_what_it_cannot_say(self, said: Tree, what: str) -> None:
        """What 3.0 has no words for stops with its place and the remedy, however deep it is."""
        for schema, place in (
            (said, "Some"),
            ({"properties": {"a": {"items": said}}}, "Some.properties.a.items"),
            ({"allOf": [{}, said]}, "Some.allOf.1"),
        ):
            found = refusal(document(schemas={"Some": schema}, openapi="3.1.0"))
            assert found.startswith(f"new.yaml: components.schemas.{place}: OpenAPI 3.0 cannot say {what}")
            assert found.endswith(", in the file that you give")

    def test_false_as_a_schema(self) -> None:
        """A property that may never be there has no words either; no other properties has."""
        assert "false as a schema" in refusal(document(schemas={"A": {"properties": {"b": False}}}, openapi="3.1.0"))
        assert {"additionalProperties": False} == schema_of({"additionalProperties": False})

    def test_definitions_of_a_schemas_own(self) -> None:
        """``$defs`` become named schemas, with names that are free, and references follow."""
        some = {
            "properties": {
                "a": {"$ref": "#/components/schemas/Some/$defs/Part"},
                "b": {"$ref": "#/components/schemas/Some/$defs/Other"},
            },
            "$defs": {"Part": {"type": ["string", "null"]}, "Other": {"type": "integer"}},
        }
        tree = document(schemas={"Some": some, "Other": {"type": "object"}}, openapi="3.1.0")
        assert {
            "Some": {
                "properties": {
                    "a": {"$ref": "#/components/schemas/Part"},
                    "b": {"$ref": "#/components/schemas/SomeOther"},
                }
            },
            "Other": {"type": "object"},
            "Part": {"type": "string", "nullable": True},
            "SomeOther": {"type": "integer"},
        } == downgraded(tree, "new.yaml")["components"]["schemas"]

    def test_definitions_that_a_discriminator_names(self) -> None:
        """What a discriminator maps values to follows a definition to its new place."""
        some = {
            "oneOf": [{"$ref": "#/components/schemas/Some/$defs/Part"}],
            "discriminator": {"propertyName": "kind", "mapping": {"PART": "#/components/schemas/Some/$defs/Part"}},
            "$defs": {"Part": {"type": "object"}},
        }
        found = downgraded(document(schemas={"Some": some}, openapi="3.1.0"), "new.yaml")
        assert {"propertyName": "kind", "mapping": {"PART": "#/components/schemas/Part"}} == found["components"][
            "schemas"
        ]["Some"]["discriminator"]


class TestDocuments:
    def test_what_3_1_says_of_a_document_besides(self, tmp_path: Path) -> None:
        """A document's summary and its licence's identifier, which 3.0 has not, are prose and stand in no way."""
        tree = document(openapi="3.1.0")
        tree["info"] |= {"summary": "S.", "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}}
        (tmp_path / "new.json").write_text(json.dumps(tree), encoding="utf-8")
        found = read_published(tmp_path / "new.json").tree["info"]
        assert ("Made up", {"name": "Apache 2.0"}) == (found["title"], found["license"])
        assert "summary" not in found

    def test_webhooks(self) -> None:
        """What 3.1 calls webhooks has the place that it has in our document; without paths there are none."""
        hook = {"post": {"requestBody": {"content": {"application/json": {"schema": {"const": "A"}}}}, "responses": {}}}
        tree = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "webhooks": {"ready": hook}}
        found = downgraded(tree, "new.yaml")
        assert ({}, "3.0.3", False) == (found["paths"], found["openapi"], "webhooks" in found)
        body = found["x-webhooks"]["ready"]["post"]["requestBody"]
        assert {"application/json": {"schema": {"enum": ["A"], "type": "string"}}} == body["content"]

    def test_both_kinds_of_webhooks(self) -> None:
        """Two places for the same thing are one too many."""
        assert "has webhooks and x-webhooks" in refusal({**document(), "webhooks": {}, "x-webhooks": {}})

    def test_shared_path_items(self) -> None:
        """3.0 cannot keep them, so they are written out where they are used."""
        item = {"get": {"responses": {"200": {"description": "D"}}}}
        tree = document(paths={"/a": {"$ref": "#/components/pathItems/A"}}, openapi="3.1.0")
        tree["components"]["pathItems"] = {"A": item}
        found = downgraded(tree, "new.yaml")
        assert ({"/a": item}, {"schemas": {}}) == (found["paths"], found["components"])

    def test_a_reference_has_nothing_beside_it(self) -> None:
        """Anywhere: a shared parameter's description in one operation says nothing in 3.0."""
        tree = document(paths={"/a": {"parameters": [{"$ref": "#/components/parameters/A", "description": "D"}]}})
        assert [{"$ref": "#/components/parameters/A"}] == downgraded(tree, "n")["paths"]["/a"]["parameters"]

    def test_other_dialects(self) -> None:
        """A dialect of its own may mean anything; OpenAPI's own is no news."""
        assert "jsonSchemaDialect: 'https://x' may mean anything" in refusal(
            {**document(), "jsonSchemaDialect": "https://x"}
        )
        known = {**document(), "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base"}
        assert "jsonSchemaDialect" not in downgraded(known, "new.yaml")

    def test_mutual_tls(self) -> None:
        """A way to sign in that 3.0 does not know is named."""
        tree = document()
        tree["components"]["securitySchemes"] = {"M": {"type": "mutualTLS"}}
        assert "components.securitySchemes.M: OpenAPI 3.0 cannot say mutual TLS" in refusal(tree)

    def test_the_document_that_is_given_stays(self) -> None:
        """What is made is another tree."""
        tree = document(schemas={"A": {"type": ["string", "null"], "$defs": {"B": {"const": 1}}}}, openapi="3.1.0")
        before = copy.deepcopy(tree)
        downgraded(tree, "new.yaml")
        assert before == tree


def upgraded(tree: Any, *, names: bool = False) -> Any:
    """A document of 3.0 as a publisher would write it in 3.1."""
    if isinstance(tree, list):
        return [upgraded(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    made = {key: upgraded(part, names=not names and key in ("properties", "schemas")) for key, part in tree.items()}
    if names or "nullable" not in made:
        return made
    del made["nullable"]
    if "type" in made:
        made["type"] = [made["type"], "null"]
        return made
    return {"anyOf": [*made.pop("allOf"), {"type": "null"}], **made}


class TestOurDocuments:
    @pytest.mark.parametrize("name", PUBLISHED)
    def test_each_written_in_3_1_reads_the_same(self, name: str, tmp_path: Path) -> None:
        """Each of our documents, translated to 3.1 and read, is what it was."""
        tree = {**upgraded(published(name)), "openapi": "3.1.0"}
        if "x-webhooks" in tree:
            tree["webhooks"] = tree.pop("x-webhooks")
        (tmp_path / "new.json").write_text(json.dumps(tree), encoding="utf-8")
        assert {**published(name), "openapi": "3.0.3"} == read_published(tmp_path / "new.json").tree
