"""What is to be done about a record that Brex shows, given what the journal says of it. Nothing here waits or asks.

A record is judged by its content's hash, never by its version: our own report may raise that.
"""

from __future__ import annotations

import datetime
from typing import Final

from attrs import frozen

from brex_accounting_client.models import AccountingRecord, ReviewStatus, SourceType

from .erp import Rejected
from .journal import Entry
from .policy import ExportPolicy
from .posting import Posting, can_be_summed, content_hash, flaw, posting_date
from .record_types import RECORD_TYPES
from .states import State
from .verdicts import (
    AMEND_FAILED,
    BY_HAND,
    CHANGED,
    CLOSED,
    ELSEWHERE,
    FAILURE_REFUSED,
    GONE,
    KEPT,
    LEAVE,
    POISON,
    REPOST_REJECTED,
    SETTLING,
    STILL_READY,
    UNDATED,
    UNDER_WAY,
    UNREADABLE,
    Amend,
    LookUp,
    Post,
    Put,
    ReadBack,
    Verdict,
    exported,
    is_half_amended,
    is_parked,
    shows,
    times_told,
    tries,
)

_PATIENCE: Final = 5
"""How often Brex is told the same before a person has to look."""

_LONGEST_NAME: Final = 60
"""How much is shown of a constant that nobody knows."""


