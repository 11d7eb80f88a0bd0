"""The books while they are open: what the index says of the text, and appends that are whole or not there."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from attrs import evolve

from ...errors import LedgerError
from ...events import logger as _root
from .blocks import BookedAt, Found, Scan, Unended, block, is_torn
from .booked import BookedEntry, Unreadable, read_entry
from .entries import Transaction
from .index import Index, Indexed, Stamp, digest_of

# Only POSIX can flush a folder.
_FOLDER: Final[int | None] = getattr(os, "O_DIRECTORY", None)

_log = _root.getChild("export")
_HEAD: Final = 1 << 16


class OpenBooks:
    """The books under the lock.

    Args:
        path: The file.
        file: The same, open for reading, or for appending.
        index: An index of it that may be written.
        indexed: How far that has come.
        operation: What is done, for errors.
        writes: Whether the file may be changed.
    """

    def __init__(
        self, path: Path, file: BinaryIO, index: Index, indexed: Indexed, operation: str, *, writes: bool = False
    ) -> None:
        self._path = path
        self._file = file
        self._operation = operation
        self._writes = writes
        self.index = index
        self.indexed: Indexed = indexed

    def catch_up(self) -> None:
        """Hold the index against the text, and take in what is new.

        A block that a dead writer left at the end is not counted, and is cut off where the file may be changed.

        Raises:
            LedgerError: The file is no text, or a block in it was edited so that nobody knows what it was.
        """
        known = self.indexed
        if not self.index.fits(self._file, known):
            self.indexed = Indexed(build=secrets.token_hex(8))
        self._extend(known)

    def booked(self, offset: int) -> BookedEntry:
        """The transaction at an offset.

        Raises:
            LedgerError: It cannot be read.
        """
        try:
            return read_at(self._file, offset)
        except Unreadable as error:
            raise unreadable(self._path, self._operation) from error

    def append(
        self, transactions: Sequence[Transaction], *, open_date: datetime.date | None, currency: str | None
    ) -> None:
        """Put transactions into the books, all of them or none; they are on the disk when this returns.

        Args:
            transactions: At least one.
            open_date: What ``open`` directives are dated; None where there are to be none.
            currency: The operating currency, which books that name none are given with their first block.

        Raises:
            OSError: It did not work, and nothing is in the books.
        """
        opens: list[str] = []
        if open_date is not None:
            accounts = self.index.unopened(account for one in transactions for account in one.accounts)
            opens = [f"{open_date.isoformat()} open {account}" for account in accounts]
        number = self.indexed.number + 1
        first = number == 1
        if not first or (currency is not None and self._names_a_currency()):
            currency = None
        descriptor = self._file.fileno()
        size = os.fstat(descriptor).st_size
        lead = self._lead(size)
        made = block(number, transactions, opens, first=first, currency=currency, at=size + len(lead))
        data = lead + made.data
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
            self._follow(size, data, made.found)

    def _names_a_currency(self) -> bool:
        self._file.seek(0)
        return any(line.startswith(b'option "operating_currency"') for line in self._file)

    def _lead(self, size: int) -> bytes:
        if not size:
            return b""
        self._file.seek(size - 1)
        return b"\n" if self._file.read(1) == b"\n" else b"\n\n"

    def _follow(self, start: int, data: bytes, found: Sequence[Found] | None) -> None:
        """Take in what was appended, without reading it where it follows what the index has in segments."""
        stamp = Stamp.of(os.fstat(self._file.fileno()))
        stop = start + len(data)
        # Or there is text by hand in front of it that is walked over each time, or somebody else has written meanwhile.
        if found is None or start != self.indexed.stop or stop != stamp.size:
            self._extend(self.indexed)
            return
        with self.index.writing():
            _, number = self.index.add(found)
            self.index.seal(start, stop, hashlib.sha256(data).digest())
            booked = sum(isinstance(one, BookedAt) for one in found)
            entries = self.indexed.entries + booked
            self.indexed = evolve(self.indexed, stamp=stamp, stop=stop, number=number, end=stop, entries=entries)
            self.index.come_to(self.indexed)

    def _extend(self, known: Indexed) -> None:
        start = self.indexed.stop
        if not start:
            self._file.seek(0)
            if b"\0" in self._file.read(_HEAD).rstrip(b"\0"):  # it need not have lines that can be read
                raise self._no_text()
        with self.index.writing():
            self.index.forget(start)
            scan = Scan(self._file, start)
            stop, number = self.index.add(scan)
            end = scan.position
            if scan.unended is not None and self._is_torn(scan, scan.unended, known):
                end = scan.unended.start
                self.index.forget(end)
                if self._writes:
                    self._cut(end)
            if scan.binary is not None and scan.binary < end:
                raise self._no_text()
            if stop is None:
                stop = start
            elif stop > start:
                self.index.seal(start, stop, digest_of(self._file, start, stop))
            self.indexed = evolve(
                self.indexed,
                stamp=Stamp.of(os.fstat(self._file.fileno())),
                stop=stop,
                number=max(number, self.indexed.number),
                end=end,
                entries=self.index.count(),
            )
            self.index.come_to(self.indexed)

    def _is_torn(self, scan: Scan, unended: Unended, known: Indexed) -> bool:
        """Whether a writer that died left the block that the file ends in.

        Raises:
            LedgerError: Somebody has edited it: it was whole before, or there is something behind it.
        """
        if scan.binary is not None and scan.binary < unended.start:
            raise self._no_text()
        self._file.seek(unended.start)
        tail = self._file.read()
        if not unended.start and not tail.strip(b"\0"):  # nothing says that these are ours
            raise self._no_text()
        place = f"batch {unended.number} in {self._path.name}" if unended.number else f"a batch in {self._path.name}"
        line = f"'; brex-accounting batch {unended.number or ''}".rstrip() + " ...'"
        if is_torn(unended, tail):
            body = unended.start if unended.body is None else unended.body
            if unended.number > known.number and body + unended.length > known.stop:
                return True
            if not unended.number and unended.start >= known.stop:
                return True
            summary = f"{place} was whole, and its end has been taken away by hand"
            ending = unended.end.decode().strip()
            advice = (
                f"Nothing was changed. Take {self._path.name} back from a copy, "
                + (f"or write the line '{ending}' behind what is to stay of it, " if ending else "")
                + f"or remove what is left of it, from its line {line} on; reconcile names what is missing then."
            )
            raise LedgerError(summary, operation=self._operation, advice=advice)
        if unended.body is not None and len(tail) - (unended.body - unended.start) < unended.length:
            summary = f"{place} was broken off, and something was written behind it"
            advice = f"Remove what there is of the batch, from its line {line} on, and keep what was written behind it."
            raise LedgerError(summary, operation=self._operation, advice=advice)
        return False

    def _cut(self, start: int) -> None:
        """Cut the file off where a dead writer began, once a copy of what it left is on the disk."""
        self._file.seek(start)
        tail = self._file.read()
        kept = self._keep(tail)
        os.ftruncate(self._file.fileno(), start)
        os.fsync(self._file.fileno())
        _log.warning(
            "%s ended in a batch that was broken off: %d bytes were cut off, and copied to %s",
            self._path.name,
            len(tail),
            kept.name,
        )

    def _keep(self, tail: bytes) -> Path:
        number = 1
        while True:
            path = self._path.with_name(f"{self._path.name}.torn-{number}")
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                number += 1
                continue
            try:
                with os.fdopen(descriptor, "wb") as copy:
                    copy.write(tail)
                    copy.flush()
                    os.fsync(descriptor)
            except OSError:
                path.unlink()
                raise
            _flush(path.parent)
            return path

    def _no_text(self) -> LedgerError:
        summary = f"{self._path.name} is no text in UTF-8, as books for Beancount are; nothing was written to it"
        advice = "Pass the path of the books, or of a file that is not there yet; save books in UTF-8."
        return LedgerError(summary, operation=self._operation, advice=advice)


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


def unreadable(path: Path, operation: str) -> LedgerError:
    """What is said of a transaction of ours that cannot be read.

    Args:
        path: The books.
        operation: What was to be done.
    """
    summary = f"a transaction in {path.name} that has a brex-key cannot be read"
    advice = "Somebody has edited it: each of its legs needs an account, and all but one an amount with a currency."
    return LedgerError(summary, operation=operation, advice=advice)


def _flush(folder: Path) -> None:
    if _FOLDER is None:
        return
    descriptor = os.open(folder, os.O_RDONLY | _FOLDER)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["OpenBooks", "read_at", "unreadable"]
