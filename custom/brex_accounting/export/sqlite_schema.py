"""The tables of a journal in SQLite, and how a file comes to the newest version of them."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from .sqlite_failure import is_busy, refusal
from .sqlite_transaction import transaction

OPENING: Final = "open the journal"

APPLICATION_ID: Final = 0x42725878
"""``BrXx``: it stands in the file's header, so that no other program's database is taken for a journal."""

MIGRATIONS: Final = (
    (
        """
        CREATE TABLE account (label TEXT)
        """,
        """
        CREATE TABLE notes (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE TABLE entries (
            number INTEGER PRIMARY KEY,
            record_id TEXT NOT NULL UNIQUE,
            state TEXT NOT NULL,
            since INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            content_hash TEXT,
            seen_hash TEXT,
            amount TEXT,
            currency TEXT,
            posting_date TEXT,
            reference TEXT,
            attempts INTEGER NOT NULL,
            reason TEXT,
            reported TEXT,
            due INTEGER,
            owner TEXT,
            lease_until INTEGER
        )
        """,
        # When somebody has to look at a row: a claimed one when its lease ends, any other one when it is due.
        """
        CREATE INDEX entries_by_turn ON entries (state, coalesce(lease_until, due))
        """,
        """
        CREATE TABLE history (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            entry INTEGER NOT NULL,
            at INTEGER NOT NULL,
            state TEXT NOT NULL,
            generation INTEGER NOT NULL,
            content_hash TEXT,
            amount TEXT,
            currency TEXT,
            reference TEXT,
            attempts INTEGER NOT NULL,
            reason TEXT,
            trace_id TEXT,
            note TEXT,
            owner TEXT
        )
        """,
        # Not by record id: ids are random, and each of a batch would fall on a page of its own.
        """
        CREATE INDEX history_by_entry ON history (entry)
        """,
        """
        CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
        BEGIN SELECT RAISE(ABORT, 'history is only added to'); END
        """,
        """
        CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
        BEGIN SELECT RAISE(ABORT, 'history is only added to'); END
        """,
    ),
    (
        """
        ALTER TABLE entries ADD COLUMN mapping_version TEXT
        """,
        """
        ALTER TABLE entries ADD COLUMN receipts_owed INTEGER NOT NULL DEFAULT 0
        """,
        """
        CREATE TABLE deliveries (delivery_id TEXT PRIMARY KEY NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID
        """,
        """
        CREATE INDEX deliveries_by_age ON deliveries (at)
        """,
        """
        CREATE TABLE announced (number INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL UNIQUE)
        """,
    ),
    (
        """
        ALTER TABLE announced ADD COLUMN times INTEGER NOT NULL DEFAULT 1
        """,
    ),
)
"""What leads from each version to the next, from an empty file on; a version that was released is never edited."""

VERSION: Final = len(MIGRATIONS)

_LOOK: Final = 0.01

_CACHE: Final = 4_096
"""KiB of memory, and no more: a worker may have hundreds of journals open."""

_CHECKPOINT: Final = 4_000
"""Pages of the write-ahead log, 4 KiB each, after which they are brought into the file: not after every batch."""


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 for an empty file.

    Args:
        connection: Of the journal.
    """
    return _number(connection, "user_version")


def make_durable(connection: sqlite3.Connection, *, path: Path, account: str | None, patience: float) -> None:
    """Let what is committed survive the end of the process and of the power.

    Args:
        connection: Of the journal.
        path: Its file.
        account: The account label.
        patience: The most seconds to wait for others that open the same new file.

    Raises:
        JournalError: The file system cannot do that.
    """
    end = time.monotonic() + patience
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            # Here SQLite does not wait by itself: two that both did could wait for each other.
            if not is_busy(error) or time.monotonic() >= end:
                raise
            time.sleep(_LOOK)
    if mode != "wal":
        summary = "the file system has no shared memory for a write-ahead log"
        advice = "Put the journal on a disk of this machine."
        raise refusal(summary, path=path, operation=OPENING, account=account, advice=advice)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")


def check_readable(connection: sqlite3.Connection, *, path: Path, account: str | None) -> None:
    """Make sure that a file is empty, or a journal that this version can read.

    Args:
        connection: Of the file; nothing in it is changed.
        path: The file.
        account: The account label.

    Raises:
        JournalError: It is another program's, or a newer version's.
    """
    owner = _number(connection, "application_id")
    version = version_of(connection)
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (owner or version or tables):
        summary = "the file is a database of another program"
        advice = "Name the right file, or one that does not exist yet; nothing was changed."
        raise refusal(summary, path=path, operation=OPENING, account=account, advice=advice)
    if version > VERSION:
        summary = f"the journal has schema version {version}, and this package knows up to {VERSION}"
        advice = "Upgrade brex-accounting-client; nothing was changed."
        raise refusal(summary, path=path, operation=OPENING, account=account, advice=advice)


def bring_up(connection: sqlite3.Connection, *, path: Path, account: str | None) -> None:
    """Bring the tables to the newest version and note the account, all in one transaction.

    Args:
        connection: Of the journal.
        path: Its file.
        account: The account label.

    Raises:
        JournalError: As ``check_readable``; or the journal belongs to another account, and nothing was changed.
    """
    with transaction(connection, writes=True):  # also where nothing is to be written: it finds out whether that works
        check_readable(connection, path=path, account=account)
        version = version_of(connection)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        if version < VERSION:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        if not _is_of(connection, path=path, account=account):
            connection.execute("INSERT INTO account VALUES (?)", [account])


def _is_of(connection: sqlite3.Connection, *, path: Path, account: str | None) -> bool:
    """Whether the journal is this account's; False where it is nobody's yet."""
    row = connection.execute("SELECT label FROM account").fetchone()
    if row is None:
        return False
    if row[0] != account:
        summary = f"the journal is that of {_named(row[0])}, and was opened for {_named(account)}"
        advice = "Each account has a journal of its own: name that of this one, or a file that does not exist yet."
        raise refusal(summary, path=path, operation=OPENING, account=account, advice=advice)
    return True


def _named(account: str | None) -> str:
    return "an account without a label" if account is None else f"account {account}"


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    (number,) = connection.execute(f"PRAGMA {pragma}").fetchone()
    return int(number)


__all__ = [
    "APPLICATION_ID",
    "MIGRATIONS",
    "OPENING",
    "VERSION",
    "bring_up",
    "check_readable",
    "make_durable",
    "version_of",
]
