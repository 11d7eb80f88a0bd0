"""What has changed although nobody looked: while something was under way, and at moments that cannot be."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import attrs
import pytest

from brex_accounting import AccountingRecordReadyForExport
from brex_accounting.clock import Clock
from brex_accounting.emulator import move, recode
from brex_accounting.export import (
    Change,
    ExportPolicy,
    Outcome,
    Posted,
    Posting,
    ReceiptFile,
    Rejected,
    SqliteJournal,
    State,
)
from brex_accounting.export.posting import content_hash

from .doubles import BookErp, ErpDown, MemoryErp, PendingErp
from .traps import Crash, Trap
from .world import HOUR, READY, Account, Refusals, always, pass_time, run


class SlowAttaching(MemoryErp):
    """It takes 25 minutes to attach a receipt, as long as it is slow."""

    is_slow = True

    async def attach(self, posting: Posting, receipt: ReceiptFile) -> None:
        if self.is_slow:
            await self.clock.sleep(1500)
        await super().attach(posting, receipt)


async def content_of(account: Account, record_id: str) -> str:
    """The hash of what Brex shows of a record."""
    async with account.client() as brex:
        return content_hash(await brex.records.get(record_id))


def change(account: Account, record_id: str) -> None:
    chosen = {"brex_field_value_id": "efo_6999", "remote_field_value_id": "6999"}
    recode(account.tenant, record_id, brex_field_id="ef_101", **chosen)


def bill_in(account: Account) -> str:
    """A bill that the ledger takes."""
    wanted = account.wanted()
    return next(id_ for id_ in wanted if account.stored(id_).source_type == "BILL")


class TestChangesMeanwhile:
    """A record changes while something is under way with it, and its change lies behind the watermark then."""

    def test_while_it_is_pending(self, folder: Path) -> None:
        """A bill that changes before somebody approves it at the ERP is found to differ from the books."""

        async def main() -> None:
            account = Account(folder, ready=False, variants={"report_moves": "nothing"})
            erp = PendingErp(account.clock, account.books)
            account.make_erp = always(erp)
            bill = bill_in(account)
            await account.run()
            assert State.PENDING is (await account.rows())[bill].state
            await pass_time(HOUR)
            change(account, bill)
            await pass_time(HOUR)
            account.tenant.add(5, 8)
            await account.run()
            await pass_time(3 * HOUR)
            account.tenant.add(5, 9)
            await account.run()
            erp.approve()
            for _ in range(8):
                await pass_time(6 * HOUR)
                await account.run()
            row = (await account.rows())[bill]
            assert (State.NEEDS_PERSON, "changed after it was posted") == (row.state, row.reason)
            assert await content_of(account, bill) == row.seen_hash

        run(main())

    def test_while_another_worker_is_at_it(self, folder: Path) -> None:
        """What one worker reads while another one attaches the record's receipts is looked at again, and amended."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            erp = SlowAttaching(account.clock, account.books)
            account.make_erp = always(erp)
            async with account.worker() as attaching:
                task = asyncio.create_task(attaching.run_once())
                await pass_time(600)
                rows = (await account.rows()).values()
                claimed = [row.record_id for row in rows if row.owner and row.state is State.EXPORTED]
                change(account, claimed[-1])
                await pass_time(1200)
                account.tenant.add(5, 8)
                assert "complete" == (await account.run()).ended
                noted = await account.note("watermark")
                assert noted is not None
                assert datetime.datetime.fromisoformat(noted) > account.stored(claimed[-1]).updated_at
                erp.is_slow = False
                await task
            await pass_time(HOUR)
            await account.run()
            row = (await account.rows())[claimed[-1]]
            assert (State.EXPORTED, "amended") == (row.state, row.reason)
            assert await content_of(account, claimed[-1]) == row.content_hash
            assert [1] == [document.amended for document in account.books.documents if document.key == claimed[-1]]

        run(main())

    def test_after_it_was_posted_by_hand(self, folder: Path) -> None:
        """A bill that no list shows at first, and that changes later, is found to differ from what a person posted."""

        async def main() -> None:
            account = Account(folder)
            bill = bill_in(account)
            account.make_erp = Refusals([bill])
            move(account.tenant, bill, "PREPARE")
            await account.run()
            await pass_time(HOUR)
            change(account, next(id_ for id_ in account.wanted() if id_ != bill))
            await account.run()
            async with account.worker() as loop:
                await loop.resolve(bill, "posted", reference="H-1", reason="entered by hand")
                await loop.run_once()
            booked = await content_of(account, bill)
            await pass_time(HOUR)
            change(account, bill)
            await account.run()
            row = (await account.rows())[bill]
            assert (State.NEEDS_PERSON, booked, "H-1") == (row.state, row.content_hash, row.reference)
            assert await content_of(account, bill) == row.seen_hash

        run(main())

    def test_after_it_was_kept(self, folder: Path) -> None:
        """A bill that Brex was not told about yet, and whose entry a person keeps, is reported."""

        async def main() -> None:
            account = Account(folder, ready=False)
            bill = bill_in(account)
            with pytest.raises(Crash):
                async with account.worker(Trap(name="POST /v3/accounting/records/export-results")) as loop:
                    await loop.run_once()
            change(account, bill)
            await pass_time(HOUR)
            await account.run()
            assert State.NEEDS_PERSON is (await account.rows())[bill].state
            async with account.worker() as loop:
                await loop.resolve(bill, "keep", reason="the books are right")
            await pass_time(HOUR)
            await account.run()
            row = (await account.rows())[bill]
            assert ("EXPORTED", State.EXPORTED, "kept") == (account.stage_of(bill), row.state, row.reason)
            assert await content_of(account, bill) == row.content_hash
            assert [] == account.violations()

        run(main())


