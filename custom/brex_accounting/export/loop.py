"""The export loop: everything that Brex has for the ledger into the books, once, and Brex told of it, once."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from ..checks import count, seconds
from ..clock import Clock, SystemClock
from ..errors import BrexError, CallError, ClientStateError, InvalidArgument
from ..webhook_events import AccountingRecordReadyForExport, WebhookEvent
from . import pause, resolving
from .erp import Erp
from .events import OnExportEvent, RunEnded, Teller, logger
from .guards import GuardedErp, guard_journal
from .journal import Change, Entry, Journal
from .lists import is_askable
from .notes import BEGUN, COMPLETE, OPENED, check_basis
from .passes import Passes
from .policy import ExportPolicy
from .resolving import Resolution
from .run import Run, growing
from .states import State
from .summary import RunSummary
from .turns import bring_back
from .waiting import rest

if TYPE_CHECKING:
    from ..client import Brex

_LEASE: Final = 30.0
_ERP_TIMEOUT: Final = 1800.0
_OLD: Final = datetime.timedelta(days=1)
_LONGEST: Final = 366 * 86_400.0


class ExportLoop:
    """Exports the records of one account.

    Args:
        brex: An open client of the account.
        erp: The ERP's adapter.
        journal: Where it is kept what became of each record; it is opened at the first use, and closed by ``aclose``.
        policy: What the ledger takes, and when.
        company_id: The account's company, as ``brex.company.get()`` names it: events of others are refused then.
        lease: Seconds after which another worker takes up what this one has left.
        erp_timeout: Seconds after which a call of the ERP is given up; what came of it is then found out with ``find``.
        page_size: Records in a page, at most 1,000; where Brex refuses so many, its default is taken.
        report_size: Results in one report.
        clock: Time and sleep.
        on_event: Takes ``ExportEvent`` objects as they happen.

    Raises:
        InvalidArgument: One of them cannot be right.
    """

    def __init__(
        self,
        brex: Brex,
        erp: Erp,
        journal: Journal,
        policy: ExportPolicy,
        *,
        company_id: str | None = None,
        lease: float = _LEASE,
        erp_timeout: float = _ERP_TIMEOUT,
        page_size: int = 1000,
        report_size: int = 100,
        clock: Clock | None = None,
        on_event: OnExportEvent | None = None,
    ) -> None:
        given: Any = policy
        if not isinstance(given, ExportPolicy):
            message = "policy: expected an ExportPolicy, such as ExportPolicy(basis='accrual')"
            raise InvalidArgument(message)
        self._brex = brex
        self._erp = GuardedErp(erp, brex.account, timeout=seconds(erp_timeout, "erp_timeout"))
        self._journal = guard_journal(journal, brex.account)
        self._policy = policy
        self._company_id = company_id
        self._lease = seconds(lease, "lease", most=_LONGEST)
        self._page_size = count(page_size, "page_size", most=1000, why="more is not documented for this list")
        self._report_size = count(report_size, "report_size")
        self._clock: Clock = clock or SystemClock()
        self._teller = Teller(on_event)
        self._owner = uuid.uuid4().hex[:12]
        self._opening: asyncio.Lock = asyncio.Lock()
        self._running: asyncio.Lock = asyncio.Lock()
        self._is_open = False
        self._doubts: dict[str, float] = {}
        self._emptied: float | None = None
        self._stopping: asyncio.Event = asyncio.Event()
        self._wake: asyncio.Event = asyncio.Event()

    # ---- life ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Open the journal.

        Raises:
            JournalError: It cannot be opened.
        """
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the journal; the client and the ERP are the caller's."""
        if self._is_open:
            self._is_open = False
            await self._journal.aclose()

    def stop(self) -> None:
        """End after the batch in hand; a run that is under way returns, and ``run_forever`` as well."""
        self._stopping.set()
        self._wake.set()

    async def _open(self) -> None:
        async with self._opening:
            if not self._is_open:
                await self._journal.open(self._brex.account)
                self._is_open = True
                opened = await self._journal.note(OPENED)
                if opened is None:
                    await self._note_opened()
                else:  # a journal that cannot be written says so now, and not in each run
                    await self._journal.set_note(OPENED, opened)

    async def _note_opened(self) -> None:
        """Note that the journal may lack what came into the books up to now."""
        self._emptied = self._clock.monotonic()
        await self._journal.set_note(OPENED, self._clock.now().isoformat())

    # ---- runs ---------------------------------------------------------------------------------------------------

    async def run_once(self, *, accept_refusals: bool = False, rebuild: bool = False) -> RunSummary:
        """Export what there is, until a pass over Brex's lists finds nothing new.

        Args:
            accept_refusals: Report refusals however many they are.
            rebuild: Ask the ERP for everything that the journal does not know: after an old copy of it was restored.

        Raises:
            CallError: Brex could not be asked or told; what was done is in the journal, and the next run goes on.
            PagingError: The same.
            JournalError: The journal failed.
        """
        await self._open()
        async with self._running:
            now = self._clock.now()
            await check_basis(self._journal, self._policy, note=True)
            await bring_back(
                self._journal,
                now=now,
                lease=datetime.timedelta(seconds=self._lease),
                search_lag=datetime.timedelta(seconds=self._erp.search_lag),
            )
            paused = await pause.load(self._journal, now=now)
            if paused is not None and now < paused.next_try:
                return self._paused(paused, now)
            if rebuild:
                await self._note_opened()
                await self._journal.set_note(COMPLETE, None)
            run = await self._new_run()
            started = self._clock.monotonic()
            try:
                ended, advice = await Passes(run, emptied=self._emptied).all(accept_refusals=accept_refusals)
            except CallError as error:
                cause = pause.cause_of(error)
                if cause is None:
                    raise
                paused = await pause.begin(
                    self._journal, cause, now=self._clock.now(), account=self._brex.account, teller=self._teller
                )
                ended, advice = "paused", error.advice
            else:
                if ended != "stopped":  # or nobody knows whether the account may be called again
                    paused = None
                    await pause.end(
                        self._journal, now=self._clock.now(), account=self._brex.account, teller=self._teller
                    )
            return run.tally.summary(
                ended=ended,
                account=self._brex.account,
                started=now,
                seconds=self._clock.monotonic() - started,
                pause=None if paused is None else paused.cause,
                next_due=await self._journal.next_due(now=self._clock.now()),
                advice=advice,
            )

    async def run_forever(self, *, every: datetime.timedelta = datetime.timedelta(hours=1)) -> None:
        """Run at intervals, when a webhook names records, and when something is due, until ``stop`` is called.

        What goes wrong in a run is told and logged, and the next one comes sooner than usual at first.

        Args:
            every: The longest time between two runs. Brex suggests an hour.

        Raises:
            InvalidArgument: ``every`` is no time span, or longer than a year.
            JournalError: The journal cannot be opened.
            ClientStateError: The client is closed.
        """
        given: Any = every
        if not isinstance(given, datetime.timedelta):
            message = f"every: expected a datetime.timedelta, got {type(given).__name__}"
            raise InvalidArgument(message)
        interval = seconds(every.total_seconds(), "every", most=_LONGEST)
        await self._open()
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            error: BrexError | None = None
            due: datetime.datetime | None = None
            paused: pause.Pause | None = None
            try:
                summary = await self.run_once()
                due = summary.next_due
                failures = failures + 1 if summary.ended in ("incomplete", "erp failed") else 0
                paused = await pause.load(self._journal, now=self._clock.now())
            except ClientStateError:
                raise
            except BrexError as failed:
                error, failures = failed, failures + 1
                logger.warning("a run of account %s failed: %s", self._brex.account, failed)
            now = self._clock.now()
            following = now + datetime.timedelta(seconds=interval)
            if failures:
                following = min(following, now + growing(failures))
            if paused is not None:
                following = min(following, paused.next_try)
            elif due is not None and due > now:  # what is overdue after a run waits for something else than time
                following = min(following, due)
            self._teller.tell(
                RunEnded(
                    account=self._brex.account,
                    error=None if error is None else type(error).__name__,
                    next_run=following,
                )
            )
            await rest(self._clock, (following - now).total_seconds(), self._wake)

    async def handle(self, event: WebhookEvent) -> bool:
        """Remember what a verified webhook delivery names, durably, and let ``run_forever`` export it at once.

        Deliveries repeat and come out of order; each one counts once. Answer the sender 2xx when this returns.

        Args:
            event: What ``brex.webhooks.verify`` gave.

        Returns:
            Whether it names records that are now remembered; False for a repetition and for other events.

        Raises:
            InvalidArgument: The event is another company's.
            JournalError: It could not be remembered: answer 5xx, and it comes again.
        """
        if not isinstance(event, AccountingRecordReadyForExport):
            return False
        if self._company_id is not None and event.company_id != self._company_id:
            message = "event: it is about another company than this loop's; company_id tells whose loop to take"
            raise InvalidArgument(message)
        await self._open()
        ids = [record_id for record_id in event.accounting_record_ids if is_askable(record_id)]
        is_new = await self._journal.announce(event.webhook_id, ids, at=self._clock.now())
        if is_new and ids:
            self._wake.set()
        return is_new and bool(ids)

    # ---- decisions of people ------------------------------------------------------------------------------------

    async def resolve(
        self, record_id: str, resolution: Resolution, *, reason: str, reference: str | None = None
    ) -> Entry:
        """Write down what a person has decided about a record.

        Args:
            record_id: The record.
            resolution: ``keep`` what is in the books, ``repost`` it under a key of its own, ``posted`` by hand under
                ``reference``, or ``ignore`` it.
            reason: Why, in the person's words; they stay in the history.
            reference: With ``posted`` only: the entry's reference in the ERP.

        Returns:
            The record's row as it is now.

        Raises:
            InvalidArgument: The journal has no such record, a worker is at it, or the decision does not fit its state.
        """
        await self._open()
        row = await resolving.resolve(
            self._journal,
            record_id,
            resolution,
            reason=reason,
            reference=reference,
            now=self._clock.now(),
            owner=self._owner,
        )
        self._wake.set()
        return row

    async def retry(self, record_ids: Iterable[str] | None = None) -> int:
        """Try refused records again at the next run, whether or not something has changed about them.

        Args:
            record_ids: The records; None for all that are refused.

        Returns:
            How many will be tried.

        Raises:
            InvalidArgument: They are one text, and not several ids.
        """
        if isinstance(record_ids, str):
            message = "record_ids: expected ids such as ['accr_1'], got one text"
            raise InvalidArgument(message)
        await self._open()
        wanted = None if record_ids is None else frozenset(record_ids)
        now, done, after = self._clock.now(), 0, ""
        while rows := await self._journal.entries((State.REFUSED,), after=after, limit=1000):
            after = rows[-1].record_id
            changes = [
                Change(
                    entry=row.moved(State.REFUSED, at=row.since, reason=row.reason, due=now, reported=None), silent=True
                )
                for row in rows
                if wanted is None or row.record_id in wanted
            ]
            done += sum(row is not None for row in await self._journal.write(changes, owner=self._owner))
        self._wake.set()
        return done

    async def resume(self) -> None:
        """End a pause now, when somebody knows that its cause is gone."""
        await self._open()
        await self._end_pause()
        self._wake.set()

    async def _end_pause(self) -> None:
        now = self._clock.now()
        await pause.end(self._journal, now=now, account=self._brex.account, teller=self._teller)

    # ---- one run ------------------------------------------------------------------------------------------------

    async def _new_run(self) -> Run:
        return Run(
            brex=self._brex,
            erp=self._erp,
            journal=self._journal,
            policy=self._policy,
            clock=self._clock,
            owner=self._owner,
            lease=self._lease,
            page_size=self._page_size,
            report_size=self._report_size,
            teller=self._teller,
            rebuilding=await self._journal.note(COMPLETE) is None,
            begun=await self._begun(),
            stopping=self._stopping,
            doubts=self._doubts,
        )

    async def _begun(self) -> datetime.datetime:
        noted = await self._journal.note(BEGUN)
        now = self._clock.now()
        if noted is not None and now - datetime.datetime.fromisoformat(noted) < _OLD:
            return min(datetime.datetime.fromisoformat(noted), now)  # or the clock was ahead
        await self._journal.set_note(BEGUN, now.isoformat())
        return now

    def _paused(self, paused: pause.Pause, now: datetime.datetime) -> RunSummary:
        return RunSummary(
            ended="paused",
            account=self._brex.account,
            started=now,
            seconds=0.0,
            pause=paused.cause,
            next_due=paused.next_try,
            advice="It is tried again at next_due; resume() ends the pause at once.",
        )


__all__ = ["ExportLoop"]
