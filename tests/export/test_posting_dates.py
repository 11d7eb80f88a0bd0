"""The day that a record is posted under: what Brex says, in UTC, wherever the machine is."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from brex_accounting.export import ExportPolicy, State
from brex_accounting.export.policy import ClosedPeriod
from brex_accounting.export.states import SETTLED

from .world import DAY, HOUR, READY, Account, pass_time, run

# In the names of these zones the sign is the other way round.
ZONES = {f"UTC{hours:+d}": f"Etc/GMT{-hours:+d}" for hours in range(-11, 15)} | {"Kolkata": "Asia/Kolkata"}

LAST, FIRST = datetime.date(2025, 12, 31), datetime.date(2026, 1, 1)
DAYS = {
    "2025-12-31T00:00:00Z": LAST,
    "2025-12-31T12:00:00Z": LAST,
    "2025-12-31T23:59:59.999999Z": LAST,
    "2026-01-01T00:00:00Z": FIRST,
    "2026-01-01T13:59:59+14:00": LAST,
    "2026-01-01T14:00:00+14:00": FIRST,
    "2025-12-31T12:59:59-11:00": LAST,
    "2025-12-31T13:00:00-11:00": FIRST,
}
"""What Brex may write, and the day that it is in UTC."""


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A local zone of the machine, for the duration of a test."""
    monkeypatch.setenv("TZ", ZONES[request.param])
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def booked(folder: Path, policy: ExportPolicy) -> tuple[Account, dict[str, datetime.date]]:
    """An account with a record for each way to write a day, and the day of each."""
    types = ExportPolicy(basis="accrual").types | ExportPolicy(basis="cash").types
    account = Account(folder, records=3 * len(DAYS), policy=policy, bill_ready="reaches")
    ids = [record.id for record in account.tenant.records.all() if record.type in types & account.policy.types]
    days = dict(zip(ids, list(DAYS) * 3, strict=False))
    for record in list(account.tenant.records.all()):
        account.book_on(record.id, days.get(record.id, "2026-01-15T00:00:00Z"))
    return account, {id_: DAYS[instant] for id_, instant in days.items()}


class TestTurnOfTheYear:
    """31 December and 1 January."""

    @pytest.mark.parametrize("zone", ZONES, indirect=True)
    def test_no_zone_is_applied(self, folder: Path, zone: str) -> None:
        """Books and journal have the UTC date, whatever zone the machine is in."""

        async def main() -> None:
            account, days = booked(folder, ExportPolicy(basis="accrual"))
            assert {LAST, FIRST} == set(days.values())
            await account.finish()
            await account.audit(account.wanted())
            documents = {document.key: document.date for document in account.books.documents}
            rows = await account.rows()
            assert days == {id_: documents[id_] for id_ in days}, zone
            assert days == {id_: rows[id_].posting_date for id_ in days}, zone

        run(main())

    @pytest.mark.parametrize("zone", ["UTC-11", "UTC+14"], indirect=True)
    def test_start(self, folder: Path, zone: str) -> None:
        """What belongs before the start is neither posted nor reported; the first day is."""

        async def main() -> None:
            account, days = booked(folder, ExportPolicy(basis="accrual", start=FIRST))
            before = {id_ for id_, day in days.items() if day == LAST}
            await account.finish()
            await account.audit(set(account.wanted()) - before)
            rows = await account.rows()
            assert {(State.NOT_FOR_LEDGER, "before 2026-01-01")} == {
                (rows[id_].state, rows[id_].reason) for id_ in before
            }
            assert {READY} == {account.stage_of(id_) for id_ in before}, zone
            assert set() == account.failures
            # an earlier start: what was passed over counts anew
            account.policy = ExportPolicy(basis="accrual", start=LAST)
            await pass_time(HOUR)
            await account.finish()
            await account.audit(account.wanted())

        run(main())


class TestClosedPeriods:
    """The old year is closed."""

    @pytest.mark.parametrize("closed", ["wait", "fail", "next open date"])
    @pytest.mark.parametrize("zone", ["UTC-11", "UTC+14"], indirect=True)
    def test_end_to_end(self, folder: Path, zone: str, closed: ClosedPeriod) -> None:
        """Its records wait, are refused, or are posted on the next open date; opened again, what is left is posted."""

        async def main() -> None:
            account, days = booked(folder, ExportPolicy(basis="accrual", closed_through=LAST, closed=closed))
            old = {id_ for id_, day in days.items() if day == LAST}
            new = set(account.wanted()) - old
            summary = await account.run()
            rows = await account.rows()
            states = {rows[id_].state for id_ in old}
            assert "complete" == summary.ended, zone
            if closed == "next open date":
                await account.audit(account.wanted())
                documents = {document.key: document.date for document in account.books.documents}
                assert {FIRST} == {documents[id_] for id_ in old}
                assert {FIRST} == {rows[id_].posting_date for id_ in old}
                return
            assert sorted(new) == account.posted()
            expected = {"wait": State.WAITING, "fail": State.REFUSED}[closed]
            told = {"wait": set[str](), "fail": old}[closed]
            assert ({expected}, told) == (states, {id_ for id_, _ in account.failures})
            assert {expected} | SETTLED >= {row.state for row in rows.values()}
            for _ in range(3):
                await pass_time(DAY)
                again = await account.run()
                assert ("complete", 0, 0) == (again.ended, again.posted, again.exported)
            assert len(told) == len(account.failures)
            account.policy = ExportPolicy(basis="accrual", closed=closed)
            await pass_time(60)
            await account.run()
            await account.audit(account.wanted())
            documents = {document.key: document.date for document in account.books.documents}
            assert days == {id_: documents[id_] for id_ in days}

        run(main())
