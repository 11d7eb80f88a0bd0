"""What happens in a company, and the records and expenses that each event leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ..stored import StoredRecord
from .book import Book
from .deals import purchase, settlement
from .expenses import Course, add_expense
from .moments import DAY, moment_of
from .money import USD, Price
from .records import add_record

Scene = Callable[[Book], None]


def card_purchase(
    book: Book, *, price: Price | None = None, refunded: bool | None = None, repaid: bool | None = None
) -> None:
    """A purchase by card: now and then the merchant refunds some or all of it, or an employee pays it back.

    Args:
        book: Where to write it.
        price: What it costs; drawn if None.
        refunded: Whether it is refunded; drawn if None.
        repaid: Whether it is paid back; drawn if None.
    """
    chance = book.random()
    deal = purchase(book, price=price)
    posted = book.later(deal.at, 3 * DAY)
    record = add_record(book, "CARD_EXPENSE_POST", deal, posted)
    something = deal.price.minor > 0
    refunded = (chance < 0.07 if refunded is None else refunded) and something
    repaid = (0.07 < chance < 0.1 if repaid is None else repaid) and something
    payment_status = "CLEARED"
    if refunded:
        price = _share(book, deal.price)
        add_record(book, "CARD_EXPENSE_REFUND", deal, book.later(posted, 20 * DAY), price=price)
        payment_status = "REFUNDED" if price == deal.price else "REFUNDING"
    repaid_at = None
    if repaid:
        repaid_at = book.later(posted, 15 * DAY)
        add_record(book, "CARD_EXPENSE_REPAYMENT", deal, repaid_at, price=_share(book, deal.price))
    status = "OUT_OF_POLICY" if repaid else "SETTLED" if chance > 0.6 else "APPROVED"
    exported = _exported(record)
    add_expense(book, deal, Course("CARD", status, payment_status, posted=posted, exported=exported, repaid=repaid_at))


def card_statement(book: Book, *, price: Price | None = None, overpaid: bool | None = None) -> None:
    """The company pays its card balance, at times too much.

    Args:
        book: Where to write it.
        price: How much; drawn if None.
        overpaid: Whether Brex gives some back; drawn if None.
    """
    chance = book.random()
    deal = settlement(book, price=price)
    add_record(book, "CARD_PAYMENT", deal, deal.at)
    if (chance < 0.15 if overpaid is None else overpaid) and deal.price.minor:
        posted = book.later(deal.at, 10 * DAY)
        add_record(book, "CARD_PAYMENT_REFUND", deal, posted, price=deal.price.share(1, 4))


def reward(book: Book) -> None:
    """The company redeems points."""
    deal = settlement(book)
    add_record(book, "REWARD_REDEMPTION", deal, deal.at)


def reimbursement(
    book: Book, *, price: Price | None = None, moved: bool | None = None, failed: bool | None = None
) -> None:
    """An employee is paid back: approved (accrual) and carried out (cash), with the money that moves for it.

    Args:
        book: Where to write it.
        price: What it cost; drawn if None.
        moved: Whether the movements of money have records; drawn if None.
        failed: Whether the payout comes back, and the money with it; drawn if None.
    """
    chance = book.random()
    deal = purchase(book, price=price)
    submitted = book.later(deal.at, 5 * DAY)
    approved = book.later(submitted, 5 * DAY)
    posted = book.later(approved, 5 * DAY)
    views = (("accrual", "REIMBURSEMENT_EXPENSE_APPROVAL", approved), ("cash", "REIMBURSEMENT_EXPENSE_POST", posted))
    emitted = book.plan.reimbursements
    entered = [add_record(book, type_, deal, at) for view, type_, at in views if emitted in {view, "both"}]
    payment_status = "PROCESSING" if chance > 0.95 else "CLEARED"
    if chance < 0.6 if moved is None else moved:
        prefix = "REIMBURSEMENT_EXPENSE_MONEY_MOVEMENT_"
        add_record(book, f"{prefix}PAYIN", deal, book.later(approved, DAY))
        add_record(book, f"{prefix}PAYOUT", deal, posted)
        if (chance < 0.06 if failed is None else failed) and deal.price.minor:
            back = book.later(posted, 3 * DAY)
            add_record(book, f"{prefix}PAYOUT_REVERSAL", deal, back)
            add_record(book, f"{prefix}REFUND", deal, book.later(back, 3 * DAY))
            payment_status = "CANCELED"
    complete = posted + 2 * DAY
    exported = _exported(entered[0])
    add_expense(
        book,
        deal,
        Course("REIMBURSEMENT", "APPROVED", payment_status, submitted, approved, posted, complete, exported),
    )


def clawback(book: Book) -> None:
    """An employee pays a reimbursement back, which is an expense with negative amounts."""
    deal = purchase(book)
    posted = book.later(deal.at, 5 * DAY)
    record = add_record(book, "REIMBURSEMENT_EXPENSE_REPAYMENT", deal, posted)
    exported = _exported(record)
    course = Course("CLAWBACK", "SETTLED", "CREDITED", posted=posted, exported=exported, repaid=deal.at, back=True)
    add_expense(book, deal, course)


def bill(book: Book, *, by_card: bool | None = None, moved: bool | None = None, paid: bool | None = None) -> None:
    """A bill comes in, and most are paid: by bank, at times with money that the company pays in first, or by card.

    Args:
        book: Where to write it.
        by_card: Whether it is paid by card; drawn if None.
        moved: Whether money is paid in first; drawn if None.
        paid: Whether it is paid at all; drawn if None.
    """
    chance = book.random()
    deal = purchase(book, bill=True)
    approved = book.later(deal.at, 5 * DAY)
    posted = None
    record = add_record(book, "BILL_EXPENSE", deal, approved)
    payment_status = "SCHEDULED" if chance > 0.9 else "AWAITING_PAYMENT"
    if chance < 0.8 if paid is None else paid:
        posted = book.later(approved, 30 * DAY)
        payment_status = "CLEARED"
        if chance < 0.2 if by_card is None else by_card:
            add_record(book, "BILL_EXPENSE_CARD_PAYMENT", deal, posted)
        else:
            if chance < 0.4 if moved is None else moved:
                add_record(book, "BILL_MONEY_MOVEMENT_PAYIN", deal, book.later(approved, DAY))
            add_record(book, "BILL_EXPENSE_PAYMENT", deal, posted)
    complete = approved + 30 * DAY
    exported = _exported(record)
    add_expense(
        book, deal, Course("BILLPAY", "APPROVED", payment_status, deal.at, approved, posted, complete, exported)
    )


def invoice(book: Book, *, paid: bool | None = None) -> None:
    """An invoice, and at times its payment.

    Args:
        book: Where to write it.
        paid: Whether it is paid; drawn if None.
    """
    chance = book.random()
    deal = settlement(book, invoice=True)
    add_record(book, "INVOICE", deal, deal.at)
    if chance < 0.7 if paid is None else paid:
        add_record(book, "INVOICE_PAYMENT", deal, book.later(deal.at, 30 * DAY))


def loose_expense(book: Book) -> None:
    """An expense that has not become a record, and may never become one."""
    add_expense(book, purchase(book), book.pick(_LOOSE))


def _share(book: Book, price: Price) -> Price:
    """All of it as often as not, else a part."""
    return price if book.random() < 0.5 else price.share(1 + int(book.random() * 9), 10)


def _exported(record: StoredRecord) -> int | None:
    """When the expense of this record went to the accounting system, if it did."""
    return moment_of(record.updated_at) if record.review_status == "EXPORTED" else None


_PLAIN: Final = Price(12_550, USD, None, USD)
_NOTHING: Final = Price(0, USD, None, USD)
_VAST: Final = Price(9_876_543_210_987_654_321, USD, None, USD)
"""More digits than a float holds, and more than 64 bits in minor units."""

_LOOSE: Final = (
    Course("UNSET", "DRAFT", "NOT_STARTED"),
    Course("REIMBURSEMENT", "DRAFT", "NOT_STARTED"),
    Course("CARD", "CANCELED", "DECLINED"),
    Course("REIMBURSEMENT", "VOID", "CANCELED"),
    Course("CARD", "SUBMITTED", "PROCESSING"),
    Course("CARD", "APPROVED", "CASH_ADVANCE"),
)

OPENING: Final[tuple[Scene, ...]] = (
    card_purchase,
    partial(reimbursement, price=_PLAIN, moved=True, failed=True),
    partial(bill, by_card=False, moved=True, paid=True),
    partial(card_purchase, price=_PLAIN, refunded=True, repaid=False),
    partial(card_purchase, price=_PLAIN, refunded=False, repaid=True),
    partial(card_purchase, price=_NOTHING),
    partial(card_statement, price=_PLAIN, overpaid=True),
    partial(card_statement, price=_VAST, overpaid=False),
    reward,
    clawback,
    partial(bill, by_card=True, paid=True),
    partial(invoice, paid=True),
)
"""What every account of some size has seen: each type of record, nothing, and a sum that no float can hold."""

SCENES: Final[tuple[Scene, ...]] = (
    (card_purchase,) * 54
    + (reimbursement,) * 18
    + (bill,) * 12
    + (card_statement,) * 6
    + (loose_expense,) * 3
    + (reward,) * 2
    + (invoice,) * 3
    + (clawback,) * 2
)
"""What happens afterwards, in proportion."""

__all__ = ["OPENING", "SCENES", "Scene"]
