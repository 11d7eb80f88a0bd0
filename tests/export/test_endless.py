"""What would go on for ever: answers that never change, calls that never end, and what nobody would be told of."""

from __future__ import annotations

import asyncio
import datetime
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from brex_accounting import AccountingRecordReadyForExport
from brex_accounting.emulator import move
from brex_accounting.export import ExportPolicy, Outcome, Posted, Posting, RunSummary, State

from .doubles import BookErp, ErpDown, LaggingErp, PendingErp
from .liars import LyingAccount, always, answer, honestly, ids_of, refusal, reports_in, results_of, spoiling, unreadable
from .traps import Crash, Trap, TrappedLaggingErp
from .world import DAY, HOUR, READY, Account, Refusals, pass_time, run

PATIENCE = 5
"""How often the same is tried before a person has to look."""


def cards_of(account: Account) -> list[str]:
    """The records of the ledger that come from cards."""
    return [id_ for id_ in account.wanted() if account.stored(id_).source_type == "CARD"]


def delivery(account: Account, number: int, record_id: str) -> AccountingRecordReadyForExport:
    """A verified webhook delivery."""
    return AccountingRecordReadyForExport(
        event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
        webhook_id=f"msg_{number}",
        sent_at=account.clock.now(),
        company_id=account.tenant.company["id"],
        accounting_record_ids=(record_id,),
        raw=b"{}",
    )


async def days_of(account: Account, days: float, *, every: float = 6 * HOUR) -> list[RunSummary]:
    """Let new workers run for some days."""
    summaries: list[RunSummary] = []
    for _ in range(int(days * DAY / every)):
        summaries.append(await account.run())
        await pass_time(every)
    return summaries


class TestRefusals:
    """Brex refuses what it is told, in the same words each time."""

    @pytest.mark.parametrize("status", [400, 422])
    def test_a_failure_that_brex_does_not_take(self, folder: Path, status: int) -> None:
        """It is told once in a run, rests for growing times, and after five times a person is asked."""

        async def main() -> None:
            erp = Refusals(())
            account = LyingAccount(folder, records=6, make_erp=erp)
            record_id = cards_of(account)[0]
            erp.bad = {record_id: "no-account"}
            told: list[float] = []

            def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                if response is None and any("failure" in result for result in results_of(request)):
                    told.append(account.clock.monotonic())
                    return refusal(status, "BAD_REQUEST")
                return None

            account.lie = lie
            summary = await account.run()
            row = (await account.rows())[record_id]
            assert (1, 0) == (len(told), summary.refused)
            assert (State.READY, "no-account") == (row.state, row.reason)
            assert row.due is not None
            assert row.due > account.clock.now()
            await pass_time(60)
            await account.run()
            assert 1 == len(told)

            await days_of(account, 2, every=HOUR)
            row = (await account.rows())[record_id]
            assert (State.NEEDS_PERSON, "Brex does not take the failure: BAD_REQUEST") == (row.state, row.reason)
            assert 1 < len(told) <= PATIENCE
            gaps = [later - earlier for earlier, later in itertools.pairwise(told)]
            assert sorted({*gaps}) == gaps
            assert account.posted() == [id_ for id_ in account.wanted() if id_ != record_id]

        run(main())

    def test_a_failure_that_brex_takes_later(self, folder: Path) -> None:
        """What was refused for a while is told when its time has come again."""

        async def main() -> None:
            erp = Refusals(())
            account = LyingAccount(folder, records=6, make_erp=erp)
            record_id = cards_of(account)[0]
            erp.bad = {record_id: "no-account"}

            account.lie = lambda request, response: (
                refusal(422, "BAD_REQUEST") if response is None and "failure" in str(results_of(request)) else None
            )
            await account.run()
            account.lie = honestly
            before = reports_in(account)
            await days_of(account, 2)
            assert 1 == reports_in(account) - before
            assert State.REFUSED is (await account.rows())[record_id].state

        run(main())

    @pytest.mark.parametrize("named", [True, False])
    def test_a_record_that_is_listed_and_unknown(self, folder: Path, named: bool) -> None:
        """A record that is shown as ready and whose report is answered 404 is told a few times, then to a person."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = cards_of(account)[0]
            requests: list[list[str]] = []

            def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                if response is not None or record_id not in ids_of(request):
                    return None
                requests.append(ids_of(request))
                details = {"not_found_export_entry_source_ids": [record_id]} if named else {}
                return refusal(404, "NOT_FOUND", details=details)

            account.lie = lie
            await account.run()
            # Where nobody says which one it is, it is found by halving.
            assert len([ids for ids in requests if ids == [record_id]]) <= 1
            assert len(requests) <= 4
            await days_of(account, 5)
            row = (await account.rows())[record_id]
            assert (State.NEEDS_PERSON, "report refused: NOT_FOUND") == (row.state, row.reason)
            assert len(requests) <= PATIENCE + 3
            others = [id_ for id_ in account.wanted() if id_ != record_id]
            assert {"EXPORTED"} == {account.stage_of(id_) for id_ in others}

        run(main())

    @pytest.mark.parametrize("named", [True, False])
    def test_a_brex_that_says_updated_and_shows_it_as_ready(self, folder: Path, named: bool) -> None:
        """Brex is told again at growing intervals, at most five times, and then a person is."""

        async def main() -> None:
            account = LyingAccount(folder, records=3)
            told: list[tuple[float, list[str]]] = []

            def lie(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                ids = ids_of(request)
                if response is not None or not ids:
                    return None
                told.append((account.clock.monotonic(), ids))
                return answer(200, updated_accounting_record_ids=ids if named else [])

            account.lie = lie
            summaries = await days_of(account, 0.5, every=900)
            rows = [(await account.rows())[id_] for id_ in account.wanted()]
            assert {State.NEEDS_PERSON} == {row.state for row in rows}
            assert {"Brex was told several times, and shows it as ready" if named else "report not shown"} == {
                row.reason for row in rows
            }
            times = [at for at, ids in told if account.wanted()[0] in ids]
            assert 3 < len(times) <= PATIENCE + 1
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            assert sorted(gaps) == gaps
            assert gaps[-1] > 4 * gaps[0]
            assert set(account.wanted()) == {id_.record_id for summary in summaries for id_ in summary.needs_person}
            assert len(account.wanted()) == len(account.posted())

        run(main())


class Inviting(BookErp):
    """Whenever something is posted, the next record becomes ready."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.clock, account.books)
        self._account = account
        self._waiting = cards_of(account)
        self.invite()

    def invite(self) -> None:
        """Make the next record ready."""
        move(self._account.tenant, self._waiting.pop(), READY)

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        outcomes = await super().post(postings)
        self.invite()
        return outcomes


