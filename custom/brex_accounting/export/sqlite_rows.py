"""Entries, changes and events as rows of SQLite, and back, to the last digit and microsecond."""

from __future__ import annotations

import datetime
import functools
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter, methodcaller
from typing import Any, Final, TypeAlias

from .journal import Entry, Event
from .sqlite_batch import BatchStatement, execute
from .states import State

Row: TypeAlias = tuple[Any, ...]

# What the enum computes anew each time.
_NAMES: Final = {state: state.value for state in State}
_STATES: Final = {name: state for state, name in _NAMES.items()}
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)

ENTRY_COLUMNS: Final = (
    "record_id, state, since, revision, generation, content_hash, seen_hash, amount, currency, posting_date, "
    "reference, attempts, reason, reported, mapping_version, receipts_owed, due, owner, lease_until"
)
ENTRY_NAMES: Final = tuple(ENTRY_COLUMNS.split(", "))
EVENT_COLUMNS: Final = (
    "at, state, generation, content_hash, amount, currency, reference, attempts, reason, trace_id, note, owner"
)
_LOAD: Final = BatchStatement(
    ("record_id",),
    f"SELECT {ENTRY_COLUMNS} FROM entries WHERE record_id IN ({{batch}})",  # noqa: S608 - constants
)


class UnreadableRow(Exception):
    """A row holds what this version never writes."""


def microseconds(at: datetime.datetime) -> int:
    """An instant as microseconds since 1970.

    Args:
        at: The instant, with a time zone.
    """
    return (at - _EPOCH) // _MICROSECOND


@functools.lru_cache(maxsize=256)  # the rows of a batch share most of theirs
def instant(value: int) -> datetime.datetime:
    """The instant that so many microseconds after 1970 is, in UTC.

    Args:
        value: Microseconds.
    """
    return _EPOCH + datetime.timedelta(microseconds=value)


def _each(convert: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda values: [None if value is None else convert(value) for value in values]


def _once(convert: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    """A conversion of a column in which many rows have the same object."""

    def converted(values: list[Any]) -> list[Any]:
        # By identity: two instants that compare equal can be an hour apart, where clocks are put back.
        objects = dict(zip(map(id, values), values, strict=True))
        if len(objects) == 1:
            return [convert(values[0])] * len(values)
        done = {key: convert(value) for key, value in objects.items()}
        return [done[id(value)] for value in values]

    return converted


def _microseconds_or_none(at: datetime.datetime | None) -> int | None:
    return None if at is None else microseconds(at)


_CONVERTED: Final[Mapping[str, Callable[[list[Any]], list[Any]]]] = {
    "state": _once(_NAMES.__getitem__),
    "since": _once(microseconds),
    "amount": _each(str),
    "posting_date": _each(methodcaller("isoformat")),
    "receipts_owed": _once(int),
    "due": _once(_microseconds_or_none),
    "lease_until": _once(_microseconds_or_none),
}
"""How the columns are written whose values SQLite has no type for."""


def entry_columns(entries: Sequence[Entry]) -> list[list[Any]]:
    """The values of entries in each of ``ENTRY_COLUMNS``.

    Args:
        entries: The entries.
    """
    members = list(map(vars, entries))
    columns = {name: list(map(itemgetter(name), members)) for name in ENTRY_NAMES}
    return [_CONVERTED[name](column) if name in _CONVERTED else column for name, column in columns.items()]


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
            state=_STATES[state],
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
    except (ValueError, ArithmeticError, TypeError, KeyError):
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
            state=_STATES[state],
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
    except (ValueError, ArithmeticError, TypeError, KeyError):
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
    found = map(entry_of, execute(connection, _LOAD, [record_ids]))
    return {entry.record_id: entry for entry in found}


def marks(count: int) -> str:
    """So many parameters of a statement.

    Args:
        count: How many.
    """
    return ", ".join("?" * count)


__all__ = [
    "ENTRY_COLUMNS",
    "ENTRY_NAMES",
    "EVENT_COLUMNS",
    "Row",
    "UnreadableRow",
    "entries_of",
    "entry_columns",
    "entry_of",
    "event_of",
    "instant",
    "marks",
    "microseconds",
]
