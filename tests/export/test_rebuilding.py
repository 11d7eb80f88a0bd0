"""Journals that are lost, runs that stop, ERPs that fail, workers side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from brex_accounting.clock import Clock
from brex_accounting.emulator import move, recode
from brex_accounting.export import Erp, ExportPolicy, Posted, Posting, Rejected, SqliteJournal

from .doubles import Books, FailingErp, MemoryErp
from .traps import Crash, Moment, Trap
from .world import DAY, HOUR, READY, Account, MakeErp, Refusals, half_posting, honest, lagging, pass_time, run

READY_ONLY = ExportPolicy(basis="accrual")
REPORT = "reportAccountingExportResults"


class SlowAmending(MemoryErp):
    """An ERP that takes five minutes to change an entry; ``amends`` has the keys of all that were begun."""

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.amends: list[str] = []

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        self.amends.append(posting.key)
        await self.clock.sleep(300)
        return await super().amend(posting, posted)


def lose_journal(account: Account) -> None:
    """Delete the journal with all that belongs to it."""
    for file in list(account.path.parent.glob("export.db*")):
        file.unlink()
    assert not account.path.exists()


def reports_in(account: Account) -> int:
    """How many reports Brex has had."""
    return sum(exchange.operation == REPORT for exchange in account.tenant.journal)


class TestLostJournal:
    """The journal is gone, and the books are not."""

    @pytest.mark.parametrize("make_erp", [honest, lagging, half_posting])
    def test_after_the_reports(self, folder: Path, make_erp: MakeErp) -> None:
        """A new journal learns from the books what is exported, posts nothing again and reports nothing again."""

        async def main() -> None:
            account = Account(folder, make_erp=make_erp, bill_ready="reaches")
            ours = account.wanted()
            await account.finish()
            reports = reports_in(account)
            lose_journal(account)
            summary = await account.run()
            assert ("complete", 0, len(ours)) == (summary.ended, summary.posted, summary.found)
            await account.audit(ours)
            assert {row.reason for row in (await account.rows()).values()} <= {
                "found in the books",
                *(f"type {record.type}" for record in account.tenant.records.all()),
            }
            assert reports == reports_in(account)
            # and it is a journal like any other from then on
            await pass_time(HOUR)
            new = [id_ for id_ in account.tenant.add(20, 8) if account.stored(id_).type in account.policy.types]
            for id_ in new:
                move(account.tenant, id_, READY)
            await account.finish()
            await account.audit([*ours, *new])

        run(main())

    @pytest.mark.parametrize("later", [0.0, 60.0, 119.0, HOUR])
    @pytest.mark.parametrize("make_erp", [honest, lagging, half_posting])
    def test_between_post_and_report(self, folder: Path, make_erp: MakeErp, later: float) -> None:
        """What was posted a moment before is not posted again, even where a search does not show it yet."""

        async def main() -> None:
            account = Account(folder, make_erp=make_erp, bill_ready="reaches")
            with pytest.raises(Crash):
                async with account.worker(Trap(name="POST")) as loop:
                    await loop.run_once()
            assert account.posted()
            lose_journal(account)
            await pass_time(later)
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("moment", get_args(Moment))
    @pytest.mark.parametrize("make_erp", [honest, lagging, half_posting])
    def test_an_old_copy(self, folder: Path, make_erp: MakeErp, moment: Moment) -> None:
        """After an old copy of the journal was restored, ``rebuild`` asks the books about what it does not know."""

        async def main() -> None:
            account = Account(folder, make_erp=make_erp, bill_ready="reaches", policy=READY_ONLY)
            late = account.wanted()[::2]
            for id_ in late:
                move(account.tenant, id_, "REVIEW")
            await account.finish()
            copy = account.path.read_bytes()
            await pass_time(HOUR)
            for id_ in late:
                move(account.tenant, id_, READY)
            with pytest.raises(Crash):
                async with account.worker(Trap(moment=moment, name="POST")) as loop:
                    await loop.run_once()
            assert set(late) & set(account.posted())
            lose_journal(account)
            account.path.write_bytes(copy)
            await pass_time(HOUR)
            await account.run(rebuild=True)
            await account.finish()
            await account.audit(account.wanted())

        run(main())


class TestTooManyRefusals:
    """So much would be refused that something else must be wrong."""

    @pytest.mark.parametrize(
        ("bad", "records", "stops"),
        [(19, 24, False), (20, 24, True), (20, 400, False), (21, 400, True), (25, 501, False)],
    )
    def test_boundaries(self, folder: Path, bad: int, records: int, stops: bool) -> None:
        """From 20 refusals on, more than 5 % of a run stop it before anything is reported, unless it is told."""

        async def main() -> None:
            account, ids = refusing(folder, bad, records)
            summary = await account.run()
            assert ("too many refusals" if stops else "complete") == summary.ended
            assert (not stops) == bool(reports_in(account))
            if stops:
                assert "accept_refusals=True" in summary.advice
                assert set() == account.failures
                await pass_time(HOUR)
                assert "too many refusals" == (await account.run()).ended
                assert 0 == reports_in(account)
                summary = await account.run(accept_refusals=True)
            assert ("complete", bad, records - bad) == (summary.ended, summary.refused, summary.exported)
            assert ids[bad:] == account.posted()
            # what is known to be refused does not count again
            await pass_time(2 * DAY)
            assert "complete" == (await account.run(accept_refusals=True)).ended
            assert bad == len(account.failures)
            assert [] == account.violations()

        run(main())

    def test_is_over_when_it_is_mended(self, folder: Path) -> None:
        """A run that had stopped for a wrong mapping is followed by one that exports everything."""

        async def main() -> None:
            account, ids = refusing(folder, 22, 40)
            assert "too many refusals" == (await account.run()).ended
            assert isinstance(account.make_erp, Refusals)
            account.make_erp.mend()
            await pass_time(60)
            summary = await account.run()
            assert ("complete", 0) == (summary.ended, summary.refused)
            assert ids == account.posted()
            assert set() == account.failures
            assert {"EXPORTED"} == {account.stage_of(id_) for id_ in ids}

        run(main())


def refusing(folder: Path, bad: int, records: int) -> tuple[Account, list[str]]:
    """An account with so many records for the ledger, of which the ERP does not take some: the first ones."""
    account = Account(folder, records=2 * records, bill_ready="reaches", policy=READY_ONLY)
    ids = account.wanted()[:records]
    assert records == len(ids)
    for record in list(account.tenant.records.all()):
        if record.id not in ids:
            move(account.tenant, record.id, "PREPARE")
    account.make_erp = Refusals(ids[:bad])
    return account, ids


class TestFailingErp:
    """The ERP does not work, and later it does."""

    @pytest.mark.parametrize(
        ("before", "after", "find_fails"),
        [(1.0, 0.0, 0.0), (1.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0), (0.4, 0.4, 0.4)],
    )
    @pytest.mark.parametrize("lag", [0.0, 120.0])
    def test_leaves_everything_to_be_done(
        self, folder: Path, before: float, after: float, find_fails: float, lag: float
    ) -> None:
        """A run says that the ERP failed; nothing is lost, and once it works all is there once."""

        async def main() -> None:
            account = Account(folder, ready=False, bill_ready="reaches")
            for record in list(account.tenant.records.all()):
                move(account.tenant, record.id, "PREPARE")
            await account.run()
            for record in list(account.tenant.records.all()):
                move(account.tenant, record.id, READY)
            await pass_time(HOUR)
            random = Random(5)

            def failing(account: Account, trap: Trap) -> Erp:
                return FailingErp(
                    account.clock,
                    account.books,
                    random=random,
                    before=before,
                    after=after,
                    find_fails=find_fails,
                    search_lag=lag,
                    batch_size=4,
                )

            account.make_erp = failing
            for _ in range(3):
                summary = await account.run()
                if before == 1.0:
                    assert ("erp failed", 0) == (summary.ended, summary.posted)
                await pass_time(HOUR)
            account.make_erp = lagging
            await account.finish(runs=30)
            await account.audit(account.wanted())

        run(main())


class TestSideBySide:
    """Two workers on one journal, in one process."""

    @pytest.mark.parametrize("fresh", [True, False], ids=["new journal", "old journal"])
    @pytest.mark.parametrize("make_erp", [honest, lagging, half_posting])
    def test_share_the_work(self, folder: Path, make_erp: MakeErp, fresh: bool) -> None:
        """Two workers at once, out of step in every way, post and report each record once."""

        async def main(folder: Path, seed: int) -> None:
            account = Account(folder, records=60, make_erp=make_erp, bill_ready="reaches")
            if not fresh:
                ids = [record.id for record in account.tenant.records.all()]
                for id_ in ids:
                    move(account.tenant, id_, "PREPARE")
                await account.run()
                for id_ in ids:
                    move(account.tenant, id_, READY)
                await pass_time(HOUR)
            random = Random(seed)
            account.options["page_size"] = random.choice((7, 20))

            async def work() -> None:
                await asyncio.sleep(random.choice((0.0, 0.001, 0.5)))
                async with account.worker(lease=random.choice((5.0, 60.0))) as loop:
                    for _ in range(3):
                        await loop.run_once()
                        await asyncio.sleep(random.random())

            await asyncio.gather(work(), work(), work())
            await account.finish()
            await account.audit(account.wanted())

        for seed in range(4):
            (folder / str(seed)).mkdir()
            run(main(folder / str(seed), seed))

    def test_one_amends(self, folder: Path) -> None:
        """While one worker changes an entry, which takes its time, the other one leaves it alone."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            await account.finish()
            changed = account.posted()[:3]
            await pass_time(HOUR)
            for id_ in changed:
                chosen = {"brex_field_value_id": "efo_6999", "remote_field_value_id": "6999"}
                recode(account.tenant, id_, brex_field_id="ef_101", **chosen)
            handles = [SlowAmending(account.clock, account.books) for _ in range(2)]

            async def work(erp: SlowAmending) -> None:
                async with account.worker(erp=erp, lease=30.0) as loop:
                    await loop.run_once()

            first = asyncio.create_task(work(handles[0]))
            await asyncio.sleep(100)
            await asyncio.gather(first, work(handles[1]))
            assert sorted(changed) == sorted(key for erp in handles for key in erp.amends)
            assert {1} == {document.amended for document in account.books.documents if document.key in changed}
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    def test_make_a_new_journal_at_once(self, folder: Path) -> None:
        """Workers that open the same new file at once all take it for a journal, whoever makes its tables."""

        async def main(path: Path) -> None:
            journals = [SqliteJournal(path) for _ in range(4)]
            await asyncio.gather(*(journal.open("acme") for journal in journals))
            for journal in journals:
                await journal.aclose()

        for number in range(100):
            run(main(folder / f"{number}.db"))
