"""The file with the books: one writer at a time, whole appends, and an index that follows the text."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import filelock
from attrs import evolve

from ...errors import LedgerError
from ..erp import LedgerEntry
from ..posting import EXACT
from .blocks import Scan, Unended, block, is_torn
from .booked import BookedEntry, Unreadable, balances, debits, read_entry
from .entries import Transaction, reference_of
from .index import Damaged, Index, Indexed, Stamp, digest_of

T = TypeVar("T")

# Only POSIX can flush a folder.
_FOLDER: Final[int | None] = getattr(os, "O_DIRECTORY", None)
_PAGE: Final = 500


class Books:
    """The books in one file, for one thread.

    Args:
        path: The file; it need not exist.
        lock_wait: The most seconds to wait for another writer.
    """

    def __init__(self, path: Path, *, lock_wait: float) -> None:
        self.path = path
        self._index = Index(path.with_name(f"{path.name}.index"))
        self._lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), timeout=lock_wait, poll_interval=0.01)
        self._lock_wait = lock_wait
        self._verified = False

    def use(self, operation: str, work: Callable[[OpenBooks], T]) -> T:
        """Do something under the lock, with an index that has all of the text.

        Args:
            operation: What is done, for errors.
            work: What to do. It is done again where the index turns out to be damaged before anything was appended.

        Raises:
            LedgerError: The file cannot be read, written or understood, or another writer holds it for too long.
        """
        try:
            self.path.parent.stat()  # or taking the lock would make the folder
            with self._lock, self.path.open("a+b") as file:
                return self._whole(file, operation, work)
        except filelock.Timeout as error:
            summary = f"another process has been writing {self.path.name} for {self._lock_wait:g} s"
            advice = f"Find it by the lock that it holds on {self.path.name}.lock; do not remove that file."
            raise LedgerError(summary, operation=operation, advice=advice) from error
        except OSError as error:
            summary = f"{error.filename or self.path}: {error.strerror or type(error).__name__}"
            advice = "The folder must exist, and the file must be readable and writable for the user of this process."
            raise LedgerError(summary, operation=operation, advice=advice) from error
        except (sqlite3.Error, Damaged) as error:
            summary = f"the index {self._index.path.name} cannot be made"
            advice = "Make room on the disk and remove the index; it is made anew from the books."
            raise LedgerError(summary, operation=operation, advice=advice) from error

    def page(self, *, build: str, after: int, end: int) -> tuple[list[LedgerEntry], int]:
        """Some of the entries, in the order of their newest versions.

        Args:
            build: Which build of the index the walk began with.
            after: Only what is behind this offset.
            end: Only what stands before this offset.

        Returns:
            The entries, none at the end, and the offset of the last one.

        Raises:
            LedgerError: The books were edited meanwhile, or an entry cannot be read.
        """
        operation = "list the entries of the books"
        try:
            with self.path.open("rb") as file:
                if not self._index.is_open:  # closed during the walk
                    raise _edited(self.path, operation)
                rows = self._index.page(after=after, end=end, limit=_PAGE)
                if self._index.indexed().build != build or os.fstat(file.fileno()).st_size < end:
                    raise _edited(self.path, operation)
                entries = [self._entry(file, key, offsets, operation) for key, offsets in rows.items()]
        except (OSError, sqlite3.Error, Damaged) as error:
            raise _edited(self.path, operation) from error
        return entries, max((offsets[-1] for offsets in rows.values()), default=after)

    def close(self) -> None:
        """Close the index; using the books again opens it again."""
        self._index.close()
        self._verified = False

    def _entry(self, file: BinaryIO, key: str, offsets: Sequence[int], operation: str) -> LedgerEntry:
        try:
            read = [read_at(file, offset) for offset in offsets]
        except Unreadable as error:
            raise _unreadable(self.path, operation) from error
        *before, newest = read
        if newest.said_key != key:
            raise _edited(self.path, operation)
        sums = debits(newest)
        # What versions before it leave behind stands in the books too: it shows where the books are compared.
        for (_, currency), amount in balances(before).items():
            sums[currency] = EXACT.add(sums.get(currency, Decimal()), max(amount, Decimal()))
        return LedgerEntry(key=newest.key, reference=reference_of(newest.key), date=newest.date, debits=sums)

    def _whole(self, file: BinaryIO, operation: str, work: Callable[[OpenBooks], T]) -> T:
        try:
            return work(self._caught_up(file, operation))
        except (sqlite3.DatabaseError, Damaged):
            self._index.remove()
        return work(self._caught_up(file, operation))

    def _caught_up(self, file: BinaryIO, operation: str) -> OpenBooks:
        if self._index.is_open:
            indexed = self._index.indexed()
        else:
            indexed, self._verified = self._index.open(), False
        books = OpenBooks(self.path, file, self._index, indexed, operation)
        if not self._verified or Stamp.of(os.fstat(file.fileno())) != indexed.stamp:
            books.catch_up()
            self._verified = True
        return books


class OpenBooks:
    """The books under the lock.

    Args:
        path: The file.
        file: The same, open for appending.
        index: Its index.
        indexed: How far that has come.
        operation: What is done, for errors.
    """

    def __init__(self, path: Path, file: BinaryIO, index: Index, indexed: Indexed, operation: str) -> None:
        self._path = path
        self._file = file
        self._operation = operation
        self.index = index
        self.indexed = indexed

    def catch_up(self) -> None:
        """Hold the index against the text, take in what is new, and cut off what a writer left that died.

        Raises:
            LedgerError: The file ends in a broken block that something was added to.
        """
        if not self.index.fits(self._file, self.indexed):
            self.indexed = Indexed(build=secrets.token_hex(8))
        self._extend()

    def booked(self, offset: int) -> BookedEntry:
        """The transaction at an offset.

        Raises:
            LedgerError: It cannot be read.
        """
        try:
            return read_at(self._file, offset)
        except Unreadable as error:
            raise _unreadable(self._path, self._operation) from error

    def append(self, transactions: Sequence[Transaction], *, open_date: datetime.date | None) -> None:
        """Put transactions into the books, all of them or none; they are on the disk when this returns.

        Args:
            transactions: At least one.
            open_date: What ``open`` directives are dated; None where there are to be none.

        Raises:
            OSError: It did not work, and nothing is in the books.
        """
        opens: list[str] = []
        if open_date is not None:
            accounts = self.index.unopened(account for one in transactions for account in one.accounts)
            opens = [f"{open_date.isoformat()} open {account}" for account in accounts]
        number = self.indexed.number + 1
        descriptor = self._file.fileno()
        size = os.fstat(descriptor).st_size
        data = self._lead(size) + block(number, transactions, opens, first=number == 1)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
            if not size:
                _flush(self._path.parent)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
        # What fails from here on only leaves the index behind the text, and the next one to come finds that out.
        with contextlib.suppress(sqlite3.Error, OSError):
            self._extend()

    def _lead(self, size: int) -> bytes:
        if not size:
            return b""
        self._file.seek(size - 1)
        return b"\n" if self._file.read(1) == b"\n" else b"\n\n"

    def _extend(self) -> None:
        start = self.indexed.stop
        with self.index.writing():
            self.index.forget(start)
            scan = Scan(self._file, start)
            _, last = self.index.add(scan)
            if scan.unended is not None:
                self._settle(scan.unended)
            stop, number = (start, self.indexed.number) if last is None else (last.stop, last.number)
            if stop > start:
                self.index.seal(start, stop, digest_of(self._file, start, stop))
            self.indexed = evolve(
                self.indexed,
                stamp=Stamp.of(os.fstat(self._file.fileno())),
                stop=stop,
                number=max(number, self.indexed.number),
                entries=self.index.count(),
            )
            self.index.come_to(self.indexed)

    def _settle(self, unended: Unended) -> None:
        """Cut off a block that was broken off; leave one alone whose last line somebody has taken away."""
        self._file.seek(unended.start)
        tail = self._file.read()
        if is_torn(unended, tail):
            os.ftruncate(self._file.fileno(), unended.start)
            os.fsync(self._file.fileno())
            self.index.forget(unended.start)
        elif unended.body is not None and len(tail) - (unended.body - unended.start) < unended.length:
            summary = f"batch {unended.number} in {self._path.name} was broken off, and something was written behind it"
            advice = (
                f"Remove what there is of the batch, from its line '; brex-accounting batch {unended.number} ...' on, "
                "and keep what was written behind it."
            )
            raise LedgerError(summary, operation=self._operation, advice=advice)


def read_at(file: BinaryIO, offset: int) -> BookedEntry:
    """The transaction at an offset.

    Args:
        file: The books.
        offset: Where it begins.

    Raises:
        Unreadable: It cannot be read.
    """
    file.seek(offset)
    return read_entry(file)


def _flush(folder: Path) -> None:
    if _FOLDER is None:
        return
    descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _edited(path: Path, operation: str) -> LedgerError:
    return LedgerError(f"{path.name} was changed meanwhile", operation=operation, advice="Do it once more.")


def _unreadable(path: Path, operation: str) -> LedgerError:
    summary = f"a transaction in {path.name} that has a brex-key cannot be read"
    advice = "Somebody has edited it: each of its legs needs an account, and all but one an amount with a currency."
    return LedgerError(summary, operation=operation, advice=advice)


__all__ = ["Books", "OpenBooks"]
