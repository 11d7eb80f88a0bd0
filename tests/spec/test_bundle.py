"""The bundle: joining, renaming, marking, splitting, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, validate

from brex_accounting.errors import SpecError
from brex_accounting.spec.bundle import make_bundle

from . import documents
from .documents import ACCOUNTING, EXPENSES, TEAM, WEBHOOKS, Tree, document, json_of, operation, overlay, schema

TEXT: Tree = {"type": "string"}
THING: Tree = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "note": TEXT}}


def sending(name: str, body: Tree, answer: Tree | None = None) -> Tree:
    return {"post": operation(name, answer, requestBody={"content": json_of(body)})}


def answering(name: str, answer: Tree) -> Tree:
    return {"get": operation(name, answer)}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Tree]:
    """The bundle of some documents, by file name, and overlays."""

    def make(parts: dict[str, Tree], *overlays: Tree) -> Tree:
        return make_bundle(documents.folder_of(tmp_path / "openapi", parts, *overlays)).document

    return make


@pytest.fixture
def refused(made: Callable[..., Tree]) -> Callable[..., str]:
    """The text of the error that these documents and overlays give."""

    def refuse(parts: dict[str, Tree], *overlays: Tree) -> str:
        with pytest.raises(SpecError) as caught:
            made(parts, *overlays)
        return str(caught.value)

    return refuse


class TestCommitted:
    def test_it_is_what_the_documents_give(self) -> None:
        """openapi/bundle.yaml holds, to the value and in order, what make_bundle makes of the documents beside it."""
        committed = documents.published("bundle.yaml")
        made = documents.committed_bundle().document
        assert made == committed
        assert list(made["paths"]) == list(committed["paths"])
        assert list(made["components"]["schemas"]) == list(committed["components"]["schemas"])

    def test_it_is_valid(self) -> None:
        """openapi/bundle.yaml is a valid OpenAPI 3.0 document."""
        validate(documents.published("bundle.yaml"), cls=OpenAPIV30SpecValidator)

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_so_are_the_published_documents(self, name: str) -> None:
        """Each published document is a valid OpenAPI 3.0 document by itself."""
        validate(documents.published(name), cls=OpenAPIV30SpecValidator)

    def test_every_schema_of_objects_has_a_direction(self) -> None:
        """No object, named or inside another, is left without its direction."""
        schemas = documents.committed_bundle().document["components"]["schemas"]
        objects = {name: body.get("x-direction") for name, body in schemas.items() if body.get("type") == "object"}
        sent = {name for name, direction in objects.items() if direction == "request"}
        assert sent == {
            "CreateIntegrationRequest",
            "CreateWebhookSubscriptionRequest",
            "ExportFailureDetails",
            "ExportSuccessDetails",
            "FailedExportResult",
            "ReceiptMatchRequest",
            "ReceiptUploadRequest",
            "ReportExportResultsRequest",
            "SuccessfulExportResult",
            "UpdateExpenseRequest",
            "UpdateWebhookSubscriptionRequest",
        }
        assert {direction for name, direction in objects.items() if name not in sent} == {"response"}

    def test_the_pages(self) -> None:
        """The three pages of the API are marked as such, and nothing else is."""
        schemas = documents.committed_bundle().document["components"]["schemas"]
        pages = {name for name, body in schemas.items() if "x-page" in body}
        assert pages == {"AccountingRecordPage", "ExpensePage", "WebhookSubscriptionPage"}


class TestReading:
    def test_a_document_that_is_missing(self, tmp_path: Path) -> None:
        """A published document that is not there is named."""
        folder = documents.folder_of(tmp_path / "openapi", {})
        (folder / TEAM).unlink()
        with pytest.raises(SpecError, match=r"^team_api\.yaml: cannot be read"):
            make_bundle(folder)

    def test_an_overlay_of_no_document(self, refused: Callable[..., str]) -> None:
        """An overlay that extends none of the documents is named with what it extends."""
        message = refused({}, overlay("other_api.yaml", {"target": "$", "update": {"a": 1}}))
        assert message.startswith("0.yaml: extends '../other_api.yaml', expected one of accounting_api.yaml, ")

    def test_nodes_that_a_document_writes_once_and_uses_twice(self, tmp_path: Path) -> None:
        """A YAML alias makes no connection: an action on one of its places leaves the others as they are."""
        action = {"target": "$.components.schemas.A.properties.x", "update": {"type": "integer"}}
        folder = documents.folder_of(tmp_path / "openapi", {}, overlay(ACCOUNTING, action))
        text = """\
            openapi: 3.0.1
            info: {title: Aliases, version: "1"}
            paths: {}
            components:
              schemas:
                A: {type: object, properties: {x: &number {type: number}, y: *number}}
        """
        (folder / ACCOUNTING).write_text(text, encoding="utf-8")
        bundle = make_bundle(folder)
        properties = bundle.document["components"]["schemas"]["A"]["properties"]
        assert {"x": {"type": "integer"}, "y": {"type": "number"}} == properties
        assert len(bundle.changes[ACCOUNTING]) == 1

    def test_codes_that_are_numbers(self, tmp_path: Path) -> None:
        """Response codes that YAML reads as numbers are the texts that OpenAPI means."""
        folder = documents.folder_of(tmp_path / "openapi", {})
        text = """\
            openapi: 3.0.1
            info: {title: Numbers, version: "1"}
            paths: {/a: {get: {operationId: getA, responses: {200: {description: Yes.}, 404: {description: No.}}}}}
        """
        (folder / TEAM).write_text(text, encoding="utf-8")
        assert ["200", "404"] == list(make_bundle(folder).document["paths"]["/a"]["get"]["responses"])


class TestRenaming:
    def test_references_follow(self, made: Callable[..., Tree]) -> None:
        """A schema with x-name goes by that name wherever the document refers to it; x-name itself is gone."""
        user = schema("User")
        box = {
            "type": "object",
            "properties": {"a": user, "b": {"type": "array", "items": user}, "c": {"nullable": True, "allOf": [user]}},
        }
        first = document({"/users": answering("getUser", user)}, {"User": THING, "Box": box, "User2": TEXT})
        second = document({"/other": answering("getOther", user)}, {"User": {**THING, "required": ["note"]}})
        action = {"target": "$.components.schemas.User", "update": {"x-name": "Person"}}
        found = made({EXPENSES: first, TEAM: second}, overlay(EXPENSES, action))
        schemas = found["components"]["schemas"]
        person = schema("Person")
        assert person == found["paths"]["/users"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert user == found["paths"]["/other"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert {
            "a": person,
            "b": {"type": "array", "items": person},
            "c": {"nullable": True, "allOf": [person]},
        } == schemas["Box"]["properties"]
        assert {"Person", "Box", "User", "User2"} == set(schemas)
        assert "x-name" not in schemas["Person"]
        assert (["id"], ["note"]) == (schemas["Person"]["required"], schemas["User"]["required"])

    def test_two_can_swap(self, made: Callable[..., Tree]) -> None:
        """Names are given all at once, so that two schemas can take each other's."""
        schemas = {"A": {"type": "string"}, "B": {"type": "integer"}, "C": {"type": "array", "items": schema("A")}}
        actions = [{"target": f"$.components.schemas.{a}", "update": {"x-name": b}} for a, b in ("AB", "BA")]
        found = made({TEAM: document({}, schemas)}, overlay(TEAM, *actions))["components"]["schemas"]
        assert {
            "B": {"type": "string"},
            "A": {"type": "integer"},
            "C": {"type": "array", "items": schema("B")},
        } == found

    def test_two_cannot_share(self, refused: Callable[..., str]) -> None:
        """A new name that another schema of the document has already is refused, no schema is lost."""
        action = {"target": "$.components.schemas.A", "update": {"x-name": "B"}}
        message = refused({TEAM: document({}, {"A": TEXT, "B": {"type": "integer"}})}, overlay(TEAM, action))
        assert message.startswith("schema B stands in team_api.yaml and in team_api.yaml (B)")

    def test_a_field_and_an_example_are_no_references(self, made: Callable[..., Tree]) -> None:
        """What looks like a reference in an example is data and stays."""
        body = {**THING, "example": {"$ref": "#/components/schemas/A", "type": "object"}}
        action = {"target": "$.components.schemas.A", "update": {"x-name": "B"}}
        found = made({TEAM: document({}, {"A": TEXT, "T": body})}, overlay(TEAM, action))
        assert body["example"] == found["components"]["schemas"]["T"]["example"]


