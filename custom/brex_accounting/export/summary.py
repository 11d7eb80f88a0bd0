"""What came of a run, in figures and in what needs a person."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from attrs import field, frozen

from .journal import Entry
from .posting import EXACT

MOST_LISTED: Final = 1000
"""How many records a summary names of each kind; the journal has them all."""

Ended = Literal["complete", "incomplete", "paused", "stopped", "too many refusals", "erp failed"]
"""How a run ended.

- ``complete``: every list was read to its end, and what could be done is done.
- ``incomplete``: a list could not be read to its end (``unread`` says why); what was read is done.
- ``paused``: the account pauses (``pause`` says why).
- ``stopped``: somebody stopped it.
- ``too many refusals``: nothing was reported, because too much would be refused.
- ``erp failed``: the ERP cannot be asked at present.
"""


@frozen(kw_only=True)
class Attention:
    """A record that somebody should look at.

    Attributes:
        record_id: The record.
        reason: Why, without names or free text.
        message: What Brex is told about it, where it is refused; it may hold whatever the ERP says.
    """

    record_id: str
    reason: str
    message: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class RunSummary:
    """What came of a run.

    Attributes:
        ended: How it ended.
        account: The account label.
        started: When it began.
        seconds: How long it took.
        seen: Records that were read; one that is read twice counts twice.
        passes: How often the lists were read.
        posted: Entries that came into the books, found ones included.
        found: Of these, those that were there already, from an earlier attempt.
        amended: Entries that were changed.
        exported: Records that Brex now shows as exported, by our report or as it turned out.
        refused: Records whose failure Brex was told.
        not_for_ledger: Records that the policy newly passed over.
        waiting: Records that came to wait for an open period.
        amounts: The exact sum of the exported records' amounts, by currency.
        refusals: What was refused and why, at most ``MOST_LISTED`` of them.
        needs_person: What came to need a person in this run and why, at most ``MOST_LISTED`` of them.
        unread: Why a list could not be read to its end, by list.
        pause: Why the account pauses, and None where it does not.
        next_due: When the next record is due, None where none is.
        advice: What to do next, empty where nothing is to be done.
    """

    ended: Ended
    account: str | None
    started: datetime.datetime
    seconds: float
    seen: int = 0
    passes: int = 0
    posted: int = 0
    found: int = 0
    amended: int = 0
    exported: int = 0
    refused: int = 0
    not_for_ledger: int = 0
    waiting: int = 0
    amounts: Mapping[str, Decimal] = field(factory=dict[str, Decimal])
    refusals: tuple[Attention, ...] = ()
    needs_person: tuple[Attention, ...] = ()
    unread: Mapping[str, str] = field(factory=dict[str, str])
    pause: str | None = None
    next_due: datetime.datetime | None = None
    advice: str = ""


class Tally:
    """Counts while a run goes on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.amounts: dict[str, Decimal] = {}
        self.refusals: dict[str, Attention] = {}
        self.needs_person: dict[str, Attention] = {}
        self.unread: dict[str, str] = {}

    def exported(self, entry: Entry) -> None:
        """Count a record that Brex shows as exported."""
        self.counts["exported"] += 1
        if entry.currency is not None and entry.amount is not None:
            before = self.amounts.get(entry.currency, Decimal())
            self.amounts[entry.currency] = EXACT.add(before, entry.amount)

    def person(self, record_id: str, reason: str | None) -> None:
        """Count a record that needs a person."""
        self.counts["needs_person"] += 1
        if len(self.needs_person) < MOST_LISTED:
            self.needs_person[record_id] = Attention(record_id=record_id, reason=reason or "")

    def refused(self, record_id: str, reason: str | None, message: str | None) -> None:
        """Count a record whose failure Brex was told."""
        self.counts["refused"] += 1
        if len(self.refusals) < MOST_LISTED:
            self.refusals[record_id] = Attention(record_id=record_id, reason=reason or "", message=message)

    def summary(
        self,
        *,
        ended: Ended,
        account: str | None,
        started: datetime.datetime,
        seconds: float,
        pause: str | None,
        next_due: datetime.datetime | None,
        advice: str,
    ) -> RunSummary:
        """The summary of what was counted.

        Args:
            ended: How the run ended.
            account: The account label.
            started: When it began.
            seconds: How long it took.
            pause: Why the account pauses.
            next_due: When the next record is due.
            advice: What to do next.
        """
        names = (
            "seen",
            "passes",
            "posted",
            "found",
            "amended",
            "exported",
            "refused",
            "not_for_ledger",
            "waiting",
        )
        return RunSummary(
            ended=ended,
            account=account,
            started=started,
            seconds=seconds,
            amounts=dict(self.amounts),
            refusals=tuple(self.refusals.values()),
            needs_person=tuple(self.needs_person.values()),
            unread=dict(self.unread),
            pause=pause,
            next_due=next_due,
            advice=advice,
            **{name: self.counts[name] for name in names},
        )


__all__ = ["MOST_LISTED", "Attention", "Ended", "RunSummary", "Tally"]
