"""A tenant as tests of operations see it: bodies that it takes, refusals, and the ids of what it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from brex_accounting.emulator import TenantPlan
from brex_accounting.emulator.stored import StoredExpense, StoredRecord
from tests.emulator.asking import INTEGRATION, RECORDS, START, Emulator

ERP = {"vendor": "ERP_A", "vendor_account_id": "42"}
HOOK = {"url": "https://erp.example.com/hook", "event_types": ["ACCOUNTING_RECORD_READY_FOR_EXPORT"]}
SECOND = timedelta(seconds=1)
INVALID = {"error_code": "INVALID_REQUEST"}
NOT_FOUND = {"error_code": "NOT_FOUND"}
CLASSIC_INVALID = {"type": "INVALID_REQUEST"}
CLASSIC_NOT_FOUND = {"type": "NOT_FOUND"}


def ids(items: Any) -> list[str]:
    return [item["id"] for item in items]


def stored(brex: Emulator, fits: Callable[[StoredRecord], bool] = lambda _: True) -> list[str]:
    """Ids of the records that fit, by position."""
    return [record.id for record in brex.tenant.records.all() if fits(record)]


def one(brex: Emulator, review_status: str = "READY_FOR_EXPORT", source_type: str = "CARD", nth: int = 0) -> str:
    """The id of a record of a kind."""
    return stored(brex, lambda record: (record.review_status, record.source_type) == (review_status, source_type))[nth]


def served(brex: Emulator, record_id: str) -> dict[str, Any]:
    return brex.get(f"{RECORDS}/{record_id}").json


def expenses(brex: Emulator, fits: Callable[[StoredExpense], bool] = lambda _: True) -> list[str]:
    return [expense.id for expense in brex.tenant.expenses.all() if fits(expense)]


def other_token(brex: Emulator) -> str:
    """The token of a second tenant with other data."""
    brex.world.add("globex", TenantPlan(records=30, seed=2, start=START))
    return brex.world.issuer.user_token("globex")


def connected(brex: Emulator) -> str:
    return brex.post(INTEGRATION, ERP).json["integration_id"]
