"""Where the entries of the books are: a cache beside them, which the text can replace at any time."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import attrs
from attrs import frozen

from ..sqlite_transaction import transaction
from .blocks import BlockEnd, BookedAt, Found, OpenedAt

T = TypeVar("T")

_VERSION: Final = 3
_PIECE: Final = 1 << 16
_MOST_ROWS: Final = 1000

_SCHEMA: Final = """
CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), facts TEXT NOT NULL);
CREATE TABLE entries (offset INTEGER PRIMARY KEY, key TEXT NOT NULL, hash TEXT NOT NULL, reversal INTEGER NOT NULL);
CREATE INDEX entries_by_key ON entries (key, offset);
CREATE TABLE opened (offset INTEGER PRIMARY KEY, account TEXT NOT NULL, currencies TEXT NOT NULL);
CREATE TABLE segments (start INTEGER PRIMARY KEY, stop INTEGER NOT NULL, digest BLOB NOT NULL);
"""


@frozen(kw_only=True)
class Stamp:
    """What tells that a file was changed without reading it.

    Attributes:
        size: Its size in bytes.
        changed: When it was changed, in nanoseconds.
        inode: Which file it is.
    """

    size: int = 0
    changed: int = 0
    inode: int = 0

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        """That of a file.

        Args:
            found: What the system says of it.
        """
        return cls(size=found.st_size, changed=found.st_mtime_ns, inode=found.st_ino)


@frozen(kw_only=True)
class Indexed:
    """How far the index has come.

    Attributes:
        build: Another one for each time that it was built anew.
        stamp: What the file was then.
        stop: Up to where the text cannot change by being added to: behind its last whole block.
        number: The highest number of a block up to there, 0 without one.
        end: Up to where the text counts: a block behind that was broken off.
        entries: How many transactions the index has.
    """

    build: str = ""
    stamp: Stamp = Stamp()
    stop: int = 0
    number: int = 0
    end: int = 0
    entries: int = 0


class Damaged(Exception):
    """The index is not what it should be, and is to be made anew."""


class Index:
    """An index in a SQLite file. Whoever writes holds the lock of the books.

    Nothing in it needs to be durable: after a power cut it is held against the text. So SQLite need not wait for the
    disk; its own journal keeps it whole when a process is killed.

    Args:
        path: The file; None for one of SQLite's own, which is gone when it is closed.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self.is_for_reading: bool = False
        """Whether it was opened for reading only."""

    def open(self, *, for_reading: bool = False) -> Indexed:
        """Open or make it.

        Args:
            for_reading: Neither make nor change anything.

        Returns:
            How far it has come.

        Raises:
            Damaged: It is no index of this version that is whole.
            sqlite3.Error: It cannot be opened.
        """
        self.is_for_reading = for_reading
        # An empty name is that of a temporary file, which holds what the cache does not.
        place = "" if self._path is None else f"{self._path.as_uri()}?mode={'ro' if for_reading else 'rwc'}"
        database = sqlite3.connect(place, uri=True, timeout=10.0, isolation_level=None)
        self._database = database
        self._file = self._found()
        try:
            return self._opened(database)
        except sqlite3.DatabaseError as error:
            raise Damaged from error

    def copy(self, other: Index) -> Indexed:
        """Become what another one is.

        Args:
            other: An open one.

        Returns:
            How far that has come.

        Raises:
            Damaged: That is not whole.
            sqlite3.Error: There is no room for it.
        """
        self.close()
        database = sqlite3.connect("", isolation_level=None)
        self._database = database
        other._open.backup(database)
        return self._opened(database)

    def _opened(self, database: sqlite3.Connection) -> Indexed:
        if not self.is_for_reading:
            database.execute("PRAGMA journal_mode = TRUNCATE")
            database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -2000")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if not version and not self.is_for_reading:
            with self.writing():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_VERSION}")
                self.come_to(Indexed(build=secrets.token_hex(8)))
        elif version != _VERSION or database.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise Damaged
        indexed = self.indexed()
        if database.execute("SELECT count(*) FROM entries").fetchone() != (indexed.entries,):
            raise Damaged
        return indexed

    def remove(self) -> None:
        """Close it and remove its files."""
        self.close()
        if self._path is not None:
            for name in (self._path.name, f"{self._path.name}-journal"):
                self._path.with_name(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close it; closing again does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self._database is not None

    @property
    def is_elsewhere(self) -> bool:
        """Whether the file that is open is no longer the one of its name."""
        return self._file != self._found()

    def _found(self) -> tuple[int, int] | None:
        try:
            found = None if self._path is None else self._path.stat()
        except OSError:
            return None
        return None if found is None else (found.st_dev, found.st_ino)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            message = "the index is not open"
            raise AssertionError(message)
        return self._database

    def writing(self) -> AbstractContextManager[None]:
        """A block of which all that is written stays, or nothing."""
        return transaction(self._open, writes=True)

    def indexed(self) -> Indexed:
        """How far it has come.

        Raises:
            Damaged: It does not say.
        """
        row = self._open.execute("SELECT facts FROM state").fetchone()
        try:
            facts: dict[str, Any] = json.loads(row[0])
            stamp = Stamp(**facts.pop("stamp"))
            return Indexed(stamp=stamp, **facts)
        except (TypeError, ValueError, KeyError) as error:
            raise Damaged from error

    def come_to(self, indexed: Indexed) -> None:
        """Say how far it has come."""
        facts = json.dumps(attrs.asdict(indexed))
        self._open.execute("INSERT OR REPLACE INTO state VALUES (1, ?)", (facts,))

    def fits(self, file: BinaryIO, indexed: Indexed) -> bool:
        """Whether the text up to ``stop`` is still the one that was indexed.

        Args:
            file: The books.
            indexed: How far the index has come.
        """
        at = 0
        for start, stop, digest in self._open.execute("SELECT start, stop, digest FROM segments ORDER BY start"):
            if start != at or digest_of(file, start, stop) != digest:
                return False
            at = stop
        return at == indexed.stop

    def forget(self, start: int) -> None:
        """Forget everything from an offset on.

        Args:
            start: The offset.
        """
        for table in ("entries", "opened"):
            self._open.execute(f"DELETE FROM {table} WHERE offset >= ?", (start,))  # noqa: S608 - our own names
        self._open.execute("DELETE FROM segments WHERE stop > ?", (start,))

    def add(self, found: Iterable[Found]) -> tuple[int | None, int]:
        """Take in what a walk over the text finds, as it comes.

        Args:
            found: What it finds.

        Returns:
            Where the last whole block ends, None without one, and the highest number of one.
        """
        stop, highest = None, 0
        booked, opened = list[tuple[object, ...]](), list[tuple[object, ...]]()
        for one in found:
            match one:
                case BookedAt():
                    booked.append((one.offset, one.key, one.content_hash, one.reversal))
                case OpenedAt():
                    opened.append((one.offset, one.account, one.currencies))
                case BlockEnd():
                    stop, highest = one.stop, max(highest, one.number)
            if len(booked) == _MOST_ROWS:
                self._insert("entries", booked)
                booked.clear()
        self._insert("entries", booked)
        self._insert("opened", opened)
        return stop, highest

    def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Put rows into a table, many in one statement."""
        for some in self._portions(rows, len(rows[0]) if rows else 1):
            marks = ",".join([f"({_marks(len(some[0]))})"] * len(some))
            statement = f"INSERT OR REPLACE INTO {table} VALUES {marks}"  # noqa: S608 - our own names, and marks
            self._open.execute(statement, [*chain.from_iterable(some)])

    def _portions(self, values: Sequence[T], width: int) -> Iterator[Sequence[T]]:
        """As many at once as a statement has room for."""
        most = self._open.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width
        return (values[at : at + most] for at in range(0, len(values), most))

    def seal(self, start: int, stop: int, digest: bytes) -> None:
        """Remember a piece of text, to know it again.

        Args:
            start: Where it begins, which is where the one before it ends.
            stop: Where it ends.
            digest: Of its bytes.
        """
        self._open.execute("INSERT INTO segments VALUES (?, ?, ?)", (start, stop, digest))

    def count(self) -> int:
        """How many transactions it has."""
        return int(self._open.execute("SELECT count(*) FROM entries").fetchone()[0])

    def known(self, keys: Sequence[str]) -> dict[str, str]:
        """Those keys, as the text says them, that have an entry, each with the hash of its newest version."""
        found: dict[str, str] = {}
        for some in self._portions(keys, 1):
            query = f"""
                SELECT key, hash FROM entries WHERE reversal = 0 AND key IN ({_marks(len(some))})
                ORDER BY offset"""  # noqa: S608 - marks
            found.update(self._open.execute(query, some))  # the newest one comes last
        return found

    def newest(self, key: str) -> BookedAt | None:
        """The newest version of an entry, None where there is none."""
        query = "SELECT offset, key, hash, 0 FROM entries WHERE key = ? AND reversal = 0 ORDER BY offset DESC LIMIT 1"
        row = self._open.execute(query, (key,)).fetchone()
        return None if row is None else BookedAt(row[0], row[1], row[2], reversal=False)

    def unopened(self, accounts: Iterable[str]) -> list[str]:
        """Those accounts, each once and in order, that the text does not open."""
        found: list[str] = []
        for some in self._portions(sorted(set(accounts)), 1):
            query = f"""
                WITH named (account) AS (VALUES {",".join(["(?)"] * len(some))})
                SELECT account FROM named WHERE account NOT IN (SELECT account FROM opened)"""  # noqa: S608 - marks
            found += (name for (name,) in self._open.execute(query, some))
        return sorted(found)

    def allowed(self) -> Mapping[str, frozenset[str]]:
        """What may be booked on accounts that were opened for some currencies only."""
        query = "SELECT account, currencies FROM opened WHERE currencies != '' ORDER BY offset"
        return {account: frozenset(text.split()) for account, text in self._open.execute(query)}

    def page(self, *, after: int, end: int, limit: int) -> Mapping[str, list[int]]:
        """Entries by the offset of their newest version, each with the offsets of its other transactions in front.

        Args:
            after: Only offsets greater than this one.
            end: Only what stands before this offset.
            limit: The most entries.
        """
        query = """
            SELECT key, offset, (SELECT group_concat(o.offset) FROM entries o
                                 WHERE o.key = e.key AND o.offset != e.offset AND o.offset < :end)
            FROM entries e
            WHERE e.offset > :after AND e.offset < :end AND e.reversal = 0 AND NOT EXISTS (
                SELECT 1 FROM entries l
                WHERE l.key = e.key AND l.offset > e.offset AND l.offset < :end AND l.reversal = 0)
            ORDER BY e.offset LIMIT :limit"""
        rows = self._open.execute(query, {"after": after, "end": end, "limit": limit})
        return {key: [*map(int, others.split(",") if others else ()), offset] for key, offset, others in rows}


def _marks(count: int) -> str:
    return ",".join("?" * count)


def digest_of(file: BinaryIO, start: int, stop: int) -> bytes:
    """SHA-256 of a piece of a file; of what is there of it where the file is shorter."""
    digest = hashlib.sha256()
    file.seek(start)
    left = stop - start
    while left > 0 and (piece := file.read(min(left, _PIECE))):
        digest.update(piece)
        left -= len(piece)
    return digest.digest()


__all__ = ["Damaged", "Index", "Indexed", "Stamp", "digest_of"]