class TestPasses:
    """A run reads the lists until they hold nothing new."""

    def test_that_never_end(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A run that found something new in each pass does not say that it is complete."""
        monkeypatch.setattr("brex_accounting.export.passes._MOST_PASSES", 6)

        async def main() -> None:
            account = Account(folder, records=30, ready=False, policy=ExportPolicy(basis="accrual"))
            async with account.worker(erp=Inviting(account)) as loop:
                summary = await loop.run_once()
            assert (6, "incomplete", ["passes"]) == (summary.passes, summary.ended, [*summary.unread])

        run(main())

    def test_a_webhook_while_a_run_waits(self, folder: Path) -> None:
        """A webhook that came before a run has to wait does not turn its wait into a busy loop."""

        async def main(name: str, *, woken: bool) -> int:
            (folder / name).mkdir()
            account = Account(folder / name, records=6)
            erp = Losing(account.clock, account.books, repeats="searchable", search_lag=60.0)
            trap = Trap()
            async with account.worker(trap, erp=erp, clock=Ticking()) as loop:
                if woken:
                    await loop.handle(delivery(account, 1, cards_of(account)[0]))
                await loop.run_once()
            assert account.wanted() == account.posted()
            return trap.calls.count("read the journal")

        asleep, woken = run(main("asleep", woken=False)), run(main("woken", woken=True))
        assert abs(woken - asleep) < asleep / 2


class Losing(BookErp):
    """Fails the first time, before anything is in the books."""

    posted_before = False

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if not self.posted_before:
            self.posted_before = True
            raise ErpDown
        return await super().post(postings)


class Ticking:
    """A clock whose time passes when it is looked at, too: who looks at it all the time comes to an end."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def now(self) -> datetime.datetime:
        self._elapsed += 0.01
        return datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC) + datetime.timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        self._elapsed += seconds


