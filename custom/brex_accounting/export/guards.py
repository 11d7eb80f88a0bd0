"""The caller's ERP and journal, behind guards: what they raise or answer wrongly leaves as one of our errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from ..errors import BrexError, ErpFailed, InvalidArgument, JournalError
from .erp import Amends, Attaches, Erp, Outcome, Pending, Posted, ReceiptFile, Rejected, Validates
from .journal import Journal
from .posting import Posting, is_hash, is_other

_ADVICE = "What is in the journal is taken up by the next run: the ERP is asked before anything is posted again."

_LONGEST: Final = 2000
"""Characters of a message, of its code, of a link, and of a reference."""


class GuardedErp:
    """An ERP whose answers can be relied on.

    Args:
        erp: The caller's adapter.
        account: The account label, for errors.
        timeout: Seconds after which a call is given up: what has come of it is then unknown.

    Raises:
        InvalidArgument: It is no adapter, or says of itself what cannot be.
    """

    def __init__(self, erp: Erp, account: str | None, *, timeout: float | None = None) -> None:
        given: Any = erp
        if not isinstance(given, Erp) or isinstance(given, type):
            message = "erp: expected an object with post, find, repeats, search_lag and batch_size"
            raise InvalidArgument(message)
        if erp.repeats not in ("idempotent", "searchable"):
            message = f"erp.repeats: expected 'idempotent' or 'searchable', got {erp.repeats!r}"
            raise InvalidArgument(message)
        size: Any = erp.batch_size
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            message = f"erp.batch_size: expected a whole number of at least 1, got {size!r}"
            raise InvalidArgument(message)
        lag: Any = erp.search_lag
        if isinstance(lag, bool) or not isinstance(lag, (int, float)) or not 0 <= lag < 7 * 86_400:
            message = f"erp.search_lag: expected seconds from 0 to a week, got {lag!r}"
            raise InvalidArgument(message)
        self._erp = erp
        # Asked once: to look at a protocol takes as long as some adapters do.
        self.amends: bool = isinstance(erp, Amends)
        """Whether it can change entries."""
        self.attaches: bool = isinstance(erp, Attaches)
        """Whether it takes receipts."""
        self._validator: Validates | None = erp if isinstance(erp, Validates) else None
        self._account = account
        self._timeout = timeout
        self.search_lag: float = float(lag)
        self.batch_size: int = size

    @property
    def is_idempotent(self) -> bool:
        """Whether a key that comes again adds nothing."""
        return self._erp.repeats == "idempotent"

    @property
    def mapping_version(self) -> str | None:
        """The version of its mapping, None where it has none."""
        try:
            version = getattr(self._erp, "mapping_version", None)
            return None if version is None else str(version)
        except Exception as error:
            message = f"erp.mapping_version: it raised {type(error).__name__}"
            raise ErpFailed(message, operation="read the mapping's version", account=self._account) from error

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        """One outcome for each posting.

        Raises:
            ErpFailed: Nobody knows what has happened to them.
        """
        async with self._guarded("post to the ERP"):
            given: Any = await self._erp.post(postings)
            outcomes = list(cast("Sequence[Any]", given))
            if len(outcomes) != len(postings):
                message = (
                    f"erp.post: expected {len(postings)} outcomes in the order of the postings, got {len(outcomes)}"
                )
                raise ErpFailed(message, operation="post to the ERP", account=self._account, advice=_ADVICE)
            for outcome in outcomes:
                self._check(outcome, (Posted, Rejected, Pending), "post")
            return list(map(_sendable, outcomes))

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        """What the books hold of these keys, asked in batches.

        Raises:
            ErpFailed: It cannot be asked.
        """
        found: dict[str, Posted] = {}
        for start in range(0, len(keys), self.batch_size):
            asked = keys[start : start + self.batch_size]
            async with self._guarded("find in the ERP"):
                given: Any = dict(await self._erp.find(asked))
                for key in asked:
                    if given.get(key) is not None:
                        self._check(given[key], (Posted,), "find")
                        found[key] = _sendable(given[key])
        return found

    async def validate(self, postings: Sequence[Posting]) -> Sequence[Rejected | None]:
        """Why each of these postings would be rejected; None where nothing is known against it.

        Raises:
            ErpFailed: It cannot be asked.
        """
        validator = self._validator
        if validator is None:
            return [None] * len(postings)
        said: list[Rejected | None] = []
        elapsed = asyncio.get_running_loop().time
        async with self._guarded("validate at the ERP") as limit:
            begun = elapsed()
            for posting in postings:
                given: Any = await validator.validate(posting)
                if given is not None:
                    self._check(given, (Rejected,), "validate")
                    given = _sendable(given)
                said.append(given)
                if self._timeout is not None and elapsed() - begun > self._timeout / 100:
                    begun = elapsed()  # the timeout is that of one call, or a hundredth less for what is quick
                    limit.reschedule(begun + self._timeout)
        return said

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        """Bring an entry to the content of a posting.

        Raises:
            ErpFailed: Nobody knows what has happened to it.
        """
        async with self._guarded("amend in the ERP"):
            given: Any = await cast("Amends", self._erp).amend(posting, posted)
            self._check(given, (Posted, Rejected), "amend")
            amended = cast("Posted | Rejected", _sendable(given))
            if isinstance(amended, Posted) and is_other(amended.content_hash, posting.content_hash):
                message = "erp.amend: the entry holds another content than it was to be brought to"
                raise ErpFailed(message, operation="amend in the ERP", account=self._account, advice=_ADVICE)
            return amended

    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        """Attach a receipt to an entry.

        Raises:
            ErpFailed: Nobody knows whether it is attached.
        """
        async with self._guarded("attach in the ERP"):
            await cast("Attaches", self._erp).attach(posting, receipt)

    @asynccontextmanager
    async def _guarded(self, operation: str) -> AsyncGenerator[asyncio.Timeout]:
        try:
            async with asyncio.timeout(self._timeout) as limit:
                yield limit
        except ErpFailed:
            raise
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody has cancelled this: it is the adapter's own, and would end the caller's task silently.
            summary = "the adapter raised CancelledError, although nobody had cancelled it"
            raise ErpFailed(summary, operation=operation, account=self._account, advice=_ADVICE) from error
        except (Exception, SystemExit) as error:
            # Our own errors say nothing that may not be said; of others nobody knows.
            summary = str(error).rstrip(".") if isinstance(error, BrexError) else f"the adapter raised {_name(error)}"
            raise ErpFailed(summary, operation=operation, account=self._account, advice=_ADVICE) from error
        except BaseExceptionGroup as error:
            task = asyncio.current_task()
            _, rest = error.split((Exception, asyncio.CancelledError))
            if task is None or task.cancelling() or rest is not None:
                raise
            # What is left are cancellations within the adapter, of tasks of its own.
            summary = f"the adapter raised {_name(error)}"
            raise ErpFailed(summary, operation=operation, account=self._account, advice=_ADVICE) from error

    def _check(self, outcome: Any, kinds: tuple[type, ...], method: str) -> None:
        expected = " or ".join(kind.__name__ for kind in kinds)
        if not isinstance(outcome, kinds):
            message = f"erp.{method}: expected {expected}, got {type(outcome).__name__}"
            raise ErpFailed(message, operation=f"{method} at the ERP", account=self._account, advice=_ADVICE)
        if isinstance(outcome, (Posted, Pending)) and not _is_text(outcome.reference):
            message = f"erp.{method}: {type(outcome).__name__}.reference is empty"
            raise ErpFailed(message, operation=f"{method} at the ERP", account=self._account, advice=_ADVICE)
        if isinstance(outcome, (Posted, Pending)) and len(outcome.reference) > _LONGEST:
            # It could not be shortened, and would make the report of all others too large.
            message = f"erp.{method}: {type(outcome).__name__}.reference is longer than {_LONGEST} characters"
            raise ErpFailed(message, operation=f"{method} at the ERP", account=self._account, advice=_ADVICE)
        if isinstance(outcome, Posted) and not isinstance(cast("Any", outcome.content_hash), str | None):
            message = f"erp.{method}: Posted.content_hash is no text"
            raise ErpFailed(message, operation=f"{method} at the ERP", account=self._account, advice=_ADVICE)
        if isinstance(outcome, Rejected) and not (_is_text(outcome.message) and _is_text(outcome.code)):
            message = f"erp.{method}: Rejected needs a message for people, and a code"
            raise ErpFailed(message, operation=f"{method} at the ERP", account=self._account, advice=_ADVICE)


def _name(error: BaseException) -> str:
    return "nothing in time" if isinstance(error, TimeoutError) else type(error).__name__


def _sendable(outcome: Any) -> Any:
    """The outcome as Brex can be sent it: without a link that is none, and with a message that people would read.

    A page of HTML that an ERP answers with would make a request too large, and keep others from being reported. A hash
    that cannot be one, such as the empty text of a field that older entries have not, says nothing.
    """
    match outcome:
        case Posted(reference, link, content):
            has_link = link is not None and _is_text(link) and len(link) <= _LONGEST
            has_hash = content is not None and is_hash(content)
            if has_link == (link is not None) and has_hash == (content is not None):
                return outcome
            return Posted(reference, link if has_link else None, content if has_hash else None)
        case Rejected(message, code) if len(message) > _LONGEST or len(code) > _LONGEST:
            return Rejected(_shortened(message), code=_shortened(code))
        case _:
            return outcome


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _is_text(value: object) -> bool:
    """Text that says something and can be sent: half of a surrogate pair could not."""
    return isinstance(value, str) and bool(value.strip()) and value.encode(errors="ignore").decode() == value


@asynccontextmanager
async def guarded_journal(account: str | None) -> AsyncGenerator[None]:
    """A block whose calls of a journal raise nothing but ours.

    Args:
        account: The account label, for errors.

    Raises:
        JournalError: The journal raised.
    """
    try:
        yield
    except (BrexError, AssertionError, asyncio.CancelledError):
        raise
    except Exception as error:
        summary = f"the journal raised {type(error).__name__}"
        advice = "Nothing is lost: mend it, and run again."
        raise JournalError(summary, operation="journal", account=account, advice=advice) from error


class GuardedJournal:
    """A journal that raises nothing but ours; everything else of it is as it was."""

    def __init__(self, journal: Journal, account: str | None) -> None:
        given: Any = journal
        if not isinstance(given, Journal) or isinstance(given, type):
            message = "journal: expected a Journal, such as SqliteJournal('export.db')"
            raise InvalidArgument(message)
        self._journal = journal
        self._account = account

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            async with guarded_journal(self._account):
                return await method(*args, **kwargs)

        setattr(self, name, guarded)
        return guarded


def guard_journal(journal: Journal, account: str | None) -> Journal:
    """The journal behind a guard.

    Args:
        journal: The caller's.
        account: The account label, for errors.

    Raises:
        InvalidArgument: It is none.
    """
    return cast("Journal", GuardedJournal(journal, account))


__all__ = ["GuardedErp", "guard_journal"]
