"""A call of each operation that there is, with all that it needs in place."""

from __future__ import annotations

from typing import Any

from tests.emulator.asking import (
    CARD,
    COMPANY,
    EXPENSES,
    INTEGRATION,
    RECORDS,
    RESULTS,
    WEBHOOKS,
    Emulator,
    Reply,
    failure,
    report,
)
from tests.emulator.operations.tenant import ERP, HOOK, connected, expenses, one

REQUESTS: dict[str, tuple[str, str, Any, tuple[str, ...]]] = {
    "createIntegration": ("POST", INTEGRATION, ERP, ("accounting.integration.write",)),
    "disconnectIntegration": ("POST", f"{INTEGRATION}/{{active}}/disconnect", None, ("accounting.integration.write",)),
    "reactivateIntegration": ("POST", f"{INTEGRATION}/{{active}}/reactivate", None, ("accounting.integration.write",)),
    "getAccountingRecord": (
        "GET",
        f"{RECORDS}/{{record}}",
        None,
        ("accounting.record.read", "accounting.record.write"),
    ),
    "queryAccountingRecords": ("GET", RECORDS, None, ("accounting.record.read", "accounting.record.write")),
    "reportAccountingExportResults": ("POST", RESULTS, "{report}", ("accounting.record.write",)),
    "listExpenses": ("GET", EXPENSES, None, ("expenses.card.readonly", "expenses.card")),
    "getExpense": ("GET", f"{EXPENSES}/{{expense}}", None, ("expenses.card.readonly", "expenses.card")),
    "updateExpense": ("PUT", f"{CARD}/{{expense}}", {"memo": "Toner"}, ("expenses.card",)),
    "receiptMatch": ("POST", f"{CARD}/receipt_match", {"receipt_name": "r.pdf"}, ()),
    "receiptUpload": ("POST", f"{CARD}/{{expense}}/receipt_upload", {"receipt_name": "r.pdf"}, ()),
    "listSubscription": ("GET", WEBHOOKS, None, ()),
    "createSubscription": ("POST", WEBHOOKS, HOOK, ()),
    "getSubscriptionById": ("GET", f"{WEBHOOKS}/{{hook}}", None, ()),
    "updateSubscription": ("PUT", f"{WEBHOOKS}/{{hook}}", {**HOOK, "status": "ACTIVE"}, ()),
    "deleteSubscription": ("DELETE", f"{WEBHOOKS}/{{hook}}", None, ()),
    "listSecrets": ("GET", f"{WEBHOOKS}/secrets", None, ()),
    "getCompany": ("GET", COMPANY, None, ("companies.readonly",)),
}
"""For each operation a request that succeeds (or, to reactivate, conflicts), and the scopes; any of them will do."""


def call(brex: Emulator, name: str, token: str | None, **request: Any) -> Reply:
    """Send the request of an operation, with all that it needs in place."""
    method, path, value, _ = REQUESTS[name]
    needed = {
        "active": connected(brex),
        "record": one(brex),
        "expense": expenses(brex, lambda it: it.expense_type == "CARD")[0],
        "hook": brex.post(WEBHOOKS, HOOK, key="hook").json["id"],
    }
    if value == "{report}":
        value = report(failure(needed["record"]))
    return brex.ask(method, path.format(**needed), value=value, token=token, **{"key": "k1", **request})
