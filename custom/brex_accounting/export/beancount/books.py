"""The file with the books: many readers that change nothing, one writer at a time, and an index that follows."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

import filelock

from ...errors import LedgerError
from ..erp import LedgerEntry
from ..posting import EXACT
from .booked import Unreadable, balances, debits
from .entries import reference_of
from .index import Damaged, Index, Indexed, Stamp
from .open_books import OpenBooks, read_at, unreadable
from .reading_lock import reading_lock
from .syntax import meant

T = TypeVar("T")

_PAGE: Final = 500
_TO_READ: Final = "The folder must exist, and the file must be readable for the user of this process."
_TO_WRITE: Final = "The folder must exist, and the file must be readable and writable for the user of this process."


class Books:
    """The books in one file, for one thread.

    Whoever writes keeps the index beside the books. Whoever only reads takes it where it fits the text, and otherwise
    makes a temporary one of it.

    Args:
        path: The file; it need not exist.
        lock_wait: The most seconds to wait for another writer.
    """

    def __init__(self, path: Path, *, lock_wait: float) -> None:
        self.path = path
        self._sidecar = Index(path.with_name(f"{path.name}.index"))
        self._temporary = Index(None)
        self._copied: Indexed | None = None
        """How far the sidecar had come when the temporary index was made of it."""
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._lock = filelock.FileLock(self._lock_path, timeout=lock_wait, poll_interval=0.01)
        self._lock_wait = lock_wait
        self._verified = ""
        """The build of the sidecar that was held against all of the text since the books were opened."""

    def read(self, operation: str, work: Callable[[OpenBooks], T], *, missing: T) -> T:
        """Look something up, with an index that has all of the text; no file is made or changed.

        Args:
            operation: What is done, for errors.
            work: What to do. It is done again where an index turns out to be damaged.
            missing: What there is where the books do not exist.

        Raises:
            LedgerError: The file cannot be read or understood, or a writer holds it for too long.
        """
        with self._errors(operation, _TO_READ), reading_lock(self._lock_path, self._lock_wait):
            try:
                file = self.path.open("rb")
            except FileNotFoundError:
                self.path.parent.stat()
                return missing
            with file:
                try:
                    return work(self._to_read(file, operation))
                except (sqlite3.DatabaseError, Damaged):
                    self._sidecar.close()
                    self._temporary.close()
                return work(self._temporarily(file, operation, None))

    def write(self, operation: str, work: Callable[[OpenBooks], T]) -> T:
        """Do something under the lock, with an index that has all of the text.

        Args:
            operation: What is done, for errors.
            work: What to do. It is done again where the index turns out to be damaged before anything was appended.

        Raises:
            LedgerError: The file cannot be read, written or understood, or another writer holds it for too long.
        """
        with self._errors(operation, _TO_WRITE):
            self.path.parent.stat()  # or taking the lock would make the folder
            with self._lock, self.path.open("a+b") as file:
                try:
                    return work(self._to_write(file, operation))
                except (sqlite3.DatabaseError, Damaged):
                    self._sidecar.remove()
                return work(self._to_write(file, operation))

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
                index = self._built(build)
                if index is None or os.fstat(file.fileno()).st_size < end:
                    raise _edited(self.path, operation)
                rows = index.page(after=after, end=end, limit=_PAGE)
                entries = [self._entry(file, key, offsets, operation) for key, offsets in rows.items()]
        except (OSError, sqlite3.Error, Damaged) as error:
            raise _edited(self.path, operation) from error
        return entries, max((offsets[-1] for offsets in rows.values()), default=after)

    def close(self) -> None:
        """Close the indexes; using the books again opens them again."""
        self._sidecar.close()
        self._temporary.close()
        self._verified = ""

    def _built(self, build: str) -> Index | None:
        """The index of a build; None where there is none any more: it was closed, or the text was edited."""
        for index in (self._sidecar, self._temporary):
            if index.is_open and index.indexed().build == build:
                return index
        return None

    def _entry(self, file: BinaryIO, key: str, offsets: Sequence[int], operation: str) -> LedgerEntry:
        try:
            *before, newest = [read_at(file, offset) for offset in offsets]
            if newest.said_key != key:
                raise _edited(self.path, operation)
            sums = debits(newest)
            # What versions before it leave behind stands in the books too: it shows where the books are compared.
            for (_, currency), amount in balances(before).items():
                sums[currency] = EXACT.add(sums.get(currency, Decimal()), max(amount, Decimal()))
            is_edited = newest.is_edited
        except (Unreadable, ArithmeticError) as error:  # or more digits than anybody has
            raise unreadable(self.path, operation) from error
        return LedgerEntry(
            key=newest.key,
            reference=reference_of(newest.key),
            date=newest.date,
            debits=sums,
            content_hash=meant(newest.content_hash) or None,
            is_edited=is_edited,
        )

    def _to_write(self, file: BinaryIO, operation: str) -> OpenBooks:
        if self._sidecar.is_open and (self._sidecar.is_for_reading or self._sidecar.is_elsewhere):
            self._sidecar.close()
        indexed = self._sidecar.indexed() if self._sidecar.is_open else self._sidecar.open()
        books = OpenBooks(self.path, file, self._sidecar, indexed, operation, writes=True)
        if self._verified != indexed.build or Stamp.of(os.fstat(file.fileno())) != indexed.stamp:
            books.catch_up()
            self._verified = books.indexed.build
        return books

    def _to_read(self, file: BinaryIO, operation: str) -> OpenBooks:
        try:
            if self._sidecar.is_open and self._sidecar.is_elsewhere:
                self._sidecar.close()
            indexed = self._sidecar.indexed() if self._sidecar.is_open else self._sidecar.open(for_reading=True)
            fits = Stamp.of(os.fstat(file.fileno())) == indexed.stamp and (
                self._verified == indexed.build or self._sidecar.fits(file, indexed)
            )
        except (sqlite3.Error, Damaged):  # missing, damaged, or left in the middle of a change
            self._sidecar.close()
            return self._temporarily(file, operation, None)
        if not fits:
            return self._temporarily(file, operation, indexed)
        self._verified = indexed.build
        return OpenBooks(self.path, file, self._sidecar, indexed, operation)

    def _temporarily(self, file: BinaryIO, operation: str, sidecar: Indexed | None) -> OpenBooks:
        """The books with a temporary index, made of what the sidecar knows."""
        if self._temporary.is_open and sidecar == self._copied:
            indexed = self._temporary.indexed()
        elif sidecar is None:
            self._temporary.close()
            indexed = self._temporary.open()
        else:
            indexed = self._temporary.copy(self._sidecar)
        self._copied = sidecar
        books = OpenBooks(self.path, file, self._temporary, indexed, operation)
        if Stamp.of(os.fstat(file.fileno())) != indexed.stamp or indexed == sidecar:
            books.catch_up()
        return books

    @contextlib.contextmanager
    def _errors(self, operation: str, advice: str) -> Generator[None]:
        try:
            yield
        except filelock.Timeout as error:
            summary = f"another process has been writing {self.path.name} for {self._lock_wait:g} s"
            advice = f"Find it by the lock that it holds on {self.path.name}.lock; do not remove that file."
            raise LedgerError(summary, operation=operation, advice=advice) from error
        except OSError as error:
            summary = f"{error.filename or self.path}: {error.strerror or type(error).__name__}"
            raise LedgerError(summary, operation=operation, advice=advice) from error
        except (sqlite3.Error, Damaged) as error:
            summary = f"the index {self.path.name}.index cannot be made"
            advice = "Make room on the disk and remove the index; it is made anew from the books."
            raise LedgerError(summary, operation=operation, advice=advice) from error


def _edited(path: Path, operation: str) -> LedgerError:
    return LedgerError(f"{path.name} was changed meanwhile", operation=operation, advice="Do it once more.")


__all__ = ["Books"]
