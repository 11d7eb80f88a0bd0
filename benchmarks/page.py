"""The page that everything here reads: the same bytes in every run, made from nothing but a seed."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from datetime import UTC, datetime, timedelta

RECORDS = 100

_SOURCES = (
    ("CARD_EXPENSE_POST", "CARD"),
    ("CARD_EXPENSE_POST", "CARD"),
    ("CARD_EXPENSE_REFUND", "CARD"),
    ("CARD_EXPENSE_REPAYMENT", "CARD"),
    ("CARD_PAYMENT", "CARD"),
    ("REIMBURSEMENT_EXPENSE_APPROVAL", "REIMBURSEMENT"),
    ("REIMBURSEMENT_EXPENSE_POST", "REIMBURSEMENT"),
    ("REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT", "REIMBURSEMENT"),
    ("BILL_EXPENSE", "BILL"),
    ("BILL_EXPENSE_PAYMENT", "BILL"),
)
_STAGES = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "READY_FOR_EXPORT", "EXPORTED")
_CURRENCIES = ("USD", "USD", "USD", "EUR", "GBP", "CAD", "JPY")
_NO_CENTS = frozenset({"JPY"})
_PEOPLE = (
    ("Zoë", "Müller"),
    ("John", "Doe"),
    ("Renée", "O'Connor"),
    ("太郎", "山田"),
    ("Jane", "Smith"),
    ("Łukasz", "Nowak"),
    ("Maria", "García"),
)
_ROLES = ("EMPLOYEE", "EMPLOYEE", "CARD_ADMIN", "BOOKKEEPER", "SUPER_ADMIN")
_STATUSES = ("ACTIVE", "ACTIVE", "ACTIVE", "INVITED", "DISABLED")
_DEPARTMENTS = ("Engineering", "Sales", "Finance & Legal", "Recherche et développement")
_LOCATIONS = ("San Francisco", "New York", "München", "東京")
_TITLES = ("Software Engineer", "Account Executive", "Controller", "Chief of Staff")
_VENDORS = ("Acme Corp", "Blue Bottle Coffee", "Nordwind Bürobedarf GmbH", "Smith & Sons, Inc.", "株式会社サンプル")
_MEMOS = (
    None,
    "Team lunch with the Berlin office",
    "Café crème & croissants – Zürich offsite",
    "出張費 東京→大阪",
    'Flight "SFO–JFK", seat 12A',
    "Conference tickets 🎟️",
    "Monthly subscription, 14 seats",
    "Taxi zum Flughafen,\nQuittung folgt",
)
_START = datetime(2025, 3, 1, 8, 15, 42, 123456, tzinfo=UTC)


def make_page() -> bytes:
    """Write the page as servers do: compact, UTF-8 as it is, nulls spelled out."""
    dice = random.Random(20250301)
    page = {
        "items": [_record(dice, index) for index in range(RECORDS)],
        "has_next_page": True,
        "total_count": 1234,
        "next_cursor": _id64(dice, "Cursor"),
    }
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def in_ascii(page: bytes) -> bytes:
    """Write the same text with escapes, as Python's own servers do: json.loads is faster on a page of ASCII."""
    return json.dumps(json.loads(page), separators=(",", ":")).encode()


def with_whole_floats(page: bytes) -> bytes:
    """Write counts as 3.0, which some servers do and models with ints have to take."""
    return re.sub(rb'"(version|total_count)":(\d+)', rb'"\1":\2.0', page)


def with_offsets(page: bytes, offset: bytes) -> bytes:
    """Write instants with an offset instead of Z, because RFC 3339 allows both."""
    return re.sub(rb'(\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z"', rb"\g<1>" + offset + b'"', page)


