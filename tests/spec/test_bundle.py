"""The bundle: joining, renaming, marking, splitting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, validate

from brex_accounting.errors import SpecError
from brex_accounting.spec.bundle import make_bundle

from . import documents
from .documents import (
    ACCOUNTING,
    EXPENSES,
    PAGE,
    TEAM,
    TEXT,
    THING,
    WEBHOOKS,
    Tree,
    answering,
    document,
    json_of,
    operation,
    overlay,
    schema,
    sending,
)


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