class Outrun(MemoryErp):
    """Another worker comes and goes while it posts.

    Attributes:
        other: What the other worker does.
    """

    other: Callable[[], Awaitable[object]] | None = None

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if self.other is not None:
            await self.other()
        return await super().post(postings)


class TestAnotherWorker:
    """Where another worker has been faster, what this one has seen is not lost."""

    def test_has_the_row_that_is_to_be_amended(self, folder: Path) -> None:
        """A change behind the watermark is amended, although another worker had the row when its turn came."""

        async def main() -> None:
            account = Account(folder, policy=ExportPolicy(basis="accrual"))
            account.options["page_size"] = 1000
            erp = Outrun(account.clock, account.books)
            account.make_erp = always(erp)
            first, second = [id_ for id_ in account.wanted() if account.stored(id_).source_type == "CARD"][:2]
            for record in list(account.tenant.records.all()):
                move(account.tenant, record.id, READY if record.id == first else "PREPARE")
            await account.run()
            change(account, first)
            await pass_time(HOUR)
            move(account.tenant, second, READY)

            async def taken(journal: SqliteJournal) -> None:
                now = account.clock.now()
                end = now + datetime.timedelta(seconds=30)
                (row,) = await journal.claim(
                    (State.EXPORTED,), owner="other", now=now, lease_until=end, limit=9, due_only=False
                )
                assert first == row.record_id
                await journal.write([Change(entry=row.changed(owner=None, lease_until=None), silent=True)])

            erp.other = partial(account.journal, taken)
            await account.run()
            erp.other = None
            await pass_time(HOUR)
            await account.run()
            row = (await account.rows())[first]
            assert (State.EXPORTED, await content_of(account, first)) == (row.state, row.content_hash)
            assert [1] == [document.amended for document in account.books.documents if document.key == first]

        run(main())


class SlowAmending(MemoryErp):
    """It takes a quarter of an hour to amend an entry."""

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        await self.clock.sleep(900)
        return await super().amend(posting, posted)