class TestDoubts:
    """Nobody knows what became of something, and nobody ever will."""

    def test_a_report_of_a_record_that_cannot_be_read_any_more(self, folder: Path) -> None:
        """Whether Brex was told is looked up at growing intervals, and then a person is asked."""

        async def main() -> None:
            account = LyingAccount(folder, records=6)
            record_id = cards_of(account)[0]
            lists = Counter[str]()
            spoilt = spoiling(record_id, unreadable)

            def unnamed(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                if response is None or not ids_of(request):
                    return None
                account.lie = counted  # from now on it cannot be read
                return answer(200, updated_accounting_record_ids=[])

            def counted(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
                lists["read"] += response is not None
                return spoilt(request, response)

            account.lie = unnamed
            async with account.worker() as loop:
                task = asyncio.create_task(loop.run_forever())
                await pass_time(DAY)
                loop.stop()
                await task
            row = (await account.rows())[record_id]
            assert State.NEEDS_PERSON is row.state
            assert row.reference is not None
            assert (row.reason or "").startswith("unreadable")
            assert lists["read"] < 200

        run(main())

    def test_workers_that_are_gone_before_the_lag_has_passed(self, folder: Path) -> None:
        """What the ERP does not show is posted again after its lag, and once, though each worker looks only once."""

        async def main() -> None:
            account = Account(folder, records=6)
            lag = 50 * 60.0
            erp = Losing(account.clock, account.books, repeats="searchable", search_lag=lag, batch_size=50)
            account.make_erp = always(erp)
            await account.run()
            assert {State.POSTING} == {row.state for row in (await account.rows()).values()} & {State.POSTING}
            await days_of(account, 1, every=HOUR)
            await account.audit(account.wanted())

        run(main())

    @pytest.mark.parametrize("unanswered", [0, 1, 2])
    def test_workers_that_die_before_the_lag_has_passed(self, folder: Path, unanswered: int) -> None:
        """A worker that died in a post: its records are posted again after the lag of the next one, and not before."""

        async def main() -> None:
            account = Account(folder, records=6)
            lag = 50 * 60.0

            trap = Trap(name="post", moment="after")
            dying = TrappedLaggingErp(account.clock, account.books, search_lag=lag)
            dying.trap = trap
            with pytest.raises(Crash):
                async with account.worker(trap, erp=dying) as loop:
                    await loop.run_once()
            erp = Unanswering(account.clock, account.books, search_lag=lag)
            erp.left = unanswered
            account.make_erp = always(erp)
            await days_of(account, 0.2, every=600)
            await account.audit(account.wanted())

        run(main())

    def test_an_erp_that_never_posts_what_it_has_accepted(self, folder: Path) -> None:
        """What is pending for more than a week is named as needing a person, and until then it is not."""

        async def main() -> None:
            account = Account(folder, records=6)
            erp = PendingErp(account.clock, account.books)
            account.make_erp = always(erp)
            first = await days_of(account, 7, every=DAY)
            assert [] == [named for summary in first for named in summary.needs_person]
            then = await days_of(account, 4, every=DAY)
            named = {named.record_id: named.reason for summary in then for named in summary.needs_person}
            assert account.wanted() == sorted(named)
            assert {"pending at the ERP since 2026-03-02"} == {*named.values()}
            erp.approve()
            await days_of(account, 2)
            await account.audit(account.wanted())

        run(main())

    def test_a_call_of_the_erp_that_never_ends(self, folder: Path) -> None:
        """It is given up after ``erp_timeout``; the records are posted once when the ERP answers again."""

        async def main() -> None:
            account = Account(folder, records=6)
            erp = Hanging(account.clock, account.books)
            started = account.clock.monotonic()
            async with account.worker(erp=erp, erp_timeout=300) as loop:
                summary = await loop.run_once()
                assert "erp failed" == summary.ended
                assert "the adapter raised nothing in time" in summary.advice
                assert account.clock.monotonic() - started < HOUR
                task = asyncio.create_task(loop.run_forever())
                await pass_time(60)
                loop.stop()
                await asyncio.wait_for(task, HOUR)
            erp.hangs = False
            account.make_erp = always(erp)
            await days_of(account, 1)
            await account.audit(account.wanted())

        run(main())


class Unanswering(LaggingErp):
    """Cannot be searched so many times."""

    left = 0

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        if self.left:
            self.left -= 1
            raise ErpDown
        return await super().find(keys)


class Hanging(BookErp):
    """Does not answer."""

    hangs = True

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        if self.hangs:
            await asyncio.sleep(365 * DAY)
        return await super().post(postings)
