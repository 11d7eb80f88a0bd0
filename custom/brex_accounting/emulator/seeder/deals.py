"""What the records and the expense of one event have in common: who, from whom, how much, and the papers."""

from __future__ import annotations

from typing import Final

import attrs

from ..stored import FILE_HOST, SIGNATURE
from . import sample
from .book import Book
from .cast import Person, Seller
from .moments import DAY, written_midnight
from .money import Price, drawn_price

_NO_USER: Final = b',"user":null'
_NO_VENDOR: Final = b',"vendor":null'

_SHARES: Final = ((1,),) * 26 + ((1, 1), (3, 1), (7, 3), (5, 3, 1), (1, 1, 1), (9, 4, 2, 2, 1))
_DAYS_TO_PAY: Final = (1, 14, 30, 30, 45, 60)
_NOT_DUE: Final = (b"", b',"due_at":null', b',"invoice_number":null', b',"due_at":null,"invoice_number":null')
_FILE: Final = b'"%b/receipts/rcpt_%b/%b?%b"'


@attrs.frozen
class Deal:
    """One event. Members are JSON with a comma in front, or nothing.

    Args:
        person: Who spends.
        seller: Who is paid.
        price: How much.
        at: When, as a moment.
        shares: In what proportions it is split into lines.
        digits: What its ids are made of.
        expense_id: Id of the expense, or None where there is none.
        source: A member of records.
        memo: A member of the expense.
        receipts: A member of the expense.
        papers: Members of records: receipts, user, vendor, memo, and when a bill is due.
    """

    person: Person
    seller: Seller
    price: Price
    at: int
    shares: tuple[int, ...]
    digits: bytes
    expense_id: str | None
    source: bytes
    memo: bytes
    receipts: bytes
    papers: bytes


def purchase(book: Book, *, price: Price | None = None, bill: bool = False) -> Deal:
    """Goods bought, with an expense.

    Args:
        book: Where it will be written.
        price: What they cost; drawn if None.
        bill: Whether they come with a bill.
    """
    random = book.random
    digits = book.ids()
    person = book.pick(book.cast.people)
    seller = book.pick(person.entity.sellers if random() < 0.8 else book.cast.sellers)
    at = book.begin()
    memo = _memo(book)
    receipts = _receipts(book, digits)
    user = person.user if random() < (0.5 if bill else 0.97) else book.void(_NO_USER)
    vendor = seller.vendor if random() < 0.95 else book.void(_NO_VENDOR)
    due = _due(book, at) if bill else _NOT_DUE[int(random() * 4)]
    return Deal(
        person=person,
        seller=seller,
        price=price or drawn_price(random, person.entity.currency, seller.currency),
        at=at,
        shares=book.pick(_SHARES),
        digits=digits,
        expense_id=f"expense_{digits.decode()}",
        source=b',"source_id":"expense_%b"' % digits,
        memo=memo,
        receipts=receipts,
        papers=receipts + user + vendor + memo + due,
    )


def settlement(book: Book, *, price: Price | None = None, invoice: bool = False) -> Deal:
    """Something between the company and Brex, without an expense.

    Args:
        book: Where it will be written.
        price: How much; drawn if None.
        invoice: Whether it is an invoice, which has a vendor and is due on a day.
    """
    random = book.random
    digits = book.ids()
    person = book.pick(book.cast.people)
    seller = book.pick(person.entity.sellers)
    at = book.begin()
    memo = _memo(book)
    receipts = _receipts(book, digits) if invoice else _no_receipts(book)
    user = person.user if random() < 0.1 else book.void(_NO_USER)
    vendor = seller.vendor if invoice else book.void(_NO_VENDOR)
    due = _due(book, at) if invoice else _NOT_DUE[int(random() * 4)]
    return Deal(
        person=person,
        seller=seller,
        price=price or drawn_price(random, person.entity.currency, person.entity.currency),
        at=at,
        shares=(1,),
        digits=digits,
        expense_id=None,
        source=b',"source_id":"txn_%b"' % digits if random() < 0.6 else book.void(b',"source_id":null'),
        memo=memo,
        receipts=receipts,
        papers=receipts + user + vendor + memo + due,
    )


def _memo(book: Book) -> bytes:
    chance = book.random()
    if chance < 0.5:
        return b',"memo":' + book.pick(book.cast.memos)
    if chance < 0.6:
        return b',"memo":"Order %d"' % int(chance * 10_000_000)
    return book.void(b',"memo":null')


def _receipts(book: Book, digits: bytes) -> bytes:
    chance = book.random()
    if chance < 0.6:
        return b',"receipts":[%b]' % _receipt(book, digits)
    if chance < 0.65:
        return b',"receipts":[%b,%b]' % (_receipt(book, digits), _receipt(book, digits + b"b"))
    return _no_receipts(book)


def _no_receipts(book: Book) -> bytes:
    return b',"receipts":[]' if book.random() < 0.2 else book.void(b',"receipts":null')


def _receipt(book: Book, digits: bytes) -> bytes:
    """Most have one file, some two, and some none that can be had."""
    chance = book.random()
    if chance > 0.9:
        return b'{"id":"rcpt_%b"%b}' % (digits, book.void(b',"download_uris":null'))
    files = [_FILE % (FILE_HOST, digits, book.pick(sample.FILES), SIGNATURE) for _ in range(2 if chance > 0.85 else 1)]
    return b'{"id":"rcpt_%b","download_uris":[%b]}' % (digits, b",".join(files))


def _due(book: Book, at: int) -> bytes:
    """When a bill is due and its number; some do not say."""
    chance = book.random()
    due = b',"due_at":"%b"' % written_midnight(at + DAY * book.pick(_DAYS_TO_PAY))
    number = b',"invoice_number":"INV-%05d"' % int(chance * 10_000_000 % 100_000)
    if chance > 0.95:
        number = book.void(b',"invoice_number":null')
    return (due if chance > 0.05 else book.void(b',"due_at":null')) + number


__all__ = ["Deal", "purchase", "settlement"]