class TestAnnouncedAgain:
    def test_while_it_is_read_is_read_again(self, folder: Path) -> None:
        """What one worker remembers to look at again is not forgotten by another that is at what was named before."""

        async def main() -> None:
            account = Account(folder)
            account.make_erp = always(MemoryErp(account.clock, account.books))
            await account.run()
            first, second, third = [id_ for id_ in account.wanted() if account.stored(id_).source_type == "CARD"][:3]
            await pass_time(HOUR)
            recode(account.tenant, third, brex_field_id="f", brex_field_value_id="v1")
            async with account.worker(erp=SlowAmending(account.clock, account.books)) as loop:
                task = asyncio.create_task(loop.run_once())
                await pass_time(100)  # its lists are read, and it amends the third one
                recode(account.tenant, first, brex_field_id="f", brex_field_value_id="v1")
                await loop.handle(naming(account, first))
                await pass_time(900)  # it amends the first one, since a webhook has named it
                recode(account.tenant, first, brex_field_id="f", brex_field_value_id="v2")
                await pass_time(700)
                recode(account.tenant, second, brex_field_id="f", brex_field_value_id="v1")
                await pass_time(20)
                await account.run()
                noted = await watermark(account)
                assert noted is not None
                assert noted > account.stored(first).updated_at  # no list will show it again
                await task
            await pass_time(HOUR)
            await account.run()
            documents = {document.key: document.content_hash for document in account.books.documents}
            for record_id in (first, second, third):
                assert await content_of(account, record_id) == documents[record_id]

        run(main())


def naming(account: Account, record_id: str) -> AccountingRecordReadyForExport:
    """A delivery that names a record."""
    return AccountingRecordReadyForExport(
        event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
        webhook_id="msg_1",
        sent_at=account.clock.now(),
        company_id=account.tenant.company["id"],
        accounting_record_ids=(record_id,),
        raw=b"{}",
    )


class Late(BookErp):
    """An idempotent ERP that loses its first answer, and posts what it was about a minute later."""

    is_new = True
    meanwhile: Callable[[], object]
    """What happens while the answer is lost."""
    finds_in_vain = 0
    """The search after that which fails, counted from 1; 0 for none."""
    _searches = 0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if not self.is_new:
            return await super().post(postings)
        self.is_new = False
        self.meanwhile()
        asyncio.get_running_loop().call_later(60, self._enter, postings)
        message = "the answer was lost"
        raise ErpDown(message)

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        found = await super().find(keys)
        self._searches += not self.is_new
        if self._searches == self.finds_in_vain > 0:
            message = "no connection"
            raise ErpDown(message)
        return found

    def _enter(self, postings: Sequence[Posting]) -> None:
        for posting in postings:
            self.add(posting, self.clock.monotonic())


class LateAmending(Late, MemoryErp):
    """The same, and it can change entries."""


class TestTriedBefore:
    """A record changes after an attempt that nobody knows the outcome of, and whose entry comes into the books."""

    @pytest.mark.parametrize("finds_in_vain", [0, 2])
    @pytest.mark.parametrize("kind", [Late, LateAmending])
    def test_the_books_hold_what_was_tried(self, folder: Path, kind: type[Late], finds_in_vain: int) -> None:
        """The entry is amended, or waits for a person; it does not pass for one of what the record says now."""

        async def main() -> None:
            account = Account(folder, policy=ExportPolicy(basis="accrual"))
            record_id = next(id_ for id_ in account.wanted() if account.stored(id_).source_type == "CARD")
            for other in list(account.tenant.records.all()):
                move(account.tenant, other.id, READY if other.id == record_id else "PREPARE")
            erp = kind(account.clock, account.books, search_lag=120.0)
            erp.finds_in_vain = finds_in_vain
            account.make_erp = always(erp)
            erp.meanwhile = partial(change, account, record_id)
            for _ in range(4):
                await account.run()
                await pass_time(HOUR)
            assert [record_id] == account.posted()
            (document,) = account.books.documents
            row = (await account.rows())[record_id]
            shown = await content_of(account, record_id)
            if kind is LateAmending:
                assert (State.EXPORTED, shown, shown) == (row.state, row.content_hash, document.content_hash)
            else:
                assert (State.NEEDS_PERSON, shown) == (row.state, row.seen_hash)
                assert shown != document.content_hash == row.content_hash
            assert "EXPORTED" == account.stage_of(record_id)

        run(main())


