"""Loops that are stopped, cancelled, paused or set up otherwise in the middle of their work."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest

from brex_accounting import InvalidArgument
from brex_accounting.clock import Clock
from brex_accounting.emulator import move
from brex_accounting.export import (
    ExportLoop,
    ExportPaused,
    ExportPolicy,
    ExportResumed,
    Outcome,
    Posting,
    SqliteJournal,
    State,
    plan,
)

from .doubles import BookErp, Books, ErpDown, MemoryErp
from .liars import LyingAccount, always, honestly, refusal
from .traps import Crash, Trap
from .world import DAY, HOUR, READY, Account, MakeErp, Refusals, honest, lagging, pass_time, run

TICKS = range(8)
"""So many turns of the event loop after something has happened a task is cancelled."""

BILLS = frozenset({"BILL_EXPENSE", "BILL_EXPENSE_PAYMENT", "BILL_EXPENSE_CARD_PAYMENT"})


class Calling(BookErp):
    """Calls somebody so many turns of the event loop after each post."""

    def __init__(self, clock: Clock, books: Books, ticks: int) -> None:
        super().__init__(clock, books)
        self._ticks = ticks
        self.call: Callable[[], object] | None = None

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        outcomes = await super().post(postings)
        asyncio.get_running_loop().call_soon(self._later, self._ticks)
        return outcomes

    def _later(self, ticks: int) -> None:
        if ticks:
            asyncio.get_running_loop().call_soon(self._later, ticks - 1)
        elif self.call is not None:
            self.call()


class TestCancelling:
    """A cancellation may come at any instant; it is the caller's, and never ends in the loop."""

    @pytest.mark.parametrize("ticks", TICKS)
    def test_after_something_has_woken_the_loop(self, folder: Path, ticks: int) -> None:
        """A loop that has just been woken and is cancelled then, ends as cancelled."""

        async def main() -> None:
            account = Account(folder, records=3)
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_forever())
                await pass_time(60)
                await loop.retry(())
                for _ in range(ticks):
                    await asyncio.sleep(0)
                await cancelled(task)

        run(main())

    @pytest.mark.parametrize("ticks", TICKS)
    @pytest.mark.parametrize("method", [ExportLoop.run_once, ExportLoop.run_forever])
    def test_after_a_call_of_the_erp(
        self, folder: Path, ticks: int, method: Callable[[ExportLoop], Awaitable[object]]
    ) -> None:
        """A cancellation while the claims of a batch are given up is none of theirs; the next run goes on."""

        async def main() -> None:
            account = Account(folder, records=3)
            erp = Calling(account.clock, account.books, ticks)
            async with account.worker(erp=erp) as loop:
                task = asyncio.ensure_future(method(loop))
                erp.call = task.cancel
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, HOUR)
                assert task.cancelled()
            await pass_time(HOUR)
            await account.run()
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("ticks", range(1, 200, 11))
    def test_at_any_turn(self, folder: Path, ticks: int) -> None:
        """A run that is cancelled at some turn of the event loop is cancelled, or had ended before."""

        async def main() -> None:
            account = Account(folder, records=3)
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_once())
                for _ in range(ticks):
                    await asyncio.sleep(0)
                if not task.done():
                    await cancelled(task)

        run(main())


async def cancelled(task: asyncio.Task[object]) -> None:
    """Cancel a task, and see that it ends so."""
    task.cancel()
    await asyncio.wait({task}, timeout=HOUR)
    assert task.cancelled()


class HalfTaking(BookErp):
    """Fails with every second post, or takes everything and calls somebody."""

    mode = "half"
    times = 0
    call: Callable[[], None]

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        self.times += 1
        if self.mode == "half" and self.times % 2:
            raise ErpDown
        outcomes = await super().post(postings)
        if self.mode == "stop":
            self.call()
        return outcomes


