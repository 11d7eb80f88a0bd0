"""What a run would do: for each record, and in figures."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

from attrs import field, frozen

from brex_accounting_client.models import AccountingRecord, AccountingRecordLineItem

from .journal import Entry
from .posting import EXACT, Posting, posting_date
from .summary import MOST_LISTED


class PlanAction(StrEnum):
    """What a run would do about a record."""

    POST = "post"
    """It would come into the books, and Brex would be told."""
    AMEND = "amend"
    """The entry in the books would be brought to what Brex shows now."""
    REPORT = "report"
    """It is in the books already; Brex would be told."""
    RECOGNISE = "recognise"
    """It is in the books and Brex shows it as exported; a new journal would take it in."""
    REFUSE = "refuse"
    """Brex would be told that it is not taken."""
    WAIT = "wait"
    """Nothing would be done now; ``reason`` says what it waits for."""
    NEEDS_PERSON = "needs a person"
    """Somebody has to decide."""
    NOT_FOR_LEDGER = "not for this ledger"
    """The policy would pass over it."""


@frozen(kw_only=True)
class PlanItem:
    """What a run would do about one record.

    Attributes:
        record_id: The record.
        action: What would be done.
        record_type: Its type, None where it was not read.
        date: The day that it would be posted under, or that Brex wants it posted under.
        amount: The record's amount, with its sign.
        currency: The amount's currency.
        debits: The exact sum of the debit lines in each currency, of what would be posted, amended or refused.
        lines: The lines of the same, in Brex's order.
        reason: Why, without names or free text: the code of a refusal, what it waits for.
        message: What Brex would be told, where it would be refused; it may hold whatever the ERP says.
        reference: The entry's id in the ERP, where there is one.
        due: When it would be looked at again, None where nobody can say.
        preview: The text of the entry, where the ERP gives it; it may hold names and memos.
    """

    record_id: str
    action: PlanAction
    record_type: str | None = None
    date: datetime.date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    debits: Mapping[str, Decimal] = field(factory=dict[str, Decimal])
    lines: tuple[AccountingRecordLineItem, ...] = field(default=(), repr=False)
    reason: str = ""
    message: str | None = field(default=None, repr=False)
    reference: str | None = None
    due: datetime.datetime | None = None
    preview: str | None = field(default=None, repr=False)


def item_of(record: AccountingRecord, action: PlanAction, **members: Any) -> PlanItem:
    """What would be done about a record.

    Args:
        record: The record.
        action: What would be done.
        **members: What else the item says.
    """
    usual: dict[str, Any] = {"date": posting_date(record)}
    return PlanItem(
        record_id=record.id,
        action=action,
        record_type=str(record.type),
        amount=record.amount.amount,
        currency=record.amount.currency,
        **{**usual, **members},
    )


def item_of_posting(posting: Posting, action: PlanAction, **members: Any) -> PlanItem:
    """What would be done about a record, with the entry that it would be.

    Args:
        posting: The entry.
        action: What would be done.
        **members: What else the item says.
    """
    entry: dict[str, Any] = {"date": posting.date, "debits": posting.debits, "lines": posting.lines}
    return item_of(posting.record, action, **entry, **members)


def item_of_row(row: Entry) -> PlanItem:
    """What the journal says of a record for which nothing would be done.

    Args:
        row: The row.
    """
    return PlanItem(
        record_id=row.record_id,
        action=PlanAction.WAIT,
        date=row.posting_date,
        amount=row.amount,
        currency=row.currency,
        reference=row.reference,
    )


OnPlanItem: TypeAlias = Callable[[PlanItem], object]


@frozen(kw_only=True)
class PlanSummary:
    """What a run would do, in figures.

    Attributes:
        account: The account label.
        records: How many different records were looked at.
        unchanged: For how many of them nothing is to be done.
        counts: How many records come to each action.
        debits: The exact sum of the debits that would be posted, by currency.
        periods: The same by period (``YYYY-MM`` of the posting date), in the order of time.
        reasons: How many records come to an action for each reason; at most ``MOST_LISTED`` reasons of an action.
        too_many_refusals: Whether the run would stop before it reports anything, because too much would be refused.
        rebuilding: Whether the journal is new, so that the books are asked for what it does not know.
        pause: Why the account pauses; a run would do nothing until that ends. None where it does not.
        unread: Why a list could not be read to its end, by list; the plan is not whole then.
    """

    account: str | None
    records: int
    unchanged: int
    counts: Mapping[PlanAction, int]
    debits: Mapping[str, Decimal]
    periods: Mapping[str, Mapping[str, Decimal]]
    reasons: Mapping[PlanAction, Mapping[str, int]]
    too_many_refusals: bool
    rebuilding: bool
    pause: str | None = None
    unread: Mapping[str, str] = field(factory=dict[str, str])

    @property
    def is_complete(self) -> bool:
        """Whether every list was read to its end."""
        return not self.unread


class PlanTally:
    """Counts while a plan is made.

    Args:
        on_item: Takes each item.
    """

    def __init__(self, on_item: OnPlanItem | None) -> None:
        self._on_item = on_item
        self.unchanged = 0
        self.counts: Counter[PlanAction] = Counter()
        self.debits: dict[str, Decimal] = {}
        self.periods: dict[str, dict[str, Decimal]] = {}
        self.reasons: dict[PlanAction, Counter[str]] = {}
        self.recovered = 0
        """Entries that an unknown post has left in the books: the run counts them as posted."""
        self.told_before = 0
        """Refusals of which Brex was told the same before: they do not stop a run."""

    def add(self, item: PlanItem) -> None:
        """Count an item, and hand it on."""
        self.counts[item.action] += 1
        if item.reason:
            reasons = self.reasons.setdefault(item.action, Counter())
            if item.reason in reasons or len(reasons) < MOST_LISTED:
                reasons[item.reason] += 1
        if item.action is PlanAction.POST and item.date is not None:
            period = self.periods.setdefault(f"{item.date:%Y-%m}", {})
            for currency, amount in item.debits.items():
                for sums in (self.debits, period):
                    sums[currency] = EXACT.add(sums.get(currency, Decimal()), amount)
        if self._on_item is not None:
            self._on_item(item)

    @property
    def newly_refused(self) -> int:
        """How many refusals count where they may be too many."""
        return self.counts[PlanAction.REFUSE] - self.told_before

    @property
    def booked(self) -> int:
        """How many entries would come into the books, or be brought to another content."""
        return self.counts[PlanAction.POST] + self.counts[PlanAction.AMEND] + self.recovered


__all__ = [
    "OnPlanItem",
    "PlanAction",
    "PlanItem",
    "PlanSummary",
    "PlanTally",
    "item_of",
    "item_of_posting",
    "item_of_row",
]
