"""A transaction of SQLite, for journals and for the ledger's index."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool) -> Generator[None]:
    """A transaction that ends whole with the block, or not at all.

    Args:
        connection: One that begins none by itself.
        writes: Whether it is the only writer from the beginning, and never finds out late that another one was there.
    """
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # an interrupt, too, must leave nothing half done
        if connection.in_transaction:  # SQLite has rolled back already after some errors
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


__all__ = ["transaction"]