class TestStopping:
    """Somebody deploys while records are posted."""

    def test_postpones_nothing(self, folder: Path) -> None:
        """What no list shows any more, and was to be posted when the loop stopped, is posted by the next run."""

        async def main() -> None:
            policy = ExportPolicy(basis="accrual", bills="arrival", record_types=BILLS)
            account = Account(folder, records=400, ready=False, policy=policy)
            lag = 50 * 60.0
            erp = HalfTaking(account.clock, account.books, repeats="searchable", search_lag=lag, batch_size=5)
            account.make_erp = always(erp)
            await account.run()
            wanted = account.wanted("PREPARE", "REVIEW", "READY_FOR_EXPORT")
            in_doubt = [row.record_id for row in (await account.rows()).values() if row.state is State.POSTING]
            assert len(in_doubt) > 5
            # A change of something else moves the watermark past them.
            await pass_time(lag / 2)
            move(account.tenant, account.wanted("EXPORTED")[0], "EXPORTED")
            erp.mode = "whole"
            await account.run()
            await pass_time(HOUR)
            erp.mode = "stop"
            async with account.worker(erp=erp) as loop:
                erp.call = loop.stop
                assert "stopped" == (await loop.run_once()).ended
            rows = await account.rows()
            ready = [row for id_ in in_doubt if (row := rows[id_]).state is State.READY]
            assert 0 < len(ready) < len(in_doubt)
            assert {True} == {row.due is not None and row.due <= account.clock.now() for row in ready}
            erp.mode = "whole"
            await account.run()
            assert {*wanted} <= {*account.posted()}

        run(main())

    @pytest.mark.parametrize("by_id", [False, True])
    def test_does_not_wait_for_what_is_read(self, by_id: bool, folder: Path) -> None:
        """A stop while Brex keeps the loop waiting for a list ends the run at once, and nothing seems gone for it."""

        async def main() -> None:
            refusals = Refusals(())
            policy = ExportPolicy(basis="accrual", bills="arrival", record_types=BILLS)
            account = LyingAccount(folder, records=100, ready=False, policy=policy, make_erp=refusals)
            record_id = account.wanted("PREPARE")[0]
            refusals.bad = {record_id: "no-account"}
            await account.run()
            await pass_time(HOUR)
            move(account.tenant, account.wanted("EXPORTED")[0], "EXPORTED")  # moves the watermark past it
            await account.run()
            before = await account.rows(), await account.note("watermark")
            assert State.READY is before[0][record_id].state
            refusals.mend()
            await pass_time(3 * HOUR)  # it is due, no list shows it any more, and it is read by its id
            asked = asyncio.Event()

            def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                if response is not None or by_id != ("ids" in request.url.params):
                    return None
                asked.set()
                return httpx.Response(429, headers={"retry-after": "20"})

            account.lie = lie
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_once())
                await asked.wait()
                await pass_time(0.1)
                began = account.clock.monotonic()
                loop.stop()
                assert "stopped" == (await task).ended
                assert account.clock.monotonic() - began < 1.0
            after = await account.rows(), await account.note("watermark")
            assert before[0][record_id] == after[0][record_id]
            assert by_id or before == after
            account.lie = honestly
            await account.run()
            assert record_id in account.posted()

        run(main())


