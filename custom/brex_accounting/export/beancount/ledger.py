"""Books in plain text, as Beancount reads them, as an ERP: the reference for other adapters."""

from __future__ import annotations

import asyncio
import datetime
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from ...checks import seconds
from ...errors import InvalidArgument
from ..erp import LedgerEntry, Outcome, Posted, Rejected, Repeats
from ..posting import Posting
from .books import Books
from .entries import Transaction, not_allowed, reference_of, reversal, transaction
from .mapping import AccountMapping, read_mapping
from .open_books import OpenBooks
from .syntax import meant, sayable

A = TypeVar("A")
T = TypeVar("T")


class BeancountLedger:
    """Keeps books in one text file, which Beancount checks and Fava shows; neither is needed to write it.

    Each post is one block at the end of the file, written at once and flushed. What a process leaves of one when it is
    killed is not counted; the next post cuts it off, and keeps a copy of it in ``….torn-1``. Whatever else is in the
    file stays as it is: it may have been kept by hand before, and be edited meanwhile. Several processes of one machine
    may use it, each waiting for the others.

    Beside it are two files: ``….lock``, and ``….index``, which knows where each entry is and is made anew whenever it
    is missing or does not fit the text. The text is the truth: an entry that is taken out of it is no longer found.
    Only ``post`` and ``amend`` write; all else makes and changes no file, and works where nothing may be written.

    It belongs to one event loop at a time, is opened when it is first used, and all disk work is done by a thread of
    its own. The books may be included by another file: what they need stands in no option.

    Args:
        path: The file; it need not exist, but its folder must.
        mapping: Path of the TOML file that says which accounts to book to (see ``read_mapping``), or what it holds.
            Without one no account is known, and everything is rejected.
        lock_wait: The most seconds to wait for another writer.

    Raises:
        InvalidArgument: The path cannot be one of a file, or the mapping cannot be right.
    """

    repeats: Repeats = "idempotent"
    search_lag: float = 0.0
    batch_size: int = 1000

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mapping: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        lock_wait: float = 30.0,
    ) -> None:
        self._books = Books(_resolved(path), lock_wait=seconds(lock_wait, "lock_wait"))
        self._mapping: AccountMapping = read_mapping(mapping)
        self._thread: ThreadPoolExecutor | None = None
        self._made: dict[str, tuple[Posting, Transaction | Rejected]] = {}
        self._allowed: Mapping[str, frozenset[str]] | None = None

    @property
    def path(self) -> Path:
        """The file, absolute and with symbolic links followed."""
        return self._books.path

    @property
    def mapping_version(self) -> str:
        """Changes whenever the mapping does."""
        return self._mapping.version

    async def open(self) -> None:
        """Look at the text now, rather than at the first use.

        Raises:
            LedgerError: The folder is missing, or the file cannot be read or understood.
        """
        await self.find([])

    async def aclose(self) -> None:
        """Wait for what is under way, and leave the files; using it again opens it again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(thread, self._books.close)
            finally:
                thread.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def validate(self, posting: Posting) -> Rejected | None:
        """Why a posting would be rejected, None where it would be booked.

        Args:
            posting: The posting.

        Raises:
            LedgerError: The file cannot be read or understood, or is locked for too long.
        """
        found = transaction(posting, self._mapping)
        if len(self._made) >= self.batch_size:
            self._made.clear()
        self._made[posting.key] = (posting, found)
        if isinstance(found, Rejected):
            return found
        # What the last look at the books has found: there is another one before anything is booked.
        if self._allowed is None:
            await self.find([])
        return not_allowed(found, self._allowed or {})

    def preview(self, posting: Posting) -> str:
        """The transaction that a posting would be booked as, or why it would be rejected.

        It looks into no file: the currencies that accounts are open for it knows once anything else has.

        Args:
            posting: The posting.
        """
        found = self._permitted(transaction(posting, self._mapping), self._allowed or {})
        return f"; {found.message}\n" if isinstance(found, Rejected) else found.text

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        """Book what is not in the books yet, all of it in one append.

        Args:
            postings: The postings.

        Returns:
            One outcome for each, in order.

        Raises:
            LedgerError: Nothing was booked: the file cannot be read, written or understood, or is locked for too long.
        """
        return await self._write(self._post, list(postings)) if postings else []

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        """Take back the version that is in the books and book another one, both in one append.

        Args:
            posting: The new version.
            posted: What was posted before; the reference stays the same.

        Raises:
            LedgerError: Nothing was changed, as with ``post``.
        """
        _ = posted
        return await self._write(self._amend, posting)

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        """The entries that are in the books.

        Args:
            keys: Their keys.

        Raises:
            LedgerError: The file cannot be read or understood, or is locked for too long.
        """
        return await self._run(self._find, list(keys))

    async def list_entries(self) -> AsyncIterator[LedgerEntry]:
        """Every entry as the text of the books has it now, with what its newest version debits.

        Where versions before that are not taken back in full, what they leave is counted too.

        Raises:
            LedgerError: The file cannot be read or understood, or was edited meanwhile.
        """
        start = await self._run(self._start)
        if start is None:
            return
        build, end = start
        after = -1
        while True:
            entries, after = await self._run(partial(self._books.page, build=build, after=after, end=end))
            if not entries:
                return
            for entry in entries:
                yield entry

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="beancount-ledger")
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *arguments))

    async def _write(self, work: Callable[[A, threading.Event], T], argument: A) -> T:
        given_up = threading.Event()
        try:
            return await self._run(work, argument, given_up)
        except asyncio.CancelledError:
            # What the thread has not begun to append it must not append later: ``find`` may have said that it is not
            # there. What it has begun, ``find`` waits for under the lock.
            given_up.set()
            raise

    def _post(self, postings: list[Posting], given_up: threading.Event) -> list[Outcome]:
        # Before the lock is taken: others need not wait for it.
        made = [self._transaction(posting) for posting in postings]
        keys = [sayable(posting.key) for posting in postings]

        def work(books: OpenBooks) -> list[Outcome]:
            allowed = self._learned(books)
            there = books.index.known(keys)
            outcomes: list[Outcome] = []
            new: list[Transaction] = []
            for posting, key, one in zip(postings, keys, made, strict=True):
                if key not in there:
                    permitted = self._permitted(one, allowed)
                    if isinstance(permitted, Rejected):
                        outcomes.append(permitted)
                        continue
                    new.append(permitted)
                    there[key] = permitted.said_hash
                    outcomes.append(self._posted(permitted.reference, permitted.said_hash))
                else:
                    outcomes.append(self._posted(reference_of(posting.key), there[key]))
            if new and not given_up.is_set():
                self._append(books, new)
            return outcomes

        return self._books.write("post to the books", work)

    def _amend(self, posting: Posting, given_up: threading.Event) -> Posted | Rejected:
        made = transaction(posting, self._mapping)

        def work(books: OpenBooks) -> Posted | Rejected:
            newest = books.index.newest(sayable(posting.key))
            if newest is None:
                return Rejected("The entry is no longer in the books.", code="not-in-the-books")
            if newest.content_hash != sayable(posting.content_hash) and not given_up.is_set():
                permitted = self._permitted(made, self._learned(books))
                if isinstance(permitted, Rejected):
                    return permitted
                self._append(books, [reversal(books.booked(newest.offset), posting), permitted])
            return self._posted(reference_of(posting.key), sayable(posting.content_hash))

        return self._books.write("amend an entry of the books", work)

    def _transaction(self, posting: Posting) -> Transaction | Rejected:
        """The transaction of a posting; what ``validate`` has made of the same content is not made again."""
        validated, found = self._made.pop(posting.key, (None, None))
        if validated is None or found is None:
            return transaction(posting, self._mapping)
        is_same = validated.record is posting.record and validated.date == posting.date
        if is_same and validated.content_hash == posting.content_hash:
            return found
        return transaction(posting, self._mapping)

    def _find(self, keys: list[str]) -> dict[str, Posted]:
        said = [sayable(key) for key in keys]

        def work(books: OpenBooks) -> dict[str, str] | None:
            self._learned(books)
            return books.index.known(said)

        there = self._books.read("find entries in the books", work, missing=None)
        if there is None:
            self._allowed = {}
            return {}
        return {
            key: self._posted(reference_of(key), there[one])
            for key, one in zip(keys, said, strict=True)
            if one in there
        }

    def _start(self) -> tuple[str, int] | None:
        def work(books: OpenBooks) -> tuple[str, int] | None:
            self._learned(books)
            return books.indexed.build, books.indexed.end

        return self._books.read("list the entries of the books", work, missing=None)

    def _append(self, books: OpenBooks, transactions: Sequence[Transaction]) -> None:
        books.append(transactions, open_date=self._open_date, currency=self._mapping.operating_currency)

    def _learned(self, books: OpenBooks) -> Mapping[str, frozenset[str]]:
        self._allowed = allowed = books.index.allowed()
        return allowed

    @staticmethod
    def _permitted(made: Transaction | Rejected, allowed: Mapping[str, frozenset[str]]) -> Transaction | Rejected:
        return made if isinstance(made, Rejected) else (not_allowed(made, allowed) or made)

    def _posted(self, reference: str, said_hash: str) -> Posted:
        url = self._mapping.fava_url
        link = None if url is None else f"{url}/journal/?filter=%5E{reference}"
        return Posted(reference, deep_link=link, content_hash=meant(said_hash) or None)

    @property
    def _open_date(self) -> datetime.date | None:
        return self._mapping.open_date if self._mapping.open_accounts else None


_OTHERS: Final = (".lock", ".index", ".index-journal")


def _resolved(path: Any) -> Path:
    text = cast("Any", os.fspath(path) if hasattr(path, "__fspath__") else path)
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        message = "path: expected the path of the file with the books, as str or PathLike"
        raise InvalidArgument(message)
    try:
        os.fsencode(text)
        found = Path(text).resolve()
        folder = found.is_dir() or text.endswith(("/", os.sep))
    except (OSError, RuntimeError, UnicodeEncodeError) as error:  # a loop of links, or a working directory that is gone
        message = f"path: {text!r} cannot be resolved; pass one that leads to a file"
        raise InvalidArgument(message) from error
    if folder or found.name.endswith(_OTHERS):
        message = f"path: {text!r} is a folder, or the name of a file beside books; name a file, e.g. books.beancount"
        raise InvalidArgument(message)
    return found


__all__ = ["BeancountLedger"]
