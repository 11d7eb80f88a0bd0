"""Expenses, put together from a deal: every nested object is filled in, and amounts are whole minor units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import msgspec

from ..stored import StoredExpense
from .book import Book
from .deals import Deal
from .moments import DAY, instant_of, written_moment
from .money import USD, Currency, Price, converted

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

_WHOLE: Final = b'{"id":"%b","updated_at":"%b","dashboard_url":"https://dashboard.example.com/expenses/%b"%b%b}'
_STATES: Final = b',"expense_type":"%b","status":"%b","payment_status":"%b","purchased_at":"%b"'
_AMOUNTS: Final = (
    b',"original_amount":%b,"billing_amount":%b,"budget_amount":{"amount":%d%b},"purchased_amount":%b'
    b',"usd_equivalent_amount":{"amount":%d,"currency":"USD"}'
)
_CARD_PAYMENTS: Final = (
    b',"paymentInstrument":{"type":"CARD"}',
    b',"paymentInstrument":{"type":"CARD"},"statusReason":null',
    b',"paymentInstrument":{"type":"CARD"},"statusReason":"OTHER"',
)
_OTHER_PAYMENTS: Final = (
    b"",
    b',"paymentInstrument":null',
    b',"paymentInstrument":{"type":null},"statusReason":null',
    b',"paymentInstrument":{}',
)
_REVIEWS: Final = (
    b',"review":{}',
    b',"review":{"compliance_status":null,"approval_steps":null}',
    b',"review":{"compliance_status":"NON_COMPLIANT","approval_steps":[]}',
    b',"review":{"approval_steps":[{}]}',
    b',"review":{"approval_steps":[{"status":null,"pending_reviewers":null,"reviewer":null,"resolved_at":null}]}',
)
_REPAYMENTS: Final = (
    b',"repayment":{}',
    b',"repayment":{"repayment_initiated_by":null,"repayment_initiation_date":null}',
)
_SPARSE_MEMBERS: Final = (
    ("memo",),
    ("location_id", "location"),
    ("address",),
    ("department_id", "department"),
    ("payment_posted_at",),
    ("category",),
    ("merchant_id", "merchant"),
    ("budget_id", "budget"),
    ("expense_type",),
    ("original_amount",),
    ("billing_amount",),
    ("budget_amount",),
    ("purchased_amount",),
    ("usd_equivalent_amount",),
    ("purchased_at",),
    ("status",),
    ("payment_status",),
    ("user_id", "user"),
    ("payment",),
    ("custom_fields",),
    ("trip_id",),
    ("spending_entity_id", "spending_entity"),
    ("billing_entity_id",),
    ("exported_at",),
    ("integration_spending_entity_id",),
    ("integration_billing_entity_id",),
    ("review",),
    ("repayment",),
    ("approved_at",),
    ("submitted_at",),
    ("completion_date",),
    ("policy",),
    ("expense_line_items",),
)
"""What a sparse expense may lack, each id together with its object."""

_NO_CHANGES: Final[Mapping[str, Any]] = {}


def _gaps(stride: int, start: int) -> Mapping[str, bool]:
    """Half of the members, and whether each of them is null (or else left out)."""
    places = ((names, (index * stride + start) % 4) for index, names in enumerate(_SPARSE_MEMBERS))
    return {name: place == 1 for names, place in places if place % 2 for name in names}


_NO_GAPS: Final[Mapping[str, bool]] = {}
_GAPS: Final = tuple(_gaps(stride, start) for stride in (1, 3) for start in range(4))


@attrs.frozen
class Course:
    """How an expense has fared; moments are None where it has not come so far.

    Args:
        type: As on the wire.
        status: Where it stands in its review.
        payment_status: Where its payment stands.
        submitted: When it was handed in.
        approved: When it was approved.
        posted: When its payment was posted.
        complete: When its payment is or will be complete.
        exported: When it went to the accounting system.
        repaid: When its repayment began.
        back: Whether money comes back: its amounts are negative.
    """

    type: str
    status: str
    payment_status: str
    submitted: int | None = None
    approved: int | None = None
    posted: int | None = None
    complete: int | None = None
    exported: int | None = None
    repaid: int | None = None
    back: bool = False


def add_expense(book: Book, deal: Deal, course: Course) -> None:
    """Write the expense of a deal into the book, and at times the parts into which it was split.

    Args:
        book: Where to.
        deal: What it is about; it has the id of an expense.
        course: How it has fared.
    """
    expense_id = deal.expense_id or ""
    posted = course.posted or course.approved or course.submitted or deal.at
    updated = book.later(max(posted, course.exported or 0, course.repaid or 0), 3 * DAY)
    if len(deal.shares) == 1 or course.back or book.random() > 0.1:
        unsplit = b"" if len(deal.shares) > 1 else None
        _write(book, deal, course, deal.price, updated, expense_id=expense_id, items=unsplit)
        return
    parts = [(f"expense_{book.ids().decode()}", part) for part in deal.price.split(deal.shares)]
    items = b",".join([_line_item(deal, course, part, updated, part_id) for part_id, part in parts])
    whole = attrs.evolve(course, status="SPLIT")
    _write(book, deal, whole, deal.price, updated, expense_id=expense_id, items=items)
    for part_id, part in parts:
        _write(book, deal, course, part, updated, expense_id=part_id, parent_id=expense_id)


def _write(
    book: Book,
    deal: Deal,
    course: Course,
    price: Price,
    updated: int,
    *,
    expense_id: str,
    parent_id: str | None = None,
    items: bytes | None = None,
) -> None:
    person, entity = deal.person, deal.person.entity
    budget = book.pick(book.cast.budgets)
    gaps = _NO_GAPS if items or book.random() < 0.9 else book.pick(_GAPS)
    members = b"".join(
        (
            deal.memo,
            person.spender,
            deal.seller.merchant,
            budget.members,
            entity.members,
            _states(deal, course),
            _amounts(book, price, back=course.back),
            _papers(book, deal, course),
            b"" if items is None else b',"expense_line_items":[%b]' % items,
        )
    )
    if gaps:
        members = _thinned(members, gaps)
    expense = expense_id.encode()
    posted = course.posted
    book.expenses.append(
        StoredExpense(
            id=expense_id,
            position=len(book.expenses),
            expense_type=None if "expense_type" in gaps else course.type,
            status=None if "status" in gaps else course.status,
            payment_status=None if "payment_status" in gaps else course.payment_status,
            user_id=None if "user" in gaps else person.id,
            budget_id=None if "budget" in gaps else budget.id,
            spending_entity_id=None if "spending_entity" in gaps else entity.id,
            parent_expense_id=parent_id,
            purchased_at=None if "purchased_at" in gaps else instant_of(deal.at),
            updated_at=instant_of(updated),
            payment_posted_at=None if posted is None or "payment_posted_at" in gaps else instant_of(posted),
            text=_WHOLE % (expense, written_moment(updated), expense, members, deal.receipts),
            changes=_NO_CHANGES,
        )
    )


def _line_item(deal: Deal, course: Course, price: Price, updated: int, part_id: str) -> bytes:
    """A part as it shows inside of its whole."""
    billed, bought = _signed(price, back=course.back)
    members = b',"original_amount":%b,"billing_amount":%b' % (
        _money(bought, price.first_currency),
        _money(billed, price.currency),
    )
    part = part_id.encode()
    return _WHOLE % (part, written_moment(updated), part, _states(deal, course), members)


def _states(deal: Deal, course: Course) -> bytes:
    return _STATES % (
        course.type.encode(),
        course.status.encode(),
        course.payment_status.encode(),
        written_moment(deal.at),
    )


def _amounts(book: Book, price: Price, *, back: bool) -> bytes:
    """All the amounts; the budget is in dollars, and at times does not say so."""
    billed, bought = _signed(price, back=back)
    dollars = converted(price.minor, price.currency, USD)
    chance = book.random()
    currency = b',"currency":"USD"' if chance < 0.94 else b',"currency":null' if chance < 0.97 else b""
    original = _money(bought, price.first_currency)
    dollars = -dollars if back else dollars
    return _AMOUNTS % (original, _money(billed, price.currency), dollars, currency, original, dollars)


def _signed(price: Price, *, back: bool) -> tuple[int, int]:
    """What is billed, and what the seller gets, in minor units."""
    first = price.minor if price.first is None else price.first
    return (-price.minor, -first) if back else (price.minor, first)


def _money(minor: int, currency: Currency) -> bytes:
    return b'{"amount":%d,"currency":"%b"}' % (minor, currency.code)


def _papers(book: Book, deal: Deal, course: Course) -> bytes:
    """What goes with an expense once it is on its way, and what only some have."""
    chance = book.random()
    payment = book.pick(_CARD_PAYMENTS if course.type == "CARD" else _OTHER_PAYMENTS)
    papers = [
        b',"payment":{"id":"pay_%b"%b}' % (deal.digits, payment),
        _when(b"submitted_at", course.submitted),
        _when(b"approved_at", course.approved),
        _when(b"payment_posted_at", course.posted),
        _when(b"completion_date", course.complete),
        _when(b"exported_at", course.exported),
    ]
    if chance < 0.15:
        papers.append(_review(book, course))
    elif chance < 0.35:
        papers.append(deal.person.address)
    elif chance < 0.5:
        papers.append(book.pick(book.cast.custom_fields))
    elif chance < 0.55:
        papers.append(b',"trip_id":"trip_%b","custom_fields":[]' % deal.digits)
    elif chance < 0.8:
        papers.append(book.pick(book.cast.policies))
    if course.repaid is not None:
        papers.append(_repayment(book, deal, course.repaid))
    return b"".join(papers)


def _when(name: bytes, moment: int | None) -> bytes:
    return b"" if moment is None else b',"%b":"%b"' % (name, written_moment(moment))


def _review(book: Book, course: Course) -> bytes:
    chance = book.random()
    if chance < 0.3:
        return book.pick(_REVIEWS)
    reviewer = book.pick(book.cast.people[:4]).brief
    if course.approved is None:
        step = b'"status":"PENDING","pending_reviewers":[%b]%b' % (
            reviewer,
            b"" if chance < 0.6 else b',"reviewer":null,"resolved_at":null',
        )
    else:
        step = b'"status":"APPROVED","reviewer":%b,"resolved_at":"%b"' % (reviewer, written_moment(course.approved))
    return b',"review":{"compliance_status":"COMPLIANT","approval_steps":[{%b}]}' % step


def _repayment(book: Book, deal: Deal, repaid: int) -> bytes:
    if book.random() < 0.5:
        return book.pick(_REPAYMENTS)
    return b',"repayment":{"repayment_initiated_by":%b,"repayment_initiation_date":"%b"}' % (
        deal.person.brief,
        written_moment(repaid),
    )


def _thinned(members: bytes, gaps: Mapping[str, bool]) -> bytes:
    """The members without some of them: null, or left out."""
    kept = _decode(b"{%b}" % members[1:])
    for name, null in gaps.items():
        if null:
            kept[name] = None
        else:
            kept.pop(name, None)
    return b"," + _encode(kept)[1:-1]


__all__ = ["Course", "add_expense"]