@frozen(kw_only=True)
class Judge:
    """Decides about records.

    Attributes:
        policy: What the ledger takes, and when.
        mapping_version: Of the ERP's mapping, None where it has none.
        search_lag: Of the ERP, in seconds.
        amends: Whether the ERP can change entries.
        rebuilding: Whether the journal is new, so that the books may know more than it does.
    """

    policy: ExportPolicy
    mapping_version: str | None = None
    search_lag: float = 0.0
    amends: bool = False
    rebuilding: bool = False

    def decide(self, record: AccountingRecord, entry: Entry | None, *, now: datetime.datetime) -> Verdict:
        """What is to be done.

        Args:
            record: The record as Brex shows it.
            entry: What the journal says, None where it says nothing.
            now: The instant.
        """
        if entry is None:
            return self._unseen(record, now)
        if entry.owner is not None and entry.lease_until is not None and now < entry.lease_until:
            return LEAVE  # somebody is at work on it
        match entry.state:
            case state if state in UNDER_WAY or state is State.IGNORED:
                return LEAVE  # what became of it is found out elsewhere, or a person has decided
            case State.POSTED | State.EXPORTED:
                return self._in_the_books(record, entry, now)
            case State.AMENDING:
                if (entry.due is not None and now < entry.due) or not self._is_final(record):
                    return LEAVE  # it rests after a failure, or somebody is still editing it
                return self._amended(record, entry, content_hash(record), now)
            case State.NEEDS_PERSON if entry.reference is not None:
                return self._in_the_books(record, entry, now)
            case _:
                return self._outside(record, entry, now)

    def unreadable(self, record_id: str, why: str, entry: Entry | None, *, now: datetime.datetime) -> Verdict:
        """What is to be done about a record that cannot be read.

        Args:
            record_id: Its id, or what stands for it.
            why: JSON path and reason, without values.
            entry: What the journal says.
            now: The instant.
        """
        reason = f"{UNREADABLE}: {why}"
        row = entry or Entry(record_id=record_id, state=State.NEEDS_PERSON, since=now)
        busy = row.owner is not None and row.lease_until is not None and now < row.lease_until
        if busy or row.state in (*UNDER_WAY, State.IGNORED) or is_half_amended(row) or row.reason in (KEPT, BY_HAND):
            return LEAVE
        if entry is not None and (row.state, row.reason) == (State.NEEDS_PERSON, reason):
            return LEAVE
        return Put(row.moved(State.NEEDS_PERSON, at=now, reason=reason))

    # ---- what is not in the books -------------------------------------------------------------------------------

    def _unseen(self, record: AccountingRecord, now: datetime.datetime) -> Verdict:
        if record.review_status is ReviewStatus.EXPORTED and self.rebuilding:
            if self._why_not(record) is not None:
                return LEAVE
            return LookUp(self._read(Entry(record_id=record.id, state=State.EXPORTED, since=now), record))
        if not self._is_ready(record):
            return LEAVE
        return self._ready(record, Entry(record_id=record.id, state=State.READY, since=now), now)

    def _outside(self, record: AccountingRecord, entry: Entry, now: datetime.datetime) -> Verdict:
        # A later generation: a person wants it once more, whatever Brex shows.
        if self._is_ready(record) or entry.generation > 1:
            return self._ready(record, entry, now)
        if record.review_status is ReviewStatus.EXPORTED and entry.state is not State.NOT_FOR_LEDGER:
            return self._person(entry, ELSEWHERE, now)
        return LEAVE

    def _ready(self, record: AccountingRecord, entry: Entry, now: datetime.datetime) -> Verdict:
        passed_over = self._why_not(record)
        if passed_over is not None:
            state, reason = passed_over
            if entry.revision and (entry.state, entry.reason) == (state, reason):
                return LEAVE
            row = entry if state is State.NEEDS_PERSON else self._read(entry, record)
            return Put(row.moved(state, at=now, reason=reason))
        wrong = flaw(record)
        if wrong is not None:
            return self._person(entry, wrong, now)
        row = self._read(entry, record)
        if entry.state is State.REFUSED and not self._is_worth_a_try(entry, row, now):
            return LEAVE
        if entry.state is State.READY and entry.reason is not None and not self._is_worth_a_try(entry, row, now):
            return LEAVE  # rejected, and Brex did not want to hear of it yet
        if entry.state is State.NEEDS_PERSON and not self._is_mended(entry, row):
            return LEAVE
        date = posting_date(record)
        if self.policy.is_closed(date):
            match self.policy.closed:
                case "wait":
                    if entry.state is State.WAITING and entry.content_hash == row.content_hash:
                        return LEAVE
                    return Put(row.moved(State.WAITING, at=now, reason=CLOSED))
                case "fail":
                    rejected = Rejected(f"The posting date {date} lies in a closed period.", code=CLOSED)
                    rest = {"reason": CLOSED, "due": now, "attempts": tries(entry)}
                    return Put(row.moved(State.REJECTED, at=now, **rest), rejected)
                case "next open date":
                    date = self.policy.next_open_date or date
        if (
            entry.revision
            and entry.state is State.READY
            and entry.attempts
            and self._may_be_on_its_way(entry, row, now)
        ):
            return LEAVE
        was_tried = entry.attempts > 0 and entry.content_hash not in (None, row.content_hash)
        return Post(row, self._posting(record, row, date), tried=entry if was_tried else None)

    def _why_not(self, record: AccountingRecord) -> tuple[State, str] | None:
        """Why the policy passes over a record, whatever its lines say."""
        if not record.type.is_known or record.type not in RECORD_TYPES:
            return State.NEEDS_PERSON, f"unknown record type {str(record.type)[:_LONGEST_NAME]}"
        if record.type not in self.policy.types:
            return State.NOT_FOR_LEDGER, f"type {record.type}"
        if self.policy.start is not None and posting_date(record) < self.policy.start:
            return State.NOT_FOR_LEDGER, f"before {self.policy.start}"
        return None

    def _is_ready(self, record: AccountingRecord) -> bool:
        if record.review_status is ReviewStatus.READY_FOR_EXPORT:
            return True
        arrived = record.source_type is SourceType.BILL and self.policy.bills == "arrival"
        return arrived and record.review_status is not ReviewStatus.EXPORTED

    def _is_worth_a_try(self, entry: Entry, row: Entry, now: datetime.datetime) -> bool:
        """Whether something has changed about a record that was refused, or its time has come."""
        return (
            row.content_hash != entry.content_hash
            or self.mapping_version != entry.mapping_version
            or (entry.reason == CLOSED and not self.policy.is_closed(row.posting_date or datetime.date.min))
            or (entry.due is not None and entry.due <= now)
        )

    def _is_mended(self, entry: Entry, row: Entry) -> bool:
        """Whether what a person was to look at has changed by itself."""
        if entry.reason is None or not entry.reason.startswith((POISON, REPOST_REJECTED, FAILURE_REFUSED)):
            return True
        return row.content_hash != entry.content_hash or self.mapping_version != entry.mapping_version

    def _may_be_on_its_way(self, entry: Entry, row: Entry, now: datetime.datetime) -> bool:
        """Whether an earlier post with other content under the same key could still come into the books."""
        return row.content_hash != entry.content_hash and now < entry.since + datetime.timedelta(
            seconds=self.search_lag
        )

    # ---- what is in the books -----------------------------------------------------------------------------------

    def _in_the_books(self, record: AccountingRecord, entry: Entry, now: datetime.datetime) -> Verdict:
        seen = content_hash(record)
        if entry.content_hash is None:  # a person says that it is in the books: as it is now
            row = self._read(entry, record)
            return Put(row.changed(posting_date=None) if entry.reason == KEPT else row)
        if seen != entry.content_hash or is_half_amended(entry):
            return self._amended(record, entry, seen, now) if self._is_final(record) else LEAVE
        is_told = record.review_status is ReviewStatus.EXPORTED
        match entry.state:
            case State.NEEDS_PERSON:  # it was changed, or could not be read, and is as it was again
                if entry.reason is None or not entry.reason.startswith((CHANGED, UNREADABLE, GONE)):
                    return LEAVE
                state = State.EXPORTED if is_told else State.POSTED
                row = _with_amount(entry, record)
                return Put(row.moved(state, at=now, seen_hash=None, due=None if is_told else now))
            case State.POSTED if is_told:
                return Put(exported(_with_amount(entry, record), now))
            case State.POSTED if entry.currency is None:  # only the hash of what is in the books was known
                return Put(_with_amount(entry, record))
            case State.EXPORTED if record.review_status is ReviewStatus.READY_FOR_EXPORT:
                told = times_told(entry)
                # What a person keeps, and Brex has not been told of since, is told at once.
                is_new = now < entry.since + SETTLING * 2**told and (told > 0 or entry.reason != KEPT)
                if not is_new and told >= _PATIENCE:
                    return Put(entry.moved(State.NEEDS_PERSON, at=now, reason=STILL_READY, attempts=0))
                return LEAVE if is_new else ReadBack(entry)
            case State.POSTED if is_parked(entry) and entry.reason != shows(record.review_status):
                return Put(entry.changed(due=now, reason=None)) if self._is_ready(record) else LEAVE
            case _:
                return LEAVE

    def _is_final(self, record: AccountingRecord) -> bool:
        """Whether nobody is editing a record at present."""
        is_told = record.review_status in (ReviewStatus.READY_FOR_EXPORT, ReviewStatus.EXPORTED)
        return is_told or self._is_ready(record)

    def _amended(self, record: AccountingRecord, entry: Entry, seen: str, now: datetime.datetime) -> Verdict:
        tried = entry.state is State.NEEDS_PERSON and (entry.seen_hash, entry.mapping_version) == (
            seen,
            self.mapping_version,
        )
        if tried:
            return LEAVE
        date = posting_date(record)
        why = None
        if entry.posting_date is not None and self.policy.is_closed(entry.posting_date):
            why = f"{CHANGED}, in a closed period"  # what stands there is not touched
        elif entry.posting_date is None and self.policy.closed_through is not None:
            why = UNDATED  # it may stand in one
        elif self.policy.is_closed(date):
            if self.policy.closed == "next open date":
                date = self.policy.next_open_date or date
            else:
                why = f"{CHANGED}, in a closed period"
        passed_over = self._why_not(record)
        why = why or (passed_over and f"{CHANGED}: {passed_over[1]}")
        wrong = flaw(record)
        why = why or (wrong and f"{CHANGED}: {wrong}") or (None if self.amends else CHANGED)
        if why is not None:
            why = f"{AMEND_FAILED}: {why}" if is_half_amended(entry) else why
            return Put(
                entry.moved(
                    State.NEEDS_PERSON, at=now, reason=why, seen_hash=seen, mapping_version=self.mapping_version
                )
            )
        posting = self._posting(record, entry.changed(content_hash=seen), date)
        return Amend(entry, posting, told=record.review_status is ReviewStatus.EXPORTED)

    # ---- rows and postings --------------------------------------------------------------------------------------

    def _read(self, entry: Entry, record: AccountingRecord) -> Entry:
        """The row with what the record says now."""
        return entry.changed(
            content_hash=content_hash(record),
            **_amount_of(record),
            posting_date=posting_date(record),
            mapping_version=self.mapping_version,
        )

    def _posting(self, record: AccountingRecord, row: Entry, date: datetime.date) -> Posting:
        if row.content_hash is None:
            message = f"{row.record_id} has no content"
            raise AssertionError(message)
        return Posting(key=row.key, record=record, date=date, content_hash=row.content_hash, attempt=row.attempts + 1)

    def _person(self, entry: Entry, reason: str, now: datetime.datetime) -> Verdict:
        if entry.revision and (entry.state, entry.reason) == (State.NEEDS_PERSON, reason):
            return LEAVE
        return Put(entry.moved(State.NEEDS_PERSON, at=now, reason=reason))


def _with_amount(entry: Entry, record: AccountingRecord) -> Entry:
    """The row of a record that shows what is in the books; on which day that is booked it does not tell."""
    return entry if entry.currency is not None else entry.changed(**_amount_of(record))


def _amount_of(record: AccountingRecord) -> dict[str, object]:
    amount = record.amount.amount
    return {"amount": amount if can_be_summed(amount) else None, "currency": record.amount.currency}


__all__ = ["Judge"]