class TestCollisions:
    @pytest.mark.parametrize(
        ("first", "second", "what"),
        [
            (document({}, {"A": TEXT}), document({}, {"A": {"type": "integer"}}), "schema A"),
            (
                document({"/a": answering("getA", TEXT)}),
                document({"/a": answering("getB", TEXT)}),
                "path /a",
            ),
            (
                document({"/a": answering("getIt", TEXT)}),
                document({"/b": answering("getIt", TEXT)}),
                "operationId getIt",
            ),
            (
                document({"/a": answering("getIt", TEXT), "/b": answering("getIt", TEXT)}),
                document(),
                "operationId getIt",
            ),
            (
                document(**{"x-webhooks": {"done": {"post": operation("done")}}}),
                document(**{"x-webhooks": {"done": {"post": operation("finished")}}}),
                "webhook done",
            ),
        ],
        ids=["schema", "path", "operationId", "operationId in one document", "webhook"],
    )
    def test_both_sides_and_the_remedy_are_named(
        self, refused: Callable[..., str], first: Tree, second: Tree, what: str
    ) -> None:
        """Two things of one name are refused with the name, both documents, and the way out."""
        message = refused({EXPENSES: first, WEBHOOKS: second})
        other = WEBHOOKS if second != document() else EXPENSES
        assert message.startswith(f"{what} stands in {EXPENSES} and in {other} (")
        assert message.endswith("by an overlay action (for a schema: update: {x-name: …})")

    def test_what_two_documents_share_is_one(self, made: Callable[..., Tree]) -> None:
        """A schema or path that stands in two documents word for word is taken once."""
        shared = document({"/a": answering("getA", schema("A"))}, {"A": THING})
        found = made({EXPENSES: shared, WEBHOOKS: shared})
        assert (["/a"], ["A"]) == (list(found["paths"]), list(found["components"]["schemas"]))

    def test_operations_without_an_id(self, made: Callable[..., Tree]) -> None:
        """Operations without an operationId do not collide."""
        ok: Tree = {"get": {"responses": {"200": {"description": "Yes."}}}}
        assert ["/a", "/b"] == list(made({TEAM: document({"/a": ok, "/b": ok})})["paths"])


