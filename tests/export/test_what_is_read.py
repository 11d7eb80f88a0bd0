"""What a run reads: the changes since the watermark, what webhooks name, what it does not understand."""

from __future__ import annotations

import datetime
from pathlib import Path

import attrs
import pytest

from brex_accounting import AccountingRecordReadyForExport, InvalidArgument, ServerError
from brex_accounting.emulator import Fault
from brex_accounting.export import ExportPolicy, State

from .world import DAY, HOUR, READY, Account, pass_time, run

READY_ONLY = ExportPolicy(basis="accrual")
LIST = "queryAccountingRecords"


class TestWatermark:
    """Up to when all changes are known."""

    def test_is_what_brex_says(self, folder: Path) -> None:
        """It stands ten minutes before the latest change that was seen, whatever this machine's clock says."""

        async def main() -> None:
            account = Account(folder, ready=False)
            latest = max(record.updated_at for record in account.tenant.records.all())
            await account.run()
            # the loop's own reports came later, and were not read
            assert latest - datetime.timedelta(minutes=10) == await watermark(account)
            await pass_time(DAY)
            await account.run()
            reported = max(record.updated_at for record in account.tenant.records.all())
            assert reported - datetime.timedelta(minutes=10) == await watermark(account)
            await pass_time(30 * DAY)
            await account.run()
            assert reported - datetime.timedelta(minutes=10) == await watermark(account)

        run(main())

    def test_what_shows_late_is_seen(self, folder: Path) -> None:
        """A bill whose change becomes visible only when a later one has been read is found by the overlap."""

        async def main() -> None:
            account = Account(folder, records=60, ready=False, policy=READY_ONLY)
            await account.finish()
            await pass_time(HOUR)
            changed_at = account.tenant.now()
            await pass_time(9 * 60)
            account.tenant.changed(account.stored(account.posted()[0]))
            await account.run()
            bills = [id_ for id_ in account.wanted("PREPARE", "REVIEW") if account.stored(id_).source_type == "BILL"]
            bill = bills[0]
            late = attrs.evolve(account.stored(bill), review_status=READY, updated_at=changed_at)
            account.tenant.records.put(late)
            await pass_time(HOUR)
            assert 1 == (await account.run()).exported
            assert bill in account.posted()

        run(main())

    @pytest.mark.parametrize("skip", [0, 1])
    def test_a_walk_that_fails_does_not_move_it(self, folder: Path, skip: int) -> None:
        """Brex fails on some page of the changes: what was read is exported, and all is read again by the next run."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            account.options["page_size"] = 10
            account.tenant.add_fault(Fault(effect="status", status=500, operation=LIST, skip=skip, times=3))
            with pytest.raises(ServerError):
                await account.run()
            assert await account.note("watermark") is None
            await account.finish()
            await account.audit(account.wanted())
            assert await account.note("watermark") is not None

        run(main())

    def test_another_policy_begins_anew(self, folder: Path) -> None:
        """A policy that takes bills on arrival reads from the beginning those that the one before had passed over."""

        async def main() -> None:
            account = Account(folder, ready=False, records=60)
            arrival, account.policy = account.policy, READY_ONLY
            await account.finish()
            bills = [id_ for id_ in account.wanted("REVIEW") if account.stored(id_).source_type == "BILL"]
            assert bills
            assert set(bills).isdisjoint(account.posted())
            account.policy = arrival
            await pass_time(30 * DAY)
            await account.run()
            assert set(bills) <= set(account.posted())

        run(main())


async def watermark(account: Account) -> datetime.datetime | None:
    """The journal's."""
    noted = await account.note("watermark")
    return None if noted is None else datetime.datetime.fromisoformat(noted)


def delivery(account: Account, number: int, *ids: str, company_id: str | None = None) -> AccountingRecordReadyForExport:
    """A verified webhook delivery."""
    return AccountingRecordReadyForExport(
        event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
        webhook_id=f"msg_{number}",
        sent_at=account.clock.now(),
        company_id=company_id or account.tenant.company["id"],
        accounting_record_ids=ids,
        raw=b"{}",
    )


class TestWebhooks:
    """Deliveries name records."""

    def test_are_read_by_their_ids(self, folder: Path) -> None:
        """A bill that no list shows is exported because a delivery names it; repetitions add nothing."""

        async def main() -> None:
            account = Account(folder, ready=False, records=60, policy=READY_ONLY)
            await account.finish()
            before = account.posted()
            await pass_time(HOUR)
            await account.run()  # reads what it has reported itself, and leaves all of it behind
            await pass_time(30 * DAY)
            bills = [id_ for id_ in account.wanted("PREPARE", "REVIEW") if account.stored(id_).source_type == "BILL"]
            for id_ in bills:
                account.tenant.changed(account.stored(id_), quietly=True, review_status=READY)
            assert 0 == (await account.run()).posted
            assert bills
            async with account.worker(company_id=account.tenant.company["id"]) as loop:
                assert await loop.handle(delivery(account, 1, *bills, "accr_of_nobody"))
                assert not await loop.handle(delivery(account, 1, *bills))
                with pytest.raises(InvalidArgument, match="company"):
                    await loop.handle(delivery(account, 2, *bills, company_id="company_other"))
            summary = await account.run()
            assert ("complete", len(bills)) == (summary.ended, summary.posted)
            async with account.worker() as loop:
                assert await loop.handle(delivery(account, 3, *bills))
            assert 0 == (await account.run()).posted
            assert [] == await account.journal(lambda journal: journal.announced(10))
            await account.audit([*before, *bills])

        run(main())


class TestUnreadable:
    """Records that this version does not understand."""

    @pytest.mark.parametrize("effect", ["unknown_enum", "wrong_schema"])
    def test_wait_for_a_person(self, folder: Path, effect: str) -> None:
        """They are not posted and nothing is told of them; the others are exported, and they are too once readable."""

        async def main() -> None:
            account = Account(folder, bill_ready="reaches")
            ours = account.wanted()
            account.options["page_size"] = 10
            account.tenant.add_fault(Fault(effect=effect, operation=LIST))
            summary = await account.run()
            rows = await account.rows()
            left = {id_ for id_ in ours if account.stage_of(id_) != "EXPORTED"}
            assert 0 < len(left) < len(ours)
            assert sorted(set(ours) - left) == account.posted()
            assert set() == account.failures
            waiting = {id_: row for id_, row in rows.items() if row.state is State.NEEDS_PERSON}
            assert set(waiting) <= {attention.record_id for attention in summary.needs_person}
            reasons = {str(row.reason).partition(" ")[0] for row in waiting.values()}
            assert {"unknown" if effect == "unknown_enum" else "unreadable:"} == reasons
            account.tenant.faults.clear()
            await pass_time(HOUR)
            await account.run()
            # what had no id that could be read has a row of its own, which a person settles
            async with account.worker() as loop:
                for id_, row in (await account.rows()).items():
                    if row.state is State.NEEDS_PERSON:
                        assert id_.startswith("unreadable-")
                        await loop.resolve(id_, "ignore", reason="it can be read again")
            await account.audit(ours)

        run(main())
