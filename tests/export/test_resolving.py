"""What people decide: every decision in every state, and what the loop makes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest

from brex_accounting import InvalidArgument
from brex_accounting.emulator import move, recode
from brex_accounting.export import Change, Entry, Resolution, SqliteJournal, State
from brex_accounting.export.resolving import _FROM, resolve
from brex_accounting.export.states import MOVES
from brex_accounting.export.verdicts import STILL_READY

from .traps import Trap
from .world import DAY, HOUR, READY, Account, pass_time, run

T = TypeVar("T")

AFTERWARDS = {"keep": State.POSTED, "repost": State.READY, "posted": State.POSTED, "ignore": State.IGNORED}


async def decided(journal: SqliteJournal, account: Account, state: State, resolution: Resolution) -> Entry:
    record_id = f"accr_{state.name.lower()}_{resolution}"
    entry = Entry(record_id=record_id, state=state, since=account.clock.now(), reference="JE-1", content_hash="1:aa")
    await journal.write([Change(entry=entry)])
    return await resolve(
        journal,
        record_id,
        resolution,
        reason="so it is",
        reference="JE-9" if resolution == "posted" else None,
        now=account.clock.now(),
        owner="me",
    )


class TestDecisions:
    """The decision alone."""

    @pytest.mark.parametrize("resolution", get_args(Resolution))
    @pytest.mark.parametrize("state", list(State))
    def test_fits_or_is_refused(self, folder: Path, state: State, resolution: Resolution) -> None:
        """In each state a decision leads where the table of moves allows, or is refused and changes nothing."""

        async def main() -> None:
            account = Account(folder, records=0)
            journal = SqliteJournal(folder / "export.db")
            await journal.open("acme")
            fits = state in _FROM[resolution]
            if not fits:
                with pytest.raises(InvalidArgument, match=r"^resolution: "):
                    await decided(journal, account, state, resolution)
                (kept,) = await journal.entries()
                assert state is kept.state
            else:
                row = await decided(journal, account, state, resolution)
                assert AFTERWARDS[resolution] is row.state
                assert row.state is state or row.state in MOVES[state]
                assert "so it is" == (await journal.history(row.record_id))[-1].note
                if resolution == "repost":
                    assert (f"{row.record_id}~2", None) == (row.key, row.reference)
                if resolution == "posted":
                    assert "JE-9" == row.reference
            await journal.aclose()

        run(main())

    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"resolution": "forget"}, "resolution"),
            ({"reason": " "}, "reason"),
            ({"reference": "JE-1"}, "reference"),
            ({"resolution": "posted"}, "reference"),
            ({"record_id": "accr_unknown"}, "record_id"),
        ],
    )
    def test_mistakes_are_named(self, folder: Path, arguments: dict[str, Any], named: str) -> None:
        """What cannot be decided is refused by the name of the argument."""

        async def main() -> None:
            account = Account(folder)
            await account.run()
            usual: dict[str, Any] = {"record_id": account.wanted()[0], "resolution": "ignore", "reason": "why not"}
            async with account.worker() as loop:
                with pytest.raises(InvalidArgument, match=rf"^{named}: "):
                    await loop.resolve(**{**usual, **arguments})

        run(main())


class TestWhatBecomesOfIt:
    """The loop after a decision."""

    def test_kept(self, folder: Path) -> None:
        """A kept change is settled; when Brex wants the record again, it is told the old reference."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            record_id = account.posted()[0]
            before = (await account.rows())[record_id]
            account.tenant.changed(account.stored(record_id))
            recode(account.tenant, record_id, brex_field_id="ef_101", brex_field_value_id="efo_9")
            async with account.worker(erp=OnlyPosts(account)) as loop:
                summary = await loop.run_once()
                assert [record_id] == [one.record_id for one in summary.needs_person]
                await loop.resolve(record_id, "keep", reason="right as it is")
                assert (await loop.run_once()).needs_person == ()
                move(account.tenant, record_id, READY)
                await pass_time(HOUR)
                assert 1 == (await loop.run_once()).exported
            after = (await account.rows())[record_id]
            assert before.reference == after.reference
            assert "EXPORTED" == account.stage_of(record_id)
            assert 1 == account.posted().count(record_id)

        run(main())

    def test_kept_and_slow_to_be_shown_as_exported(self, folder: Path) -> None:
        """Brex is told once of what a person keeps, and not again before it has had time to show the report."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            record_id = account.posted()[0]
            recode(account.tenant, record_id, brex_field_id="ef_101", brex_field_value_id="efo_9")
            await account.run()
            async with account.worker() as loop:
                await loop.resolve(record_id, "keep", reason="right as it is")
            move(account.tenant, record_id, READY)
            slow = ShowsReady(account, record_id)
            async with account.worker(slow) as loop:
                summary = await loop.run_once()
            assert ("complete", 1, 1) == (summary.ended, summary.exported, slow.reports)
            for _ in range(8):
                await pass_time(DAY)
                async with account.worker(slow) as loop:
                    await loop.run_once()
            row = (await account.rows())[record_id]
            assert (5, State.NEEDS_PERSON, STILL_READY) == (slow.reports, row.state, row.reason)

        run(main())

    def test_reposted_while_brex_shows_it_as_exported(self, folder: Path) -> None:
        """It comes into the books once more under a key of its own, and Brex is not told twice."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            record_id = account.posted()[0]
            async with account.worker() as loop:
                await loop.resolve(record_id, "repost", reason="the first one was reversed by hand")
                await loop.run_once()
            assert [record_id, f"{record_id}~2"] == [key for key in account.posted() if key.startswith(record_id)]
            assert State.EXPORTED is (await account.rows())[record_id].state
            assert [] == account.violations()

        run(main())

    def test_posted_by_hand(self, folder: Path) -> None:
        """Brex is told the reference that the person gave, and nothing is posted."""

        async def main() -> None:
            account = Account(folder)
            record_id = account.wanted()[0]
            async with account.worker() as loop:
                await loop.run_once()
            await pass_time(DAY)
            async with account.worker() as loop:
                move(account.tenant, record_id, READY)
                await loop.resolve(record_id, "ignore", reason="not ours")
                await loop.run_once()
                assert READY == account.stage_of(record_id)
                await loop.resolve(record_id, "posted", reference="BY-HAND-1", reason="entered by hand")
                await loop.run_once()
            assert "BY-HAND-1" == (await account.rows())[record_id].reference
            assert "EXPORTED" == account.stage_of(record_id)
            assert 1 == account.posted().count(record_id)

        run(main())

    @pytest.mark.parametrize("is_ignored", [True, False])
    def test_posted_by_hand_while_brex_shows_it_as_exported(self, folder: Path, *, is_ignored: bool) -> None:
        """The journal has the reference that the person gave, and Brex is not told twice."""

        async def main() -> None:
            account = Account(folder)
            await account.finish()
            record_id = account.posted()[0]
            await pass_time(HOUR)
            async with account.worker() as loop:
                if is_ignored:
                    await loop.resolve(record_id, "ignore", reason="not ours")
                else:
                    recode(account.tenant, record_id, brex_field_id="f", brex_field_value_id="v1")
                    await loop.run_once()
                    assert State.NEEDS_PERSON is (await account.rows())[record_id].state
                await pass_time(HOUR)
                account.tenant.add(5, 8)
                await loop.run_once()  # now it lies behind the watermark
                await loop.resolve(record_id, "posted", reference="BY-HAND-1", reason="entered by hand")
                await loop.run_once()
            row = (await account.rows())[record_id]
            assert (State.EXPORTED, "BY-HAND-1") == (row.state, row.reference)
            assert [] == account.violations()

        run(main())


class ShowsReady(Trap):
    """A Brex that takes each report, and shows a record as ready all the same.

    Args:
        account: The account.
        record_id: The record.
    """

    def __init__(self, account: Account, record_id: str) -> None:
        super().__init__()
        self.reports = 0
        self._account = account
        self._record_id = record_id

    async def through(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        answer = await super().through(name, call)
        if name.endswith("/export-results"):
            self.reports += 1
            move(self._account.tenant, self._record_id, READY)
        return answer


class OnlyPosts:
    """The books of an account behind an adapter that cannot change entries."""

    repeats = "idempotent"
    search_lag = 0.0
    batch_size = 10

    def __init__(self, account: Account) -> None:
        inner: Any = account.make_erp(account, Trap())
        self.post, self.find = inner.post, inner.find
