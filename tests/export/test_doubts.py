"""What the books may hold although nobody sees it: journals that were lost, searches that lag, clocks that are set."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from brex_accounting import AccountingRecordReadyForExport
from brex_accounting.emulator import move
from brex_accounting.export import (
    ExportLoop,
    ExportPolicy,
    Outcome,
    Posted,
    Posting,
)

from .doubles import ErpDown, LaggingErp
from .traps import Crash, Trap, TrappedLaggingErp
from .world import DAY, HOUR, READY, Account, MakeErp, lagging, pass_time, run

READY_ONLY = ExportPolicy(basis="accrual")
REPORT = "POST /v3/accounting/records/export-results"
LAG = 120.0


async def die(account: Account, trap: Trap) -> None:
    """Let a worker begin, and die at a call."""
    with pytest.raises(Crash):
        async with account.worker(trap) as loop:
            await loop.run_once()


def lose_journal(account: Account) -> None:
    """Delete the journal with all that belongs to it."""
    for file in list(account.path.parent.glob("export.db*")):
        file.unlink()


async def posted_and_lost(account: Account) -> None:
    """Let everything come into the books, nothing be reported, and the journal be lost that instant."""
    await die(account, Trap(name=REPORT))
    assert account.posted()
    lose_journal(account)


async def posted_and_restored(account: Account) -> str:
    """The same, but an old copy of the journal is there that knows one record; which."""
    ids = account.wanted()
    for id_ in ids[1:]:
        move(account.tenant, id_, "PREPARE")
    await account.finish()
    copy = account.path.read_bytes()
    await pass_time(HOUR)
    for id_ in ids[1:]:
        move(account.tenant, id_, READY)
    await die(account, Trap(name=REPORT))
    assert len(account.posted()) > 1
    lose_journal(account)
    account.path.write_bytes(copy)
    return ids[0]


def delivery(account: Account, *ids: str) -> AccountingRecordReadyForExport:
    return AccountingRecordReadyForExport(
        event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
        webhook_id="msg_1",
        sent_at=account.clock.now(),
        company_id=account.tenant.company["id"],
        accounting_record_ids=ids,
        raw=b"{}",
    )


Nudge = Callable[[Account, ExportLoop, str], Awaitable[object]]

NUDGES: Mapping[str, Nudge] = {
    "webhook": lambda account, loop, _: loop.handle(delivery(account, *account.wanted())),
    "decision": lambda _, loop, known: loop.resolve(known, "keep", reason="it is right"),
    "retry": lambda _, loop, __: loop.retry(),
    "resume": lambda _, loop, __: loop.resume(),
}


class TestWaitForTheBooks:
    """A journal was lost this instant, and the books do not show yet what came into them last."""

    @pytest.mark.parametrize("delay", [None, 30.0], ids=["before", "during"])
    @pytest.mark.parametrize("nudge", NUDGES.values(), ids=NUDGES.keys())
    def test_lasts_whatever_wakes_the_loop(self, folder: Path, nudge: Nudge, delay: float | None) -> None:
        """Neither webhooks nor decisions, before the run or in it, end the wait after an old copy was restored."""

        async def main() -> None:
            account = Account(folder, make_erp=lagging, policy=READY_ONLY, bill_ready="reaches")
            known = await posted_and_restored(account)
            async with account.worker() as loop:
                if delay is None:
                    await nudge(account, loop, known)
                task = asyncio.create_task(loop.run_once(rebuild=True))
                if delay is not None:
                    await pass_time(delay)
                    await nudge(account, loop, known)
                assert "complete" == (await task).ended
            await account.finish()
            assert account.wanted() == account.posted()
            assert [] == account.violations()

        run(main())

    @pytest.mark.parametrize("delay", [None, 30.0], ids=["before", "during"])
    def test_lasts_in_a_new_journal(self, folder: Path, delay: float | None) -> None:
        """A webhook ends it no more where the journal is new."""

        async def main() -> None:
            account = Account(folder, make_erp=lagging, bill_ready="reaches")
            await posted_and_lost(account)
            async with account.worker() as loop:
                if delay is None:
                    await loop.handle(delivery(account, *account.wanted()))
                task = asyncio.create_task(loop.run_once())
                if delay is not None:
                    await pass_time(delay)
                    await loop.handle(delivery(account, *account.wanted()))
                assert "complete" == (await task).ended
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    def test_ends_with_stop(self, folder: Path) -> None:
        """Whoever wants the run to stop need not wait; nothing is posted then, and the next run waits for the rest."""

        async def main() -> None:
            account = Account(folder, make_erp=lagging, bill_ready="reaches")
            await posted_and_lost(account)
            begun = account.clock.monotonic()
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_once())
                await pass_time(30)
                loop.stop()
                assert "stopped" == (await task).ended
            assert account.clock.monotonic() < begun + 31
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("step", [HOUR, 365 * DAY, -HOUR, -365 * DAY])
    def test_lasts_whatever_the_clock_says(self, folder: Path, step: float) -> None:
        """A clock that is set when the journal has just been opened makes the wait neither shorter nor longer."""

        async def main() -> None:
            account = Account(folder, make_erp=lagging, bill_ready="reaches")
            await posted_and_lost(account)
            clock = SetClock(account)
            begun = account.clock.monotonic()
            async with account.worker(clock=clock) as loop, loop:
                clock.step(step)
                assert "complete" == (await loop.run_once()).ended
            assert LAG <= account.clock.monotonic() - begun < LAG + 60
            assert account.wanted() == account.posted()

        run(main())


class TestLaterRuns:
    """A journal was lost, and the first run after that does not get to everything."""

    @pytest.mark.parametrize("why", ["type", "start", "closed period", "review"])
    def test_what_was_put_aside_is_asked_for(self, folder: Path, why: str) -> None:
        """What a first run leaves out, for whatever reason, is looked for in the books when its turn comes."""

        async def main() -> None:
            account = Account(folder, make_erp=lagging, policy=READY_ONLY, bill_ready="reaches")
            ids = account.wanted()
            policies = {
                "type": ExportPolicy(basis="accrual", record_types=frozenset({account.stored(ids[0]).type})),
                "start": ExportPolicy(basis="accrual", start=datetime.date(2030, 1, 1)),
                "closed period": ExportPolicy(basis="accrual", closed_through=datetime.date(2030, 1, 1)),
            }
            await posted_and_lost(account)
            if why == "review":
                for id_ in ids:
                    move(account.tenant, id_, "REVIEW")
            async with account.worker(policy=policies.get(why, READY_ONLY)) as loop:
                first = await loop.run_once()
            assert "complete" == first.ended
            assert first.found < len(ids)
            await pass_time(DAY)
            if why == "review":
                for id_ in ids:
                    move(account.tenant, id_, READY)
            second = await account.run()
            assert ("complete", len(ids)) == (second.ended, first.found + second.found)
            assert ids == account.posted()
            assert {"EXPORTED"} == {account.stage_of(id_) for id_ in ids}

        run(main())


class SetClock:
    """The clock of a machine that is set while the program runs; seconds that have passed are not changed by that."""

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._ahead = datetime.timedelta()

    def step(self, seconds: float) -> None:
        """Set it."""
        self._ahead += datetime.timedelta(seconds=seconds)

    def now(self) -> datetime.datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class FailingToFind(TrappedLaggingErp):
    """It cannot be asked the first few times."""

    failures = 0

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        if self.failures:
            self.failures -= 1
            message = "no connection"
            raise ErpDown(message)
        return await super().find(keys)


def failing_to_find(lag: float, failures: int) -> MakeErp:
    """An ERP with this lag, whose first searches fail."""

    def make(account: Account, trap: Trap) -> FailingToFind:
        erp = FailingToFind(account.clock, account.books, search_lag=lag, batch_size=12)
        erp.trap, erp.failures = trap, failures
        return erp

    return make


class LosingAnswers(LaggingErp):
    """Its first answer is lost, or what it was given; ``lost`` is set then."""

    def __init__(self, account: Account, lost: asyncio.Event, *, lag: float = LAG, arrives: bool = True) -> None:
        super().__init__(account.clock, account.books, search_lag=lag)
        self._lost = lost
        self._arrives = arrives

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        is_lost = not self._lost.is_set()
        outcomes: Sequence[Outcome] = ()
        if self._arrives or not is_lost:
            outcomes = await super().post(postings)
        if is_lost:
            self._lost.set()
            message = "the answer was lost"
            raise ErpDown(message)
        return outcomes


async def settled_then_ready(folder: Path, make_erp: MakeErp) -> Account:
    """An account whose journal is complete, and whose records are ready now."""
    account = Account(folder, make_erp=make_erp, policy=READY_ONLY, bill_ready="reaches")
    ids = account.wanted()
    for id_ in ids:
        move(account.tenant, id_, "PREPARE")
    assert "complete" == (await account.run()).ended
    await pass_time(HOUR)
    for id_ in ids:
        move(account.tenant, id_, READY)
    return account


class TestLag:
    """A post was broken off, and a search does not show yet what came of it."""

    @pytest.mark.parametrize("lag", [LAG, 600.0])
    @pytest.mark.parametrize("failures", [0, 1, 3])
    def test_is_not_forgotten_when_a_search_fails(self, folder: Path, lag: float, failures: int) -> None:
        """What a dead worker left behind is not posted again when the next one cannot ask at first."""

        async def main() -> None:
            account = await settled_then_ready(folder, failing_to_find(lag, 0))
            await die(account, Trap(name="post", moment="after"))
            account.make_erp = failing_to_find(lag, failures)
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_forever())
                await pass_time(DAY)
                loop.stop()
                await task
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("lag", [LAG, 600.0, 2 * HOUR])
    def test_ends_for_workers_that_do_not_last(self, folder: Path, lag: float, moment: str) -> None:
        """Workers that come every hour, and are gone before the lag is over, post what did not come into the books."""

        async def main() -> None:
            account = await settled_then_ready(folder, failing_to_find(lag, 0))
            await die(account, Trap(name="post", moment="before" if moment == "before" else "after"))
            for _ in range(5):
                await account.run()
                await pass_time(HOUR)
            await account.audit(account.wanted())

        run(main())

    def test_is_counted_anew_after_each_worker(self, folder: Path) -> None:
        """That a worker has waited for an earlier attempt says nothing about the attempt of one that died later."""

        async def main() -> None:
            account = await settled_then_ready(folder, failing_to_find(HOUR, 0))
            erp = LosingAnswers(account, asyncio.Event(), lag=HOUR, arrives=False)
            async with account.worker(erp=erp, page_size=100) as patient:
                await patient.run_once()
                assert [] == account.posted()
                await pass_time(2 * HOUR)
                # another worker finds out that nothing came of it, posts it, and dies
                await die(account, Trap(name="post", moment="after"))
                await pass_time(60)
                await patient.run_once()
            await pass_time(2 * HOUR)
            await account.finish()
            assert account.wanted() == account.posted()

        run(main())

    @pytest.mark.parametrize("step", [HOUR, 365 * DAY, -HOUR])
    def test_is_waited_for_whatever_the_clock_says(self, folder: Path, step: float) -> None:
        """A clock that is set while an answer is missing does not make the lag shorter."""

        async def main() -> None:
            account = await settled_then_ready(folder, lagging)
            clock, lost = SetClock(account), asyncio.Event()

            async def set_it() -> None:
                await lost.wait()
                await pass_time(10)
                clock.step(step)

            async with account.worker(erp=LosingAnswers(account, lost), clock=clock) as loop:
                setting = asyncio.create_task(set_it())
                await loop.run_once()
                await setting
                clock.step(-step)
            await pass_time(HOUR)
            await account.finish()
            await account.audit(account.wanted())

        run(main())