class TestJoining:
    def test_security_of_a_document_is_spelled_out(self, made: Callable[..., Tree]) -> None:
        """An operation without security of its own gets its document's; an empty list of its own stays."""
        paths = {
            "/a": {"get": operation("a")},
            "/b": {"get": operation("b", security=[])},
            "/c": {"get": operation("c", security=[{"O": ["write"]}])},
        }
        flow = {
            "authorizationCode": {"authorizationUrl": "https://a", "tokenUrl": "https://t", "scopes": {"write": ""}}
        }
        first = document(paths, security=[{"O": []}])
        first["components"]["securitySchemes"] = {"O": {"type": "oauth2", "flows": flow}}
        second = document({"/d": {"get": operation("d")}})
        found = made({EXPENSES: first, TEAM: second})
        expected = {"/a": [{"O": []}], "/b": [], "/c": [{"O": ["write"]}], "/d": None}
        assert expected == {path: item["get"].get("security") for path, item in found["paths"].items()}
        assert "security" not in found

    def test_scopes_are_joined(self, made: Callable[..., Tree]) -> None:
        """A security scheme that documents share holds the scopes of all of them."""
        parts = {name: document() for name in (ACCOUNTING, TEAM)}
        for name, part in parts.items():
            flow = {"authorizationUrl": "https://a", "tokenUrl": "https://t", "scopes": {name: f"Of {name}."}}
            scheme = {"type": "oauth2", "description": name, "flows": {"authorizationCode": flow}}
            part["components"]["securitySchemes"] = {"O": scheme}
        (scheme,) = made(parts)["components"]["securitySchemes"].values()
        expected = {ACCOUNTING: f"Of {ACCOUNTING}.", TEAM: f"Of {TEAM}."}
        assert expected == scheme["flows"]["authorizationCode"]["scopes"]

    @pytest.mark.parametrize(
        "other",
        [
            {"type": "http", "scheme": "bearer"},
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://other", "scopes": {}}}},
            {"type": "oauth2", "flows": {}},
        ],
    )
    def test_schemes_that_differ(self, refused: Callable[..., str], other: Tree) -> None:
        """Two security schemes of one name that differ in more than scopes are refused, whichever comes first."""
        mine = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://token", "scopes": {}}}}
        parts = {ACCOUNTING: document(), TEAM: document()}
        for part, scheme in zip(parts.values(), (mine, other), strict=True):
            part["components"]["securitySchemes"] = {"O": scheme}
        assert refused(parts).startswith("team_api.yaml: the security scheme O differs")

    def test_servers(self, made: Callable[..., Tree]) -> None:
        """Documents with the same servers, whatever they say of them, and documents without any fit together."""
        servers = [{"url": "https://api.example"}]
        first = document(servers=servers)
        second = document(servers=[{"url": "https://api.example", "description": "Production."}])
        assert servers == made({ACCOUNTING: first, EXPENSES: second, TEAM: document()})["servers"]

    def test_servers_that_differ(self, refused: Callable[..., str]) -> None:
        """A document with other servers is refused: its operations would go to the wrong host unnoticed."""
        first = document(servers=[{"url": "https://api.example"}])
        second = document(servers=[{"url": "https://old.example"}])
        assert refused({ACCOUNTING: first, EXPENSES: second}).startswith("expenses_api.yaml: has other servers")

    def test_tags(self, made: Callable[..., Tree]) -> None:
        """A tag that several documents name is listed once."""
        first = document(tags=[{"name": "A", "description": "One."}])
        second = document(tags=[{"name": "A", "description": "Two."}, {"name": "B"}])
        found = made({ACCOUNTING: first, TEAM: second})["tags"]
        assert [{"name": "A", "description": "One."}, {"name": "B"}] == found

    def test_parameters_describe_their_schemas(self, made: Callable[..., Tree]) -> None:
        """A parameter's description is copied into its schema, and never into one that others refer to."""
        parameters = [
            {"name": "a", "in": "query", "description": "A.", "schema": TEXT},
            {"name": "b", "in": "query", "description": "B.", "schema": {**TEXT, "description": "Own."}},
            {"name": "c", "in": "query", "description": "C.", "schema": schema("Text")},
        ]
        found = made({TEAM: document({"/a": {"get": operation("a", parameters=parameters)}}, {"Text": TEXT})})
        schemas = [parameter["schema"] for parameter in found["paths"]["/a"]["get"]["parameters"]]
        assert [{**TEXT, "description": "A."}, {**TEXT, "description": "Own."}, schema("Text")] == schemas


