"""A journal that commands look at without Brex: it tells whose it is."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING, Final

from ..export.sqlite_snapshot import snapshot

if TYPE_CHECKING:
    from ..export import SqliteJournal

_PATIENCE: Final = 10.0


@asynccontextmanager
async def opened(journal: SqliteJournal, account: str | None) -> AsyncGenerator[str | None]:
    """A block in which a journal that exists is open, for the account that is named or for its own.

    Args:
        journal: The journal.
        account: The label, None for the one that the journal knows.

    Raises:
        JournalError: It cannot be opened, or is another account's.
    """
    label = _label_of(journal) if account is None else account
    try:
        await journal.open(label)
        yield label
    finally:
        await journal.aclose()


def _label_of(journal: SqliteJournal) -> str | None:
    """The label that the journal was begun with; what is wrong with its file comes to light when it is opened."""
    address = f"{journal.path.as_uri()}?mode=ro&immutable=1"  # makes no files beside it
    with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True)) as connection:
        return _label_in(connection)
    # A journal that is new may be in its write-ahead log only.
    with suppress(sqlite3.Error, OSError), closing(snapshot(journal.path, patience=_PATIENCE)) as copy:
        return _label_in(copy)
    return None


def _label_in(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT label FROM account").fetchone()
    if row is None:
        message = "no account is noted"
        raise sqlite3.DatabaseError(message)
    return None if row[0] is None else str(row[0])


__all__ = ["opened"]
