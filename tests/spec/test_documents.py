"""The wire facts of the published documents, pinned: read without the spec tools, compared with pages of facts.

The pages in ``facts/`` say what each document says. Who changes a document on purpose changes its page: by an update,
which writes the page and shows what of it changes, or by hand. Who does so by accident is told.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from . import documents
from .documents import ACCOUNTING, EXPENSES, TEAM, WEBHOOKS, Tree, published
from .published_facts import FACTS, PROSE, body_kind, fields, kind, page

Place = tuple[str | int, ...]


def bundle() -> Tree:
    return published("bundle.yaml")


def paths(name: str) -> list[Tree]:
    return list(published(name)["paths"].values())


def says(name: str, *lines: str) -> bool:
    """Whether the page of a document has a block that begins with these lines."""
    first, *others = lines
    text = "\n".join([first, *(f"    {line}" for line in others)])
    return f"\n{text}\n" in (FACTS / f"{name.removesuffix('.yaml')}.txt").read_text(encoding="utf-8")


class TestFacts:
    @pytest.mark.parametrize("name", documents.PUBLISHED)
    def test_each_is_as_published(self, name: str) -> None:
        """Operations, parameters, bodies, scopes, schemas and enums are those of the page, value for value."""
        expected = (FACTS / f"{name.removesuffix('.yaml')}.txt").read_text(encoding="utf-8")
        assert expected.splitlines() == page(published(name), name).splitlines()

    def test_there_is_a_page_for_each(self) -> None:
        """No page belongs to a document that is gone; one more is about the bundle."""
        assert {"deviations.txt", *(f"{name.removesuffix('.yaml')}.txt" for name in documents.PUBLISHED)} == {
            path.name for path in FACTS.iterdir()
        }

    def test_what_a_page_says(self) -> None:
        """The pages are in the words that are expected: some facts of each kind, written out here."""
        assert says(
            ACCOUNTING,
            "openapi 3.0.1",
            "version 1.0.0-alpha",
            "server https://api.brex.com",
            "server https://api-staging.brex.com",
        )
        assert says(
            ACCOUNTING,
            "POST /v3/accounting/integration createIntegration",
            "tag Accounting Integrations",
            "scopes accounting.integration.write",
            "body!: CreateIntegrationRequest",
            "200: AccountingIntegration",
            "400 401 403 409 500: AccountingError",
        )
        assert says(TEAM, "Company", "id!: string", "legal_name!: string", "mailing_address!: CompanyAddress")
        assert says(
            WEBHOOKS,
            "event POST accountingRecordReadyForExport accountingRecordReadyForExport",
            "tag Webhook Events",
            "open to all",
            "body!: AccountingRecordReadyForExportEvent",
            "200: no body",
        )
        assert says(ACCOUNTING, "ReviewStatus", "READY_FOR_EXPORT", "PREPARE", "REVIEW", "EXPORTED")
        assert says(
            ACCOUNTING,
            "ReportExportResultsRequest",
            "results!: [SuccessfulExportResult|FailedExportResult] minItems=1",
        )

    @pytest.mark.parametrize("name", [WEBHOOKS, TEAM])
    def test_no_value_is_passed_over(self, name: str) -> None:
        """Whatever value of a document changes, but its prose and examples, its page changes."""
        tree = copy.deepcopy(published(name))
        before = page(tree, name)
        seen = []
        for at, change in changes(tree):
            change()
            seen.append((page(tree, name) != before, at))
        assert len(seen) > 30
        assert [] == [at for different, at in seen if not different]

    def test_required_fields_exist(self) -> None:
        """No schema requires a field that it does not have."""
        for name in documents.PUBLISHED:
            for key, body in published(name)["components"]["schemas"].items():
                assert [] == [field for field in body.get("required", []) if field not in body["properties"]], key


def changes(tree: Any) -> Iterator[tuple[Place, Callable[[], None]]]:
    """Each value of a tree that is not prose, with a call that changes it; each change is undone before the next."""

    def walk(node: Any, at: Place, *, names: bool) -> Iterator[tuple[Place, Callable[[], None]]]:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            value: Any = node[key]
            if (isinstance(node, dict) and not names and key in PROSE) or (at and at[-1] == "scopes"):
                continue
            if isinstance(value, dict | list) and value:
                yield from walk(value, (*at, key), names=key in ("properties", "schemas", "paths") and not names)
                continue
            other: Any = [{"Other": []}] if key == "security" else ["other"] if value == [] else "other"
            yield (*at, key), partial(node.__setitem__, key, {"other": ""} if value == {} else other)
            node[key] = value

    yield from walk(tree, (), names=False)


class TestBundle:
    """Where the bundle is meant to differ, and where above all it must not."""

    def parameters(self, document: Tree, path: str) -> dict[str, Tree]:
        return {parameter["name"]: parameter for parameter in document["paths"][path]["get"]["parameters"]}

    def test_the_page_size(self) -> None:
        """Brex documents limit as a number with a default; the client sends an integer and has no default."""
        after = self.parameters(bundle(), "/v3/accounting/records")["limit"]["schema"]
        assert "integer" == kind(after)

    def test_the_bounds_of_updated_at(self) -> None:
        """One object with four bounds becomes four parameters under their names in the query."""
        after = self.parameters(bundle(), "/v3/accounting/records")
        bounds = {name: kind(parameter["schema"]) for name, parameter in after.items() if "updated_at" in name}
        both = "any string(date-time)|string(date)"
        assert {f"updated_at[{bound}]": both for bound in ("gt", "gte", "lt", "lte")} == bounds

    @pytest.mark.parametrize(
        ("schema", "field", "expected"),
        [
            ("AccountingRecordPage", "total_count", "integer(int32)?"),
            ("AccountingRecord", "version", "integer"),
            ("Amount", "amount", "number"),
        ],
    )
    def test_counts_and_money(self, schema: str, field: str, expected: str) -> None:
        """Counts are integers, whatever Brex calls them; an amount of money stays the number that Brex sends."""
        assert expected == kind(bundle()["components"]["schemas"][schema]["properties"][field])

    def test_money_in_expenses_counts_cents(self) -> None:
        """Expenses count the smallest unit, as 64-bit integers."""
        assert "integer(int64)" == kind(bundle()["components"]["schemas"]["Money"]["properties"]["amount"])

    def test_a_custom_field_is_anything(self) -> None:
        """Brex calls a custom field an object and says no more; it is carried as plain JSON."""
        assert "anything" == kind(bundle()["components"]["schemas"]["CustomField"])

    def test_one_pair_of_hosts(self) -> None:
        """The bundle has the current hosts only."""
        expected = ["https://api.brex.com", "https://api-staging.brex.com"]
        assert expected == [server["url"] for server in bundle()["servers"]]

    def test_two_users_and_two_receipts(self) -> None:
        """Users and receipts of the two APIs stay apart."""
        schemas = bundle()["components"]["schemas"]
        assert {"User", "ExpenseUser", "Receipt", "ExpenseReceipt"} <= set(schemas)
        assert fields(published(ACCOUNTING)["components"]["schemas"]["User"]) == fields(schemas["User"])
        assert fields(published(EXPENSES)["components"]["schemas"]["User"]) == fields(schemas["ExpenseUser"])

    def test_every_operation_may_answer_with_the_common_error(self) -> None:
        """Any status that a document does not list may hold the error body of the gateway."""
        operations = [item[method] for name in documents.PUBLISHED for item in paths(name) for method in item]
        defaults: Any = [item[method]["responses"]["default"] for item in bundle()["paths"].values() for method in item]
        assert ["ApiError"] * len(operations) == [body_kind(answer) for answer in defaults]
        expected = ["type!: string", "message!: string", "code: string?"]
        assert expected == fields(bundle()["components"]["schemas"]["ApiError"])

    def test_what_is_secret(self) -> None:
        """Signing secrets and addresses that need no token are marked, so that no repr shows them."""
        found = {
            f"{name}.{field}"
            for name, body in bundle()["components"]["schemas"].items()
            for field, part in body.get("properties", {}).items()
            if part.get("x-secret")
        }
        expected = {
            "Receipt.download_uris",
            "ExpenseReceipt.download_uris",
            "FileUpload.uri",
            "WebhookSecret.secret",
        }
        assert expected == found
