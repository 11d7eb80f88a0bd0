"""Records whose entries hold another content than Brex shows, found in the books by a journal that does not know."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from brex_accounting.clock import Clock
from brex_accounting.emulator import move, recode
from brex_accounting.emulator.stored import StoredRecord
from brex_accounting.export import (
    Change,
    Entry,
    ExportLoop,
    Outcome,
    Posted,
    Posting,
    Rejected,
    RunSummary,
    SqliteJournal,
    State,
)
from brex_accounting.export.plan_summary import PlanAction, PlanItem
from brex_accounting.export.planning import plan
from tests.soak import SOAK

from .doubles import BookErp, Books, Document, ErpDown, MemoryErp
from .test_missed_changes import bill_in, change, content_of
from .test_rebuilding import lose_journal, reports_in
from .traps import Crash, Moment, Trap
from .world import HOUR, READY, Account, always, pass_time, run

CHANGED = "changed after it was posted"
FOUND = "found in the books"


class Forgetful(BookErp):
    """It keeps no hash with its entries."""

    keeps_hashes = False


class Lagging(MemoryErp):
    """Searchable, and its search lags by two minutes; it changes entries."""

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books, repeats="searchable", search_lag=120.0, batch_size=12)


class Late(BookErp):
    """The first post is lost on its way, and comes into the books when the next one with other content has begun.

    Attributes:
        is_down: Whether each post raises, the next one that brings what was lost included.
    """

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.on_its_way: dict[str, Posting] = {}
        self.is_down = True

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        for posting in postings:
            lost = self.on_its_way.setdefault(posting.key, posting)
            if lost.content_hash != posting.content_hash and self.known(posting.key) is None:
                self.add(lost, self.clock.monotonic())
        if self.is_down:
            message = "no connection"
            raise ErpDown(message)
        return await super().post(postings)


class LateAmending(Late, MemoryErp):
    """The same, and it changes entries."""


def document_of(account: Account, record_id: str) -> Document:
    (document,) = [document for document in account.books.documents if document.key == record_id]
    return document


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def exported(folder: Path, make: Any, **options: Any) -> tuple[Account, str]:
    """An account whose records are all exported, and one of these, which was recoded then; the journal is lost."""
    account = Account(folder, bill_ready="reaches", **options)
    account.make_erp = lambda account, _: make(account.clock, account.books)
    await account.finish()
    record_id = account.posted()[3]
    await pass_time(HOUR)
    change(account, record_id)
    lose_journal(account)
    return account, record_id


async def planned(account: Account) -> list[PlanItem]:
    """What a run would do with records that are in the books."""
    items: list[PlanItem] = []
    journal = SqliteJournal(account.path)
    async with account.client() as brex:
        erp = account.make_erp(account, Trap())
        await plan(brex, erp, journal, account.policy, clock=account.clock, on_item=items.append)
        await journal.aclose()
    return items


class TestLostJournal:
    """The journal is lost, and a record was recoded before any run with the new one saw it."""

    @pytest.mark.parametrize("make", [MemoryErp, Lagging])
    def test_is_amended_after_the_report(self, folder: Path, make: Any) -> None:
        """An entry of older content is brought to what Brex shows now, and nothing is posted or reported again."""

        async def main() -> None:
            account, record_id = await exported(folder, make)
            before, reports = document_of(account, record_id).content_hash, reports_in(account)
            shown = await content_of(account, record_id)
            assert before != shown
            assert [record_id] == [item.record_id for item in await planned(account) if item.action is PlanAction.AMEND]
            summary = await account.run()
            assert ("complete", 0, 1, len(account.posted())) == (
                summary.ended,
                summary.posted,
                summary.amended,
                summary.found,
            )
            assert (shown, 1) == (document_of(account, record_id).content_hash, document_of(account, record_id).amended)
            assert reports == reports_in(account)
            await account.audit(account.wanted())
            rows = await account.rows()
            assert (shown, "amended") == (rows[record_id].content_hash, rows[record_id].reason)
            amount = account.stored(record_id).amount
            assert (amount, account.stored(record_id).currency) == (rows[record_id].amount, rows[record_id].currency)
            assert {FOUND} == {rows[id_].reason for id_ in account.posted() if id_ != record_id}

        run(main())

    def test_waits_for_a_person_where_the_erp_cannot_amend(self, folder: Path) -> None:
        """Without ``amend`` the entry stays as it is, and a person is told of exactly that record, once."""

        async def main() -> None:
            account, record_id = await exported(folder, BookErp)
            booked = document_of(account, record_id).content_hash
            items = [item for item in await planned(account) if item.action is PlanAction.NEEDS_PERSON]
            assert [(record_id, CHANGED)] == [(item.record_id, item.reason) for item in items]
            summary = await account.run()
            assert [(record_id, CHANGED)] == [(one.record_id, one.reason) for one in summary.needs_person]
            row = (await account.rows())[record_id]
            assert (State.NEEDS_PERSON, booked, await content_of(account, record_id)) == (
                row.state,
                row.content_hash,
                row.seen_hash,
            )
            assert booked == document_of(account, record_id).content_hash
            await pass_time(HOUR)
            assert () == (await account.run()).needs_person
            async with account.worker() as loop:
                await loop.resolve(record_id, "keep", reason="The books are right.")
                await loop.run_once()
            row = (await account.rows())[record_id]
            assert (State.EXPORTED, row.content_hash) == (row.state, await content_of(account, record_id))
            stored = account.stored(record_id)
            assert (stored.amount, stored.currency, None) == (row.amount, row.currency, row.posting_date)

        run(main())

    def test_is_not_noticed_where_the_erp_keeps_no_hash(self, folder: Path) -> None:
        """Without a hash what Brex shows is taken for what is in the books: nobody can tell."""

        async def main() -> None:
            account, record_id = await exported(folder, Forgetful)
            summary = await account.run()
            assert ("complete", (), 0) == (summary.ended, summary.needs_person, summary.amended)
            row = (await account.rows())[record_id]
            assert (State.EXPORTED, FOUND) == (row.state, row.reason)
            assert await content_of(account, record_id) == row.content_hash

        run(main())

    @pytest.mark.parametrize("known", ["9:0123", "no hash", "", "1:ABCD"])
    def test_is_not_noticed_by_a_hash_that_says_nothing(self, folder: Path, known: str) -> None:
        """A hash of another scheme, and what is none, tell nothing about the content."""

        async def main() -> None:
            account, record_id = await exported(folder, BookErp)
            for document in account.books.documents:
                document.content_hash = known
            assert () == (await account.run()).needs_person
            assert await content_of(account, record_id) == (await account.rows())[record_id].content_hash

        run(main())

    @pytest.mark.parametrize("make", [MemoryErp, Lagging])
    def test_is_amended_before_the_report(self, folder: Path, make: Any) -> None:
        """What was posted, recoded and not reported yet is amended, and reported once, under its first reference."""

        async def main() -> None:
            account, record_id = await posted(folder, make)
            summary = await account.run()
            assert ("complete", 1) == (summary.ended, summary.amended)
            assert await content_of(account, record_id) == document_of(account, record_id).content_hash
            assert "EXPORTED" == account.stage_of(record_id)
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("make", [BookErp, lambda clock, books: BookErp(clock, books, repeats="searchable")])
    def test_waits_for_a_person_before_the_report(self, folder: Path, make: Any) -> None:
        """Without ``amend``, Brex is not told of an entry that does not hold what it shows."""

        async def main() -> None:
            account, record_id = await posted(folder, make)
            booked = document_of(account, record_id).content_hash
            summary = await account.run()
            assert [(record_id, CHANGED)] == [(one.record_id, one.reason) for one in summary.needs_person]
            assert READY == account.stage_of(record_id)
            row = (await account.rows())[record_id]
            assert (booked, None, None, None) == (row.content_hash, row.amount, row.currency, row.posting_date)
            assert [record_id] == account.wanted(READY)

        run(main())

    @pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "kept"])
    def test_is_not_reported_while_amending_fails(self, folder: Path, is_lost: bool) -> None:
        """Brex is told of no entry that holds what it does not show, however many wait behind those that fail."""

        async def main() -> None:
            account, changed, _ = await all_posted(folder, is_lost=is_lost)
            erp = Failing(account.clock, account.books)
            account.make_erp = always(erp)
            for erp.is_down in (False, False, True, False):
                await account.run()
                await pass_time(HOUR)
            assert [] == account.wanted("EXPORTED")
            assert {State.POSTED, State.AMENDING} == {(await account.rows())[id_].state for id_ in changed}
            erp.is_failing = False
            await account.finish()
            await account.audit(account.wanted())
            assert {1} == {document_of(account, id_).amended for id_ in changed}

        run(main())

    def test_is_kept_before_anybody_has_read_it(self, folder: Path) -> None:
        """What a person keeps is not amended, also where no run has come to read what Brex shows of it."""

        async def main() -> None:
            account, _, _ = await all_posted(folder)
            erp = Failing(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            kept = next(id_ for id_, row in (await account.rows()).items() if row.state is State.POSTED)
            async with account.worker() as loop:
                await loop.resolve(kept, "keep", reason="The books are right.")
            erp.is_failing = False
            await pass_time(HOUR)
            await account.finish()
            assert 0 == document_of(account, kept).amended
            row, stored = (await account.rows())[kept], account.stored(kept)
            assert (State.EXPORTED, await content_of(account, kept)) == (row.state, row.content_hash)
            assert (stored.amount, stored.currency, None) == (row.amount, row.currency, row.posting_date)
            # What comes after the decision is a change again.
            chosen = {"brex_field_value_id": "efo_6998", "remote_field_value_id": "6998"}
            recode(account.tenant, kept, brex_field_id="ef_101", **chosen)
            await pass_time(HOUR)
            await account.run()
            assert await content_of(account, kept) == document_of(account, kept).content_hash

        run(main())

    def test_is_reported_when_brex_shows_what_is_booked(self, folder: Path) -> None:
        """A record that is again as it was posted needs no amendment, and its amount is known then."""

        async def main() -> None:
            account, changed, before = await all_posted(folder)
            account.make_erp = always(Failing(account.clock, account.books))
            await account.run()
            rows = await account.rows()
            record_id = next(id_ for id_ in changed if rows[id_].state is State.POSTED)
            account.tenant.changed(account.stored(record_id), lines=before[record_id].lines)
            await pass_time(HOUR)
            await account.run()
            assert [record_id] == account.wanted("EXPORTED")
            row, stored = (await account.rows())[record_id], account.stored(record_id)
            assert (State.EXPORTED, stored.amount, stored.currency) == (row.state, row.amount, row.currency)
            assert 0 == document_of(account, record_id).amended

        run(main())

    def test_needs_a_person_where_brex_does_not_know_it(self, folder: Path) -> None:
        """What waits to be amended and is gone at Brex does not wait for ever."""

        async def main() -> None:
            account = Account(folder, records=0)
            row = Entry(
                record_id="accr_gone",
                state=State.POSTED,
                since=account.clock.now(),
                reference="JE-1",
                content_hash="1:aa",
                due=account.clock.now(),
            )
            await account.journal(lambda journal: journal.write([Change(entry=row)]))
            summary = await account.run()
            assert [("accr_gone", "unknown to Brex")] == [(one.record_id, one.reason) for one in summary.needs_person]
            assert 0 == reports_in(account)

        run(main())

    def test_touches_no_entry_that_may_stand_in_a_closed_period(self, folder: Path) -> None:
        """Nobody knows on which day the other content is booked: with closed periods a person has to look."""

        async def main() -> None:
            account, record_id = await exported(folder, MemoryErp)
            account.policy = attrs.evolve(account.policy, closed_through=datetime.date(2020, 1, 1))
            summary = await account.run()
            reason = "changed after it was posted, and booked on a day that the journal does not know"
            assert [(record_id, reason)] == [(one.record_id, one.reason) for one in summary.needs_person]
            assert 0 == document_of(account, record_id).amended

        run(main())

    @pytest.mark.parametrize("moment", get_args(Moment))
    def test_is_amended_whenever_the_worker_dies(self, folder: Path, moment: Moment) -> None:
        """Ended before or after anything that it writes down while it rebuilds, the next workers amend it, once."""

        async def main(folder: Path, at: int) -> bool:
            account, record_id = await exported(folder, MemoryErp, records=6)
            trap = Trap(at, moment, among=("write the journal",))
            with contextlib.suppress(Crash):
                async with account.worker(trap) as loop:
                    await loop.run_once()
            await pass_time(HOUR)
            await account.finish()
            await account.audit(account.wanted())
            assert 1 == document_of(account, record_id).amended
            assert await content_of(account, record_id) == (await account.rows())[record_id].content_hash
            return trap.sprung

        numbers = count(1, 1 if SOAK else 3)
        while run(main(made(folder / str(number := next(numbers))), number)):
            assert number < 100
        assert number > 8

    def test_is_amended_although_another_worker_was_done_with_it(self, folder: Path) -> None:
        """A worker that reads what is announced before the row is written does not take the announcement away."""

        class Outrun(SqliteJournal):
            async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
                if any(one.entry.reason == FOUND for one in changes):
                    await self.announced_done(await self.announced(100))
                return await super().write(changes, owner=owner)

        async def main() -> None:
            account, record_id = await exported(folder, MemoryErp)
            summary = await run_with(account, Outrun(account.path))
            assert ("complete", 1) == (summary.ended, summary.amended)
            assert 1 == document_of(account, record_id).amended

        run(main())


async def posted(folder: Path, make: Any) -> tuple[Account, str]:
    """An account whose records are posted, and not reported; one was recoded then, and the journal is lost."""
    account = Account(folder, bill_ready="reaches")
    account.make_erp = lambda account, _: make(account.clock, account.books)
    with pytest.raises(Crash):
        async with account.worker(Trap(name="POST")) as loop:
            await loop.run_once()
    record_id = account.posted()[3]
    assert READY == account.stage_of(record_id)
    await pass_time(HOUR)
    change(account, record_id)
    lose_journal(account)
    return account, record_id


class Failing(MemoryErp):
    """It fails to change entries, and at times to be asked."""

    is_failing = True
    is_down = False

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        if self.is_down:
            message = "no connection"
            raise ErpDown(message)
        return await super().find(keys)

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        if self.is_failing:
            message = "no connection"
            raise ErpDown(message)
        return await super().amend(posting, posted)


async def all_posted(folder: Path, *, is_lost: bool = True) -> tuple[Account, list[str], dict[str, StoredRecord]]:
    """An account whose records are posted and not reported; all were recoded then, and the journal may be lost.

    They are given as they were posted, too.
    """
    account = Account(folder, records=60, bill_ready="reaches")
    account.options["page_size"] = 100
    account.make_erp = lambda account, _: MemoryErp(account.clock, account.books)
    with pytest.raises(Crash):
        async with account.worker(Trap(name="POST")) as loop:
            await loop.run_once()
    await pass_time(HOUR)
    changed = account.posted()
    before = {record_id: account.stored(record_id) for record_id in changed}
    for record_id in changed:
        change(account, record_id)
    if is_lost:
        lose_journal(account)
    return account, changed, before


async def run_with(account: Account, journal: SqliteJournal) -> RunSummary:
    """One run on a journal of the test's own."""
    async with account.client() as brex:
        erp = account.make_erp(account, Trap())
        try:
            async with ExportLoop(brex, erp, journal, account.policy, clock=account.clock) as loop:
                return await loop.run_once()
        finally:
            await journal.aclose()


