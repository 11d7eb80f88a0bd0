"""A journal in one file of SQLite, for one account and any number of workers of one machine."""

from __future__ import annotations

import asyncio
import datetime
import os
import sqlite3
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from ..checks import seconds
from ..errors import InvalidArgument, JournalError
from . import sqlite_queries as queries
from .journal import Change, Count, Entry, Event
from .sqlite_failure import explained, refusal
from .sqlite_rows import UnreadableRow, microseconds
from .sqlite_schema import OPENING, VERSION, bring_up, check_readable, make_durable, version_of
from .sqlite_snapshot import snapshot
from .sqlite_transaction import transaction
from .states import State

P = ParamSpec("P")
T = TypeVar("T")

_READING: Final = "read the journal"
_WRITING: Final = "write the journal"

# What can be wrong, and what to do about it.
_NOT_OPEN: Final = ("the journal is not open", "Await its open() first.")
_ONLY_READ: Final = ("it was opened for reading only", "Open it without read_only to change it.")
_TAKEN_OVER: Final = (
    "a newer version of the package has brought the file to another schema",
    "Upgrade brex-accounting-client and start this process again; nothing was changed.",
)
_GONE: Final = (
    "the file was moved, removed or replaced while it was open",
    "Put it back, or start this process again; nothing was changed.",
)
_TOO_SHORT: Final = (
    "the file is no journal",
    "Name the right file, or one that does not exist yet; nothing was changed.",
)
_UNREADABLE: Final = (
    "a row holds what this version never writes",
    "Restore the file from a backup, or upgrade brex-accounting-client.",
)
_NO_UNICODE: Final = ("a text is not Unicode, and nothing was written", "Pass text without lone surrogates.")
_NO_SUM: Final = ("there is no exact sum of the amounts", "Look for an amount that no money can have.")

_LEAST_BYTES: Final = 512
"""The smallest database of SQLite."""

_DELIVERIES_KEPT: Final = datetime.timedelta(days=30)


