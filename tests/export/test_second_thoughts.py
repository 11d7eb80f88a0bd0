"""What somebody thinks of later: decisions, changes of what is booked, closed periods, refusals."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting.emulator import move, recode
from brex_accounting.export import (
    Change,
    Entry,
    ExportPolicy,
    Outcome,
    Posted,
    Posting,
    Rejected,
    SqliteJournal,
    State,
)
from brex_accounting.export.policy import ClosedPeriod
from brex_accounting.export.verdicts import AMEND_FAILED

from .doubles import BookErp, ErpDown, MemoryErp
from .liars import Lie, LyingAccount, always, answer, honestly, spoiling, unreadable
from .world import DAY, HOUR, POLICY, READY, Account, Refusals, pass_time, run

JANUARY = datetime.date(2026, 1, 31)
YEAR = datetime.timedelta(days=365)


def card_of(account: Account) -> str:
    """A record that is ready for export."""
    return next(id_ for id_ in account.wanted() if account.stored(id_).source_type == "CARD")


def change(account: Account, record_id: str, value: str = "v1") -> None:
    """Let finance code a record otherwise."""
    recode(account.tenant, record_id, brex_field_id="f", brex_field_value_id=value)


async def row_of(account: Account, record_id: str) -> Entry:
    """A row of the journal."""
    return (await account.rows())[record_id]


async def resolved(account: Account, record_id: str, resolution: Any, **more: Any) -> None:
    """Decide about a record."""
    async with account.worker() as loop:
        await loop.resolve(record_id, resolution, reason="so it is", **more)


async def later_runs(account: Account, times: int = 3, every: float = HOUR) -> None:
    """Let new workers run at intervals."""
    for _ in range(times):
        await pass_time(every)
        await account.run()


def negative(record: dict[str, Any]) -> None:
    """A line with an amount that no line has."""
    record["line_items"][0]["amount"]["amount"] = -5


def strange(record: dict[str, Any]) -> None:
    """A type that nobody knows."""
    record["type"] = "CARD_NEW " + "x" * 200


class TestDecisions:
    """A person decides, and what Brex shows stays as it is."""

    @pytest.mark.parametrize("spoil", [negative, strange, unreadable])
    def test_posted_by_hand(self, folder: Path, spoil: Any) -> None:
        """What a person has posted under a reference is reported under it, whatever is wrong with its content."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = card_of(account)
            account.lie = spoiling(record_id, spoil)
            await account.run()
            row = await row_of(account, record_id)
            assert State.NEEDS_PERSON is row.state
            assert len(row.reason or "") < 120
            await resolved(account, record_id, "posted", reference="JE-HAND")
            await later_runs(account, 3, DAY)
            row = await row_of(account, record_id)
            assert (State.EXPORTED, "JE-HAND") == (row.state, row.reference)
            assert "EXPORTED" == account.stage_of(record_id)
            assert record_id not in account.posted()

        run(main())

    def test_a_text_that_brex_sends_is_cut(self, folder: Path) -> None:
        """Of a line type that nobody knows the journal shows its beginning only."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = card_of(account)
            account.lie = spoiling(record_id, lambda record: record["line_items"][0].update(type="y" * 300))
            await account.run()
            assert f"line_items[0].type unknown: {'y' * 60}" == (await row_of(account, record_id)).reason

        run(main())

    def test_a_repost_that_the_erp_rejects(self, folder: Path) -> None:
        """A person wanted it and Brex has it as exported: no failure is reported; a new mapping mends it."""

        async def main() -> None:
            erp = Refusals(())
            account = Account(folder, records=6, make_erp=erp)
            record_id = card_of(account)
            await account.run()
            erp.bad = {f"{record_id}~2": "no-account"}
            await resolved(account, record_id, "repost")
            await later_runs(account)
            row = await row_of(account, record_id)
            assert (State.NEEDS_PERSON, "repost rejected: no-account") == (row.state, row.reason)
            assert set() == account.failures
            erp.mend()
            await later_runs(account)
            assert f"{record_id}~2" in account.posted()
            assert State.EXPORTED is (await row_of(account, record_id)).state

        run(main())

    def test_a_repost_into_a_closed_period(self, folder: Path) -> None:
        """It waits like any other, and is posted when the period is open."""

        async def main() -> None:
            account = Account(folder, records=6)
            record_id = card_of(account)
            await account.run()
            account.policy = attrs.evolve(POLICY, closed_through=datetime.date(2026, 12, 31))
            await resolved(account, record_id, "repost")
            await later_runs(account)
            assert State.WAITING is (await row_of(account, record_id)).state
            account.policy = POLICY
            await later_runs(account, 1)
            assert f"{record_id}~2" in account.posted()
            assert State.EXPORTED is (await row_of(account, record_id)).state

        run(main())


def hiding(record_id: str) -> Lie:
    """Show a record in no list."""

    def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if response is None or response.status_code != 200 or not request.url.path.endswith("/accounting/records"):
            return None
        body = json.loads(response.content)
        body["items"] = [item for item in body["items"] if item["id"] != record_id]
        return answer(200, **body)

    return lie


class Amending(MemoryErp):
    """Fails when it is to amend an entry, before or after that has happened, as long as it is told to."""

    fails = ""

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        if self.fails == "before":
            raise ErpDown
        outcome = await super().amend(posting, posted)
        if self.fails:
            raise ErpDown
        return outcome


class TestAmending:
    """Records that change after they were posted."""

    @pytest.mark.parametrize("closed", ["wait", "fail", "next open date"])
    @pytest.mark.parametrize("moves", [True, False])
    def test_in_a_closed_period(self, folder: Path, closed: ClosedPeriod, moves: bool) -> None:
        """An entry in a closed period is not touched, wherever its record has moved: a person decides, once."""

        async def main() -> None:
            account = Account(folder, records=6)
            record_id = card_of(account)
            account.book_on(record_id, "2026-01-15T00:00:00Z")
            erp = MemoryErp(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            if moves:
                account.book_on(record_id, "2026-02-10T00:00:00Z")
            change(account, record_id)
            account.policy = attrs.evolve(POLICY, closed_through=JANUARY, closed=closed)
            await later_runs(account)
            document = erp.known(record_id)
            assert document is not None
            assert (datetime.date(2026, 1, 15), 0) == (document.date, document.amended)
            row = await row_of(account, record_id)
            reason = "changed after it was posted, in a closed period"
            assert (State.NEEDS_PERSON, reason) == (row.state, row.reason)
            await resolved(account, record_id, "keep")
            await later_runs(account)
            assert (State.EXPORTED, 0) == ((await row_of(account, record_id)).state, document.amended)

        run(main())

    def test_the_journal_keeps_the_date_in_the_books(self, folder: Path) -> None:
        """A record that moved out of a closed period has the day that it was posted under in the journal, too."""

        async def main() -> None:
            account = Account(folder, records=6)
            record_id = card_of(account)
            account.book_on(record_id, "2026-01-15T00:00:00Z")
            account.policy = ExportPolicy(basis="accrual", closed_through=JANUARY, closed="next open date")
            await account.run()
            (date,) = [document.date for document in account.books.documents if document.key == record_id]
            assert datetime.date(2026, 2, 1) == date == (await row_of(account, record_id)).posting_date

        run(main())

    def test_taken_back_after_an_answer_was_lost(self, folder: Path) -> None:
        """Amended with a lost answer, unreadable for a while, changed back: the entry is brought back as well."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = card_of(account)
            erp = Amending(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            before, document = account.stored(record_id), erp.known(record_id)
            assert document is not None
            first = document.content_hash
            change(account, record_id)
            erp.fails = "after"
            await later_runs(account, 1)
            assert first != document.content_hash
            erp.fails = ""
            account.lie = spoiling(record_id, unreadable)
            await later_runs(account, 1)
            assert State.AMENDING is (await row_of(account, record_id)).state
            account.lie = honestly
            account.tenant.changed(account.stored(record_id), lines=before.lines)
            await later_runs(account)
            row = await row_of(account, record_id)
            assert (first, first, State.EXPORTED) == (document.content_hash, row.content_hash, row.state)

        run(main())

    @pytest.mark.parametrize("meanwhile", ["", "unreadable", "gone"])
    def test_taken_back_after_the_erp_failed_for_good(self, folder: Path, meanwhile: str) -> None:
        """Where answers were lost until a person was asked, the entry is brought back as the record is."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = card_of(account)
            erp = Amending(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            before, document = account.stored(record_id), erp.known(record_id)
            assert document is not None
            first = document.content_hash
            change(account, record_id)
            erp.fails = "after"
            await later_runs(account, 1 if meanwhile == "gone" else 6)
            assert first != document.content_hash
            erp.fails = ""
            if meanwhile == "unreadable":
                account.lie = spoiling(record_id, unreadable)
            elif meanwhile == "gone":
                account.lie = hiding(record_id)
            await later_runs(account, 1)
            row = await row_of(account, record_id)
            assert (State.NEEDS_PERSON, True) == (row.state, (row.reason or "").startswith(AMEND_FAILED))
            account.lie = honestly
            account.tenant.changed(account.stored(record_id), lines=before.lines)
            await later_runs(account)
            row = await row_of(account, record_id)
            assert (first, first, State.EXPORTED) == (document.content_hash, row.content_hash, row.state)

        run(main())

    def test_while_somebody_edits(self, folder: Path) -> None:
        """An amendment that failed waits while the record is at an earlier stage, and takes what comes of that."""

        async def main() -> None:
            account = Account(folder, records=6)
            record_id = card_of(account)
            erp = Amending(account.clock, account.books)
            account.make_erp = always(erp)
            await account.run()
            change(account, record_id)
            erp.fails = "before"
            await later_runs(account, 1)
            move(account.tenant, record_id, "PREPARE")
            change(account, record_id, "half of it")
            erp.fails = ""
            await later_runs(account)
            document = erp.known(record_id)
            assert document is not None
            assert (State.AMENDING, 0) == ((await row_of(account, record_id)).state, document.amended)
            change(account, record_id, "all of it")
            move(account.tenant, record_id, READY)
            await later_runs(account, 2, DAY)
            row = await row_of(account, record_id)
            assert (State.EXPORTED, 1) == (row.state, document.amended)
            assert document.content_hash == row.content_hash

        run(main())


class TestTheRefusalGuard:
    """Nothing is reported where too much would be refused."""

    @pytest.mark.parametrize("before", ["a run that was broken off", "records that wait for Brex"])
    def test_is_not_diluted(self, folder: Path, before: str) -> None:
        """Neither what was booked days ago counts, nor what waits for Brex: all of today is refused."""

        async def main() -> None:
            erp = Refusals(())
            account = Account(folder, records=60, make_erp=erp)
            erp.bad = dict.fromkeys(account.wanted(), "no-account")
            begun = account.clock.now() - datetime.timedelta(days=2)
            parked = before == "records that wait for Brex"
            usual: dict[str, Any] = {
                "reference": "JE-1",
                "amount": Decimal(1),
                "currency": "USD",
                "content_hash": "1:a",
            }
            if parked:
                usual |= {"reason": "Brex shows PREPARE", "due": account.clock.now() + YEAR}
            state = State.POSTED if parked else State.EXPORTED
            rows = [Entry(record_id=f"accr_old_{n}", state=state, since=begun, **usual) for n in range(2000)]

            async def fill(journal: SqliteJournal) -> None:
                await journal.write([Change(entry=row) for row in rows])
                await journal.set_note("begun", begun.isoformat())

            await account.journal(fill)
            summary = await account.run()
            assert "too many refusals" == summary.ended
            assert set() == account.failures
            assert account.wanted() == sorted(refused.record_id for refused in summary.refusals)
            assert {("no-account", "This cannot be booked: no-account.")} == {
                (refused.reason, refused.message) for refused in summary.refusals
            }

        run(main())

    def test_forgets_a_run_that_an_erp_has_ended(self, folder: Path) -> None:
        """A run that did what it could is over, although the ERP failed in it; one that was stopped goes on."""

        async def main() -> None:
            account = Account(folder, records=6)
            account.make_erp = always(Failing(account.clock, account.books))
            assert "erp failed" == (await account.run()).ended
            assert None is await account.note("begun")
            async with account.worker() as loop:
                loop.stop()
                assert "stopped" == (await loop.run_once()).ended
            assert None is not await account.note("begun")

        run(main())


class Failing(BookErp):
    """Takes nothing."""

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        raise ErpDown
