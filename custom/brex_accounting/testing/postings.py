"""Postings to try an ERP adapter with, made from nothing."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal

from brex_accounting_client.models import (
    AccountingFieldValue,
    AccountingRecord,
    AccountingRecordLineItem,
    AccountingRecordType,
    Amount,
    LineItemType,
    ReviewStatus,
    SourceType,
    Vendor,
)

from ..export.posting import EXACT, Posting, content_hash

_DATE = datetime.date(2025, 11, 1)


def make_posting(
    number: int = 1,
    *,
    key: str | None = None,
    amounts: Sequence[tuple[str, str]] = (("12.50", "USD"),),
    date: datetime.date = _DATE,
    account: str = "6320",
    counter_account: str = "2100",
    memo: str = "Toner",
    vendor: str = "Paper & Co",
    attempt: int = 1,
    fence: int = 0,
) -> Posting:
    """Make the posting of a card expense, balanced in each of its currencies.

    Args:
        number: Postings of different numbers have different keys.
        key: The key; that of the number where it is left out.
        amounts: Digits and currency of each pair of a debit and a credit line.
        date: The day to post it under.
        account: What the debit lines have as ``remote_field_value_id`` of the field ``account``.
        counter_account: The same for the credit lines.
        memo: The memo of the record and of each line.
        vendor: The vendor's name.
        attempt: Which attempt this is.
        fence: The fencing token of the claim.
    """
    key = key or f"accr_contract{number}"
    posted_at = datetime.datetime.combine(date, datetime.time(), datetime.UTC)
    record = AccountingRecord(
        id=key.partition("~")[0],
        amount=Amount(amount=_total(amounts), currency=amounts[0][1]),
        type=AccountingRecordType.CARD_EXPENSE_POST,
        review_status=ReviewStatus.READY_FOR_EXPORT,
        source_id=f"expense_{number}",
        source_type=SourceType.CARD,
        erp_posting_date=posted_at,
        updated_at=posted_at + datetime.timedelta(days=1),
        version=1,
        vendor=Vendor(id=f"vendor_{number}", name=vendor),
        memo=memo,
        posted_at=posted_at,
        line_items=list(_lines(amounts, account, counter_account, memo)),
    )
    return Posting(key=key, record=record, date=date, content_hash=content_hash(record), attempt=attempt, fence=fence)


def _total(amounts: Sequence[tuple[str, str]]) -> Decimal:
    total = Decimal()
    for digits, currency in amounts:
        if currency == amounts[0][1]:
            total = EXACT.add(total, Decimal(digits))
    return total


def _lines(
    amounts: Sequence[tuple[str, str]], account: str, counter_account: str, memo: str
) -> Iterator[AccountingRecordLineItem]:
    for place, (digits, currency) in enumerate(amounts):
        for side, name in ((LineItemType.DEBIT, account), (LineItemType.CREDIT, counter_account)):
            value = AccountingFieldValue(
                brex_field_id="ef_account",
                remote_field_id="account",
                brex_field_value_id=f"efo_{name}",
                remote_field_value_id=name,
            )
            yield AccountingRecordLineItem(
                id=f"arli_{place}_{side.lower()}",
                type=side,
                amount=Amount(amount=Decimal(digits), currency=currency),
                memo=memo,
                accounting_field_values=[value],
            )


__all__ = ["make_posting"]
