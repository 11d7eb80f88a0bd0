"""Expenses, and the receipts that are uploaded for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from ..answers import Answer, json_answer, missing
from ..holdings import Upload
from ..stored import FILE_HOST, SIGNATURE, StoredExpense
from ..stores import ExpenseQuery
from ..walks import page_limit
from .call import Call
from .pages import cursor_members

MOST_EXPENSES: Final = 100
EXPANDABLE: Final = ("location", "department", "merchant", "user", "budget", "payment")
"""Nested objects that are served where ``expand[]`` asks for them; ``receipts.download_uris`` is the seventh."""

_LISTS: Final = (
    "user_id",
    "parent_expense_id",
    "budget_id",
    "spending_entity_id",
    "expense_type",
    "status",
    "payment_status",
)
_BOUNDS: Final = ("purchased_at", "updated_at", "payment_posted_at")
_UPDATED: Final = (
    "id",
    "memo",
    "location_id",
    "department_id",
    "updated_at",
    "category",
    "merchant_id",
    "budget_id",
    "original_amount",
    "billing_amount",
    "purchased_at",
    "status",
    "payment_status",
)


def list_expenses(call: Call) -> Answer:
    """``listExpenses``."""
    given, tenant = call.arguments, call.tenant
    lists: Mapping[str, Any] = {name: tuple(given[f"{name}[]"] or ()) for name in _LISTS}
    bounds: Mapping[str, Any] = {
        f"{name}_{side}": given[f"{name}_{side}"] for name in _BOUNDS for side in ("start", "end")
    }
    query = ExpenseQuery(**lists, **bounds)
    limit = page_limit(given["limit"], most=MOST_EXPENSES, default=MOST_EXPENSES, variants=tenant.variants)
    page = tenant.walks.page(
        tenant.expenses.matching(query, query.fits),
        tenant.expenses.get,
        cursor=given["cursor"],
        limit=limit,
        query=query,
        variants=tenant.variants,
        now=tenant.now(),
    )
    items = [_served(call, expense) for expense in page.items]
    return json_answer({**cursor_members(call, page.next_cursor), "items": items})


def get_expense(call: Call) -> Answer:
    """``getExpense``."""
    return json_answer(_served(call, _named(call, "id")))


def update_expense(call: Call) -> Answer:
    """``updateExpense``: sets the memo of a card expense."""
    expense = _named(call, "expense_id")
    if expense.expense_type != "CARD":
        message = "there is no card expense with this id"
        raise missing(message)
    changed = call.tenant.change_expense(expense.id, memo=call.body["memo"]) if "memo" in call.body else expense
    values = _values(call, changed)
    body = {name: values[name] for name in _UPDATED if name in values}
    return json_answer(body, committed="memo" in call.body)


def match_receipt(call: Call) -> Answer:
    """``receiptMatch``."""
    return _announce(call, None)


def upload_receipt(call: Call) -> Answer:
    """``receiptUpload``."""
    return _announce(call, _named(call, "expense_id").id)


def _announce(call: Call, expense_id: str | None) -> Answer:
    tenant = call.tenant
    upload = Upload(tenant.new_id("receipt"), expense_id, call.body["receipt_name"])
    tenant.uploads[upload.id] = upload
    address = _signed(call, FILE_HOST + f"/uploads/{upload.id}?".encode() + SIGNATURE)
    return json_answer({"id": upload.id, "uri": address.decode()}, committed=True)


def _named(call: Call, argument: str) -> StoredExpense:
    expense = call.tenant.expenses.get(call.arguments[argument])
    if expense is None:
        message = "there is no expense with this id"
        raise missing(message)
    return expense


def _served(call: Call, expense: StoredExpense) -> dict[str, Any]:
    values = _values(call, expense)
    asked: Collection[str] = call.arguments["expand[]"] or ()
    for name in EXPANDABLE:
        if name not in asked:
            values.pop(name, None)
    if "receipts.download_uris" not in asked:
        for receipt in values.get("receipts") or ():
            receipt.pop("download_uris", None)
    if not call.arguments["load_custom_fields"]:
        values.pop("custom_fields", None)
    return values


def _values(call: Call, expense: StoredExpense) -> dict[str, Any]:
    text = _signed(call, expense.text)
    values: dict[str, Any] = {**msgspec.json.decode(text), **expense.changes}
    if expense.uploaded:
        values["receipts"] = [*(values.get("receipts") or ()), *(_receipt(call, *file) for file in expense.uploaded)]
    return values


def _receipt(call: Call, receipt_id: str, name: str) -> dict[str, Any]:
    address = FILE_HOST + f"/receipts/{receipt_id}/{name}?".encode() + SIGNATURE
    return {"id": receipt_id, "download_uris": [_signed(call, address).decode()]}


def _signed(call: Call, text: bytes) -> bytes:
    return call.tenant.signer.fill_in(text, call.file_url, call.tenant.now())


__all__ = [
    "EXPANDABLE",
    "MOST_EXPENSES",
    "get_expense",
    "list_expenses",
    "match_receipt",
    "update_expense",
    "upload_receipt",
]
