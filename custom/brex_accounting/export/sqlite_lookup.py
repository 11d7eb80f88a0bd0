"""Rows of entries, many in each step: see ``sqlite_batch`` for what a step can cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .journal import Entry
from .sqlite_batch import BatchStatement, execute
from .sqlite_rows import ENTRY_NAMES, Row, entry_of

_ABREAST: Final = 32
"""So many entries stand side by side in a row that SQLite gives; it joins no more than 64 tables."""

_COLUMNS: Final = ("number", *ENTRY_NAMES)


def _abreast(key: str) -> BatchStatement:
    places = range(_ABREAST)
    selected = ", ".join(f"entry{place}.{name}" for place in places for name in _COLUMNS)
    joined = " ".join(f"LEFT JOIN entries AS entry{place} ON entry{place}.{key} = key{place}" for place in places)
    names = tuple(f"key{place}" for place in places)
    return BatchStatement(names, f"SELECT {selected} FROM ({{batch}}) AS batch {joined}")  # noqa: S608 - constants


_BY_ID: Final = _abreast("record_id")
_BY_NUMBER: Final = _abreast("number")


def entries_of(connection: sqlite3.Connection, record_ids: Sequence[str]) -> Mapping[str, Entry]:
    """The entries of these records, by id.

    Args:
        connection: Of the journal, in a transaction.
        record_ids: The records.

    Raises:
        UnreadableRow: One of them cannot be read.
    """
    found = (entry_of(row[1:]) for row in _found(connection, _BY_ID, record_ids))
    return {entry.record_id: entry for entry in found}


def rows_of(connection: sqlite3.Connection, query: str, parameters: Sequence[Any]) -> list[Row]:
    """The rows whose numbers a query gives, in any order: in each its number, and the columns of an entry.

    Args:
        connection: Of the journal, in a transaction.
        query: What gives the numbers, in a column of that name.
        parameters: Of the query.
    """
    numbered = f"SELECT group_concat(number) FROM ({query})"  # noqa: S608 - a constant
    (numbers,) = connection.execute(numbered, parameters).fetchone()
    return [] if numbers is None else _found(connection, _BY_NUMBER, list(map(int, numbers.split(","))))


def _found(connection: sqlite3.Connection, statement: BatchStatement, keys: Sequence[Any]) -> list[Row]:
    filled = [*keys, *[None] * (-len(keys) % _ABREAST)]
    found = execute(connection, statement, [filled[place::_ABREAST] for place in range(_ABREAST)])
    width = len(_COLUMNS)
    rows = (several[start : start + width] for several in found for start in range(0, len(several), width))
    return [row for row in rows if row[0] is not None]


__all__ = ["entries_of", "rows_of"]
