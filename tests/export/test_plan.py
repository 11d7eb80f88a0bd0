"""The dry run says what a run then does, and writes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from brex_accounting.emulator import Fault, move
from brex_accounting.emulator.stored import StoredRecord
from brex_accounting.errors import CallError, ErpFailed, InvalidArgument, JournalError
from brex_accounting.export import Change, Entry, ExportPolicy, Posting, Rejected, SqliteJournal, State
from brex_accounting.export.plan_summary import PlanAction, PlanItem, PlanSummary
from brex_accounting.export.planning import plan
from brex_accounting.export.posting import EXACT
from tests.export.doubles import BookErp, FailingErp, MemoryErp, PendingErp, RejectingErp
from tests.export.world import DAY, HOUR, POLICY, READY, Account, debits_of, pass_time, run

WHAT = PlanAction


class PreviewErp(MemoryErp):
    """Shows entries before they are posted."""

    def preview(self, posting: Posting) -> str:
        return f"{posting.date} {posting.key}"


class Planned:
    """A plan, and each of its items."""

    def __init__(self, summary: PlanSummary, items: list[PlanItem]) -> None:
        self.summary = summary
        self.items = items

    @property
    def actions(self) -> dict[str, PlanAction]:
        assert len(self.items) == len({item.record_id for item in self.items}), "a record twice"
        return {item.record_id: item.action for item in self.items}

    def ids(self, action: PlanAction) -> list[str]:
        return sorted(item.record_id for item in self.items if item.action is action)

    def only(self) -> PlanItem:
        [item] = self.items
        return item


async def planned(
    account: Account, *, erp: BookErp | None = None, policy: ExportPolicy | None = None, **options: Any
) -> Planned:
    """A plan, made as the command line makes it, and checked to have written nothing."""
    items: list[PlanItem] = []
    journal = SqliteJournal(account.path, read_only=True)
    erp = erp or MemoryErp(account.clock, account.books)
    before, asked = state_of(account), len(account.tenant.journal)
    async with account.client() as brex:
        try:
            summary = await plan(
                brex,
                erp,
                journal,
                policy or account.policy,
                clock=account.clock,
                on_item=items.append,
                **options,
            )
        finally:
            await journal.aclose()
    assert before == state_of(account)
    assert [] == erp.posts
    exchanges = list(account.tenant.journal)[asked:]
    assert {"GET"} >= {exchange.method for exchange in exchanges}
    assert not any(exchange.committed for exchange in exchanges)
    return Planned(summary, items)


def state_of(account: Account) -> tuple[Any, ...]:
    """All that a plan could have written: files, books, stages."""
    files = {path.name: path.read_bytes() for path in account.path.parent.iterdir()}
    records = [(record.id, record.review_status, record.version) for record in account.tenant.records.all()]
    return files, [attrs.asdict(document) for document in account.books.documents], records


def reject(share: Callable[[str], bool]) -> Callable[[Posting], Rejected | None]:
    """Reject the postings whose key is among a share."""

    def rule(posting: Posting) -> Rejected | None:
        return Rejected("No such account.", code="no-account:6320") if share(posting.key) else None

    return rule


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def lines_of(record: StoredRecord, old: bytes, new: bytes) -> dict[str, Any]:
    """Members of a record whose lines say something else, on both sides of the entry."""
    assert old in record.lines
    return {"lines": record.lines.replace(old, new), "counter_lines": record.counter_lines.replace(old, new)}


def recoded(account: Account, record_id: str) -> None:
    """Let somebody choose another account for a record's lines."""
    record = account.stored(record_id)
    account.tenant.changed(record, **lines_of(record, b'"remote_field_value_id":"', b'"remote_field_value_id":"x'))