def _record(dice: random.Random, index: int) -> dict[str, object]:
    kind, source = dice.choice(_SOURCES)
    currency = dice.choice(_CURRENCIES)
    posted = _START + timedelta(minutes=137 * index)
    amount = _amount(dice, currency)
    bill = source == "BILL"
    return {
        "id": _id(dice, "accr"),
        "amount": amount,
        "original_amount": None if currency == "USD" else _amount(dice, "USD"),
        "type": kind,
        "review_status": dice.choice(_STAGES),
        "source_id": _id(dice, "txn") if index % 9 else None,
        "source_type": source,
        "erp_posting_date": posted.strftime("%Y-%m-%dT00:00:00Z"),
        "updated_at": (posted + timedelta(hours=3)).isoformat().replace("+00:00", "Z"),
        "version": dice.randint(1, 12),
        "receipts": [{"id": _id(dice, "rcpt"), "download_uris": [_signed_url(dice, posted)]}],
        "user": _user(dice, index),
        "vendor": _vendor(dice),
        "memo": dice.choice(_MEMOS),
        "posted_at": posted.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "due_at": (posted + timedelta(days=30)).strftime("%Y-%m-%dT23:59:59Z") if bill else None,
        "invoice_number": f"INV-{dice.randint(1, 99999):05}" if bill else None,
        "line_items": [_line(dice, side, amount) for side in ("DEBIT", "CREDIT")],
    }


def _line(dice: random.Random, side: str, amount: dict[str, object]) -> dict[str, object]:
    return {
        "id": _id(dice, "arli"),
        "type": side,
        "amount": dict(amount),
        "original_amount": None,
        "memo": dice.choice(_MEMOS),
        "accounting_field_values": [
            {
                "brex_field_id": _id(dice, "ef"),
                "remote_field_id": str(number),
                "brex_field_value_id": _id(dice, "efo"),
                "remote_field_value_id": str(dice.randint(1000, 9999)) if dice.random() < 0.9 else None,
            }
            for number in range(1, 4)
        ],
    }


def _amount(dice: random.Random, currency: str) -> dict[str, object]:
    cents = dice.randint(199, 2_500_000)
    return {"amount": cents if currency in _NO_CENTS else cents / 100, "currency": currency}


def _user(dice: random.Random, index: int) -> dict[str, object]:
    first, last = _PEOPLE[index % len(_PEOPLE)]
    user: dict[str, object] = {
        "id": _id64(dice, "User:cuuser"),
        "first_name": first,
        "last_name": last,
        "email": f"user{index}@example.com",
        "role": dice.choice(_ROLES),
        "status": dice.choice(_STATUSES),
        "department_id": _id64(dice, "Department:dept"),
        "department_name": dice.choice(_DEPARTMENTS),
        "location_id": _id64(dice, "Location:loc"),
        "location_name": dice.choice(_LOCATIONS),
        "title_id": _id64(dice, "Title:title"),
        "title_name": dice.choice(_TITLES),
    }
    if index % 5:  # the document lets these be missing, not null: somebody has no manager
        user["manager_id"] = _id64(dice, "User:cuuser")
        user["manager_first_name"], user["manager_last_name"] = _PEOPLE[(index + 3) % len(_PEOPLE)]
        user["manager_title_id"] = _id64(dice, "Title:title")
        user["manager_title_name"] = "Engineering Manager"
    return user


def _vendor(dice: random.Random) -> dict[str, object]:
    name = dice.choice(_VENDORS)
    known = dice.random() < 0.6
    return {
        "id": _id(dice, "vendor"),
        "name": name,
        "contact_name": " ".join(dice.choice(_PEOPLE)) if known else None,
        "email": "billing@example.com" if known else None,
        "website": "https://example.com",
        "phone": f"+1-555-{dice.randint(0, 9999):04}" if known else None,
    }


def _signed_url(dice: random.Random, moment: datetime) -> str:
    """Look like a link that object stores sign: most bytes of a page are such links."""
    day, second = moment.strftime("%Y%m%d"), moment.strftime("%Y%m%dT%H%M%SZ")
    query = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={second}&X-Amz-SignedHeaders=host&X-Amz-Expires=900"
        f"&X-Amz-Credential=EXAMPLE%2F{day}%2Fus-west-2%2Fs3%2Faws4_request&X-Amz-Signature={dice.randbytes(32).hex()}"
    )
    return f"https://receipts.example.com/{dice.randbytes(16).hex()}/receipt.pdf?{query}"


def _id(dice: random.Random, kind: str) -> str:
    return f"{kind}_{''.join(dice.choices(string.ascii_lowercase + string.digits, k=25))}"


def _id64(dice: random.Random, kind: str) -> str:
    return base64.b64encode(_id(dice, kind).encode()).decode()
