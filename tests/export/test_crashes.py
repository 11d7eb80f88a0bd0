"""Exports whose workers are killed: real processes, with real files between them, against the emulator."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from brex_accounting.emulator import move
from tests.export.crash.checks import check
from tests.export.crash.scene import Scene, scene
from tests.export.crash.sweep import Sweep, SweepPlan, SweepReport
from tests.export.traps import Crash, Moment, Trap
from tests.export.world import DAY, READY, Account, Refusals, pass_time, run
from tests.soak import SOAK

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

LAGGING = {"lag": 2.5, "lease": 1.0}
"""Claims of workers that died end long before the books show what they had posted."""


def swept(plan: SweepPlan, folder: Path) -> SweepReport:
    """Sweep; the workers were where it hurts, and what they left was found out about."""
    report = Sweep(plan, folder).run()
    assert plan.kills == report.kills
    assert plan.records == report.records == sum(report.ends.values())
    assert report.ends["exported"] > 0
    assert report.ends["refused"] > 0
    found = (report.looked_up, report.posted_again, report.read_back, report.reported_again)
    assert sum(found) > 0
    assert sum(report.struck.values()) > 0
    if plan.kills >= 50:
        assert min(*found, *report.struck.values(), report.phases["posting"], report.phases["reporting"]) > 0
    return report


class TestKills:
    def test_beancount(self, tmp_path: Path) -> None:
        """Workers that keep books in text are killed at random instants: nothing is lost, doubled or changed."""
        plan = SweepPlan(kills=50, records=10_000) if SOAK else SweepPlan(kills=7, records=600, faults=3)
        swept(plan, tmp_path)

    def test_two_workers(self, tmp_path: Path) -> None:
        """Two workers at one journal, and books that show late what was posted, and that take a key twice."""
        plan = SweepPlan(kills=50, records=10_000) if SOAK else SweepPlan(kills=5, records=400, faults=3)
        swept(plan.pair(erp="durable", worker=LAGGING), tmp_path)


if SOAK:

    class TestKillsElsewhere:
        """What takes minutes: the large budget has it, and the quick one does not know of it."""

        @pytest.mark.parametrize(
            "variants",
            [
                {"report_422": "partial", "report_200": "subset", "report_moves": "nothing"},
                {"cursor": "key", "bill_ready": "reaches"},
                {"cursor": "snapshot", "idempotency": "ignored"},
            ],
            ids=lambda variants: "-".join(variants.values()),
        )
        def test_variants(self, tmp_path: Path, variants: dict[str, str]) -> None:
            """So it is where Brex behaves in other ways than we think."""
            swept(SweepPlan(kills=20, records=3000, variants=variants), tmp_path)

        def test_grant(self, tmp_path: Path) -> None:
            """So it is where tokens expire all the time, and are refreshed by whoever comes first."""
            report = swept(SweepPlan(kills=20, records=3000, workers=2, grant=True), tmp_path)
            assert report.refreshes > 3


class TestTermination:
    @pytest.mark.parametrize("stage", ["posting", "reporting"])
    def test_in_the_middle(self, tmp_path: Path, stage: str) -> None:
        """SIGTERM lets a worker finish its batch and leave with status 0: nothing is left to find out about."""
        with scene(tmp_path, records=200, batch_size=10) as found:
            worker = found.fleet.start()
            found.fleet.until(lambda: self._is_at(found, stage), f"it is {stage}")
            worker.send(signal.SIGTERM)
            found.fleet.done(worker)
            assert [] == found.rows("select state from entries where owner is not null")
            states = found.states()
            assert {} == {state: states[state] for state in ("posting", "reporting") if state in states}
            assert sum(states.values()) > 0
            assert found.under_way()
            found.finish()
            check(found)

    def _is_at(self, found: Scene, stage: str) -> bool:
        return any(state == stage for state in found.claimed())


class TestRefusals:
    """What a run that was broken off had rejected does not stop those after it. In one process, at one instant."""

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_broken_off(self, tmp_path: Path, moment: Moment) -> None:
        """A worker that dies at its first report leaves few refusals among many entries, and the next one goes on."""

        async def main() -> None:
            account, bad = self._account(tmp_path, READY)
            with pytest.raises(Crash):
                async with account.worker(Trap(moment=moment, name="POST")) as loop:
                    await loop.run_once()
            assert set() == account.failures
            await pass_time(60)
            summary = await account.run()
            assert ("complete", 0, len(bad)) == (summary.ended, summary.posted, summary.refused)
            assert set(bad) == {id_ for id_, _ in account.failures}
            assert [] == account.violations()

        run(main())

    def test_not_to_be_told(self, tmp_path: Path) -> None:
        """Where Brex does not want to hear of them yet, they do not stop the runs of later days, and are told then."""

        async def main() -> None:
            account, bad = self._account(tmp_path, "PREPARE")
            assert "complete" == (await account.run()).ended
            for _ in range(3):
                await pass_time(DAY)
                summary = await account.run()
                assert ("complete", 0, 0) == (summary.ended, summary.posted, summary.refused)
            for id_ in bad:
                move(account.tenant, id_, "REVIEW")
            await pass_time(DAY)
            summary = await account.run()
            assert ("complete", len(bad)) == (summary.ended, summary.refused)
            assert {"refused"} == {row.state for id_, row in (await account.rows()).items() if id_ in bad}

        run(main())

    def _account(self, folder: Path, stage: str) -> tuple[Account, list[str]]:
        """An account with bills at a stage that the ERP does not take; they are less than one of twenty records."""
        account = Account(folder, records=700)
        account.options = {}
        bills = [id_ for id_ in account.wanted() if account.stored(id_).source_type == "BILL"]
        bad = bills[:25]
        assert len(bad) < len(account.wanted()) / 20
        for id_ in bad:
            move(account.tenant, id_, stage)
        account.make_erp = Refusals(bad)
        return account, bad