class TestDirections:
    def test_named_and_inline(self, made: Callable[..., Tree]) -> None:
        """What callers send is marked as a request, what Brex sends as a response; events and inner objects too."""
        inner = {**THING, "properties": {**THING["properties"], "inner": THING}}
        paths = {"/a": sending("a", schema("Sent"), schema("Got")), "/b": sending("b", THING, THING)}
        event = {"done": {"post": operation("done", requestBody={"content": json_of(schema("Event"))})}}
        schemas = {"Sent": inner, "Got": inner, "Event": THING, "Nobody": THING, "Text": TEXT}
        found = made({TEAM: document(paths, schemas, **{"x-webhooks": event})})
        named = found["components"]["schemas"]
        expected = {"Sent": "request", "Got": "response", "Event": "response", "Nobody": "response", "Text": None}
        assert expected == {name: body.get("x-direction") for name, body in named.items()}
        assert "request" == named["Sent"]["properties"]["inner"]["x-direction"]
        assert "response" == named["Got"]["properties"]["inner"]["x-direction"]
        inline = found["paths"]["/b"]["post"]
        assert "request" == inline["requestBody"]["content"]["application/json"]["schema"]["x-direction"]
        assert "response" == inline["responses"]["200"]["content"]["application/json"]["schema"]["x-direction"]

    def test_composed_objects(self, made: Callable[..., Tree]) -> None:
        """An object that is put together from several has a direction too; a wrapper around one needs none."""
        composed = {"allOf": [schema("Base"), THING]}
        wrapped = {"nullable": True, "allOf": [schema("Base")]}
        sent = {**THING, "properties": {"id": TEXT, "a": composed, "b": wrapped}}
        found = made({TEAM: document({"/a": sending("a", schema("Sent"))}, {"Sent": sent, "Base": THING})})
        properties = found["components"]["schemas"]["Sent"]["properties"]
        assert ("request", None) == (properties["a"].get("x-direction"), properties["b"].get("x-direction"))

    @pytest.mark.parametrize("name", ["properties", "type", "example", "allOf", "enum", "items", "schemas"])
    def test_fields_with_the_names_of_keywords(self, made: Callable[..., Tree], name: str) -> None:
        """A field may be called like a keyword of OpenAPI; it stays a field, and what it holds is marked."""
        body = {"type": "object", "properties": {name: {**THING, "description": "Odd."}}}
        found = made({TEAM: document({"/a": sending("a", schema("Sent"))}, {"Sent": body})})
        expected = {name: {**THING, "description": "Odd.", "x-direction": "request"}}
        assert expected == found["components"]["schemas"]["Sent"]["properties"]


