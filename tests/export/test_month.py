"""A month of a worker that runs every hour, and of what people do at the customer's meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
from collections import Counter
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

from brex_accounting import AccountingRecordReadyForExport, ReauthorizationRequired, Runtime
from brex_accounting.emulator import move, recode
from brex_accounting.export import Erp, ExportLoop, ExportPaused, ExportResumed, RunEnded, State
from brex_accounting.export.posting import content_hash
from brex_accounting.export.states import SETTLED
from tests.soak import SOAK

from .doubles import MemoryErp
from .traps import RejectingBooks, Trap
from .world import DAY, HOUR, READY, Account, run

NEW = 30 if SOAK else 4
"""How many records come in each day."""


class Amending(RejectingBooks, MemoryErp):
    """An ERP that changes entries, takes receipts, and rejects what its mapping does not know."""


class Month:
    """An account, its people, and its worker.

    Attributes:
        account: The account.
        loop: The worker's loop.
        late: Records that people still have to look through before they are ready.
        reposted: Records that a person wanted once more.
        kept: Records whose old entry a person has kept.
        added: How often new records came.
        deliveries: How many webhooks were sent.
    """

    def __init__(self, folder: Path) -> None:
        self.account = Account(folder, records=40, ready=False, variants={"inactive_integration": "refuses"})
        self.account.options = {"page_size": 100, "report_size": 20}
        self.loop: ExportLoop | None = None
        self.late: list[str] = []
        self.reposted: set[str] = set()
        self.kept: set[str] = set()
        self.added = 0
        self.deliveries = 0

    @asynccontextmanager
    async def employed(self, erp: Erp) -> AsyncGenerator[ExportLoop]:
        """A worker that runs every hour until it is stopped."""
        async with self.account.worker(erp=erp, company_id=self.account.tenant.company["id"]) as loop:
            self.loop = loop
            task = asyncio.create_task(loop.run_forever(every=datetime.timedelta(hours=1)))
            try:
                yield loop
            finally:
                loop.stop()
                await task

    async def days(self, count: int) -> None:
        """Let days pass, on each of which records come in and others become ready."""
        for _ in range(count):
            await asyncio.sleep(5 * HOUR + 1234)
            self.added += 1
            ids = self.account.tenant.add(NEW, 100 + self.added)
            await asyncio.sleep(12 * HOUR)
            ready, self.late = self.late, [id_ for id_ in ids if self.account.stage_of(id_) in ("PREPARE", "REVIEW")]
            for id_ in ready:
                move(self.account.tenant, id_, READY)
            await self.deliver(ready)
            await asyncio.sleep(7 * HOUR - 1234)

    async def deliver(self, ids: Collection[str]) -> None:
        """A webhook about records: never, once or twice."""
        self.deliveries += 1
        event = AccountingRecordReadyForExport(
            event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
            webhook_id=f"msg_{self.deliveries}",
            sent_at=self.account.clock.now(),
            company_id=self.account.tenant.company["id"],
            accounting_record_ids=tuple(ids),
            raw=b"{}",
        )
        assert self.loop is not None
        for number in range(self.deliveries % 3):
            assert (number == 0 and bool(ids)) == await self.loop.handle(event)
            await asyncio.sleep(3 * number)

    def exported(self, count: int, skip: int = 0) -> list[str]:
        """Some of the records that were exported by this worker and not touched since."""
        touched = self.kept | self.reposted
        ours = [id_ for id_ in self.account.posted() if id_ not in touched and self.account.stage_of(id_) == "EXPORTED"]
        assert len(ours) >= skip + count
        return ours[skip : skip + count]

    def recode(self, ids: Collection[str], account: str) -> None:
        """Finance chooses another account for these records' lines."""
        for id_ in ids:
            recode(
                self.account.tenant,
                id_,
                brex_field_id="ef_101",
                brex_field_value_id=f"efo_{account}",
                remote_field_value_id=account,
            )

    async def states(self, ids: Collection[str]) -> list[State]:
        """Where records stand in the journal."""
        rows = await self.account.rows()
        return [rows[id_].state for id_ in ids]


async def shows(month: Month) -> dict[str, str]:
    """The content of every record as Brex shows it."""
    async with month.account.client() as brex:
        return {record.id: content_hash(record) async for record in brex.records.iter(page_size=1000)}


async def another_process(account: Account) -> None:
    """Another program of the same customer: it has the same grant, and its tokens expire at the same time."""
    async with account.client(runtime=Runtime(clock=account.clock)) as brex:
        while True:
            with contextlib.suppress(ReauthorizationRequired):
                await brex.records.query(limit=1)
            await asyncio.sleep(HOUR / 2)


def amending(account: Account) -> Amending:
    """A handle on the books that can change entries."""
    erp = Amending(account.clock, account.books, batch_size=12)
    erp.trap, erp.bad, erp.mapping_version = Trap(), {}, "1"
    return erp


def plain(account: Account) -> RejectingBooks:
    """A handle on the books that cannot."""
    erp = RejectingBooks(account.clock, account.books, batch_size=12)
    erp.trap, erp.bad, erp.mapping_version = Trap(), {}, "2"
    return erp