async def late(folder: Path, kind: Any, **options: Any) -> tuple[Account, Any, StoredRecord]:
    """An account with a bill that was tried, and has changed since; the bill is given as it was tried."""
    account = Account(folder, ready=False, **options)
    for record in list(account.tenant.records.all()):
        if record.source_type != "BILL":
            move(account.tenant, record.id, "PREPARE")
    erp = kind(account.clock, account.books)
    account.make_erp = always(erp)
    tried = account.stored(bill_in(account))
    assert "erp failed" == (await account.run()).ended
    assert tried.id in erp.on_its_way
    await pass_time(HOUR)
    change(account, tried.id)
    await pass_time(HOUR)
    account.tenant.add(5, 8)
    return account, erp, tried


class TestLateEntries:
    """An earlier attempt comes into the books when the record has changed since."""

    def test_that_a_post_finds_are_amended(self, folder: Path) -> None:
        """An idempotent ERP answers with the entry of the first content: it is booked as that, and amended."""

        async def main() -> None:
            account, erp, tried = await late(folder, LateAmending)
            bill = tried.id
            erp.is_down = False
            await account.run()
            document, row = document_of(account, bill), (await account.rows())[bill]
            assert (1, await content_of(account, bill)) == (document.amended, document.content_hash)
            assert (row.content_hash, row.reference) == (document.content_hash, document.reference)

        run(main())

    def test_that_a_post_finds_need_a_person(self, folder: Path) -> None:
        """Where it cannot be amended, a person is told, and it counts as booked with the first content."""

        async def main() -> None:
            account, erp, tried = await late(folder, Late)
            bill = tried.id
            erp.is_down = False
            await account.run()
            document, row = document_of(account, bill), (await account.rows())[bill]
            assert (State.NEEDS_PERSON, CHANGED, document.content_hash) == (row.state, row.reason, row.content_hash)
            assert await content_of(account, bill) == row.seen_hash != document.content_hash

        run(main())

    @pytest.mark.parametrize("dies", [False, True], ids=["lives", "dies"])
    def test_that_are_looked_up_are_amended(self, folder: Path, dies: bool) -> None:
        """A post whose answer was lost is looked up: the entry of the first content is amended, also after a crash."""

        class Mortal(SqliteJournal):
            async def write(self, changes: Sequence[Change], *, owner: str | None = None) -> Sequence[Entry | None]:
                written = await super().write(changes, owner=owner)
                if dies and any(row is not None and row.reference and row.record_id == bill for row in written):
                    raise Crash
                return written

        async def main() -> None:
            # No list shows the bill again: its change is behind the watermark, and a report does not move it.
            account, _, tried = await late(folder, LateAmending, variants={"report_moves": "nothing"})
            nonlocal bill
            bill = tried.id
            try:
                await run_with(account, Mortal(account.path))  # posts what it says now, which brings what was lost
            except Crash:
                assert dies
                row = (await account.rows())[bill]
                assert (State.POSTED, document_of(account, bill).content_hash) == (row.state, row.content_hash)
                assert await content_of(account, bill) != row.content_hash
            noted = await account.note("watermark")
            assert noted is not None
            assert datetime.datetime.fromisoformat(noted) > account.stored(bill).updated_at
            for _ in range(3):
                await pass_time(HOUR)
                await account.run()
            document, row = document_of(account, bill), (await account.rows())[bill]
            assert (1, await content_of(account, bill)) == (document.amended, document.content_hash)
            assert row.content_hash == document.content_hash

        bill = ""
        run(main())

    def test_of_what_brex_shows_again_need_nobody(self, folder: Path) -> None:
        """A record that is again as it was tried first, with a later attempt between, is in the books as it is."""

        class Both(Late):
            """What is on its way comes when it is asked for the third time."""

            async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
                if not self.is_down:
                    for posting in self.on_its_way.values():
                        if posting.key in keys and self.known(posting.key) is None:
                            self.add(posting, 0.0)
                return await super().find(keys)

            async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
                for posting in postings:
                    self.on_its_way.setdefault(posting.key, posting)
                if self.is_down:
                    message = "no connection"
                    raise ErpDown(message)
                return await BookErp.post(self, postings)

        async def main() -> None:
            account, erp, tried = await late(folder, Both)
            bill = tried.id
            await account.run()
            assert [] == account.posted()
            row = (await account.rows())[bill]
            assert (State.READY, await content_of(account, bill)) == (row.state, row.content_hash)
            await pass_time(HOUR)
            account.tenant.changed(account.stored(bill), lines=tried.lines)
            assert erp.on_its_way[bill].content_hash == await content_of(account, bill) != row.content_hash
            erp.is_down = False
            await account.run()
            row = (await account.rows())[bill]
            assert (State.EXPORTED, None, await content_of(account, bill)) == (row.state, row.reason, row.content_hash)
            assert (tried.amount, tried.currency) == (row.amount, row.currency)

        run(main())


