"""Records that stay where they are in front of all others."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from brex_accounting.emulator import VARIANTS, move
from brex_accounting.export import ExportPolicy, State

from .world import HOUR, READY, Account, Refusals, pass_time, run

STUCK = GOOD = 1000
ALL_TYPES = ExportPolicy(basis="accrual").types | ExportPolicy(basis="cash").types


def account_in(folder: Path, policy: ExportPolicy, cursor: str) -> tuple[Account, list[str], list[str]]:
    """An account with records in front that are booked on the first day of the year, and others behind."""
    account = Account(folder, records=STUCK, policy=policy, variants={"cursor": cursor}, bill_ready="reaches")
    stuck = [record.id for record in account.tenant.records.all()]
    good = account.tenant.add(GOOD, 8)
    for record_id in good:
        move(account.tenant, record_id, READY)
    account.options = {"page_size": 100, "report_size": 100}
    return account, stuck, good


@pytest.mark.parametrize("cursor", VARIANTS["cursor"].values)
class TestStarvation:
    """A thousand records that stay READY_FOR_EXPORT, in front of a thousand good ones."""

    def test_what_is_refused(self, folder: Path, cursor: str) -> None:
        """Records that the ERP does not take keep none of those behind them from being exported in the same run."""

        async def main() -> None:
            account, stuck, good = account_in(folder, ExportPolicy(basis="accrual", record_types=ALL_TYPES), cursor)
            account.make_erp = Refusals(stuck)
            summary = await account.run(accept_refusals=True)
            assert ("complete", STUCK, GOOD) == (summary.ended, summary.refused, summary.exported)
            assert {READY} == {account.stage_of(id_) for id_ in stuck}
            assert (sorted(good), set()) == (account.posted(), not_exported(account, good))
            assert len(stuck) == len(account.failures)
            assert [] == account.violations()
            again = await account.run(accept_refusals=True)
            assert ("complete", 0, 0, 0) == (again.ended, again.posted, again.refused, again.exported)

        run(main())

    def test_what_waits(self, folder: Path, cursor: str) -> None:
        """Nor do records that wait for a period to be opened, or that need a person, or are not for this ledger."""

        async def main() -> None:
            closed = datetime.date(2025, 12, 31)
            policy = ExportPolicy(basis="accrual", closed_through=closed, start=datetime.date(2025, 7, 1))
            account, stuck, good = account_in(folder, policy, cursor)
            for number, record_id in enumerate(stuck):
                account.book_on(record_id, ("2025-12-31T23:59:59Z", "2025-06-30T00:00:00Z")[number % 2])
            for record_id in good:
                account.book_on(record_id, "2026-01-01T00:00:00Z")
            wanted = [id_ for id_ in good if account.stored(id_).type in policy.types]
            summary = await account.run()
            assert ("complete", len(wanted)) == (summary.ended, summary.exported)
            assert sorted(wanted) == account.posted()
            assert set() == not_exported(account, wanted)
            rows = await account.rows()
            kept = {rows[id_].state for id_ in stuck}
            assert {State.WAITING, State.NOT_FOR_LEDGER} == kept
            assert [] == account.violations()

        run(main())

    def test_what_moves_quietly(self, folder: Path, cursor: str) -> None:
        """Records that become ready without a new ``updated_at`` are found all the same, behind those that stay."""

        async def main() -> None:
            account, stuck, good = account_in(folder, ExportPolicy(basis="accrual", record_types=ALL_TYPES), cursor)
            for record_id in [*stuck, *good]:
                move(account.tenant, record_id, "REVIEW")
            assert ("complete", 0) == ((summary := await account.run()).ended, summary.posted)
            await pass_time(HOUR)
            for record_id in [*stuck, *good]:
                account.tenant.changed(account.stored(record_id), quietly=True, review_status=READY)
            account.make_erp = Refusals(stuck)
            summary = await account.run(accept_refusals=True)
            assert ("complete", STUCK, GOOD) == (summary.ended, summary.refused, summary.exported)
            assert (sorted(good), set()) == (account.posted(), not_exported(account, good))
            assert [] == account.violations()

        run(main())


def not_exported(account: Account, ids: list[str]) -> set[str]:
    return {id_ for id_ in ids if account.stage_of(id_) != "EXPORTED"}