async def first_half(month: Month) -> None:
    """Records are recoded, consent and integration come and go, a mapping is wrong and mended."""
    account = month.account
    erp = amending(account)
    async with month.employed(erp) as loop:
        integration = await account.connect()
        await month.days(3)

        recoded = month.exported(4)
        month.recode(recoded, "6998")
        await month.days(1)
        assert [1, 1, 1, 1] == [document.amended for document in account.books.documents if document.key in recoded]
        assert {"EXPORTED"} == {account.stage_of(id_) for id_ in recoded}

        account.world.issuer.revoke_tenant("main")
        await month.days(2)
        tries = json.loads(await account.note("pause") or "{}")["tries"]
        assert 40 < tries < 60
        before = len(account.books.documents)
        await account.consent()
        await month.days(1)
        assert await account.note("pause") is None
        assert len(account.books.documents) > before

        await disconnect(account, integration)
        await month.days(2)
        assert await account.note("pause") is not None
        await reactivate(account, integration)
        await month.days(1)
        assert await account.note("pause") is None

        wrong = [id_ for id_ in account.tenant.add(12, 50) if account.stored(id_).type in account.policy.types]
        for id_ in wrong:
            move(account.tenant, id_, READY)
        erp.bad = dict.fromkeys(wrong, "no-account")
        await month.days(3)
        assert {State.REFUSED} == {*await month.states(wrong)}
        assert dict.fromkeys(wrong, 1) == Counter(id_ for id_, _ in account.failures)
        erp.bad, erp.mapping_version = {}, "2"
        await month.days(1)
        assert {State.EXPORTED} == {*await month.states(wrong)}
        assert len(wrong) == len(account.failures)
        assert 0 == await loop.retry()


async def second_half(month: Month) -> None:
    """The new adapter cannot change entries: what is recoded waits for a person."""
    account = month.account
    async with month.employed(plain(account)) as loop:
        await month.days(2)
        kept, again, reposted = month.exported(3, skip=6)
        month.recode([kept, again, reposted], "6999")
        await month.days(1)
        assert [State.NEEDS_PERSON] * 3 == await month.states([kept, again, reposted])
        await loop.resolve(kept, "keep", reason="the books are right")
        await loop.resolve(again, "keep", reason="the books are right")
        await loop.resolve(reposted, "repost", reason="the old entry was reversed")
        month.kept |= {kept, again}
        month.reposted.add(reposted)
        move(account.tenant, again, READY)  # and Brex wants to hear of it once more
        move(account.tenant, reposted, READY)
        await month.days(2)
        assert [State.EXPORTED] * 3 == await month.states([kept, again, reposted])
        assert {"EXPORTED"} == {account.stage_of(id_) for id_ in (kept, again, reposted)}
        await month.days(7)


async def disconnect(account: Account, integration_id: str) -> None:
    async with account.client() as brex:
        await brex.integrations.disconnect(integration_id)


async def reactivate(account: Account, integration_id: str) -> None:
    async with account.client() as brex:
        await brex.integrations.reactivate(integration_id)


class TestMonth:
    """Thirty days, an hour at a time."""

    def test_adds_up(self, folder: Path) -> None:
        """After all of it every record is in the books once, as Brex shows it, and told once; nobody was told twice."""

        async def main() -> None:
            month = Month(folder)
            account = month.account
            await account.consent()
            other = asyncio.create_task(another_process(account))
            await first_half(month)
            await asyncio.sleep(DAY)  # the worker is replaced, and nobody is there for a day
            await second_half(month)
            for id_ in account.wanted("PREPARE", "REVIEW"):
                move(account.tenant, id_, READY)
            other.cancel()
            await account.finish()

            expected = {*account.posted()} & {record.id for record in account.tenant.records.all()}
            assert [] == account.wanted(READY)
            assert len(expected) > 80
            assert sorted([*expected, *(f"{id_}~2" for id_ in month.reposted)]) == account.posted()
            assert {"EXPORTED"} == {account.stage_of(id_) for id_ in expected}
            rows = await account.rows()
            assert {row.state for row in rows.values()} <= SETTLED
            content = await shows(month)
            documents = {document.key: document for document in account.books.documents}
            newest = {id_: documents[f"{id_}~2" if id_ in month.reposted else id_] for id_ in expected - month.kept}
            assert {id_: content[id_] for id_ in newest} == {id_: entry.content_hash for id_, entry in newest.items()}
            assert {id_: rows[id_].reference for id_ in newest} == {id_: e.reference for id_, e in newest.items()}
            assert all(len(set(entry.receipts)) == len(entry.receipts) for entry in documents.values())
            assert any(entry.receipts for entry in documents.values())
            assert [] == account.violations()
            assert [] == account.world.bugs
            check_events(account)

        run(main())


def check_events(account: Account) -> None:
    """The two pauses were told once each, and so was their end; runs went on all the time."""
    told = [event for event in account.events if isinstance(event, ExportPaused | ExportResumed)]
    assert [ExportPaused, ExportResumed] * 2 == [type(event) for event in told]
    causes = [event.cause for event in told if isinstance(event, ExportPaused)]
    assert "consent again" in causes[0]
    assert "the integration is not active" == causes[1]
    runs = [event for event in account.events if isinstance(event, RunEnded)]
    assert 650 < len(runs) < 1100
    assert {None} == {event.error for event in runs}
