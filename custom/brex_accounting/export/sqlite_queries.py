"""What a journal asks of its tables: each function runs in a transaction that its caller has begun."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias, cast

from .journal import Change, Count, Entry, Event
from .posting import EXACT
from .sqlite_rows import (
    ENTRY_COLUMNS,
    EVENT_COLUMNS,
    Row,
    UnreadableRow,
    entries_of,
    entry_of,
    entry_row,
    event_of,
    event_row,
    instant,
    marks,
    revisions_of,
)
from .states import State

# The words "coalesce(lease_until, due)" are those of an index. It tells when it is a row's turn.
_INSERT: Final = f"INSERT INTO entries ({ENTRY_COLUMNS}) VALUES ({marks(19)})"  # noqa: S608 - constants
# Without the id, or its index would be written again too.
_UPDATE: Final = f"UPDATE entries SET ({ENTRY_COLUMNS.partition(', ')[2]}) = ({marks(18)}) WHERE record_id = ?"  # noqa: S608
_ADD: Final = (
    f"INSERT INTO history (entry, {EVENT_COLUMNS}) "  # noqa: S608 - constants
    f"SELECT number, {marks(12)} FROM entries WHERE record_id = ?"
)
_DUE: Final = """
    SELECT coalesce(lease_until, due), number, record_id FROM entries
    WHERE state = ? AND coalesce(lease_until, due) <= ?
    ORDER BY coalesce(lease_until, due), number LIMIT ?
"""
_FREE: Final = """
    SELECT coalesce(lease_until, due), number, record_id FROM entries
    WHERE state = ? AND coalesce(lease_until, due) IS NOT NULL AND (lease_until IS NULL OR lease_until <= ?)
    ORDER BY coalesce(lease_until, due), number LIMIT ?
"""
_IDLE: Final = """
    SELECT NULL, number, record_id FROM entries
    WHERE state = ? AND coalesce(lease_until, due) IS NULL
    ORDER BY number LIMIT ?
"""
_TAKE: Final = "UPDATE entries SET owner = ?, lease_until = ?, revision = revision + 1 WHERE record_id = ?"
_RENEW: Final = "UPDATE entries SET lease_until = ? WHERE record_id = ? AND revision = ? AND owner = ?"
_NEXT: Final = "SELECT min(coalesce(lease_until, due)) FROM entries WHERE state = ?"

_STATES: Final = tuple(sorted(state.value for state in State))
_PLACES: Final = {state.value: place for place, state in enumerate(State)}

Find: TypeAlias = Callable[[sqlite3.Connection, str, int, int], list[Row]]


def load(connection: sqlite3.Connection, record_ids: list[str]) -> Mapping[str, Entry]:
    """The rows of these records, by id."""
    return entries_of(connection, record_ids)


def write(connection: sqlite3.Connection, changes: list[Change], owner: str | None) -> list[Entry | None]:
    """The rows as they are now, None for each whose revision was another one; times are in the rows."""
    revisions = revisions_of(connection, [change.entry.record_id for change in changes])
    written: list[Entry | None] = []
    inserts: list[Row] = []
    updates: list[Row] = []
    events: list[Row] = []
    for change in changes:
        entry = change.entry
        if revisions.get(entry.record_id, 0) != entry.revision:
            written.append(None)
            continue
        new = entry.changed(revision=entry.revision + 1)
        revisions[new.record_id] = new.revision
        written.append(new)
        if entry.revision:
            record_id, *others = entry_row(new)
            updates.append((*others, record_id))
        else:
            inserts.append(entry_row(new))
        if not change.silent:
            events.append((*event_row(change, owner), new.record_id))
    connection.executemany(_INSERT, inserts)
    connection.executemany(_UPDATE, updates)
    connection.executemany(_ADD, events)
    return written


def claim(
    connection: sqlite3.Connection,
    find: Find,
    *,
    states: list[str],
    owner: str,
    now: int,
    lease_until: int,
    limit: int,
) -> list[Entry]:
    """Take rows that ``find`` gives for each state, those whose turn came first; times in microseconds."""
    found = [row for state in states for row in find(connection, state, now, limit)]
    found.sort(key=lambda row: (row[0] is None, row[0] or 0, row[1]))
    taken = [cast("str", record_id) for _, _, record_id in found[:limit]]
    connection.executemany(_TAKE, [(owner, lease_until, record_id) for record_id in taken])
    entries = entries_of(connection, taken)
    return [entries[record_id] for record_id in taken]


def due(connection: sqlite3.Connection, state: str, now: int, limit: int) -> list[Row]:
    """Free rows of a state whose turn has come, in the order of their turns."""
    return connection.execute(_DUE, [state, now, limit]).fetchall()


def free(connection: sqlite3.Connection, state: str, now: int, limit: int) -> list[Row]:
    """All free rows of a state, in the order of their turns, those that have none at the end."""
    found: list[Row] = connection.execute(_FREE, [state, now, limit]).fetchall()
    return found + connection.execute(_IDLE, [state, limit - len(found)]).fetchall()


def renew(connection: sqlite3.Connection, entries: list[Entry], owner: str, lease_until: int) -> frozenset[str]:
    """Let claims last longer; the ids of those that still were this owner's."""
    return frozenset(
        entry.record_id
        for entry in entries
        if connection.execute(_RENEW, [lease_until, entry.record_id, entry.revision, owner]).rowcount
    )


