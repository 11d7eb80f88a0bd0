"""Entries, changes and events as rows of SQLite, and back, to the last digit and microsecond."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from .journal import Change, Entry, Event
from .states import State

Row: TypeAlias = tuple[Any, ...]

_NAMES: Final = {state: state.value for state in State}  # what the enum computes anew each time
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)

_MOST_PARAMETERS: Final = 500
"""SQLite before 3.32 takes no more than 999 in one statement."""

ENTRY_COLUMNS: Final = (
    "record_id, state, since, revision, generation, content_hash, seen_hash, amount, currency, posting_date, "
    "reference, attempts, reason, reported, mapping_version, receipts_owed, due, owner, lease_until"
)
EVENT_COLUMNS: Final = (
    "at, state, generation, content_hash, amount, currency, reference, attempts, reason, trace_id, note, owner"
)


class UnreadableRow(Exception):
    """A row holds what this version never writes."""


def microseconds(at: datetime.datetime) -> int:
    """An instant as microseconds since 1970.

    Args:
        at: The instant, with a time zone.
    """
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime.datetime:
    """The instant that so many microseconds after 1970 is, in UTC.

    Args:
        value: Microseconds.
    """
    return _EPOCH + datetime.timedelta(microseconds=value)


def entry_row(entry: Entry) -> Row:
    """An entry in the order of ``ENTRY_COLUMNS``.

    Args:
        entry: The entry.
    """
    return (
        entry.record_id,
        _NAMES[entry.state],
        microseconds(entry.since),
        entry.revision,
        entry.generation,
        entry.content_hash,
        entry.seen_hash,
        None if entry.amount is None else str(entry.amount),
        entry.currency,
        None if entry.posting_date is None else entry.posting_date.isoformat(),
        entry.reference,
        entry.attempts,
        entry.reason,
        entry.reported,
        entry.mapping_version,
        int(entry.receipts_owed),
        None if entry.due is None else microseconds(entry.due),
        entry.owner,
        None if entry.lease_until is None else microseconds(entry.lease_until),
    )


def event_row(change: Change, owner: str | None) -> Row:
    """What the history says of a change, in the order of ``EVENT_COLUMNS``.

    Args:
        change: The change.
        owner: Who made it.
    """
    entry = change.entry
    return (
        microseconds(entry.since),
        _NAMES[entry.state],
        entry.generation,
        entry.content_hash,
        None if entry.amount is None else str(entry.amount),
        entry.currency,
        entry.reference,
        entry.attempts,
        entry.reason,
        change.trace_id,
        change.note,
        owner,
    )


def entry_of(row: Row) -> Entry:
    """The entry that a row in the order of ``ENTRY_COLUMNS`` is.

    Args:
        row: The row.

    Raises:
        UnreadableRow: It is none.
    """
    (
        record_id,
        state,
        since,
        revision,
        generation,
        content_hash,
        seen_hash,
        amount,
        currency,
        posting_date,
        reference,
        attempts,
        reason,
        reported,
        mapping_version,
        receipts_owed,
        due,
        owner,
        lease_until,
    ) = row
    try:
        return Entry(
            record_id=record_id,
            state=State(state),
            since=instant(since),
            revision=revision,
            generation=generation,
            content_hash=content_hash,
            seen_hash=seen_hash,
            amount=None if amount is None else Decimal(amount),
            currency=currency,
            posting_date=None if posting_date is None else datetime.date.fromisoformat(posting_date),
            reference=reference,
            attempts=attempts,
            reason=reason,
            reported=reported,
            mapping_version=mapping_version,
            receipts_owed=bool(receipts_owed),
            due=None if due is None else instant(due),
            owner=owner,
            lease_until=None if lease_until is None else instant(lease_until),
        )
    except (ValueError, ArithmeticError, TypeError):
        pass  # what was raised repeats the value
    raise UnreadableRow


def event_of(record_id: str, row: Row) -> Event:
    """The event that a number and a row in the order of ``EVENT_COLUMNS`` are.

    Args:
        record_id: The record.
        row: The number, and the row.

    Raises:
        UnreadableRow: It is none.
    """
    (
        number,
        at,
        state,
        generation,
        content_hash,
        amount,
        currency,
        reference,
        attempts,
        reason,
        trace_id,
        note,
        owner,
    ) = row
    try:
        return Event(
            number=number,
            record_id=record_id,
            at=instant(at),
            state=State(state),
            generation=generation,
            content_hash=content_hash,
            amount=None if amount is None else Decimal(amount),
            currency=currency,
            reference=reference,
            attempts=attempts,
            reason=reason,
            trace_id=trace_id,
            note=note,
            owner=owner,
        )
    except (ValueError, ArithmeticError, TypeError):
        pass
    raise UnreadableRow


def entries_of(connection: sqlite3.Connection, record_ids: Sequence[str]) -> Mapping[str, Entry]:
    """The rows of these records, by id.

    Args:
        connection: Of the journal, in a transaction.
        record_ids: The records.

    Raises:
        UnreadableRow: One of them cannot be read.
    """
    found = map(entry_of, _by_id(connection, ENTRY_COLUMNS, record_ids))
    return {entry.record_id: entry for entry in found}


def revisions_of(connection: sqlite3.Connection, record_ids: Sequence[str]) -> dict[str, int]:
    """The revisions of those of these records that have a row.

    Args:
        connection: Of the journal, in a transaction.
        record_ids: The records.
    """
    return dict(_by_id(connection, "record_id, revision", record_ids))


def marks(count: int) -> str:
    """So many parameters of a statement.

    Args:
        count: How many.
    """
    return ", ".join("?" * count)


def _by_id(connection: sqlite3.Connection, columns: str, record_ids: Sequence[str]) -> Iterator[Row]:
    for start in range(0, len(record_ids), _MOST_PARAMETERS):
        some = record_ids[start : start + _MOST_PARAMETERS]
        statement = f"SELECT {columns} FROM entries WHERE record_id IN ({marks(len(some))})"  # noqa: S608 - constants
        yield from connection.execute(statement, some).fetchall()


__all__ = [
    "ENTRY_COLUMNS",
    "EVENT_COLUMNS",
    "Row",
    "UnreadableRow",
    "entries_of",
    "entry_of",
    "entry_row",
    "event_of",
    "event_row",
    "instant",
    "marks",
    "microseconds",
    "revisions_of",
]