class TestShortenedHashes:
    """An ERP keeps hashes in a field that is too short for them."""

    @pytest.mark.parametrize("make", [BookErp, MemoryErp])
    def test_of_the_same_content_are_no_change(self, folder: Path, make: Any) -> None:
        """Nothing is amended and nobody is asked, also when the journal is lost."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            account.make_erp = lambda account, _: shortening(make)(account.clock, account.books)
            summary = await account.run()
            assert ("complete", (), 0) == (summary.ended, summary.needs_person, summary.amended)
            lose_journal(account)
            summary = await account.run()
            assert ("complete", (), 0) == (summary.ended, summary.needs_person, summary.amended)
            await account.audit(account.wanted())

        run(main())

    def test_of_another_content_tell_of_it(self, folder: Path) -> None:
        """What was recoded before the journal was lost is amended, once."""

        async def main() -> None:
            account, record_id = await exported(folder, shortening(MemoryErp))
            assert 1 == (await account.run()).amended
            assert await content_of(account, record_id) == document_of(account, record_id).content_hash
            await account.audit(account.wanted())

        run(main())


def shortening(kind: Any) -> Any:
    """The same ERP with room for twenty characters of a hash."""

    class Shortening(kind):  # type: ignore[misc]
        def hash_of(self, document: Document) -> str | None:
            return document.content_hash[:20]

    return Shortening


class TestAmend:
    def test_that_leaves_the_old_content_is_no_success(self, folder: Path) -> None:
        """An ERP that answers ``amend`` with another content's hash has not amended: it is tried again later."""

        class Stubborn(MemoryErp):
            async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
                return self.posted(document_of(account, posting.key))

        async def main() -> None:
            await account.finish()
            record_id = account.posted()[0]
            await pass_time(HOUR)
            change(account, record_id)
            assert 0 == (await account.run()).amended
            row = (await account.rows())[record_id]
            assert (State.AMENDING, document_of(account, record_id).content_hash) == (row.state, row.content_hash)

        account = Account(folder, bill_ready="reaches")
        account.make_erp = lambda account, _: Stubborn(account.clock, account.books)
        run(main())
