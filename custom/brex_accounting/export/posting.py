"""A record as it goes into a ledger, and the hash of what the ledger sees of it."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from types import MappingProxyType
from typing import Final

import msgspec
from attrs import frozen

from brex_accounting_client.models import AccountingRecord, AccountingRecordLineItem, Amount, LineItemType

EXACT: Final = Context(prec=400, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""The context of every sum of money here: it raises rather than round."""

_ZERO: Final = Decimal()

_DEBIT: Final = LineItemType.DEBIT
_CREDIT: Final = LineItemType.CREDIT

_DIGITS: Final = 100
"""The most digits on each side of the point; no money has so many."""

_encode = msgspec.json.Encoder().encode

_SCHEME: Final = "1"
"""Stands in front of each hash: hashes of different schemes tell nothing about each other."""

_HASH: Final = re.compile(r"\d{1,9}:[0-9a-f]{1,128}")


@frozen(kw_only=True)
class Posting:
    """A record that is to go into a ledger.

    Attributes:
        key: What the ERP knows it by, for good: the record's id, or the id with ``~2`` and so on after somebody has
            decided to post the record once more.
        record: The record, with its lines; the ledger takes these.
        date: The day to post it under: the UTC calendar date of ``erp_posting_date``, unless the policy moved it out
            of a closed period. No time zone is ever applied.
        content_hash: Of what the ledger sees of the record.
        attempt: Which attempt this is, from 1.
        fence: The fencing token of the worker's claim. It grows with each claim of a record, so that an ERP that keeps
            the largest it has seen can refuse a worker that was superseded.
    """

    key: str
    record: AccountingRecord
    date: datetime.date
    content_hash: str
    attempt: int = 1
    fence: int = 0

    @property
    def lines(self) -> tuple[AccountingRecordLineItem, ...]:
        """The lines, in Brex's order."""
        return tuple(self.record.line_items)

    @property
    def debits(self) -> Mapping[str, Decimal]:
        """The exact sum of the debit lines in each currency."""
        return debits(self.record)


def posting_date(record: AccountingRecord) -> datetime.date:
    """The day that Brex wants a record posted under: the calendar date of ``erp_posting_date`` in UTC.

    Args:
        record: The record.
    """
    instant = record.erp_posting_date
    # Without a zone it was never on the wire, and astimezone would read it in the machine's.
    return instant.date() if instant.tzinfo is None else instant.astimezone(datetime.UTC).date()


def debits(record: AccountingRecord) -> Mapping[str, Decimal]:
    """The exact sum of a record's debit lines in each currency.

    Args:
        record: The record.
    """
    return _sums(line for line in record.line_items if line.type is _DEBIT)


def flaw(record: AccountingRecord) -> str | None:
    """Why the lines of a record are no entry that can be posted; None where they are one.

    Args:
        record: The record.
    """
    if not record.line_items:
        return "no lines"
    if not can_be_summed(record.amount.amount):
        return "amount.amount out of range"
    debited, credited = dict[str, Decimal](), dict[str, Decimal]()
    for place, line in enumerate(record.line_items):
        money, side = line.amount, line.type
        amount, currency = money.amount, money.currency
        if side is not _DEBIT and side is not _CREDIT:
            return f"line_items[{place}].type unknown: {str(side)[:60]}"
        if amount < _ZERO:
            return f"line_items[{place}].amount.amount negative"
        if not can_be_summed(amount):
            return f"line_items[{place}].amount.amount out of range"
        sums = debited if side is _DEBIT else credited
        sums[currency] = EXACT.add(sums[currency], amount) if currency in sums else amount
    if debited == credited:
        return None
    # Nothing on one side does not differ from no line on the other.
    sides = [(currency, debited.get(currency, _ZERO), credited.get(currency, _ZERO)) for currency in debited | credited]
    uneven = sorted(currency for currency, debit, credit in sides if debit != credit)
    return f"debits and credits differ in {', '.join(uneven)}" if uneven else None


def content_hash(record: AccountingRecord) -> str:
    """A hash of what a ledger sees of a record: amounts, lines, field values, posting date, vendor, type.

    The order of lines and of field values does not count, nor do zeros at the end of an amount, versions, memos and
    names.

    Args:
        record: The record.
    """
    seen = [
        record.type,
        _money(record.amount),
        posting_date(record).isoformat(),
        None if record.vendor is None else record.vendor.id,
        sorted(map(_line, record.line_items)),
    ]
    return f"{_SCHEME}:{hashlib.sha256(_encode(seen)).hexdigest()[:40]}"


def is_hash(text: str) -> bool:
    """Whether a text has the form of a content's hash, of whatever scheme.

    Args:
        text: The text.
    """
    return _HASH.fullmatch(text) is not None


def is_other(content: str | None, than: str | None) -> bool:
    """Whether two contents are known to differ.

    Hashes of different schemes tell nothing about each other; one that a field of the ERP was too short for still tells
    by its beginning.

    Args:
        content: The hash of one, None where it is not known.
        than: The hash of the other one.
    """
    if content is None or than is None or content.startswith(than) or than.startswith(content):
        return False
    return content.partition(":")[0] == than.partition(":")[0]


def _line(line: AccountingRecordLineItem) -> bytes:
    values = sorted(
        _encode([value.brex_field_id, value.brex_field_value_id, value.remote_field_id, value.remote_field_value_id])
        for value in line.accounting_field_values
    )
    original = line.original_amount
    return _encode([line.type, _money(line.amount), None if original is None else _money(original), values])


def _money(money: Amount) -> str:
    """An amount in one spelling: 12.50 and 12.5 are the same money, and so are 0.00 and -0.

    It is made of the digits themselves: a context would raise on an amount that is too long for it.
    """
    amount = money.amount
    text = str(amount)
    if "E" in text:
        if abs(amount.adjusted()) > _DIGITS or int(amount.as_tuple().exponent) < -_DIGITS:
            return _scientific(amount, money.currency)
        text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{'0' if text == '-0' else text} {money.currency}"


def _scientific(amount: Decimal, currency: str) -> str:
    sign, digits, exponent = amount.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    significant = written.rstrip("0")
    if not significant:
        return f"0 {currency}"
    return f"{'-' * sign}{significant}E{int(exponent) + len(written) - len(significant)} {currency}"


def can_be_summed(amount: Decimal) -> bool:
    """Whether any number of such amounts can be added under ``EXACT``, which raises on more than 400 digits.

    Args:
        amount: The amount.
    """
    text = str(amount)
    # Plain digits tell at once, and cost a tenth of the exponent.
    if len(text) <= _DIGITS and text.replace(".", "", 1).isdigit():
        return True
    return amount.adjusted() < _DIGITS and int(amount.as_tuple().exponent) >= -_DIGITS


def _sums(lines: Iterable[AccountingRecordLineItem]) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.amount.currency] = EXACT.add(sums.get(line.amount.currency, _ZERO), line.amount.amount)
    return MappingProxyType(sums)


__all__ = [
    "EXACT",
    "Posting",
    "can_be_summed",
    "content_hash",
    "debits",
    "flaw",
    "is_hash",
    "is_other",
    "posting_date",
]
