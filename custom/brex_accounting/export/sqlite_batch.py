"""A batch of rows as one table in one statement: half the work of a statement for each row.

At each step of a statement the interpreter's lock is given up, and a thread that computes meanwhile hands it back only
after milliseconds. With a statement for each row, a journal that writes a thousand rows beside a busy loop would wait
for it a thousand times.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from attrs import frozen

_MOST_ROWS: Final = 128
"""A power of two. A statement keeps memory for each of its parameters, and a worker may have many journals open."""


@frozen
class BatchStatement:
    """A statement about the rows of a batch.

    Attributes:
        names: Of the columns of a batch.
        text: The statement. A query that gives the rows stands in it for ``{batch}``, before any parameter.
    """

    names: tuple[str, ...]
    text: str


def execute(
    connection: sqlite3.Connection, statement: BatchStatement, columns: Sequence[Sequence[Any]], *parameters: Any
) -> list[tuple[Any, ...]]:
    """Run a statement for the rows of a batch, in their order and at once for as many as its parameters allow.

    Args:
        connection: Of the journal, in a transaction.
        statement: The statement.
        columns: The values of the batch's rows, by column; where there are no rows, nothing is done.
        parameters: Those of the statement itself.

    Returns:
        The rows that the statement gives.
    """
    rows = len(columns[0])
    if not rows:
        return []
    # The first one is always taken for one that varies: there is no table without columns.
    varies = (True, *(list(column) != [column[0]] * rows for column in columns[1:]))
    varying = [column for column, differs in zip(columns, varies, strict=True) if differs]
    # What is the same in all rows is passed once: most columns of most batches.
    shared = [column[0] for column, differs in zip(columns, varies, strict=True) if not differs]
    most = _most_rows(connection, len(varying), besides=len(shared) + 1 + len(parameters))
    found: list[tuple[Any, ...]] = []
    for start in range(0, rows, most):
        taken = min(most, rows - start)
        # Powers of two, not all of whose rows are used: each number of rows would be a statement to parse and keep.
        size = 1 << (taken - 1).bit_length()
        used = chain.from_iterable(zip(*(column[start : start + taken] for column in varying), strict=True))
        unused = [None] * ((size - taken) * len(varying))
        text = _text(statement, varies, size)
        found += connection.execute(text, [*shared, *used, *unused, taken, *parameters]).fetchall()
    return found


def _most_rows(connection: sqlite3.Connection, width: int, *, besides: int) -> int:
    """The most rows whose values fit into a statement; SQLite before 3.32 takes no more than 999 parameters."""
    fit = (connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) - besides) // width
    return min(_MOST_ROWS, 1 << max(fit.bit_length() - 1, 0))


@functools.lru_cache(maxsize=128)  # a connection finds what it has prepared by the text, and the same object at once
def _text(statement: BatchStatement, varies: tuple[bool, ...], size: int) -> str:
    places = (f"column{number}" for number in range(1, len(varies) + 1))  # as SQLite calls them
    values = [next(places) if differs else "?" for differs in varies]
    selected = ", ".join(f"{value} AS {name}" for value, name in zip(values, statement.names, strict=True))
    row = f"({', '.join('?' * sum(varies))})"
    batch = f"SELECT {selected} FROM (VALUES {', '.join([row] * size)}) LIMIT ?"  # noqa: S608 - constants
    return statement.text.format(batch=batch)


__all__ = ["BatchStatement", "execute"]
