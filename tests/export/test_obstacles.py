"""What one record, one entry or one answer has wrong, and how little of the rest it holds up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting import AccountingRecordReadyForExport, Brex, ErpFailed, InvalidArgument, JournalError
from brex_accounting.clock import Clock
from brex_accounting.emulator import move, recode
from brex_accounting.export import (
    ExportLoop,
    ExportPolicy,
    Outcome,
    Posted,
    Posting,
    Rejected,
    Resolution,
    RunEnded,
    SqliteJournal,
    State,
)

from .doubles import BookErp, Books, Document, LaggingErp, MemoryErp, PendingErp, RejectingErp
from .liars import LyingAccount, refusal
from .world import DAY, HOUR, READY, Account, always, pass_time, run

READY_ONLY = ExportPolicy(basis="accrual")
POISON = "the ERP fails on it, and takes others"
AMEND_FAILED = "changed after it was posted, and the ERP fails to amend it"
UNASKED = "the ERP fails when it is asked for it, and finds others"


def account_in(folder: Path, *, records: int = 30) -> Account:
    """An account whose records are all ready."""
    return Account(folder, records=records, policy=READY_ONLY, bill_ready="reaches")


def add(account: Account, records: int, seed: int) -> list[str]:
    """Let records come in that are ready; those for the ledger."""
    ids = account.tenant.add(records, seed)
    for id_ in ids:
        move(account.tenant, id_, READY)
    return sorted(id_ for id_ in ids if account.stored(id_).type in account.policy.types)


# ---- records that the ERP cannot cope with --------------------------------------------------------------------------


class Choking(BookErp):
    """It raises when it meets certain keys, before anything has happened; ``mapping_version`` changes when it does not.

    Attributes:
        bad: The keys.
        chokes_on: The method that raises.
        is_down: Whether every post raises.
        met: How often each was met.
    """

    bad: Collection[str] = ()
    chokes_on = "post"
    mapping_version = "1"
    is_down = False
    met = 0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if self.is_down or self.chokes_on == "post":
            self._choke([posting.key for posting in postings])
        return await super().post(postings)

    async def validate(self, posting: Posting) -> Rejected | None:
        if self.chokes_on == "validate":
            self._choke([posting.key])
        return None

    def _choke(self, keys: Sequence[str]) -> None:
        if self.is_down or not set(keys).isdisjoint(self.bad):
            self.met += 1
            raise KeyError(keys[0])


class LaggingChoking(Choking, LaggingErp):
    """The same, with a search that lags for longer than any run waits."""


class TestPoison:
    """The ERP raises for a few records, whatever comes with them."""

    @pytest.mark.parametrize("chokes_on", ["post", "validate"])
    @pytest.mark.parametrize("count", [1, 3, 7])
    def test_keeps_nothing_else_out(self, folder: Path, chokes_on: str, count: int) -> None:
        """All others come into the books in the same run, and after a few attempts a person is told of those."""

        async def main() -> None:
            account = account_in(folder, records=60)
            erp = Choking(account.clock, account.books, batch_size=4)
            erp.bad, erp.chokes_on = account.wanted()[: 4 * count : 4], chokes_on
            account.make_erp = always(erp)
            for day in range(8):
                new = add(account, 20, 100 + day)
                erp.met = 0
                summary = await account.run()
                assert "complete" == summary.ended
                assert {*new} <= {*account.posted()}
                assert erp.met <= 3 * count  # each three times a run
                await pass_time(DAY)
            assert set(account.wanted()) - {*erp.bad} == {*account.posted()}
            rows = await account.rows()
            assert {(State.NEEDS_PERSON, POISON)} == {(rows[id_].state, rows[id_].reason) for id_ in erp.bad}
            # nobody tries them again until something has changed
            erp.met = 0
            await account.run()
            assert 0 == erp.met
            erp.bad, erp.mapping_version = (), "2"
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    def test_is_not_what_is_wrong_with_an_erp_that_is_down(self, folder: Path) -> None:
        """However long an ERP is down, no record is blamed for it, and no run asks it without end."""

        async def main() -> None:
            account = account_in(folder)
            erp = LaggingChoking(account.clock, account.books, search_lag=600, batch_size=4)
            account.make_erp = always(erp)
            await account.run()
            before = account.posted()
            new = add(account, 40, 8)
            erp.is_down = True
            for _ in range(20):
                erp.met = 0
                assert (await account.run()).ended in {"erp failed", "complete"}
                assert erp.met <= 13  # ten with what had failed before, and three with what is new
                await pass_time(400)
            assert before == account.posted()
            erp.is_down = False
            add(account, 10, 9)
            for _ in range(4):
                assert () == tuple((await account.run()).needs_person)
                await pass_time(400)
            assert {*new} <= {*account.posted()}
            await account.finish()
            await account.audit(account.wanted())

        run(main())


class FindChoking(PendingErp):
    """It raises when it is asked for certain keys.

    Attributes:
        bad: The keys.
        asked: How often it was asked.
    """

    bad: Collection[str] = ()
    asked = 0

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        self.asked += 1
        if not {*self.bad}.isdisjoint(keys):
            raise KeyError(keys[0])
        return await super().find(keys)


class TestLookingUp:
    """The ERP raises whenever it is asked for a certain entry that is pending."""

    def test_keeps_nothing_else_from_being_found(self, folder: Path) -> None:
        """Others are found and reported in the next run; after a while a person is told of the one."""

        async def main() -> None:
            account = account_in(folder)
            erp = FindChoking(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            bad = account.wanted()[4]
            erp.approve()
            erp.bad = [bad]
            await pass_time(DAY)
            await account.run()
            rows = await account.rows()
            assert [bad] == [id_ for id_ in account.wanted() if rows[id_].state is not State.EXPORTED]
            told: list[str] = []
            for _ in range(12):
                await pass_time(DAY)
                told += [one.reason for one in (await account.run()).needs_person if one.record_id == bad]
            assert {UNASKED} == {*told}
            erp.bad = []
            await pass_time(DAY)
            await account.run()
            await account.audit(account.wanted())

        run(main())

    def test_of_an_erp_that_is_down(self, folder: Path) -> None:
        """It is not asked again and again, and what it was asked for is asked soon."""

        async def main() -> None:
            account = account_in(folder)
            erp = FindChoking(account.clock, account.books, batch_size=5)
            account.make_erp = always(erp)
            await account.run()
            erp.approve()
            erp.bad = account.wanted()
            await pass_time(DAY)
            before = erp.asked
            assert "erp failed" == (await account.run()).ended
            assert 3 >= erp.asked - before
            erp.bad = []
            await pass_time(120)
            await account.run()
            await account.audit(account.wanted())

        run(main())


class AmendChoking(MemoryErp):
    """It raises when it is to amend certain keys."""

    bad: Collection[str] = ()

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        if posting.key in self.bad:
            raise KeyError(posting.key)
        return await super().amend(posting, posted)


def change(account: Account, record_id: str) -> None:
    chosen = {"brex_field_value_id": "efo_6999", "remote_field_value_id": "6999"}
    recode(account.tenant, record_id, brex_field_id="ef_101", **chosen)


class TestAmendments:
    """The ERP raises whenever it is to amend certain entries."""

    async def failing(self, folder: Path) -> tuple[Account, AmendChoking, list[str]]:
        """An account all of whose entries have changed; four of them cannot be amended."""
        account = account_in(folder)
        erp = AmendChoking(account.clock, account.books)
        account.make_erp = always(erp)
        await account.run()
        await pass_time(HOUR)
        erp.bad = account.wanted()[:4]
        for id_ in account.wanted():
            change(account, id_)
        return account, erp, [*erp.bad]

    def test_keep_nothing_else_out(self, folder: Path) -> None:
        """Others are posted and amended, and after a few attempts a person is told."""

        async def main() -> None:
            account, erp, bad = await self.failing(folder)
            for day in range(8):
                new = add(account, 20, 100 + day)
                assert "complete" == (await account.run()).ended
                assert {*new} <= {*account.posted()}
                await pass_time(DAY)
            rows = await account.rows()
            assert {(State.NEEDS_PERSON, AMEND_FAILED)} == {(rows[id_].state, rows[id_].reason) for id_ in bad}
            assert 25 == sum(document.amended for document in account.books.documents)
            erp.bad = ()
            for id_ in bad:
                async with account.worker() as loop:
                    await loop.resolve(id_, "keep", reason="changed by hand")
            await account.finish()
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize(("resolution", "state"), [("keep", State.EXPORTED), ("ignore", State.IGNORED)])
    def test_can_be_decided_about_at_once(self, folder: Path, resolution: Resolution, state: State) -> None:
        """While the ERP fails with it a person may keep the entry or ignore the record, but not post it once more."""

        async def main() -> None:
            account, _, bad = await self.failing(folder)
            await account.run()
            assert State.AMENDING is (await account.rows())[bad[0]].state
            async with account.worker() as loop:
                with pytest.raises(InvalidArgument, match="does not fit"):
                    await loop.resolve(bad[0], "repost", reason="it is wrong")
                await loop.resolve(bad[0], resolution, reason="it is right")
            await pass_time(HOUR)
            await account.run()
            assert state is (await account.rows())[bad[0]].state
            assert "EXPORTED" == account.stage_of(bad[0])
            assert [] == account.violations()

        run(main())


# ---- answers of adapters that cannot be right -----------------------------------------------------------------------


class OddLinks(BookErp):
    """It gives one entry a link that is none."""

    def __init__(self, account: Account, key: str, link: Any) -> None:
        super().__init__(account.clock, account.books, batch_size=12)
        self._key = key
        self._link = link

    def posted(self, document: Document) -> Posted:
        if document.key == self._key:
            return Posted(document.reference, deep_link=self._link)
        return super().posted(document)


class Unreadable(BookErp):
    """The version of its mapping cannot be had until ``is_mended``."""

    is_mended = False

    @property
    def mapping_version(self) -> str:
        if not self.is_mended:
            message = "/home/books/mapping.toml is gone"
            raise OSError(message)
        return "1"


class Cancelling(BookErp):
    """It raises CancelledError at first, though nobody has cancelled anything."""

    is_mended = False

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if not self.is_mended:
            raise asyncio.CancelledError
        return await super().post(postings)


class LongReference(BookErp):
    """The reference of one entry is as long as a page.

    Args:
        account: Whose books they are.
        key: That entry's.
    """

    def __init__(self, account: Account, key: str) -> None:
        super().__init__(account.clock, account.books)
        self._key = key

    def posted(self, document: Document) -> Posted:
        return Posted("x" * 100_000) if document.key == self._key else super().posted(document)


class CancellingTogether(BookErp):
    """It raises a group of cancellations at first, as a library for groups of tasks may."""

    is_mended = False

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if not self.is_mended:
            message = "two tasks"
            raise BaseExceptionGroup(message, [asyncio.CancelledError(), ValueError()])
        return await super().post(postings)


class Rejecting(BookErp):
    """Rejects by a rule when it posts."""

    def __init__(self, clock: Clock, books: Books, rule: Callable[[Posting], Rejected | None]) -> None:
        super().__init__(clock, books)
        self._rule = rule

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        return self._rule(posting) or await super().enter(posting, begun)


def with_a_page(bad: Sequence[str], posting: Posting) -> Rejected | None:
    """Reject the first of some with a page of HTML, and the others with a word."""
    if posting.key not in bad:
        return None
    return Rejected("<html>" + "x" * 200_000 if posting.key == bad[0] else "short", code="no-account")


def too_large(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
    """Refuse requests of more than 64 KiB."""
    return refusal(413, "TOO_LARGE") if response is None and len(request.content) > 65_536 else None


class TestAdapters:
    """What an adapter answers or raises, and must not."""

    @pytest.mark.parametrize("link", ["", "  ", 7, "https://erp.example.com/\ud800"])
    def test_links(self, folder: Path, link: Any) -> None:
        """An entry whose link cannot be sent is reported without one, and all others with theirs."""

        async def main() -> None:
            account = account_in(folder)
            account.make_erp = always(OddLinks(account, account.wanted()[3], link))
            assert ("complete", 29) == ((summary := await account.run()).ended, summary.exported)
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("kind", [Unreadable, Cancelling, CancellingTogether])
    def test_do_not_end_the_loop(
        self, folder: Path, kind: type[Unreadable | Cancelling | CancellingTogether], caplog: pytest.LogCaptureFixture
    ) -> None:
        """The loop goes on, says so without what the adapter has said, and exports everything when it is mended."""
        caplog.set_level(logging.CRITICAL, logger="brex_accounting.export")

        async def main() -> None:
            account = account_in(folder)
            erp = kind(account.clock, account.books)
            async with account.worker(erp=erp) as loop:
                task = asyncio.create_task(loop.run_forever())
                await pass_time(5 * HOUR)
                assert not task.done()
                assert [] == account.posted()
                erp.is_mended = True
                await pass_time(3 * HOUR)
                loop.stop()
                await task
            errors = {event.error for event in account.events if isinstance(event, RunEnded)}
            assert errors == ({None, "ErpFailed"} if kind is Unreadable else {None})
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("validates", [True, False])
    def test_that_reject_with_a_whole_page(self, folder: Path, validates: bool) -> None:
        """A message that no request has room for is shortened, and keeps no other failure from being reported."""

        async def main() -> None:
            account = LyingAccount(folder, policy=READY_ONLY, bill_ready="reaches")
            account.lie = too_large
            bad = account.wanted()[:3]
            rule = partial(with_a_page, bad)
            if validates:
                account.make_erp = always(RejectingErp(account.clock, account.books, rule=rule))
            else:
                account.make_erp = always(Rejecting(account.clock, account.books, rule))
            summary = await account.run()
            assert ("complete", 3) == (summary.ended, summary.refused)
            assert {"<html>" + "x" * 1993 + "…", "short"} == {one.message for one in summary.refusals}

        run(main())

    def test_that_refer_with_a_whole_page(self, folder: Path) -> None:
        """A reference that no request has room for keeps no other record from being reported."""

        async def main() -> None:
            account = LyingAccount(folder, policy=READY_ONLY, bill_ready="reaches")
            account.lie = too_large
            first, *others = account.wanted()
            account.make_erp = always(LongReference(account, first))
            for _ in range(3):
                await account.run()
                await pass_time(DAY)
            assert {*others} == {id_ for id_ in account.wanted() if account.stage_of(id_) == "EXPORTED"}
            assert State.POSTING is (await account.rows())[first].state

        run(main())

    def test_what_they_raise_is_not_repeated(self, folder: Path) -> None:
        """The error of a run names the class of what the adapter raised, and nothing of its text."""

        async def main() -> None:
            account = account_in(folder)
            async with account.worker(erp=Unreadable(account.clock, account.books)) as loop:
                with pytest.raises(ErpFailed) as raised:
                    await loop.run_once()
            assert "OSError" in str(raised.value)
            assert "/home" not in str(raised.value)

        run(main())


# ---- records that cannot be read ------------------------------------------------------------------------------------


class TestUnreadable:
    def test_is_told_once(self, folder: Path) -> None:
        """A record that cannot be read is told of once, wherever it stands in the lists that show it."""

        async def main() -> None:
            account = account_in(folder)
            record_id = account.wanted()[7]
            account.book_on(record_id, "2026-01-01T23:59:60Z")
            told = [(await account.run()).needs_person]
            for seed in range(3):
                add(account, 3, seed)
                await pass_time(HOUR)
                told.append((await account.run()).needs_person)
            assert [[record_id], [], [], []] == [[one.record_id for one in needs] for needs in told]
            history = await account.journal(lambda journal: journal.history(record_id))
            reason = "unreadable: $.erp_posting_date not an ISO 8601 date or date-time"
            assert [reason] == [event.reason for event in history]

        run(main())


# ---- a journal that is away -----------------------------------------------------------------------------------------


class AwayJournal(SqliteJournal):
    """Can be out of reach, as one on another machine can."""

    is_away = False

    async def open(self, account: str | None) -> None:
        if self.is_away:
            message = "the database does not answer"
            raise JournalError(message, operation="open the journal")
        await super().open(account)

    async def note(self, name: str) -> str | None:
        if self.is_away:
            raise ConnectionError
        return await super().note(name)


class TestAJournalThatIsAway:
    def test_does_not_end_the_loop(self, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
        """The loop goes on, says so, and exports what has come meanwhile when the journal is there again."""
        caplog.set_level(logging.CRITICAL, logger="brex_accounting.export")

        async def main() -> None:
            account = account_in(folder)
            journal = AwayJournal(account.path)
            async with account.client() as brex:
                loop = looping(account, brex, journal)
                task = asyncio.create_task(loop.run_forever())
                await pass_time(HOUR)
                journal.is_away = True
                new = add(account, 3, seed=3)
                await pass_time(2 * HOUR)
                assert not task.done()
                assert set() == {*new} & {*account.posted()}
                journal.is_away = False
                await pass_time(3 * HOUR)
                loop.stop()
                await task
                await loop.aclose()
            assert {None, "JournalError"} == {event.error for event in account.events if isinstance(event, RunEnded)}
            await account.audit(account.wanted())

        run(main())

    def test_from_the_start_is_said_at_once(self, folder: Path) -> None:
        """A journal that cannot be opened is what the loop ends with, in its own words."""

        async def main() -> None:
            account = account_in(folder)
            journal = AwayJournal(account.path)
            journal.is_away = True
            async with account.client() as brex:
                with pytest.raises(JournalError, match="the database does not answer"):
                    await looping(account, brex, journal).run_forever()

        run(main())

    def test_that_can_only_be_read_is_said_at_once(self, folder: Path) -> None:
        """A loop whose journal was opened for reading ends when it begins, and does not try for ever."""

        async def main() -> None:
            account = account_in(folder)
            await account.run()
            journal = SqliteJournal(account.path, read_only=True)
            async with account.client() as brex:
                loop = looping(account, brex, journal)
                with pytest.raises(JournalError, match="opened for reading only"):
                    await asyncio.wait_for(loop.run_forever(), DAY)
                await loop.aclose()

        run(main())


def looping(account: Account, brex: Brex, journal: SqliteJournal) -> ExportLoop:
    """A worker with a journal of its own kind."""
    erp = BookErp(account.clock, account.books)
    return ExportLoop(brex, erp, journal, READY_ONLY, clock=account.clock, on_event=account.events.append)


# ---- ids that cannot be right ---------------------------------------------------------------------------------------


class TestIds:
    """Ids that Brex could not be asked for."""

    @pytest.mark.parametrize("odd", ["", " ", "accr_" + "x" * 5000, "accr_\ud800"])
    def test_in_webhooks(self, folder: Path, odd: str) -> None:
        """What a delivery names beside a proper record is passed over, and the record is exported."""

        async def main() -> None:
            account = account_in(folder)
            event = AccountingRecordReadyForExport(
                event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
                webhook_id="msg_1",
                sent_at=account.clock.now(),
                company_id=account.tenant.company["id"],
                accounting_record_ids=(odd, account.wanted()[0]),
                raw=b"{}",
            )
            async with account.worker() as loop:
                assert await loop.handle(event)
                assert not await loop.handle(attrs.evolve(event, webhook_id="msg_2", accounting_record_ids=(odd,)))
                assert "complete" == (await loop.run_once()).ended
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("odd", ["", " ", "accr_" + "x" * 200])
    def test_of_records(self, folder: Path, odd: str) -> None:
        """A record without a proper id waits for a person under a name that stands for it; all others are exported."""

        async def main() -> None:
            account = account_in(folder)
            ids = account.wanted()
            first = account.stored(ids[0])
            move(account.tenant, ids[0], "PREPARE")
            last = max(record.position for record in account.tenant.records.all())
            account.tenant.records.put(attrs.evolve(first, id=odd, position=last + 1))
            for _ in range(2):
                assert "complete" == (await account.run()).ended
                await pass_time(HOUR)
            assert ids[1:] == account.posted()
            waiting = [row for row in (await account.rows()).values() if row.state is State.NEEDS_PERSON]
            assert ["unreadable: $.id no id"] == [row.reason for row in waiting]
            assert waiting[0].record_id.startswith("unreadable-")

        run(main())
