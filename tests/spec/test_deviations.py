"""Every value that the bundle treats otherwise than Brex published it: found again, listed, and accounted for."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from brex_accounting.spec.bundle import Bundle
from brex_accounting.spec.deviations import render
from brex_accounting.spec.overlay import ABSENT as NOT_THERE
from brex_accounting.spec.overlay import Change

from . import deviation_facts, documents, wire_facts
from .deviation_facts import page, pinned
from .documents import ACCOUNTING, TEAM, WEBHOOKS, Tree
from .wire_facts import ABSENT, Difference, Place

# ---- what is expected, in the words of wire_facts --------------------------------------------------------------------

TEXT = {"nullable": False, "type": "string"}
API_ERROR = {
    "application/json": {
        "nullable": False,
        "type": "object",
        "fields": {
            "type": {"required": True, **TEXT},
            "message": {"required": True, **TEXT},
            "code": {"required": False, "nullable": True, "type": "string"},
        },
    }
}
UPDATED_AT = {
    "required": False,
    "style": "deepObject",
    "allowReserved": False,
    "allowEmptyValue": False,
    "explode": True,
    "schema": {
        "nullable": False,
        "type": "object",
        "fields": {bound: {"required": False, **TEXT} for bound in ("gt", "gte", "lt", "lte")},
    },
}
BOUND = {
    "required": False,
    "style": "form",
    "allowReserved": False,
    "allowEmptyValue": False,
    "explode": True,
    "schema": {"nullable": False, "anyOf": {"0": {**TEXT, "format": "date-time"}, "1": {**TEXT, "format": "date"}}},
}
OLD_HOSTS = ["https://platform.brexapis.com", "https://platform.staging.brexapps.com"]
HOSTS = ["https://api.brex.com", "https://api-staging.brex.com"]

LIST_RECORDS = "GET /v3/accounting/records"
GET_RECORD = "GET /v3/accounting/records/{record_id}"
PAGE = "200/application/json/fields"
ITEM = f"{PAGE}/items/items/fields"

EXPECTED: dict[str, list[tuple[str, str, Any, Any]]] = {
    ACCOUNTING: [
        (LIST_RECORDS, "query updated_at", UPDATED_AT, ABSENT),
        (LIST_RECORDS, "query updated_at[gt]", ABSENT, BOUND),
        (LIST_RECORDS, "query updated_at[gte]", ABSENT, BOUND),
        (LIST_RECORDS, "query updated_at[lt]", ABSENT, BOUND),
        (LIST_RECORDS, "query updated_at[lte]", ABSENT, BOUND),
    ],
    WEBHOOKS: [("servers", "", OLD_HOSTS, HOSTS)],
    TEAM: [("servers", "", OLD_HOSTS, HOSTS)],
}
"""What the page of deviations holds for sure, written out here; besides, every operation gets the common error."""


def found(bundle: Tree | None = None) -> list[Difference]:
    published = {name: documents.published(name) for name in documents.PUBLISHED}
    return wire_facts.differences(published, documents.published("bundle.yaml") if bundle is None else bundle)


def text(row: tuple[str, str, Any, Any]) -> str:
    return json.dumps(row, sort_keys=True)


def changes() -> dict[str, list[Change]]:
    return documents.committed_bundle().changes


def starts(place: Place, other: Place) -> bool:
    return other[: len(place)] == place


def accounted(difference: Difference) -> bool:
    """Whether changes are recorded for all that a difference consists of; for a plain value, with both its sides."""
    listed = changes().get(difference.owner, [])
    if not isinstance(difference.published, dict | list) and not isinstance(difference.bundled, dict | list):
        values = (difference.published, difference.bundled)
        return any(
            values == (change.published, change.bundled) for change in listed if change.location in difference.places
        )
    return all(
        any(starts(place, change.location) or starts(change.location, place) for change in listed)
        for place in difference.places
    )


def unaccounted(differences: list[Difference]) -> list[Difference]:
    return [difference for difference in differences if not accounted(difference)]


class TestComparison:
    def test_the_list(self) -> None:
        """The bundle differs from the published documents in exactly the values of the page."""
        assert deviation_facts.PAGE.read_text(encoding="utf-8").splitlines() == page(found()).splitlines()

    def test_what_the_page_says(self) -> None:
        """The page is in the words that are expected: what the generator must not be given, written out here."""
        rows = {name: {text(pinned(each)) for each in found() if each.owner == name} for name in documents.PUBLISHED}
        for name, expected in EXPECTED.items():
            assert [] == [row for row in map(text, expected) if row not in rows[name]]

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_every_operation_has_the_common_error(self, name: str) -> None:
        """Each operation of each document, and no other, gets the error of the gateway as its default answer."""
        paths = documents.published(name)["paths"]
        rows = [each.row() for each in found() if each.owner == name and each.path == "default"]
        subjects = [f"{method.upper()} {path}" for path, item in paths.items() for method in item]
        assert [(subject, "default", ABSENT, API_ERROR) for subject in subjects] == rows

    def test_each_has_its_reason(self) -> None:
        """Every difference is recorded as a change of its document's overlay, with a reason."""
        assert [] == unaccounted(found())
        assert all(change.reason.strip() for listed in changes().values() for change in listed)

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_each_recorded_change_shows(self, name: str) -> None:
        """Every recorded change that is not prose is a difference, or a part of one."""
        mine = [difference for difference in found() if difference.owner == name]
        places = {place for difference in mine for place in (difference.whole, *difference.places)}
        hidden = [
            change.location
            for change in changes()[name]
            if not wire_facts.is_prose(change.location) and not any(starts(place, change.location) for place in places)
        ]
        assert [] == hidden

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_prose_is_all_that_does_not_show(self, name: str) -> None:
        """What is recorded and counts as prose is a description, an example, or a mark for our own templates."""
        prose = {change.location[-1] for change in changes()[name] if wire_facts.is_prose(change.location)}
        assert prose <= {"description", "example", "x-name", "x-secret"}

    def test_each_overlay_belongs_to_its_document(self) -> None:
        """The changes of a document come from the overlay that is called after it, action by action."""
        for name, listed in changes().items():
            assert {name.replace("_api", "")} == {change.overlay for change in listed}
            actions = documents.read(documents.PROJECT / "openapi" / "overlays" / name.replace("_api", ""))["actions"]
            assert set(range(1, len(actions) + 1)) == {change.action for change in listed}
            assert {action["description"].strip() for action in actions} == {change.reason for change in listed}

    def test_scopes(self) -> None:
        """The bundle declares the scopes of all documents and no others."""

        def scopes(document: Tree) -> set[str]:
            return set(document["components"]["securitySchemes"]["OAuth2"]["flows"]["authorizationCode"]["scopes"])

        expected = set().union(*(scopes(documents.published(name)) for name in documents.PUBLISHED))
        assert expected == scopes(documents.published("bundle.yaml"))