class TestPlan:
    def test_of_a_journal_that_is_not_there(self, folder: Path) -> None:
        """Without any file it names what a first run would post, with dates, lines and exact totals, and makes none."""

        async def main() -> None:
            account = Account(folder)
            made = await planned(account)
            assert account.wanted() == made.ids(WHAT.POST)
            assert [] == files_in(folder)
            sums: dict[str, Decimal] = {}
            periods: dict[str, dict[str, Decimal]] = {}
            for item in made.items:
                if item.action is not WHAT.POST:
                    continue
                assert debits_of(account.stored(item.record_id)) == item.debits
                assert item.lines
                assert item.date is not None
                period = periods.setdefault(f"{item.date:%Y-%m}", {})
                for currency, amount in item.debits.items():
                    sums[currency] = EXACT.add(sums.get(currency, Decimal()), amount)
                    period[currency] = EXACT.add(period.get(currency, Decimal()), amount)
            assert sums == made.summary.debits
            assert periods == made.summary.periods
            assert sorted(periods) == list(made.summary.periods)
            assert len(made.summary.debits) > 1
            assert (30, True, True) == (made.summary.records, made.summary.is_complete, made.summary.rebuilding)

        run(main())

    @pytest.mark.parametrize("closed", ["wait", "fail", "next open date"])
    def test_is_what_the_run_then_does(self, folder: Path, closed: Any) -> None:
        """What it foresees of each record is where the run brings it, dates, sums and codes included."""

        async def main() -> None:
            account = Account(folder, records=120)
            dates = sorted(item.date for item in (await planned(account)).items if item.date)
            account.policy = ExportPolicy(
                basis="cash",
                bills="arrival",
                start=dates[len(dates) // 5],
                closed_through=dates[len(dates) // 3],
                closed=closed,
            )
            erp = RejectingErp(account.clock, account.books, rule=reject(lambda key: key[-1] in "aA1"))
            made = await planned(account, erp=erp)
            async with account.worker(erp=erp) as loop:
                done = await loop.run_once(accept_refusals=True)
            rows = await account.rows()
            states = {
                WHAT.POST: State.EXPORTED,
                WHAT.REFUSE: State.REFUSED,
                WHAT.WAIT: State.WAITING,
                WHAT.NOT_FOR_LEDGER: State.NOT_FOR_LEDGER,
                WHAT.NEEDS_PERSON: State.NEEDS_PERSON,
            }
            assert {id_: states[action] for id_, action in made.actions.items()} == {
                id_: row.state for id_, row in rows.items()
            }
            assert {"complete"} == {done.ended}
            dated = {document.key: document.date for document in account.books.documents}
            assert dated == {item.record_id: item.date for item in made.items if item.action is WHAT.POST}
            assert {id_: rows[id_].reason for id_ in made.ids(WHAT.REFUSE)} == {
                item.record_id: item.reason for item in made.items if item.action is WHAT.REFUSE
            }
            expected = {WHAT.POST, WHAT.NOT_FOR_LEDGER, WHAT.REFUSE} | ({WHAT.WAIT} if closed == "wait" else set())
            assert expected == set(made.actions.values())
            assert [] == (await planned(account, erp=RejectingErp(account.clock, account.books, rule=erp.rule))).ids(
                WHAT.POST
            )

        run(main())

    def test_after_a_run_nothing_is_left(self, folder: Path) -> None:
        """When a run has come to its end, the plan has nothing to do and asks the books nothing."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            erp = MemoryErp(account.clock, account.books)
            made = await planned(account, erp=erp)
            assert ([], []) == (made.items, erp.finds)
            assert made.summary.unchanged == made.summary.records
            assert not made.summary.rebuilding

        run(main())

    def test_shows_entries_where_the_erp_does(self, folder: Path) -> None:
        """The text of an entry is on its item and not in its repr; without ``preview`` there is none."""

        async def main() -> None:
            account = Account(folder, records=5)
            made = await planned(account, erp=PreviewErp(account.clock, account.books))
            for item in made.items:
                shown = f"{item.date} {item.record_id}" if item.action is WHAT.POST else None
                assert shown == item.preview
                assert "preview" not in repr(item)
            assert {None} == {item.preview for item in (await planned(account)).items}

        run(main())

    def test_names_what_would_be_refused(self, folder: Path) -> None:
        """A refusal has its code, and the message for Brex, which is in no repr; reasons are counted."""

        async def main() -> None:
            account = Account(folder)
            erp = RejectingErp(account.clock, account.books, rule=reject(lambda _: True))
            made = await planned(account, erp=erp)
            assert account.wanted() == made.ids(WHAT.REFUSE)
            refused = next(item for item in made.items if item.action is WHAT.REFUSE)
            assert ("no-account:6320", "No such account.") == (refused.reason, refused.message)
            assert "No such account" not in repr(refused)
            assert {"no-account:6320": len(account.wanted())} == made.summary.reasons[WHAT.REFUSE]
            assert {} == made.summary.debits

        run(main())

    @pytest.mark.parametrize("refused", [19, 20])
    def test_says_whether_the_run_would_stop(self, folder: Path, refused: int) -> None:
        """It says that too much would be refused exactly where the run stops for it."""

        async def main() -> None:
            account = Account(folder, records=60)
            bad = set(account.wanted()[:refused])
            made = await planned(account, erp=rejecting(account, bad))
            async with account.worker(erp=rejecting(account, bad)) as loop:
                ended = (await loop.run_once()).ended
            assert made.summary.too_many_refusals is (ended == "too many refusals")
            assert made.summary.too_many_refusals is (refused == 20)

        def rejecting(account: Account, bad: set[str]) -> RejectingErp:
            return RejectingErp(account.clock, account.books, rule=reject(bad.__contains__))

        run(main())

    def test_reads_every_list_that_the_run_reads(self, folder: Path) -> None:
        """What is ready is planned once, shown by the changes, by the list of what is ready, or named by a webhook."""

        async def main() -> None:
            account = Account(folder, records=90, ready=False, policy=ExportPolicy(basis="accrual"))
            await account.run()
            early = [id_ for id_ in account.wanted("PREPARE") if account.stored(id_).source_type != "BILL"]
            quiet, changed = early[:2]
            announced = next(id_ for id_ in account.wanted("PREPARE", "REVIEW") if id_ not in early)
            await pass_time(DAY)
            for id_ in (quiet, announced):
                account.tenant.changed(account.stored(id_), quietly=True, review_status=READY)
            move(account.tenant, changed, READY)
            now = account.clock.now()
            await account.journal(lambda journal: journal.announce("msg_1", [announced, changed], at=now))
            made = await planned(account)
            assert sorted([quiet, changed, announced]) == made.ids(WHAT.POST)
            assert len(made.items) == 3

        run(main())

    def test_a_list_that_cannot_be_read(self, folder: Path) -> None:
        """Where a list contradicts itself the plan says so, and has what could be read."""

        async def main() -> None:
            account = Account(folder, variants={"has_next_page": "true"})
            made = await planned(account)
            assert {"changes": "PageContradiction"} == {"changes": made.summary.unread.get("changes")}
            assert not made.summary.is_complete
            assert account.wanted() == made.ids(WHAT.POST)

        run(main())

    def test_a_record_that_cannot_be_read(self, folder: Path) -> None:
        """A record that is not what Brex documents needs a person, and the others are planned."""

        async def main() -> None:
            account = Account(folder)
            account.tenant.add_fault(Fault(effect="wrong_schema", operation="queryAccountingRecords"))
            made = await planned(account)
            [bad] = [item for item in made.items if item.reason.startswith("unreadable: ")]
            assert WHAT.NEEDS_PERSON is bad.action
            assert 1 == len({*account.wanted()} - {*made.ids(WHAT.POST)})

        run(main())

    def test_whatever_the_caller_passes(self, folder: Path) -> None:
        """A policy that is none, an adapter that is none and a journal of another account are refused."""

        async def main() -> None:
            account = Account(folder, records=3)
            erp = MemoryErp(account.clock)
            async with account.client() as brex:
                unopened = SqliteJournal(account.path, read_only=True)
                given: Any = "accrual"
                with pytest.raises(InvalidArgument, match=r"^policy: "):
                    await plan(brex, erp, unopened, given)
                with pytest.raises(InvalidArgument, match=r"^erp: "):
                    await plan(brex, given, unopened, POLICY)
                with pytest.raises(InvalidArgument, match=r"^journal: "):
                    await plan(brex, erp, given, POLICY)
                other = SqliteJournal(account.path)
                await other.open("globex")
                await other.aclose()
                with pytest.raises(JournalError, match="that of account globex"):
                    await plan(brex, erp, unopened, POLICY)
                await unopened.aclose()

        run(main())

    def test_what_a_preview_may_not_do(self, folder: Path) -> None:
        """A preview that raises, or gives no text, leaves as an error of the ERP, without what it said."""

        class Silent(MemoryErp):
            def preview(self, posting: Posting) -> Any:
                return None

        class Loud(MemoryErp):
            def preview(self, posting: Posting) -> str:
                message = "Mrs Secret"
                raise LookupError(message)

        async def main() -> None:
            account = Account(folder, records=3)
            with pytest.raises(ErpFailed, match="expected text, got NoneType"):
                await planned(account, erp=Silent(account.clock))
            with pytest.raises(ErpFailed, match="raised LookupError") as caught:
                await planned(account, erp=Loud(account.clock))
            assert "Secret" not in str(caught.value)

        run(main())

    def test_tells_how_far_it_is(self, folder: Path) -> None:
        """Events say how many records were read, and of how many."""

        async def main() -> None:
            account = Account(folder)
            events: list[Any] = []
            await planned(account, on_event=events.append)
            assert ("reading", 30) == (events[-1].stage, events[-1].seen)

        run(main())


class TestWhatIsInTheBooks:
    def test_changed_records(self, folder: Path) -> None:
        """What changed after it was posted is amended, or needs a person where the ERP cannot or will not."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            id_ = account.posted()[0]
            recoded(account, id_)
            amended = (await planned(account, erp=PreviewErp(account.clock, account.books))).only()
            assert (id_, WHAT.AMEND) == (amended.record_id, amended.action)
            assert amended.reference is not None
            assert amended.preview is not None
            person = (await planned(account, erp=BookErp(account.clock, account.books))).only()
            assert (WHAT.NEEDS_PERSON, "changed after it was posted") == (person.action, person.reason)
            unwilling = RejectingErp(account.clock, account.books, rule=reject(lambda _: True))
            refused = (await planned(account, erp=unwilling)).only()
            assert WHAT.NEEDS_PERSON is refused.action
            assert refused.reason.endswith("not amended: no-account:6320")

        run(main())

    def test_a_lost_journal(self, folder: Path) -> None:
        """A new journal beside old books posts nothing again: what is there is told, or recognised."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            for path in files_in(folder):
                path.unlink()
            back = account.posted()[0]
            move(account.tenant, back, READY)
            made = await planned(account)
            assert [back] == made.ids(WHAT.REPORT)
            assert sorted({*account.posted()} - {back}) == made.ids(WHAT.RECOGNISE)
            assert [] == made.ids(WHAT.POST)
            assert all(item.reference for item in made.items if item.action in (WHAT.REPORT, WHAT.RECOGNISE))

        run(main())

    @pytest.mark.parametrize(("lost", "expected"), [("before", WHAT.POST), ("after", WHAT.REPORT)])
    def test_posts_that_were_broken_off(self, folder: Path, lost: str, expected: PlanAction) -> None:
        """What may have been posted is looked up: told where the books have it, posted where they do not."""

        async def main() -> None:
            account = Account(folder)
            await account.journal(lambda journal: journal.set_note("complete", "now"))
            erp = FailingErp(
                account.clock, account.books, random=Random(1), find_fails=1.0, repeats="idempotent", **{lost: 1.0}
            )
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            states = {id_: row.state for id_, row in (await account.rows()).items()}
            broken = [id_ for id_, state in states.items() if state is State.POSTING]
            assert account.wanted() == broken
            await pass_time(DAY)
            made = await planned(account)
            assert broken == made.ids(expected)
            assert account.wanted() == sorted(account.posted() or made.ids(WHAT.POST))

        run(main())

    def test_a_worker_is_at_it(self, folder: Path) -> None:
        """What another worker has claimed waits until the claim ends."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            id_ = account.posted()[0]
            later = account.clock.now() + datetime.timedelta(hours=1)

            async def claim(journal: SqliteJournal) -> None:
                row = (await journal.load([id_]))[id_]
                claimed = row.moved(State.AMENDING, at=account.clock.now(), owner="other", lease_until=later)
                assert None not in await journal.write([Change(entry=claimed)])

            await account.journal(claim)
            item = (await planned(account)).only()
            assert (id_, WHAT.WAIT, "a worker is at work on it", later) == (
                item.record_id,
                item.action,
                item.reason,
                item.due,
            )

        run(main())

    def test_what_the_erp_posts_later(self, folder: Path) -> None:
        """A pending entry waits until the books show it, and is then told."""

        async def main() -> None:
            account = Account(folder)
            erp = PendingErp(account.clock, account.books)
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            ids = account.wanted()
            made = await planned(account, erp=PendingErp(account.clock, account.books))
            assert ids == made.ids(WHAT.WAIT)
            assert {"the ERP does not show it yet": len(ids)} == made.summary.reasons[WHAT.WAIT]
            erp.approve(ids[:5])
            await pass_time(DAY)
            made = await planned(account, erp=PendingErp(account.clock, account.books))
            assert (ids[:5], ids[5:]) == (made.ids(WHAT.REPORT), made.ids(WHAT.WAIT))

        run(main())

    def test_reports_that_failed(self, folder: Path) -> None:
        """What is posted and was not told is told, and nothing is posted again."""

        async def main() -> None:
            account = Account(folder)
            account.tenant.add_fault(Fault(effect="status", operation="reportAccountingExportResults", status=500))
            with pytest.raises(CallError):
                await account.run()
            await pass_time(HOUR)
            made = await planned(account)
            assert account.wanted() == made.ids(WHAT.REPORT)
            assert [] == made.ids(WHAT.POST)

        run(main())

    def test_refused_before(self, folder: Path) -> None:
        """What was refused rests, and is planned again when the mapping has changed."""

        async def main() -> None:
            account = Account(folder)
            id_ = account.wanted()[0]
            erp = RejectingErp(account.clock, account.books, rule=reject(id_.__eq__))
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            again = RejectingErp(account.clock, account.books, rule=erp.rule)
            item = (await planned(account, erp=again)).only()
            assert (id_, WHAT.WAIT) == (item.record_id, item.action)
            assert item.reason == "refused before: no-account:6320"
            again.set_rule(reject(lambda _: False))
            item = (await planned(account, erp=again)).only()
            assert (id_, WHAT.POST) == (item.record_id, item.action)

        run(main())

    def test_what_brex_does_not_know_any_more(self, folder: Path) -> None:
        """What the journal has open and Brex does not show needs a person; what webhooks named is read too."""

        async def main() -> None:
            account = Account(folder, records=10)
            await account.finish()
            now = account.clock.now()

            async def prepare(journal: SqliteJournal) -> None:
                row = Entry(record_id="accr_gone", state=State.READY, since=now, due=now)
                await journal.write([Change(entry=row)])
                await journal.announce("msg_1", ["accr_never", account.posted()[0]], at=now)

            await account.journal(prepare)
            item = (await planned(account)).only()
            assert ("accr_gone", WHAT.NEEDS_PERSON, "unknown to Brex") == (item.record_id, item.action, item.reason)

        run(main())
