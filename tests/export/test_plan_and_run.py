"""The dry run of what earlier runs have left: it says what the run that follows does."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from brex_accounting.emulator import move
from brex_accounting.export import ExportPolicy
from brex_accounting.export.plan_summary import PlanAction

from .doubles import RejectingErp
from .liars import LyingAccount, honestly, refusal
from .test_plan import planned, reject
from .traps import Crash, Trap
from .world import HOUR, READY, Account, always, pass_time, run

REPORT = "POST /v3/accounting/records/export-results"


def account_in(folder: Path, *, records: int = 60) -> tuple[Account, RejectingErp]:
    """An account whose records are all ready, and an ERP that takes all of them."""
    account = Account(folder, records=records, policy=ExportPolicy(basis="accrual"), bill_ready="reaches")
    erp = RejectingErp(account.clock, account.books, rule=reject(lambda _: False))
    account.make_erp = always(erp)
    return account, erp


def told_before(account: Account, erp: RejectingErp) -> RejectingErp:
    """Another handle for the plan, which may post nothing."""
    return RejectingErp(account.clock, account.books, rule=erp.rule, mapping_version=erp.mapping_version)


async def posted_only(account: Account) -> None:
    """Let everything that is ready come into the books, and Brex not be told."""
    with pytest.raises(Crash):
        async with account.worker(Trap(name=REPORT)) as loop:
            await loop.run_once()


class TestPauses:
    """Brex has refused the account."""

    def test_until_the_next_try(self, folder: Path) -> None:
        """The plan says that a run would do nothing as long as that is so, and not from the next try on."""

        async def main() -> None:
            account = LyingAccount(folder, policy=ExportPolicy(basis="accrual"))
            account.lie = forbidding
            assert "paused" == (await account.run()).ended
            account.lie = honestly
            made = await planned(account)
            assert (account.wanted(), True) == (made.ids(PlanAction.POST), made.summary.pause is not None)
            assert "paused" == (await account.run()).ended
            await pass_time(60)
            assert (await planned(account)).summary.pause is None
            assert "complete" == (await account.run()).ended

        run(main())


def forbidding(_: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
    """Answer everything 403."""
    return None if response is not None else refusal(403, "FORBIDDEN")


class TestRefusals:
    """The ERP does not take a record, and that is not all there is to it."""

    def test_of_what_the_books_hold(self, folder: Path) -> None:
        """What a lost journal had posted is reported, although the mapping would not take it any more."""

        async def main() -> None:
            account, erp = account_in(folder)
            await posted_only(account)
            for file in list(account.path.parent.glob("export.db*")):
                file.unlink()
            erp.set_rule(reject(lambda _: True))
            made = await planned(account, erp=told_before(account, erp))
            assert (account.wanted(), False) == (made.ids(PlanAction.REPORT), made.summary.too_many_refusals)
            summary = await account.run()
            assert ("complete", len(account.wanted()), 0) == (summary.ended, summary.exported, summary.refused)

        run(main())

    def test_that_brex_was_told_before(self, folder: Path) -> None:
        """However many there are, they do not stop the run that tries them again."""

        async def main() -> None:
            account, erp = account_in(folder)
            erp.set_rule(reject(lambda _: True))
            assert "complete" == (await account.run(accept_refusals=True)).ended
            await pass_time(2 * HOUR)
            made = await planned(account, erp=told_before(account, erp))
            assert (account.wanted(), False) == (made.ids(PlanAction.REFUSE), made.summary.too_many_refusals)
            told = {*account.failures}
            summary = await account.run()
            assert ("complete", 0, ()) == (summary.ended, summary.refused, summary.refusals)
            assert told == account.failures

        run(main())

    @pytest.mark.parametrize("records", [500, 100])
    def test_beside_what_is_still_to_be_told(self, folder: Path, records: int) -> None:
        """They are too many or not beside what a run that was broken off has posted, as the run counts them."""

        async def main() -> None:
            account, erp = account_in(folder, records=records)
            bad = {*account.wanted()[:20]}
            for id_ in bad:
                move(account.tenant, id_, "PREPARE")
            await posted_only(account)
            for id_ in bad:
                move(account.tenant, id_, READY)
            await pass_time(HOUR)
            erp.set_rule(reject(bad.__contains__))
            made = await planned(account, erp=told_before(account, erp))
            assert ([*sorted(bad)], records == 100) == (
                made.ids(PlanAction.REFUSE),
                made.summary.too_many_refusals,
            )
            assert made.summary.too_many_refusals is ((await account.run()).ended == "too many refusals")

        run(main())
