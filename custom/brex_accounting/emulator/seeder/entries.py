"""The two sides of an accounting record: line items that balance to the last digit, in every currency."""

from __future__ import annotations

from typing import Final

import attrs

from .book import Book
from .cast import BANK, CARD, CLEARING, PAYABLE, REIMBURSABLE, REWARD, WITHHELD
from .deals import Deal
from .money import Currency, Price, written

_DEBIT: Final = b"DEBIT"
_CREDIT: Final = b"CREDIT"


@attrs.frozen
class Kind:
    """A type of accounting record, and how it is booked.

    Args:
        type: As on the wire.
        source_type: As on the wire.
        members: Both, as members of a record.
        account: Number of the account that ``lines`` go to; None for the one that the goods belong to.
        counter: Number of the account that balances them.
        back: Whether money comes back: the record's amount is negative, and the sides are swapped.
    """

    type: str
    source_type: str
    members: bytes
    account: str | None
    counter: str
    back: bool


def _kinds(source_type: str, *rows: tuple[str, str | None, str, bool]) -> dict[str, Kind]:
    return {
        type_: Kind(
            type_,
            source_type,
            b',"type":"%b","source_type":"%b"' % (type_.encode(), source_type.encode()),
            account,
            counter,
            back,
        )
        for type_, account, counter, back in rows
    }


_BACK: Final = True
_OUT: Final = False

KINDS: Final = {
    **_kinds(
        "CARD",
        ("CARD_EXPENSE_POST", None, CARD, _OUT),
        ("CARD_EXPENSE_REFUND", None, CARD, _BACK),
        ("CARD_EXPENSE_REPAYMENT", None, CLEARING, _BACK),
        ("CARD_PAYMENT", CARD, BANK, _OUT),
        ("CARD_PAYMENT_REFUND", CARD, BANK, _BACK),
        ("REWARD_REDEMPTION", BANK, REWARD, _OUT),
    ),
    **_kinds(
        "REIMBURSEMENT",
        ("REIMBURSEMENT_EXPENSE_APPROVAL", None, REIMBURSABLE, _OUT),
        ("REIMBURSEMENT_EXPENSE_POST", None, BANK, _OUT),
        ("REIMBURSEMENT_EXPENSE_REPAYMENT", None, BANK, _BACK),
        ("REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYIN", CLEARING, BANK, _OUT),
        ("REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT", REIMBURSABLE, CLEARING, _OUT),
        ("REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_PAYOUT_REVERSAL", REIMBURSABLE, CLEARING, _BACK),
        ("REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_REFUND", CLEARING, BANK, _BACK),
    ),
    **_kinds(
        "BILL",
        ("BILL_EXPENSE", None, PAYABLE, _OUT),
        ("BILL_EXPENSE_PAYMENT", PAYABLE, BANK, _OUT),
        ("BILL_EXPENSE_CARD_PAYMENT", PAYABLE, CARD, _OUT),
        ("BILL_MONEY_MOVEMENT_PAYIN", CLEARING, BANK, _OUT),
        ("INVOICE", None, PAYABLE, _OUT),
        ("INVOICE_PAYMENT", PAYABLE, BANK, _OUT),
    ),
}
"""Every type, by its name."""


@attrs.frozen
class Written:
    """A price as the accounting API writes it.

    Args:
        number: The amount alone.
        amount: A JSON object.
        original: A member, or None where there is none.
        trimmed: Whether zeros at the end are left out.
    """

    number: bytes
    amount: bytes
    original: bytes | None
    trimmed: bool


def write_price(price: Price, *, trimmed: bool, back: bool = False) -> Written:
    """Write a price.

    Args:
        price: What to write.
        trimmed: Whether to leave out zeros at the end.
        back: Whether it is negative.
    """
    sign = -1 if back else 1
    number, amount = _amount(sign * price.minor, price.currency, trimmed=trimmed)
    if price.first is None:
        return Written(number, amount, None, trimmed)
    _, original = _amount(sign * price.first, price.first_currency, trimmed=trimmed)
    return Written(number, amount, b',"original_amount":' + original, trimmed)


def entry(
    book: Book, kind: Kind, deal: Deal, price: Price, whole: Written, *, digits: bytes, coded: bool
) -> tuple[bytes, bytes]:
    """The lines of a record and those that balance them, each as JSON objects with commas in between.

    Args:
        book: Whose dice choose memos and projects.
        kind: What is booked.
        deal: Whose purchase it is.
        price: The sum of either side.
        whole: The same, written.
        digits: What the ids of the lines are made of.
        coded: Whether someone has chosen the accounts of the expense.
    """
    side, other = (_CREDIT, _DEBIT) if kind.back else (_DEBIT, _CREDIT)
    accounts = book.cast.accounts
    if kind.account is not None:
        lines = _line(book, digits + b"a", side, whole, accounts[kind.account])
    elif len(deal.shares) == 1:
        lines = _line(book, digits + b"a", side, whole, _codings(book, deal, coded=coded))
    else:
        lines = b",".join(
            [
                _line(book, b"%ba%d" % (digits, place), side, part, _codings(book, deal, coded=coded))
                for place, part in enumerate(_parts(price, deal.shares, whole))
            ]
        )
    counter = accounts[kind.counter]
    if book.random() > 0.04:
        return lines, _line(book, digits + b"b", other, whole, counter)
    paid, withheld = _parts(price, (9, 1), whole)
    return lines, b"%b,%b" % (
        _line(book, digits + b"b", other, paid, counter),
        _line(book, digits + b"c", other, withheld, accounts[WITHHELD]),
    )


def _parts(price: Price, shares: tuple[int, ...], whole: Written) -> list[Written]:
    return [write_price(part, trimmed=whole.trimmed) for part in price.split(shares)]


def _codings(book: Book, deal: Deal, *, coded: bool) -> bytes:
    chance = book.random()  # thrown in any case: how far the review has come changes nothing else
    if not coded:
        return b""
    if chance < 0.6:
        return deal.seller.coding
    projects = book.cast.projects
    second = deal.person.coding if chance < 0.9 else projects[int(chance * 1000) % len(projects)]
    return b"%b,%b" % (deal.seller.coding, second)


def _line(book: Book, digits: bytes, side: bytes, price: Written, codings: bytes) -> bytes:
    chance = book.random()
    original = price.original
    if original is None:
        original = b',"original_amount":null' if 0.2 < chance < 0.6 else b""
    memo = b""
    if chance < 0.1:
        memo = b',"memo":' + book.pick(book.cast.memos)
    elif chance < 0.3:
        memo = b',"memo":null'
    return b'{"id":"arli_%b","type":"%b","amount":%b,"accounting_field_values":[%b]%b%b}' % (
        digits,
        side,
        price.amount,
        codings,
        original,
        memo,
    )


def _amount(minor: int, currency: Currency, *, trimmed: bool) -> tuple[bytes, bytes]:
    number = written(minor, currency, trimmed=trimmed)
    return number, b'{"amount":%b,"currency":"%b"}' % (number, currency.code)


__all__ = ["KINDS", "Kind", "entry", "write_price"]