class TestSplitting:
    def test_an_object_that_goes_both_ways(self, made: Callable[..., Tree]) -> None:
        """X stays what Brex answers, XInput is what callers send, and references on each side lead to their own."""
        schemas = {
            "Whole": {"type": "object", "properties": {"part": schema("Part"), "kind": schema("Kind")}},
            "Part": {"type": "object", "properties": {"again": {"type": "array", "items": schema("Part")}}},
            "Kind": {"type": "string", "enum": ["A"]},
            "Sent": {"type": "object", "properties": {"whole": {"nullable": True, "allOf": [schema("Whole")]}}},
            "Got": {"type": "object", "properties": {"whole": schema("Whole")}},
        }
        found = made({TEAM: document({"/a": sending("a", schema("Sent"), schema("Got"))}, schemas)})
        named = found["components"]["schemas"]
        expected = {
            "Whole": ("response", {"part": schema("Part"), "kind": schema("Kind")}),
            "WholeInput": ("request", {"part": schema("PartInput"), "kind": schema("Kind")}),
            "Part": ("response", {"again": {"type": "array", "items": schema("Part")}}),
            "PartInput": ("request", {"again": {"type": "array", "items": schema("PartInput")}}),
            "Sent": ("request", {"whole": {"nullable": True, "allOf": [schema("WholeInput")]}}),
            "Got": ("response", {"whole": schema("Whole")}),
        }
        split = {name: (body["x-direction"], body["properties"]) for name, body in named.items() if name != "Kind"}
        assert expected == split
        assert schemas["Kind"] == named["Kind"]

    def test_a_body_that_is_also_an_answer(self, made: Callable[..., Tree]) -> None:
        """An operation that takes what it answers sends XInput and receives X."""
        found = made({TEAM: document({"/a": sending("a", schema("X"), schema("X"))}, {"X": THING})})["paths"]["/a"][
            "post"
        ]
        assert schema("XInput") == found["requestBody"]["content"]["application/json"]["schema"]
        assert schema("X") == found["responses"]["200"]["content"]["application/json"]["schema"]

    def test_what_an_event_brings_and_a_caller_sends(self, made: Callable[..., Tree]) -> None:
        """Events count as received."""
        event = {"done": {"post": operation("done", requestBody={"content": json_of(schema("X"))})}}
        found = made({TEAM: document({"/a": sending("a", schema("X"))}, {"X": THING}, **{"x-webhooks": event})})
        assert {"X", "XInput"} == set(found["components"]["schemas"])
        received = found["x-webhooks"]["done"]["post"]["requestBody"]
        assert schema("X") == received["content"]["application/json"]["schema"]

    def test_a_name_that_is_taken(self, refused: Callable[..., str]) -> None:
        """Where XInput exists already, the split is refused with both names."""
        parts = document({"/a": sending("a", schema("X"), schema("X"))}, {"X": THING, "XInput": THING})
        message = refused({TEAM: parts})
        assert message == "schema X is sent and received, and XInput exists already; rename one by an overlay"


PAGE: Tree = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": schema("Item")}, "next_cursor": TEXT},
}


class TestPages:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (PAGE, True),
            ({"type": "object", "properties": {"items": PAGE["properties"]["items"]}}, None),
            ({"type": "object", "properties": {"next_cursor": TEXT}}, None),
            ({"type": "object", "properties": {"next_cursor": TEXT, "items": {"type": "array", "items": TEXT}}}, None),
        ],
        ids=["page", "no cursor", "no items", "items that are no records"],
    )
    @pytest.mark.parametrize("named", [True, False], ids=["named", "inline"])
    def test_an_answer(self, made: Callable[..., Tree], body: Tree, expected: bool | None, named: bool) -> None:
        """Exactly an answer with records and a cursor is marked as a page, be it named or written inline."""
        answer = schema("Answer") if named else body
        found = made({TEAM: document({"/a": answering("a", answer)}, {"Item": THING, "Answer": body})})
        inline = found["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert expected == (found["components"]["schemas"]["Answer"] if named else inline).get("x-page")

    def test_a_request(self, made: Callable[..., Tree]) -> None:
        """What callers send is never a page."""
        found = made({TEAM: document({"/a": sending("a", schema("Sent"))}, {"Item": THING, "Sent": PAGE})})
        assert "x-page" not in found["components"]["schemas"]["Sent"]


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
