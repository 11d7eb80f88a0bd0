"""What the build refuses to carry, each refusal with its place and remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .documents import (
    PAGE,
    TEAM,
    TEXT,
    THING,
    Tree,
    answering,
    document,
    json_of,
    operation,
    schema,
    sending,
)


def with_field(name: str, body: Tree) -> Tree:
    return document({"/a": answering("a", schema("T"))}, {"T": {"type": "object", "properties": {name: body}}})


def with_answer(body: Tree, **schemas: Tree) -> Tree:
    return document({"/a": answering("a", body)}, {"Item": THING, **schemas})


def with_parameter(**parameter: Any) -> Tree:
    whole = {"name": "p", "in": "query", "schema": TEXT, **parameter}
    path = "/a/{p}" if whole["in"] == "path" else "/a"
    return document({path: {"get": operation("a", parameters=[whole])}}, {"Item": THING})


INLINE = "paths./a.get.responses.200.content.application/json.schema"
FIELD = "components.schemas.T"


class TestRefusals:
    @pytest.mark.parametrize(
        ("target", "names"),
        [
            (
                document({"/a": {"get": operation("readBook"), "post": operation("read_book")}}),
                "GET /a and POST /a",
            ),
            (
                document({}, {"AuthorId": THING, "AuthorID": THING}),
                "schema AuthorId and schema AuthorID",
            ),
        ],
    )
    def test_two_that_would_be_one_module(self, refused: Callable[..., str], target: Tree, names: str) -> None:
        """Names that the generator makes one module of are refused, since the later would replace the earlier."""
        message = refused({TEAM: target})
        assert message.startswith(f"{names}: their names differ in letter case and signs only, and would be one module")

    @pytest.mark.parametrize(
        ("place", "name"), [("header", "page"), ("query", "Page"), ("query", "[page]")], ids=["place", "case", "signs"]
    )
    def test_two_that_would_be_one_argument(self, refused: Callable[..., str], place: str, name: str) -> None:
        """A parameter for which the generator would rename the argument of another one is refused."""
        ones = [{"name": "page", "in": "query", "schema": TEXT}, {"name": name, "in": place, "schema": TEXT}]
        message = refused({TEAM: document({"/a": {"get": operation("a", parameters=ones)}})})
        assert message.startswith(f"GET /a: the parameters 'query page' and '{place} {name}' would be one argument; ")

    def test_two_of_one_name_in_two_packages(self, made: Callable[..., Tree]) -> None:
        """Operations of different tags are in packages of their own, and may have like names."""
        ones = {"get": operation("readBook", tags=["A"]), "post": operation("read_book", tags=["B"])}
        assert {"get", "post"} == set(made({TEAM: document({"/a": ones})})["paths"]["/a"])

    @pytest.mark.parametrize(
        ("target", "place"),
        [
            (with_field("f", schema("Gone")), f"{FIELD}.properties.f: $ref '#/components/schemas/Gone'"),
            (document({}, {"T": {"type": "array", "items": schema("Gone")}}), f"{FIELD}.items: $ref"),
            (with_answer(schema("Gone")), f"{INLINE}: $ref"),
            (with_field("f", schema("Item/properties/id")), f"{FIELD}.properties.f: $ref"),
            (with_field("f", {"$ref": "other.yaml#/A"}), f"{FIELD}.properties.f: $ref 'other.yaml#/A'"),
            (
                document({"/a": {"get": operation("a", parameters=[{"$ref": "#/components/parameters/P"}])}}),
                "paths./a.get.parameters[0]: $ref '#/components/parameters/P'",
            ),
            (
                document(**{"x-webhooks": {"e": {"post": operation("e", schema("Gone"))}}}),
                "x-webhooks.e.post.responses.200.content.application/json.schema: $ref",
            ),
        ],
    )
    def test_references_that_lead_nowhere(self, refused: Callable[..., str], target: Tree, place: str) -> None:
        """A reference to anything but a named schema is refused where it stands, whether anyone uses it or not."""
        assert refused({TEAM: target}).startswith(place)

    @pytest.mark.parametrize(
        ("broken", "place"),
        [
            (document({"/a": {"get": {"operationId": "a"}}}), "bundle: paths./a.get"),
            (document({"a": {"get": operation("a")}}), "bundle: paths"),
            (with_field("f", {"type": "text"}), f"bundle: {FIELD}.properties.f"),
            (with_field("f", {"type": ["string", "null"]}), f"bundle: {FIELD}.properties.f"),
            (document({"/a/{id}": {"get": operation("a")}}), "bundle: "),
        ],
        ids=["no responses", "no slash", "unknown type", "OpenAPI 3.1", "undeclared path parameter"],
    )
    def test_what_is_no_valid_openapi(self, refused: Callable[..., str], broken: Tree, place: str) -> None:
        """An invalid document is refused with the innermost place that is wrong, in a few words."""
        message = refused({TEAM: broken})
        assert message.startswith(place)
        assert len(message) < 200

    @pytest.mark.parametrize("key", ["oneOf", "anyOf"])
    @pytest.mark.parametrize(
        ("wrap", "place"),
        [
            (with_answer, "GET /a.responses.200.content.application/json.schema"),
            (lambda choice: with_answer({"type": "array", "items": choice}), "GET /a.responses.200"),
            (lambda choice: with_answer(schema("T"), T=choice), FIELD),
            (
                lambda choice: with_answer(schema("T"), T={"type": "object", "properties": {"f": choice}}),
                f"{FIELD}.properties.f",
            ),
            (
                lambda choice: document(
                    {},
                    {"Item": THING},
                    **{"x-webhooks": {"e": {"post": operation("e", requestBody={"content": json_of(choice)})}}},
                ),
                "x-webhooks.e.post.requestBody",
            ),
        ],
        ids=["inline", "list", "named", "field", "event"],
    )
    def test_a_choice_in_an_answer(
        self, refused: Callable[..., str], wrap: Callable[[Tree], Tree], place: str, key: str
    ) -> None:
        """Answers and events must be one schema each, wherever the choice stands."""
        message = refused({TEAM: wrap({key: [schema("Item"), TEXT]})})
        assert message.startswith(place)
        assert f"a choice of schemas ({key})" in message

    def test_a_choice_in_a_request(self, made: Callable[..., Tree]) -> None:
        """Callers may choose between schemas."""
        choice = {"oneOf": [schema("Item"), schema("Other")]}
        parts = document({"/a": sending("a", choice)}, {"Item": THING, "Other": THING})
        found = made({TEAM: parts})["paths"]["/a"]["post"]
        assert choice == found["requestBody"]["content"]["application/json"]["schema"]

    @pytest.mark.parametrize(
        "more",
        [{"201": {"description": "No.", "content": json_of(TEXT)}}, {"202": {"description": "Later."}}],
        ids=["another body", "no body"],
    )
    def test_different_bodies_for_success(self, refused: Callable[..., str], more: Tree) -> None:
        """A call returns one model, so 2xx answers with different bodies are refused with the operation."""
        get = operation("a", schema("Item"))
        get["responses"] |= more
        message = refused({TEAM: document({"/a": {"get": get}}, {"Item": THING})})
        assert message == "GET /a: has different bodies for different 2xx answers; a call returns one model"

    def test_the_same_body_for_success(self, made: Callable[..., Tree]) -> None:
        """Several 2xx answers with one body are no matter, nor are errors with another."""
        get = operation("a", schema("Item"))
        get["responses"]["201"] = get["responses"]["200"]
        get["responses"]["404"] = {"description": "No.", "content": json_of(schema("Error"))}
        made({TEAM: document({"/a": {"get": get}}, {"Item": THING, "Error": THING})})

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            (with_field("f", {"type": "integer", "enum": [1, 2]}), f"{FIELD}.properties.f"),
            (with_answer(schema("E"), E={"enum": ["a", 1]}), "components.schemas.E"),
            (with_parameter(schema={"type": "integer", "enum": [1]}), "paths./a.get.parameters[0].schema"),
            (with_answer({"type": "array", "items": {"type": "boolean", "enum": [True]}}), f"{INLINE}.items"),
        ],
    )
    def test_an_enum_that_is_not_of_strings(self, refused: Callable[..., str], body: Tree, place: str) -> None:
        """An enum that would be closed is refused wherever it stands."""
        assert refused({TEAM: body}).startswith(f"{place}: an enum that is not of strings would be closed")

    @pytest.mark.parametrize("values", [["a b", "A_B"], ["A_B", "a-b"], ["x", "X"]])
    def test_enum_values_that_would_be_one_member(self, refused: Callable[..., str], values: list[str]) -> None:
        """Two values that lead to one name are refused with both, instead of one of them vanishing."""
        message = refused({TEAM: with_field("f", {"type": "string", "enum": values})})
        assert message.startswith(f"{FIELD}.properties.f: {values[0]!r} and {values[1]!r} would be one member")

    def test_an_enum_that_can_be_null(self, made: Callable[..., Tree]) -> None:
        """Null beside strings, as OpenAPI wants it for a nullable enum, is no matter."""
        made({TEAM: with_field("f", {"type": "string", "nullable": True, "enum": ["a", None]})})

    @pytest.mark.parametrize(
        "name", ["class", "import", "None", "x-y", "1st", "a b", "_hidden", "__init__", "", "café au lait"]
    )
    def test_a_field_that_cannot_be_an_attribute(self, refused: Callable[..., str], name: str) -> None:
        """Fields are named as on the wire, so a name that Python does not take is refused, and named."""
        expected = f"{FIELD}: the field name {name!r} cannot be an attribute, which are named as on the wire"
        assert expected == refused({TEAM: with_field(name, TEXT)})

    @pytest.mark.parametrize("name", ["bool", "dict", "float", "int", "list", "self", "str", "tuple"])
    def test_a_field_that_would_break_its_model(self, refused: Callable[..., str], name: str) -> None:
        """A field that would shadow a type, or the model itself, in its class is refused, and named."""
        expected = f"{FIELD}: the field name {name!r} is taken in every model"
        assert expected == refused({TEAM: with_field(name, TEXT)})

    @pytest.mark.parametrize("name", ["match", "type", "id", "datetime", "items", "is_known", "été"])
    def test_a_field_that_is_no_trouble(self, made: Callable[..., Tree], name: str) -> None:
        """Soft keywords, modules and other builtins may be fields."""
        assert name in made({TEAM: with_field(name, TEXT)})["components"]["schemas"]["T"]["properties"]

    @pytest.mark.parametrize(
        ("wrap", "place"),
        [
            (with_answer, INLINE),
            (lambda body: with_field("f", body), f"{FIELD}.properties.f"),
            (
                lambda body: document({"/a": sending("a", body)}),
                "paths./a.post.requestBody.content.application/json.schema",
            ),
            (lambda body: with_answer({"allOf": [schema("Item"), body]}), f"{INLINE}.allOf[1]"),
        ],
        ids=["inline answer", "inner object", "inline request", "composed"],
    )
    def test_fields_of_objects_without_a_name(
        self, refused: Callable[..., str], wrap: Callable[[Tree], Tree], place: str
    ) -> None:
        """The names of fields are looked at in inline objects as well."""
        message = refused({TEAM: wrap({"type": "object", "properties": {"class": TEXT}})})
        assert message.startswith(f"{place}: the field name 'class'")

    @pytest.mark.parametrize("nullable", [{}, {"nullable": True}])
    def test_null_in_an_enum(self, made: Callable[..., Tree], nullable: Tree) -> None:
        """A null that an enum lists is said by nullable alone: listed twice, it would become a class of its own."""
        state = {"type": "string", "enum": ["A", None, "B"], **nullable}
        fields = made({TEAM: with_field("state", state)})["components"]["schemas"]["T"]["properties"]
        assert {"type": "string", "enum": ["A", "B"], "nullable": True} == fields["state"]

    def test_an_operation_without_a_good_answer(self, refused: Callable[..., str]) -> None:
        """An operation without any 2xx answer is refused: its call would have nothing to return."""
        operation = {"operationId": "a", "responses": {"default": {"description": "d"}}}
        assert refused({TEAM: document({"/a": {"get": operation}})}).startswith("GET /a: has no 2xx answer")

    @pytest.mark.parametrize("by_name", [True, False])
    def test_a_secret_in_a_composed_model(self, refused: Callable[..., str], by_name: bool) -> None:
        """The template cannot hide a secret of a composed model, so such a model is refused; elsewhere it may be."""
        holder = {"type": "object", "properties": {"uri": {**TEXT, "x-secret": True}}}
        part = schema("Holder") if by_name else holder
        message = refused({TEAM: with_answer({"allOf": [schema("Item"), part]}, Holder=holder, Item=THING)})
        assert message.startswith(f"{INLINE}: a model composed of several schemas (allOf) would show its secret 'uri'")

    @pytest.mark.parametrize("name", ["bad_records", "raw", "raw_item", "repaired"])
    def test_a_field_that_every_page_has(self, refused: Callable[..., str], name: str) -> None:
        """A field of a page that is called like a page's own attribute is refused, and named; elsewhere it is free."""
        page = {**PAGE, "properties": {**PAGE["properties"], name: TEXT}}
        message = refused({TEAM: with_answer(schema("T"), T=page)})
        assert message == f"{FIELD}: the field name {name!r} is taken by every page"

    @pytest.mark.parametrize("name", ["bad_records", "raw", "raw_item", "repaired"])
    def test_the_same_field_elsewhere(self, made: Callable[..., Tree], name: str) -> None:
        """What a page has is free for other objects."""
        made({TEAM: with_field(name, TEXT)})

    @pytest.mark.parametrize(
        "body",
        [{"type": "object"}, {"type": "object", "properties": {}}, {"type": "object", "additionalProperties": TEXT}],
        ids=["bare", "empty", "map"],
    )
    def test_an_object_without_fields(self, refused: Callable[..., str], body: Tree) -> None:
        """A model without fields would lose all that comes, so its object is refused with the remedy."""
        message = refused({TEAM: with_field("f", body)})
        assert message.startswith(f"{FIELD}.properties.f: a model of an object without fields would hold nothing of it")
        assert "by an overlay" in message

    @pytest.mark.parametrize(
        "parameter",
        [
            {"in": "cookie"},
            {"style": "deepObject", "schema": THING},
            {"schema": schema("Item")},
            {"schema": {"type": "array", "items": schema("Item")}},
            {"schema": {"type": "array", "items": TEXT}, "explode": False},
            {"schema": {"type": "array", "items": TEXT}, "style": "pipeDelimited"},
            {"in": "header", "schema": {"type": "array", "items": TEXT}},
            {"in": "path", "required": True, "style": "label"},
        ],
        ids=["cookie", "deepObject", "object", "objects", "joined", "piped", "list in a header", "label"],
    )
    def test_a_parameter_that_would_be_sent_otherwise(self, refused: Callable[..., str], parameter: Tree) -> None:
        """A parameter that the client would drop or send in another form is refused, and named."""
        message = refused({TEAM: with_parameter(**parameter)})
        path = "/a/{p}" if parameter.get("in") == "path" else "/a"
        assert message.startswith(f"GET {path} parameter 'p': would not be sent as the document says")

    @pytest.mark.parametrize(
        "parameter",
        [
            {"schema": {"type": "array", "items": TEXT}},
            {"schema": {"type": "array", "items": TEXT}, "style": "form", "explode": True},
            {"explode": False},
            {"in": "header"},
            {"in": "path", "required": True, "style": "simple"},
        ],
    )
    def test_a_parameter_that_is_sent_as_it_says(self, made: Callable[..., Tree], parameter: Tree) -> None:
        """Lists that repeat their name and single values are no matter."""
        made({TEAM: with_parameter(**parameter)})

    @pytest.mark.parametrize(
        "content",
        [
            {"multipart/form-data": {"schema": THING}},
            {"text/csv": {"schema": TEXT}},
            {"application/json": {"schema": THING}, "application/xml": {"schema": THING}},
        ],
        ids=["form", "text", "JSON and XML"],
    )
    def test_bodies_that_are_not_just_json(self, refused: Callable[..., str], content: Tree) -> None:
        """A request or an answer that is anything but JSON is refused with the operation and its kinds."""
        post = operation("a", requestBody={"content": content})
        assert refused({TEAM: document({"/a": {"post": post}})}).startswith("POST /a requestBody: holds ")

    def test_answers_that_are_not_json(self, refused: Callable[..., str]) -> None:
        """An answer that is no JSON is refused with its code."""
        get = operation("a")
        get["responses"]["200"]["content"] = {"text/csv": {"schema": TEXT}}
        message = refused({TEAM: document({"/a": {"get": get}})})
        assert message.startswith("GET /a responses.200: holds text/csv; one kind of JSON is carried")

    def test_a_file(self, refused: Callable[..., str]) -> None:
        """A field that holds a file is refused."""
        message = refused({TEAM: with_field("f", {"type": "string", "format": "binary"})})
        assert message.startswith(f"{FIELD}.properties.f: is a file")

    @pytest.mark.parametrize("level", ["operation", "path"])
    def test_servers_of_an_operation(self, refused: Callable[..., str], level: str) -> None:
        """An operation that lives on a host of its own is refused."""
        item: Tree = {"get": operation("a")}
        (item if level == "path" else item["get"])["servers"] = [{"url": "https://upload.example"}]
        assert refused({TEAM: document({"/a": item})}).startswith("GET /a: has servers of its own")
