"""JSON as servers write it: text with exact numbers, and realistic records in plain values."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> bytes:
    """Write plain values as JSON bytes; a Decimal is written as its own digits, exponent included."""
    return _text(value).encode()


def loads(data: bytes) -> Any:
    """Read JSON with exact numbers."""
    return json.loads(data, parse_float=Decimal)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return json.dumps(value)


_RECORD: dict[str, Any] = {
    "id": "accr_0",
    "amount": {"amount": Decimal("1204.50"), "currency": "USD"},
    "original_amount": {"amount": Decimal("1100.00"), "currency": "EUR"},
    "type": "CARD_EXPENSE_POST",
    "review_status": "READY_FOR_EXPORT",
    "source_id": "expense_1",
    "source_type": "CARD",
    "erp_posting_date": "2025-11-01T00:00:00Z",
    "updated_at": "2025-11-02T10:11:12.123456Z",
    "version": 3,
    "receipts": [{"id": "rcpt_1", "download_uris": ["https://receipts.example.com/1?X-Amz-Signature=abc"]}],
    "user": {
        "id": "cuuser_1",
        "first_name": "Ada",
        "last_name": "Quill",
        "email": "ada@example.com",
        "role": "EMPLOYEE",
        "status": "ACTIVE",
        "manager_id": "cuuser_2",
        "department_name": "Engineering",
    },
    "vendor": {"id": "vendor_1", "name": "Paper & Co", "contact_name": None, "phone": "+1-555-0100"},
    "memo": "Toner for the third floor",
    "posted_at": "2025-11-01T12:30:00Z",
    "due_at": None,
    "invoice_number": None,
    "line_items": [
        {
            "id": "arli_1",
            "type": "DEBIT",
            "amount": {"amount": Decimal("1204.50"), "currency": "USD"},
            "original_amount": None,
            "memo": "Toner",
            "accounting_field_values": [
                {
                    "brex_field_id": "ef_1",
                    "remote_field_id": "1",
                    "brex_field_value_id": "efo_1",
                    "remote_field_value_id": None,
                }
            ],
        },
        {
            "id": "arli_2",
            "type": "CREDIT",
            "amount": {"amount": Decimal("1204.50"), "currency": "USD"},
            "accounting_field_values": [],
        },
    ],
}


def record(index: int = 0, **changes: Any) -> dict[str, Any]:
    """A card expense as Brex would send it, with other values where the caller says so."""
    return {**copy.deepcopy(_RECORD), "id": f"accr_{index}", **changes}


def page(records: list[Any], **changes: Any) -> dict[str, Any]:
    """A page around records."""
    return {"items": records, "total_count": len(records), "next_cursor": None, "has_next_page": False, **changes}
