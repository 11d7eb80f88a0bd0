"""Accounting records, put together from a deal and the way its kind is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..stored import StoredRecord
from .book import Book
from .deals import Deal
from .entries import KINDS, entry, write_price
from .moments import DAY, HOUR, instant_of, midnight, written_midnight, written_moment
from .money import Price

_STAGES: Final = ("PREPARE",) * 2 + ("REVIEW",) * 3 + ("READY_FOR_EXPORT",) * 12 + ("EXPORTED",) * 3
_BILL_STAGES: Final = ("PREPARE",) * 3 + ("REVIEW",) * 13 + ("EXPORTED",) * 4
_VERSIONS: Final = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6)


def add_record(book: Book, type_: str, deal: Deal, posted: int, *, price: Price | None = None) -> StoredRecord:
    """Write a record into the book.

    Args:
        book: Where to.
        type_: What kind of record.
        deal: What it is about.
        posted: When its source was posted, as a moment.
        price: How much; the whole price of the deal if None.
    """
    kind = KINDS[type_]
    price = price or deal.price
    random = book.random
    stages = _STAGES if kind.source_type != "BILL" or book.plan.bill_ready else _BILL_STAGES
    stage = stages[int(random() * len(stages))]
    style = random()
    trimmed = style > 0.75
    digits = book.ids()
    sides = write_price(price, trimmed=trimmed)
    total = write_price(price, trimmed=trimmed, back=True) if kind.back else sides
    lines, counter_lines = entry(book, kind, deal, price, sides, digits=digits, coded=stage != "PREPARE" or style < 0.5)
    updated = book.last_updated = _updated(book, posted)
    record = StoredRecord(
        id=f"accr_{digits.decode()}",
        position=len(book.records),
        type=kind.type,
        source_type=kind.source_type,
        review_status=stage,
        updated_at=instant_of(updated),
        version=book.pick(_VERSIONS),
        amount=Decimal(total.number.decode()),
        currency=price.currency.name,
        expense_id=deal.expense_id,
        facts=b'"amount":%b%b%b%b,"erp_posting_date":"%b","posted_at":"%b"%b'
        % (
            total.amount,
            book.void(b',"original_amount":null') if total.original is None else total.original,
            kind.members,
            b',"source_id":"src_%b"' % digits if deal.expense_id and book.plan.source_id == "other" else deal.source,
            written_midnight(posted - (DAY if 0.4 < style < 0.43 else 0)),
            written_moment(posted),
            deal.papers,
        ),
        lines=lines,
        counter_lines=counter_lines,
    )
    book.records.append(record)
    return record


def _updated(book: Book, posted: int) -> int:
    """Some change in a batch at night or together with the record before: walks by time meet equal instants."""
    chance = book.random()
    night = midnight(posted) + DAY + 2 * HOUR
    if chance < 0.12 and night <= book.until:
        return night
    if chance > 0.9 and posted <= book.last_updated:
        return book.last_updated
    return book.later(posted, 20 * DAY)


__all__ = ["add_record"]