class SqliteJournal:
    """Keeps the journal of one account in one file, across processes, ``kill -9`` and power cuts.

    Several objects and processes may use one file at once; all of them must run on one machine. While one has it open,
    and after one was killed, ``…-wal`` and ``…-shm`` are beside it: they are part of it, and go with it wherever it is
    moved. A new file is for its owner only (mode 0600).

    A record whose claim has ended counts as due when the lease ended, whatever its own due date is: what a worker that
    died had begun is taken up.

    Args:
        path: The file; it need not exist, its folder must.
        read_only: Whether nothing is to be changed: the journal is then what the file held when it was opened, an empty
            one where there is no file, and neither the file nor its folder is touched. Whatever would write raises.
        patience: The most seconds to wait for another process that writes.

    Raises:
        InvalidArgument: The path cannot be one of a file, or ``patience`` is no time.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False, patience: float = 10.0) -> None:
        self._path = _resolved(path)
        self._read_only = read_only
        self._patience = seconds(patience, "patience")
        self._account: str | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._announced: dict[str, tuple[int, int]] = {}

    @property
    def path(self) -> Path:
        """The file, absolute and with symbolic links followed."""
        return self._path

    async def open(self, account: str | None) -> None:
        """Make it ready, and bring an older schema to the current one; see ``Journal.open``.

        Args:
            account: The label of the account.

        Raises:
            JournalError: It cannot be opened, is no journal, was written by a newer version, or belongs to another
                account; then nothing was changed.
        """
        if self._thread is not None:
            await self._call(OPENING, bring_up, path=self._path, account=account)
            return
        self._account = account
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="brex-journal")
        try:
            await self._in_thread(OPENING, self._connect)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close it, once what was begun has ended; closing again does nothing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        closing = asyncio.get_running_loop().run_in_executor(thread, self._disconnect)
        thread.shutdown(wait=False)
        await asyncio.shield(closing)

    async def load(self, record_ids: Sequence[str]) -> Mapping[str, Entry]:
        """See ``Journal.load``."""
        return await self._read(queries.load, list(record_ids))

    async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
        """See ``Journal.write``."""
        return await self._change(queries.write, list(changes), owner)

    async def claim(
        self,
        states: Collection[State],
        *,
        owner: str,
        now: datetime.datetime,
        lease_until: datetime.datetime,
        limit: int,
        due_only: bool = True,
    ) -> Sequence[Entry]:
        """See ``Journal.claim``."""
        wanted = sorted({state.value for state in states})
        find = queries.due if due_only else queries.free
        return await self._change(
            queries.claim,
            find,
            states=wanted,
            owner=owner,
            now=microseconds(now),
            lease_until=microseconds(lease_until),
            limit=max(0, limit),
        )

    async def renew(self, entries: Sequence[Entry], *, owner: str, lease_until: datetime.datetime) -> Collection[str]:
        """See ``Journal.renew``."""
        return await self._change(queries.renew, list(entries), owner, microseconds(lease_until))

    async def next_due(self, *, now: datetime.datetime) -> datetime.datetime | None:
        """See ``Journal.next_due``."""
        return await self._read(queries.next_due)

    async def counts(self) -> Sequence[Count]:
        """See ``Journal.counts``.

        Raises:
            JournalError: It cannot be read, or amounts are so far apart that no exact sum has 400 digits.
        """
        return await self._read(queries.counts)

    async def entries(
        self, states: Collection[State] | None = None, *, after: str = "", limit: int = 1000
    ) -> Sequence[Entry]:
        """See ``Journal.entries``."""
        wanted = None if states is None else sorted({state.value for state in states})
        return await self._read(queries.entries, wanted, after, max(0, limit))

    async def history(self, record_id: str) -> Sequence[Event]:
        """See ``Journal.history``."""
        return await self._read(queries.history, record_id)

    async def note(self, name: str) -> str | None:
        """See ``Journal.note``."""
        return await self._read(queries.note, name)

    async def set_note(self, name: str, value: str | None) -> None:
        """See ``Journal.set_note``."""
        await self._change(queries.set_note, name, value)

    async def announce(self, delivery_id: str, record_ids: Sequence[str], *, at: datetime.datetime) -> bool:
        """See ``Journal.announce``."""
        oldest = microseconds(at - _DELIVERIES_KEPT)
        return await self._change(queries.announce, delivery_id, list(record_ids), microseconds(at), oldest)

    async def announced(self, limit: int) -> Sequence[str]:
        """See ``Journal.announced``."""
        found = await self._read(queries.announced, max(0, limit))
        # What was given before and is not done counts as it was given first: a plan may ask while a run is at it.
        self._announced = {**found, **self._announced}
        return list(found)

    async def announced_done(self, record_ids: Sequence[str]) -> None:
        """See ``Journal.announced_done``. What was announced again since this object gave it stays."""
        ids = list(record_ids)
        await self._change(queries.announced_done, ids, dict(self._announced))
        for record_id in ids:
            self._announced.pop(record_id, None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    # -- in the loop's thread

    async def _change(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._read_only:
            raise self._refusal(_ONLY_READ, _WRITING)

        def written(connection: sqlite3.Connection) -> T:
            with self._writing(connection):
                return function(connection, *args, **kwargs)

        return await self._call(_WRITING, written)

    async def _call(
        self,
        operation: str,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def called() -> T:
            if self._connection is None:
                raise self._refusal(_NOT_OPEN, operation)
            return function(self._connection, *args, **kwargs)

        return await self._in_thread(operation, called)

    async def _read(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def read(connection: sqlite3.Connection) -> T:
            with transaction(connection, writes=False):
                return function(connection, *args, **kwargs)

        return await self._call(_READING, read)

    async def _in_thread(self, operation: str, function: Callable[[], T]) -> T:
        if self._thread is None:
            raise self._refusal(_NOT_OPEN, operation)
        # A caller that is cancelled leaves the call to its end in the thread, or to none at all.
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, operation, function)

    # -- in the journal's thread

    def _guarded(self, operation: str, function: Callable[[], T]) -> T:
        try:
            return function()
        except sqlite3.ProgrammingError:
            raise
        except (sqlite3.Error, OSError) as error:
            failure = explained(error, path=self._path, operation=operation, account=self._account)
            raise failure from error
        except UnreadableRow:
            flaw = _UNREADABLE
        except UnicodeError:
            flaw = _NO_UNICODE
        except ArithmeticError as error:
            if isinstance(error, OverflowError):
                raise
            flaw = _NO_SUM
        # Not within the handler: what was raised there repeats a value, and would hang on this error.
        raise self._refusal(flaw, operation)

    def _connect(self) -> None:
        if self._path.exists() and 0 < self._path.stat().st_size < _LEAST_BYTES:
            raise self._refusal(_TOO_SHORT, OPENING)  # SQLite would take it for an empty file
        connection = snapshot(self._path, patience=self._patience) if self._read_only else self._opened()
        try:
            # In one transaction: another process may be making the tables of the same new file between two looks.
            with transaction(connection, writes=False):
                check_readable(connection, path=self._path, account=self._account)
            if not self._read_only:
                make_durable(connection, path=self._path, account=self._account, patience=self._patience)
            bring_up(connection, path=self._path, account=self._account)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _opened(self) -> sqlite3.Connection:
        is_new = not self._path.exists()
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        try:
            if is_new:
                self._path.chmod(0o600)
            self._file = self._identity()
        except BaseException:
            connection.close()
            raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _writing(self, connection: sqlite3.Connection) -> Generator[None]:
        with transaction(connection, writes=True):
            if version_of(connection) != VERSION:
                raise self._refusal(_TAKEN_OVER, _WRITING)
            if self._identity() != self._file:
                raise self._refusal(_GONE, _WRITING)
            yield

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def _refusal(self, flaw: tuple[str, str], operation: str) -> JournalError:
        summary, advice = flaw
        return refusal(summary, path=self._path, operation=operation, account=self._account, advice=advice)


def _resolved(path: Any) -> Path:
    text = cast("Any", os.fspath(path) if hasattr(path, "__fspath__") else path)
    if not isinstance(text, str) or not text.strip() or "\0" in text or text == ":memory:":
        message = "path: expected the path of a file for the journal, such as export.db, as str or PathLike"
        raise InvalidArgument(message)
    try:
        return Path(text).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, or a working directory that is gone
        message = f"path: {text!r} cannot be resolved; pass one that leads to a file"
        raise InvalidArgument(message) from error


__all__ = ["SqliteJournal"]