class Ahead:
    """A clock whose date is wrong, and whose seconds are right."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.by = datetime.timedelta()

    def now(self) -> datetime.datetime:
        return self._clock.now() + self.by

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


def forbidding(_: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
    """Answer everything 403."""
    return None if response is not None else refusal(403, "FORBIDDEN")


def told(account: Account) -> Counter[str]:
    """How often a pause and its end were told."""
    return Counter(type(event).__name__ for event in account.events if isinstance(event, (ExportPaused, ExportResumed)))


class TestClocks:
    """A worker whose clock is a year ahead."""

    @pytest.mark.parametrize("make_erp", [honest, lagging])
    @pytest.mark.parametrize("name", ["post", "enter", "POST /v3/accounting/records/export-results", ""])
    def test_puts_nothing_off_for_a_year(self, folder: Path, name: str, make_erp: MakeErp) -> None:
        """What it has begun or put off is taken up as soon as a clock is right, and nothing is posted twice."""

        async def main() -> None:
            account = Account(folder, make_erp=make_erp)
            clock = Ahead(account.clock)
            clock.by = datetime.timedelta(days=365)
            async with account.worker(Trap(name=name or None, moment="after"), clock=clock) as loop:
                with pytest.raises(Crash) if name else nullcontext():
                    await loop.run_once()
            again = account.wanted()[0]
            if not name:
                move(account.tenant, again, READY)
            for _ in range(3):
                await pass_time(HOUR)
                await account.run()
            await account.audit(account.wanted())

        run(main())


class TestPauses:
    """Brex refuses the account."""

    def test_that_began_while_the_clock_was_ahead(self, folder: Path) -> None:
        """A pause that a wrong clock has begun ends as soon as the clock is right, not when it was to be tried."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            clock = Ahead(account.clock)
            clock.by = datetime.timedelta(days=365)
            account.lie = forbidding
            async with account.worker(clock=clock) as loop:
                assert "paused" == (await loop.run_once()).ended
            account.lie = honestly
            await pass_time(HOUR)
            summary = await account.run()
            assert ("complete", None, len(account.wanted())) == (summary.ended, summary.pause, summary.exported)

        run(main())

    def test_of_a_right_clock_are_kept(self, folder: Path) -> None:
        """A pause lasts until its next try, and each is later than the one before, up to an hour."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            account.lie = forbidding
            waits: list[float] = []
            for _ in range(8):
                await account.run()
                asked = len(account.tenant.journal)
                summary = await account.run()
                assert ("paused", asked) == (summary.ended, len(account.tenant.journal))
                assert summary.next_due is not None
                waits.append((summary.next_due - account.clock.now()).total_seconds())
                await pass_time(waits[-1])
            assert [60, 120, 240, 480, 960, 1920, 3600, 3600] == pytest.approx(waits, abs=1)

        run(main())

    def test_a_stop_during_the_next_try(self, folder: Path) -> None:
        """Whoever stops the loop before Brex has answered does not end the pause, and nobody is told that it ended."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            account.lie = forbidding
            await account.run()
            await pass_time(HOUR)
            async with account.worker() as loop:
                loop.stop()
                assert "stopped" == (await loop.run_once()).ended
            assert None is not await account.note("pause")
            assert "paused" == (await account.run()).ended
            assert {"ExportPaused": 1} == told(account)
            account.lie = honestly
            await pass_time(HOUR)
            assert "complete" == (await account.run()).ended
            assert {"ExportPaused": 1, "ExportResumed": 1} == told(account)

        run(main())

    def test_whose_causes_alternate(self, folder: Path) -> None:
        """An account that pauses for one reason and then for another is told of once."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            asked: list[httpx.Request] = []

            def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                if response is not None:
                    return None
                asked.append(request)
                return refusal(422, "INTEGRATION_NOT_ACTIVE") if len(asked) % 2 else refusal(403, "FORBIDDEN")

            account.lie = lie
            causes = set[str | None]()
            for _ in range(6):
                causes.add((await account.run()).pause)
                await pass_time(2 * HOUR)
            assert 2 == len(causes)
            assert {"ExportPaused": 1} == told(account)

        run(main())


class TestTheBasis:
    """A journal is begun on one basis."""

    def test_stays(self, folder: Path) -> None:
        """A run and a plan on the other basis are refused, and change nothing: expenses would be booked twice."""

        async def main() -> None:
            account = Account(folder, records=6)
            await account.run()
            rows, posted = await account.rows(), account.posted()
            await pass_time(DAY)
            cash = ExportPolicy(basis="cash")
            async with account.worker(policy=cash) as loop:
                with pytest.raises(InvalidArgument, match=r"^basis: this journal is kept on accrual"):
                    await loop.run_once()
            journal = SqliteJournal(account.path, read_only=True)
            async with account.client() as brex:
                with pytest.raises(InvalidArgument, match=r"^basis: this journal is kept on accrual"):
                    await plan(brex, MemoryErp(account.clock, account.books), journal, cash, clock=account.clock)
            await journal.aclose()
            assert (rows, posted) == (await account.rows(), account.posted())
            assert "complete" == (await account.run()).ended

        run(main())
