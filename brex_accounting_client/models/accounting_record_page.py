# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.accounting_record import AccountingRecord
from ..pages import Page


@frozen(kw_only=True)
class AccountingRecordPage(Page[AccountingRecord]):
    """One page of accounting records.

    Attributes:
        items: The records of this page.
        total_count: How many records fit the query in all.
        next_cursor: Send it as `cursor` to get the next page.
        has_next_page: Whether another page follows.
    """

    items: list[AccountingRecord]
    total_count: int | None = None
    next_cursor: str | None = None
    has_next_page: bool