def next_due(connection: sqlite3.Connection) -> datetime.datetime | None:
    """The first turn of a row."""
    turns = [connection.execute(_NEXT, [state]).fetchone()[0] for state in _STATES]
    return min((instant(turn) for turn in turns if turn is not None), default=None)


def counts(connection: sqlite3.Connection) -> list[Count]:
    """How many records stand where, and their sums."""
    records: dict[tuple[str, str | None], int] = {}
    sums: dict[tuple[str, str | None], Decimal] = {}
    for state, currency, amount in connection.execute("SELECT state, currency, amount FROM entries"):
        if state not in _PLACES:
            raise UnreadableRow
        group = state, currency
        records[group] = records.get(group, 0) + 1
        sums[group] = EXACT.add(sums.get(group, Decimal()), Decimal(amount or 0))
    groups = sorted(records, key=lambda group: (_PLACES[group[0]], group[1] or ""))
    return [
        Count(state=State(state), currency=currency, records=records[state, currency], amount=sums[state, currency])
        for state, currency in groups
    ]


def entries(connection: sqlite3.Connection, states: list[str] | None, after: str, limit: int) -> list[Entry]:
    """Rows in these states, or in all, by record id."""
    wanted = "" if states is None else f"AND state IN ({marks(len(states))})"
    statement = f"SELECT {ENTRY_COLUMNS} FROM entries WHERE record_id > ? {wanted} ORDER BY record_id LIMIT ?"  # noqa: S608
    return list(map(entry_of, connection.execute(statement, [after, *(states or ()), limit]).fetchall()))


def history(connection: sqlite3.Connection, record_id: str) -> list[Event]:
    """The events of a record, oldest first."""
    statement = (
        f"SELECT number, {EVENT_COLUMNS} FROM history "  # noqa: S608 - constants
        "WHERE entry = (SELECT number FROM entries WHERE record_id = ?) ORDER BY number"
    )
    return [event_of(record_id, row) for row in connection.execute(statement, [record_id]).fetchall()]


def note(connection: sqlite3.Connection, name: str) -> str | None:
    """The value under a name."""
    row = connection.execute("SELECT value FROM notes WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def set_note(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Set the value under a name, or forget it."""
    if value is None:
        connection.execute("DELETE FROM notes WHERE name = ?", [name])
    else:
        connection.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", [name, value])


def announce(connection: sqlite3.Connection, delivery_id: str, record_ids: list[str], at: int, oldest: int) -> bool:
    """Remember a delivery and its records, and forget deliveries from before ``oldest``; False where it is known."""
    connection.execute("DELETE FROM deliveries WHERE at < ?", [oldest])
    statement = "INSERT OR IGNORE INTO deliveries (delivery_id, at) VALUES (?, ?)"
    if not connection.execute(statement, [delivery_id, at]).rowcount:
        return False
    added = [(record_id,) for record_id in record_ids]
    again = "ON CONFLICT (record_id) DO UPDATE SET times = times + 1"
    connection.executemany(f"INSERT INTO announced (record_id) VALUES (?) {again}", added)  # noqa: S608 - constants
    return True


def announced(connection: sqlite3.Connection, limit: int) -> dict[str, tuple[int, int]]:
    """Announced records, oldest first, each with its number, which none has again, and how often it was announced."""
    query = "SELECT record_id, number, times FROM announced ORDER BY number LIMIT ?"
    return {str(id_): (int(number), int(times)) for id_, number, times in connection.execute(query, [limit])}


def announced_done(connection: sqlite3.Connection, record_ids: list[str], given: Mapping[str, tuple[int, int]]) -> None:
    """Forget announced records, but those that were announced again since they were given with these numbers."""
    seen = [(record_id, *given.get(record_id, (None, None))) for record_id in record_ids]
    same = "number = coalesce(?, number) AND times <= coalesce(?, times)"
    connection.executemany(f"DELETE FROM announced WHERE record_id = ? AND {same}", seen)  # noqa: S608 - constants


__all__ = [
    "Find",
    "announce",
    "announced",
    "announced_done",
    "claim",
    "counts",
    "due",
    "entries",
    "free",
    "history",
    "load",
    "next_due",
    "note",
    "renew",
    "set_note",
    "write",
]
