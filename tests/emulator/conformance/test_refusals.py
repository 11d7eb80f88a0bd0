"""What is declared as a right refusal: it exists, it is listed, and it has a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from brex_accounting.emulator import World, serve_in_thread

from .documents import DOCUMENTS, UNLISTED, operations
from .refusals import REFUSALS, UNSEEN
from .settings import make_world

INTEGRATION = "/v3/accounting/integration"
RECORDS = "/v3/accounting/records"
REPORT = "/v3/accounting/records/export-results"
EXPENSES = "/v1/expenses"
WEBHOOKS = "/v1/webhooks"

SUBSCRIPTION = {"url": "https://example.com/hook", "event_types": ["USER_UPDATED"]}

LISTED = {
    (node["operationId"], status)
    for name in DOCUMENTS
    for _, _, node in operations(name)
    for status in node["responses"]
}
"""Every operation with every status that the documents list for it."""


@pytest.fixture
def world() -> World:
    return make_world(60)


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    token = world.issuer.user_token("main")
    with (
        serve_in_thread(world, whole=True) as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {token}"}) as client,
    ):
        yield client


def vendor(name: str) -> dict[str, str]:
    return {"vendor": name, "vendor_account_id": "1"}


def report(*record_ids: str) -> dict[str, Any]:
    return {"results": [{"accounting_record_id": record_id, "success": {}} for record_id in record_ids]}


class TestRefusals:
    def test_each_exists(self, world: World, client: httpx.Client) -> None:
        """Each declared refusal is met by a request that fits the schema; one that never is would hide mistakes."""
        record = next(found.id for found in world.tenant().records.all() if found.review_status == "PREPARE")
        expense = next(found.id for found in world.tenant().expenses.all() if found.expense_type != "CARD")
        integration = client.post(INTEGRATION, json=vendor("A")).json()["integration_id"]
        answers = {
            "createIntegration": [client.post(INTEGRATION, json=vendor("B"))],
            "reactivateIntegration": [
                client.post(f"{INTEGRATION}/{integration}/reactivate"),
                client.post(f"{INTEGRATION}/unknown/reactivate"),
            ],
            "disconnectIntegration": [
                client.post(f"{INTEGRATION}/{integration}/disconnect"),
                client.post(f"{INTEGRATION}/{integration}/disconnect"),
                client.post(f"{INTEGRATION}/unknown/disconnect"),
            ],
            "getAccountingRecord": [client.get(f"{RECORDS}/unknown")],
            "queryAccountingRecords": [
                client.get(RECORDS, params={"cursor": "unknown"}),
                client.get(RECORDS, params={"updated_at[gt]": "yesterday"}),
                client.get(RECORDS, params={"updated_at[after]": "2026-01-01"}),
                client.get(RECORDS, params={"review_status": "REVIEW", "source_type": "BILL"}),
                client.get(RECORDS, params={"limit": "0.5"}),
            ],
            "reportAccountingExportResults": [
                client.post(REPORT, json=report("unknown")),
                client.post(REPORT, json=report(record, record)),
                client.post(REPORT, json=report(record)),
            ],
            "listExpenses": [client.get(EXPENSES, params={"cursor": "unknown"})],
            "getExpense": [client.get(f"{EXPENSES}/unknown")],
            "updateExpense": [
                client.put(f"{EXPENSES}/card/unknown", json={"memo": "lunch"}),
                client.put(f"{EXPENSES}/card/{expense}", json={"memo": "lunch"}),
            ],
            "receiptUpload": [client.post(f"{EXPENSES}/card/unknown/receipt_upload", json={"receipt_name": "a.pdf"})],
            "listSubscription": [client.get(WEBHOOKS, params={"cursor": "unknown"})],
            "createSubscription": [client.post(WEBHOOKS, json=SUBSCRIPTION, headers={"Idempotency-Key": ""})],
            "getSubscriptionById": [client.get(f"{WEBHOOKS}/unknown")],
            "updateSubscription": [client.put(f"{WEBHOOKS}/unknown", json={**SUBSCRIPTION, "status": "ACTIVE"})],
            "deleteSubscription": [client.delete(f"{WEBHOOKS}/unknown")],
        }
        met = [
            (operation, answer.status_code, answer.json()["message"])
            for operation, found in answers.items()
            for answer in found
            if answer.status_code != 200
        ]
        assert [] == [refusal for refusal in REFUSALS if not any(refusal.explains(*one) for one in met)]

    def test_each_is_listed(self) -> None:
        """Each has a status that its document lists for the operation."""
        assert set() == {(refusal.operation, str(refusal.status)) for refusal in REFUSALS} - LISTED

    def test_what_is_unseen_is_listed(self) -> None:
        """What is declared as never seen is a status that the document lists."""
        assert set() == {(operation, str(status)) for operation, status in UNSEEN if operation != "*"} - LISTED

    def test_what_is_unlisted_is_not_listed(self) -> None:
        """What is added to the documents is not in them."""
        assert set() == set(UNLISTED) & LISTED

    def test_reasons_are_given(self) -> None:
        """Each comes with a reason in words."""
        reasons = [*UNSEEN.values(), *(refusal.reason for refusal in REFUSALS)]
        assert [] == [reason for reason in reasons if len(reason.split()) < 5]
