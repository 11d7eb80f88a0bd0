"""A batch of rows as one table of one statement.

At each step of a statement the interpreter's lock is given up, and who computes in another thread meanwhile hands it
back only after milliseconds. A statement for each row would be a step for each row: the journal would wait for the loop
a thousand times to write a batch of a thousand rows.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from attrs import frozen

_MOST_ROWS: Final = 1024
"""A power of two. A statement keeps memory for each of its parameters, and a worker may have many journals open."""


@frozen
class BatchStatement:
    """A statement about the rows of a batch.

    Attributes:
        columns: Their columns, and first one that tells them apart.
        text: The statement. A query that gives the rows stands in it for ``{batch}``, before any parameter.
    """

    columns: tuple[str, ...]
    text: str


def execute(
    connection: sqlite3.Connection, statement: BatchStatement, columns: Sequence[Sequence[Any]], *parameters: Any
) -> list[tuple[Any, ...]]:
    """Run a statement for all rows of a batch, in their order and in as few steps as the parameters fit into.

    Args:
        connection: Of the journal, in a transaction.
        statement: The statement.
        columns: The values of each column of ``batch``, all of them of one length; where it is 0, nothing is done.
        parameters: Those of the statement itself.

    Returns:
        The rows that the statement gives.
    """
    rows = len(columns[0]) if columns else 0
    varies = tuple(not place or not _is_one(column) for place, column in enumerate(columns))
    varying = [column for column, differs in zip(columns, varies, strict=True) if differs]
    shared = [column[0] for column, differs in zip(columns, varies, strict=True) if rows and not differs]
    most = _most_rows(connection, len(shared) + 1 + len(parameters), len(varying))
    found: list[tuple[Any, ...]] = []
    for start in range(0, rows, most):
        some = [column[start : start + most] for column in varying]
        taken = len(some[0])
        size = 1 << (taken - 1).bit_length()
        # Only powers of two, and the rest left over: each number of rows would be a statement to parse and to keep.
        unused = [None] * (size - taken) * len(varying)
        values = [*shared, *chain.from_iterable(zip(*some, strict=True)), *unused, taken, *parameters]
        found += connection.execute(_text(statement, varies, size), values).fetchall()
    return found


def _is_one(column: Sequence[Any]) -> bool:
    """Whether all rows have the same value, which is then passed once: most columns of most batches."""
    return list(column) == list(column[:1]) * len(column)


def _most_rows(connection: sqlite3.Connection, others: int, width: int) -> int:
    """The most rows whose values fit into one statement: SQLite before 3.32 takes 999, and later ones some more."""
    room = (connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) - others) // width
    return min(_MOST_ROWS, 1 << max(room.bit_length() - 1, 0))


@functools.lru_cache(maxsize=128)
def _text(statement: BatchStatement, varies: tuple[bool, ...], size: int) -> str:
    # The same object each time: the connection finds what it has prepared by it.
    places = (f"column{number}" for number in range(1, len(varies) + 1))
    values = [next(places) if differs else "?" for differs in varies]
    selected = ", ".join(f"{value} AS {name}" for value, name in zip(values, statement.columns, strict=True))
    row = f"({', '.join('?' * sum(varies))})"
    batch = f"SELECT {selected} FROM (VALUES {', '.join([row] * size)}) LIMIT ?"  # noqa: S608 - constants
    return statement.text.format(batch=batch)


__all__ = ["BatchStatement", "execute"]
