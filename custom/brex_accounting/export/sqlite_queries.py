"""What a journal asks of its tables: each function runs in a transaction that its caller has begun."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from .journal import Change, Count, Entry, Event
from .posting import EXACT
from .sqlite_batch import BatchStatement, execute
from .sqlite_rows import (
    ENTRY_COLUMNS,
    ENTRY_NAMES,
    EVENT_COLUMNS,
    Row,
    UnreadableRow,
    entries_of,
    entry_columns,
    entry_of,
    event_of,
    instant,
    marks,
)
from .states import State

_UNFIT: Final = BatchStatement(
    ("record_id", "revision"),
    """
    SELECT batch.record_id FROM ({batch}) AS batch LEFT JOIN entries USING (record_id)
    WHERE coalesce(entries.revision, 0) <> batch.revision
    """,
)
_SET: Final = ", ".join(f"{name} = excluded.{name}" for name in ENTRY_NAMES[1:])
# Not the id, or its index would be written again, too.
_PUT: Final = BatchStatement(
    ENTRY_NAMES, f"INSERT INTO entries ({ENTRY_COLUMNS}) {{batch}} ON CONFLICT (record_id) DO UPDATE SET {_SET}"
)
_TOLD: Final = EVENT_COLUMNS.removeprefix("at, ").removesuffix(", trace_id, note, owner")
# What it tells of an entry stands in its row by now. A CROSS JOIN goes through the batch in its order.
_TELL: Final = BatchStatement(
    ("record_id", "trace_id", "note", "owner"),
    f"INSERT INTO history (entry, at, {_TOLD}, trace_id, note, owner) "  # noqa: S608 - constants
    f"SELECT number, since, {_TOLD}, trace_id, note, batch.owner "
    "FROM ({batch}) AS batch CROSS JOIN entries USING (record_id)",
)
# The words "coalesce(lease_until, due)" are those of an index. It tells when it is a row's turn.
_DUE: Final = f"""
    SELECT coalesce(lease_until, due), number, {ENTRY_COLUMNS} FROM entries
    WHERE state = ? AND coalesce(lease_until, due) <= ?
    ORDER BY coalesce(lease_until, due), number LIMIT ?
"""  # noqa: S608 - constants
_FREE: Final = f"""
    SELECT coalesce(lease_until, due), number, {ENTRY_COLUMNS} FROM entries
    WHERE state = ? AND coalesce(lease_until, due) IS NOT NULL AND (lease_until IS NULL OR lease_until <= ?)
    ORDER BY coalesce(lease_until, due), number LIMIT ?
"""  # noqa: S608 - constants
_IDLE: Final = f"""
    SELECT NULL, number, {ENTRY_COLUMNS} FROM entries
    WHERE state = ? AND coalesce(lease_until, due) IS NULL
    ORDER BY number LIMIT ?
"""  # noqa: S608 - constants
_TAKE: Final = BatchStatement(
    ("number",),
    """
    WITH batch AS ({batch})
    UPDATE entries SET owner = ?, lease_until = ?, revision = revision + 1
    WHERE number IN (SELECT number FROM batch)
    """,
)
_UNHELD: Final = BatchStatement(
    ("record_id", "revision"),
    """
    SELECT batch.record_id, batch.revision FROM ({batch}) AS batch LEFT JOIN entries USING (record_id)
    WHERE (entries.revision = batch.revision AND entries.owner = ?) IS NOT TRUE
    """,
)
_RENEW: Final = BatchStatement(
    ("record_id",),
    """
    WITH batch AS ({batch})
    UPDATE entries SET lease_until = ? WHERE record_id IN (SELECT record_id FROM batch)
    """,
)
_NEXT: Final = "SELECT min(coalesce(lease_until, due)) FROM entries WHERE state = ?"

_STATES: Final = tuple(sorted(state.value for state in State))
_PLACES: Final = {state.value: place for place, state in enumerate(State)}

Find: TypeAlias = Callable[[sqlite3.Connection, str, int, int], list[Row]]


def load(connection: sqlite3.Connection, record_ids: list[str]) -> Mapping[str, Entry]:
    """The rows of these records, by id."""
    return entries_of(connection, record_ids)


def write(connection: sqlite3.Connection, changes: list[Change], owner: str | None) -> list[Entry | None]:
    """The rows as they are now, None for each whose revision was another one; times are in the rows."""
    return [entry for some in _of_different_records(changes) for entry in _write(connection, some, owner)]


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
    taken = found[:limit]
    entries = [entry_of(row[2:]) for row in taken]
    execute(connection, _TAKE, [[row[1] for row in taken]], owner, lease_until)
    claimed = {"owner": owner, "lease_until": instant(lease_until)}
    return [entry.changed(revision=entry.revision + 1, **claimed) for entry in entries]


def due(connection: sqlite3.Connection, state: str, now: int, limit: int) -> list[Row]:
    """Free rows of a state whose turn has come, in the order of their turns."""
    return connection.execute(_DUE, [state, now, limit]).fetchall()


def free(connection: sqlite3.Connection, state: str, now: int, limit: int) -> list[Row]:
    """All free rows of a state, in the order of their turns, those that have none at the end."""
    found: list[Row] = connection.execute(_FREE, [state, now, limit]).fetchall()
    return found + connection.execute(_IDLE, [state, limit - len(found)]).fetchall()


def renew(connection: sqlite3.Connection, entries: list[Entry], owner: str, lease_until: int) -> frozenset[str]:
    """Let claims last longer; the ids of those that still were this owner's."""
    ids = [entry.record_id for entry in entries]
    revisions = [entry.revision for entry in entries]
    unheld = execute(connection, _UNHELD, [ids, revisions], owner)
    held = frozenset(record_id for record_id, _ in set(zip(ids, revisions, strict=True)).difference(unheld))
    execute(connection, _RENEW, [list(held)], lease_until)
    return held


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


def _of_different_records(changes: list[Change]) -> list[list[Change]]:
    """Changes in parts in which no record is twice: what a second change of one finds is what the first has left."""
    if len({change.entry.record_id for change in changes}) == len(changes):
        return [changes]
    parts: list[list[Change]] = [[]]
    ids: set[str] = set()
    for change in changes:
        record_id = change.entry.record_id
        if record_id in ids:
            parts.append([])
            ids.clear()
        ids.add(record_id)
        parts[-1].append(change)
    return parts


def _write(connection: sqlite3.Connection, changes: list[Change], owner: str | None) -> list[Entry | None]:
    ids = [change.entry.record_id for change in changes]
    revisions = [change.entry.revision for change in changes]
    unfit = {record_id for (record_id,) in execute(connection, _UNFIT, [ids, revisions])}
    fit = [change for change in changes if change.entry.record_id not in unfit] if unfit else changes
    written = [change.entry.changed(revision=change.entry.revision + 1) for change in fit]
    execute(connection, _PUT, entry_columns(written))
    told = [change for change in fit if not change.silent]
    execute(
        connection,
        _TELL,
        [
            [change.entry.record_id for change in told],
            [change.trace_id for change in told],
            [change.note for change in told],
            [owner] * len(told),
        ],
    )
    if not unfit:
        return list(written)
    rows = {entry.record_id: entry for entry in written}
    return [rows.get(record_id) for record_id in ids]


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