class Behind:
    """A clock that is behind."""

    def __init__(self, clock: Clock, by: datetime.timedelta) -> None:
        self._clock = clock
        self._by = by

    def now(self) -> datetime.datetime:
        return self._clock.now() - self._by

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class TestDates:
    """Brex shows moments that cannot be."""

    @pytest.mark.parametrize("year", [1, 1970, 2030, 9999])
    def test_do_not_move_the_watermark(self, folder: Path, year: int) -> None:
        """Changes are seen that come after one whose date is wrong, and the run that reads it is like any other."""

        async def main() -> None:
            account = Account(folder, ready=False)
            bill = account.stored(bill_in(account))
            account.tenant.records.put(attrs.evolve(bill, updated_at=bill.updated_at.replace(year=year)))
            latest = max(each.updated_at for each in account.tenant.records.all() if each.id != bill.id)
            assert "complete" == (await account.run()).ended
            assert str(latest - datetime.timedelta(minutes=10)) == str(await watermark(account))
            await pass_time(HOUR)
            new = {*account.tenant.add(20, 8)} & {*account.wanted("PREPARE", "REVIEW", READY)}
            bills = {id_ for id_ in new if account.stored(id_).source_type == "BILL"}
            assert "complete" == (await account.run()).ended
            assert bills
            assert bills <= {*account.posted()}
            assert bill.id in account.posted()

        run(main())

    @pytest.mark.parametrize("hours", [1, 14, 23])
    def test_that_are_some_hours_ahead(self, folder: Path, hours: int) -> None:
        """Bills that come in meanwhile are posted: one date of another time zone does not hide them."""

        async def main() -> None:
            account = Account(folder, ready=False)
            bill = account.stored(bill_in(account))
            ahead = account.clock.now() + datetime.timedelta(hours=hours)
            account.tenant.records.put(attrs.evolve(bill, updated_at=ahead))
            assert "complete" == (await account.run()).ended
            await pass_time(HOUR / 2)
            new = {*account.tenant.add(20, 8)} & {*account.wanted("PREPARE", "REVIEW", READY)}
            bills = {id_ for id_ in new if account.stored(id_).source_type == "BILL"}
            await account.run()
            assert bills
            assert bills <= {*account.posted()}

        run(main())

    @pytest.mark.parametrize("behind", [1, 1000])
    def test_of_a_worker_whose_clock_is_behind(self, folder: Path, behind: int) -> None:
        """It reads more than it has to, and misses nothing."""

        async def main() -> None:
            account = Account(folder)
            clock = Behind(account.clock, datetime.timedelta(hours=behind))
            for seed in range(3):
                account.tenant.add(10, 100 + seed)
                async with account.worker(clock=clock) as loop:
                    assert "complete" == (await loop.run_once()).ended
                bills = {id_ for id_ in account.wanted() if account.stored(id_).source_type == "BILL"}
                open_bills = {id_ for id_ in bills if account.stage_of(id_) != "EXPORTED"}
                assert open_bills
                assert open_bills <= {*account.posted()}
                await pass_time(HOUR / 2)

        run(main())

    def test_of_all_records(self, folder: Path) -> None:
        """Where all of them are at the beginning of the calendar there is no watermark, and all is exported."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            for record in list(account.tenant.records.all()):
                account.tenant.records.put(attrs.evolve(record, updated_at=record.updated_at.replace(year=1)))
            assert "complete" == (await account.run()).ended
            assert await watermark(account) is None
            await account.audit(account.wanted())

        run(main())


async def watermark(account: Account) -> datetime.datetime | None:
    noted = await account.note("watermark")
    return None if noted is None else datetime.datetime.fromisoformat(noted)