def put(*path: str | int, to: object) -> Callable[[Tree], None]:
    """A change to a tree: a value at a place, or gone from there if it is ``ABSENT``."""

    def change(tree: Any) -> None:
        *way, last = path
        for part in way:
            tree = tree[part]
        if to is ABSENT:
            del tree[last]
        else:
            tree[last] = to

    return change


SCHEMAS = ("components", "schemas")
RECORDS = ("paths", "/v3/accounting/records", "get")
CREATE = ("paths", "/v3/accounting/integration", "post")
FLOW = ("components", "securitySchemes", "OAuth2", "flows", "authorizationCode")
CREATE_INTEGRATION = "POST /v3/accounting/integration"


KNOWN = {GET_RECORD, LIST_RECORDS, CREATE_INTEGRATION, "GET /v1/expenses", "GET /v1/expenses/{id}"}
"""Operations that the cases below know; whatever else a newer document has may be reached by the same schemas."""


class TestTheComparisonItself:
    """That it finds what it is meant to find: the bundle is changed behind its back, one value at a time."""

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (
                put(*SCHEMAS, "Vendor", "properties", "email", "nullable", to=False),
                [
                    (GET_RECORD, f"{PAGE}/vendor/fields/email/nullable"),
                    (LIST_RECORDS, f"{ITEM}/vendor/fields/email/nullable"),
                ],
            ),
            (
                put(*SCHEMAS, "AccountingRecord", "properties", "user", "nullable", to=False),
                [(GET_RECORD, f"{PAGE}/user/nullable"), (LIST_RECORDS, f"{ITEM}/user/nullable")],
            ),
            (
                put(*SCHEMAS, "CreateIntegrationRequest", "required", to=["vendor"]),
                [(CREATE_INTEGRATION, "body/application/json/fields/vendor_account_id/required")],
            ),
            (
                put(*SCHEMAS, "UpdatableWebhookSubscriptionStatus", "enum", to=["ACTIVE"]),
                [("PUT /v1/webhooks/{id}", "body/application/json/fields/status/enum")],
            ),
            (
                put(*SCHEMAS, "LegalEntity", "properties", "created_at", "format", to="date"),
                [
                    ("GET /v1/expenses", f"{ITEM}/spending_entity/fields/created_at/format"),
                    ("GET /v1/expenses/{id}", f"{PAGE}/spending_entity/fields/created_at/format"),
                ],
            ),
            (
                put(*SCHEMAS, "AccountingRecordReadyForExportEvent", "properties", "companyId", to=ABSENT),
                [("POST accountingRecordReadyForExport", "body/application/json/fields/companyId")],
            ),
            (
                put(*SCHEMAS, "Company", "properties", "accountType", to={"type": "string"}),
                [("GET /v2/company", f"{PAGE}/accountType/enum"), ("unused AccountType", "")],
            ),
            (
                put(*SCHEMAS, "ReportExportResultsRequest", "properties", "results", "minItems", to=2),
                [("POST /v3/accounting/records/export-results", "body/application/json/fields/results/minItems")],
            ),
            (
                put(*SCHEMAS, "ReportExportResultsRequest", "properties", "results", "items", "oneOf", 1, to=ABSENT),
                [
                    (
                        "POST /v3/accounting/records/export-results",
                        "body/application/json/fields/results/items/oneOf/1",
                    ),
                    ("unused FailedExportResult", ""),
                ],
            ),
            (
                put(*SCHEMAS, "Expense", "properties", "expense_line_items", "items", to={"type": "string"}),
                [
                    ("GET /v1/expenses", f"{ITEM}/expense_line_items/items"),
                    ("GET /v1/expenses/{id}", f"{PAGE}/expense_line_items/items"),
                ],
            ),
            (put(*SCHEMAS, "Extra", to={"type": "object"}), [("unused Extra", "")]),
            (put(*RECORDS, "parameters", 0, "required", to=True), [(LIST_RECORDS, "query ids/required")]),
            (put(*RECORDS, "parameters", 0, "explode", to=False), [(LIST_RECORDS, "query ids/explode")]),
            (
                put(*RECORDS, "parameters", 0, "style", to="pipeDelimited"),
                [(LIST_RECORDS, "query ids/explode"), (LIST_RECORDS, "query ids/style")],
            ),
            (
                put(*RECORDS, "parameters", 0, "in", to="header"),
                [(LIST_RECORDS, "header ids"), (LIST_RECORDS, "query ids")],
            ),
            (
                put(*RECORDS, "parameters", 3, "schema", "format", to="uuid"),
                [(LIST_RECORDS, "query cursor/schema/format")],
            ),
            (
                put(*RECORDS, "parameters", 4, "schema", "default", to=False),
                [(LIST_RECORDS, "query single_entry/schema/default")],
            ),
            (put(*RECORDS, "responses", "403", to=ABSENT), [(LIST_RECORDS, "403")]),
            (put(*RECORDS, "responses", "418", to={"description": ""}), [(LIST_RECORDS, "418")]),
            (put(*RECORDS, "responses", "400", "content", to={}), [(LIST_RECORDS, "400/application/json")]),
            (put(*RECORDS, "security", 0, "OAuth2", to=[]), [(LIST_RECORDS, "security")]),
            (put(*RECORDS, "security", to=[]), [(LIST_RECORDS, "security")]),
            (put(*RECORDS, "operationId", to="listRecords"), [(LIST_RECORDS, "operationId")]),
            (put(*RECORDS, "servers", to=[]), [(LIST_RECORDS, "servers")]),
            (put(*CREATE, "requestBody", "required", to=False), [(CREATE_INTEGRATION, "body/required")]),
            (
                put(*CREATE, "requestBody", to=ABSENT),
                [(CREATE_INTEGRATION, "body"), ("unused CreateIntegrationRequest", "")],
            ),
            (put("paths", "/v2/company", to=ABSENT), [("GET /v2/company", ""), ("unused Company", "")]),
            (put("paths", "/v9", to={"get": {"responses": {}}}), [("GET /v9", "")]),
            (put(*FLOW, "tokenUrl", to="https://elsewhere"), [("sign-in", "OAuth2")]),
        ],
        ids=lambda case: "/".join(case[0]) if isinstance(case, list) else "",
    )
    def test_a_change_is_found(self, change: Callable[[Tree], None], expected: list[tuple[str, str]]) -> None:
        """Each kind of value is compared, and a difference that no overlay records stands out."""
        bundle = copy.deepcopy(documents.published("bundle.yaml"))
        change(bundle)
        known = {text(difference.row()) for difference in found()}
        new = [
            difference
            for difference in found(bundle)
            if text(difference.row()) not in known
            and (difference.subject in KNOWN or difference.subject in dict(expected))
        ]
        assert sorted(expected) == sorted({difference.row()[:2] for difference in new})
        assert [d.row() for d in new] == [d.row() for d in unaccounted(new)]

    @pytest.mark.parametrize(
        "change",
        [
            put(*RECORDS, "description", to="Other words."),
            put(*SCHEMAS, "Vendor", "properties", "email", "example", to="other"),
            put(*SCHEMAS, "Vendor", "x-direction", to="request"),
            put(*RECORDS, "security", 0, "OAuth2", to=["accounting.record.write", "accounting.record.read"]),
            put(*RECORDS, "parameters", 0, "explode", to=True),
            put(*RECORDS, "parameters", 0, "style", to="form"),
            put(*SCHEMAS, "Vendor", "properties", "name", "nullable", to=False),
            put(
                *SCHEMAS,
                "AccountingRecord",
                "properties",
                "type",
                to={"allOf": [documents.schema("AccountingRecordType")]},
            ),
        ],
    )
    def test_what_is_no_change(self, change: Callable[[Tree], None]) -> None:
        """Prose, the order of scopes and other spellings of the same are no differences."""
        bundle = copy.deepcopy(documents.published("bundle.yaml"))
        change(bundle)
        assert [d.row() for d in found()] == [d.row() for d in found(bundle)]


