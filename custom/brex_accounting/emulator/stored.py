"""Records and expenses as the emulator keeps them: what rules read as attributes, the rest as JSON text.

Keeping text instead of dicts makes a page a matter of joining bytes, and a hundred thousand records a matter of
megabytes. Two control characters, which cannot occur inside JSON text, stand in it for what is known only when it is
served: the address of the file host, and the signature with its expiry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from .clock import timestamp

FILE_HOST = b"\x00"
"""Stands for scheme, host and port of the file host, and the tenant's part of the path."""
SIGNATURE = b"\x01"
"""Stands for the query that signs an address and says when it expires."""


@attrs.frozen(eq=False)
class StoredRecord:
    """One accounting record. A change makes a new one, so that a snapshot is a copy of a dict.

    Args:
        id: ``accr_…``.
        position: Place in lists; it never changes.
        type: One of the 19 record types.
        source_type: CARD, REIMBURSEMENT or BILL.
        review_status: Where it stands in Brex's review.
        updated_at: When it last changed, in UTC.
        version: Number of this state, from 1.
        amount: The record's amount, exact.
        currency: Its currency.
        expense_id: The expense that it comes from, if any.
        facts: All members but id, review_status, updated_at, version and line_items, as JSON without braces.
        lines: Line items of the single-entry view, as JSON objects with commas in between.
        counter_lines: The line items that balance them, in the same form; never empty.
    """

    id: str
    position: int
    type: str
    source_type: str
    review_status: str
    updated_at: datetime
    version: int
    amount: Decimal
    currency: str
    expense_id: str | None
    facts: bytes
    lines: bytes
    counter_lines: bytes

    # What differs between states, written when it is first asked for: a page may be asked for again and again.
    _head: bytes | None = attrs.field(init=False, default=None, repr=False)

    def pieces(self, facts: bytes, *, single_entry: bool) -> tuple[bytes, ...]:
        """The record as JSON, in pieces to be joined.

        Args:
            facts: Its facts, stand-ins filled in.
            single_entry: Whether the lines that balance are left out.
        """
        head = self._head or self._written_head()
        if single_entry:
            return (head, facts, b',"line_items":[', self.lines, b"]}")
        return (head, facts, b',"line_items":[', self.lines, b",", self.counter_lines, b"]}")

    def _written_head(self) -> bytes:
        head = f'{{"id":"{self.id}","review_status":"{self.review_status}","updated_at":"{timestamp(self.updated_at)}",'
        written = f'{head}"version":{self.version},'.encode()
        object.__setattr__(self, "_head", written)
        return written


@attrs.frozen(eq=False)
class StoredExpense:
    """One expense. A change makes a new one.

    Args:
        id: ``expense_…``.
        position: Place in lists; it never changes.
        expense_type: CARD, BILLPAY, REIMBURSEMENT, CLAWBACK, UNSET or None.
        status: Where it stands in its review, or None.
        payment_status: How far its payment has come, or None.
        user_id: Whose it is, or None.
        budget_id: The budget that it counts against, or None.
        spending_entity_id: The entity that spent the money, or None.
        parent_expense_id: The expense that it is a part of, or None.
        purchased_at: When the purchase was made, or None.
        updated_at: When it last changed.
        payment_posted_at: When the payment was posted, or None.
        text: The whole expense with every nested object filled in, as JSON with stand-ins.
        changes: Members that have changed since; they come before those in ``text``.
        uploaded: Receipts that callers have added, as id and file name.
    """

    id: str
    position: int
    expense_type: str | None
    status: str | None
    payment_status: str | None
    user_id: str | None
    budget_id: str | None
    spending_entity_id: str | None
    parent_expense_id: str | None
    purchased_at: datetime | None
    updated_at: datetime
    payment_posted_at: datetime | None
    text: bytes
    changes: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    uploaded: tuple[tuple[str, str], ...] = ()


__all__ = ["FILE_HOST", "SIGNATURE", "StoredExpense", "StoredRecord"]