def rows(page: str) -> list[str]:
    return [line for line in page.splitlines() if line.startswith("| `")]


class TestPage:
    def test_it_is_current(self) -> None:
        """openapi/DEVIATIONS.md is what render makes of the overlays."""
        committed = (documents.PROJECT / "openapi" / "DEVIATIONS.md").read_text(encoding="utf-8")
        assert committed == render(documents.committed_bundle())

    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_it_says_why(self, name: str) -> None:
        """Below each document's heading stands every reason of its overlay, once."""
        page = (documents.PROJECT / "openapi" / "DEVIATIONS.md").read_text(encoding="utf-8")
        (section,) = (part for part in page.split("\n## ") if part.startswith(f"`{name}`"))
        for reason in {change.reason for change in changes()[name]}:
            assert 1 == section.count("\n" + " ".join(reason.split()) + "\n")

    def test_it_has_a_row_for_each_value(self) -> None:
        """Each recorded change of a value has one row; prose has none."""
        prose = ("description", "example", "summary")
        listed = [change for part in changes().values() for change in part if change.location[-1] not in prose]
        assert len(listed) == len(rows(render(documents.committed_bundle())))

    @pytest.mark.parametrize(
        ("change", "row"),
        [
            (Change("o", 1, "Why.", ("a", 0, "/b", "c"), 1, True), "| `a[0]./b.c` | `1` | `true` |"),
            (Change("o", 1, "Why.", ("a",), "x", NOT_THERE), '| `a` | `"x"` | absent |'),
            (Change("o", 1, "Why.", ("a",), NOT_THERE, None), "| `a` | absent | `null` |"),
            (Change("o", 1, "Why.", ("a",), "ü|", []), '| `a` | `"ü\\|"` | `[]` |'),
        ],
    )
    def test_a_row(self, change: Change, row: str) -> None:
        """A row shows place, published value and bundled value as JSON; a bar in a value does not end its cell."""
        assert [row] == rows(render(Bundle(document={}, changes={ACCOUNTING: [change]})))

    def test_a_document_without_deviations(self) -> None:
        """A document that is taken as published has no heading."""
        assert "##" not in render(Bundle(document={}, changes={ACCOUNTING: []}))
