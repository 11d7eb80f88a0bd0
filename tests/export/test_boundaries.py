"""A worker that ends at every call it makes: what it leaves behind is brought to its end, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from brex_accounting.emulator import VARIANTS, Fault, move
from brex_accounting.export import ExportPolicy, Posted, RunSummary
from tests.export.doubles import BookErp, SlowErp
from tests.soak import SOAK

from .traps import Act, Crash, Moment, Trap
from .world import HOUR, READY, Account, MakeErp, half_posting, honest, lagging, run

EFFECTS = ("write the journal", "enter", "POST")
"""What changes anything: a crash between two of these is the same wherever it is."""

UNCERTAIN = ("cursor", "empty_page", "report_422", "report_200", "report_moves", "idempotency")
"""Variants that are mixed with crashes."""

LEASE = 60.0
READY_BILLS = ExportPolicy(basis="accrual")


async def account_in(
    folder: Path, make_erp: MakeErp, *, fresh: bool, variants: Mapping[str, str] | None = None
) -> Account:
    """An account with 30 records that are ready.

    Args:
        folder: Where the journal is.
        make_erp: The ERP.
        fresh: Whether the journal is new, so that the books are asked about everything; otherwise it has seen all of
            an account in which nothing was ready.
        variants: What the emulator does.
    """
    account = Account(folder, ready=fresh, make_erp=make_erp, bill_ready="reaches", variants=variants)
    if not fresh:
        ids = [record.id for record in account.tenant.records.all()]
        for record_id in ids:
            move(account.tenant, record_id, "PREPARE")
        account.policy = READY_BILLS
        summary = await account.run()
        assert ("complete", 0) == (summary.ended, summary.posted)
        await asyncio.sleep(HOUR)
        for record_id in ids:
            move(account.tenant, record_id, READY)
    return account


async def ended_at(account: Account, trap: Trap) -> str | None:
    """Let a worker run into a trap; the name of the call that it ended at, None where it went through."""
    async with account.worker(trap, lease=LEASE) as loop:
        trap.task, trap.stop = asyncio.create_task(loop.run_once()), loop.stop
        with contextlib.suppress(Crash, asyncio.CancelledError):
            ended = (await trap.task).ended
            assert ended in ("complete", "erp failed") or (trap.sprung and ended == "stopped")
    return trap.calls[trap.at - 1] if trap.sprung else None


async def live(
    folder: Path,
    make_erp: MakeErp,
    traps: list[Trap],
    *,
    fresh: bool,
    faults: bool = False,
    variants: Mapping[str, str] | None = None,
) -> str | None:
    """Let workers run into traps one after the other, and others bring it to its end."""
    account = await account_in(folder, make_erp, fresh=fresh, variants=variants)
    expected = account.wanted()
    if faults:
        account.tenant.add_fault(Fault(effect="drop", phase="after", every=2, times=3))
    ended = None
    for trap in traps:
        ended = await ended_at(account, trap)
    await account.finish()
    await account.audit(expected)
    return ended


def calls_of(folder: Path, make_erp: MakeErp, *, fresh: bool) -> list[str]:
    """The calls of a run that nothing disturbs."""
    trap = Trap()
    run(live(folder, make_erp, [trap], fresh=fresh))
    return trap.calls


def new_in(folder: Path, number: int) -> Path:
    """A folder of its own."""
    made = folder / str(number)
    made.mkdir()
    return made


Case = tuple[MakeErp, bool, Moment, Act, bool]

EACH: list[Case] = [
    (make_erp, fresh, moment, act, True)
    for make_erp in (honest, lagging, half_posting)
    for fresh in (True, False)
    for moment in get_args(Moment)
    for act in get_args(Act)
]
SOME: list[Case] = [
    (lagging, False, "before", "crash", True),
    (half_posting, True, "after", "crash", False),
    (honest, False, "after", "cancel", False),
]
"""An ERP, whether the journal is new, when and how it ends, and whether at every call or where it changes anything."""


def name_of(case: Case) -> str:
    make_erp, fresh, moment, act, _ = case
    return f"{make_erp.__name__}, {'new' if fresh else 'old'} journal, {act} {moment}"


class TestEveryCall:
    """One worker ends at one call."""

    @pytest.mark.parametrize("case", EACH if SOAK else SOME, ids=name_of)
    def test_ends_well(self, folder: Path, case: Case) -> None:
        """Whichever call a worker ends at, no entry is there twice, none is missing, and all are reported."""
        make_erp, fresh, moment, act, all_of_them = case
        struck: list[str] = []
        for number in count(1):
            trap = Trap(number, moment, act, among=("",) if all_of_them else EFFECTS)
            try:
                name = run(live(new_in(folder, number), make_erp, [trap], fresh=fresh))
            except Exception as error:
                error.add_note(f"{act} {moment} call {number}, {trap.calls[number - 1 :][:1]}")
                raise
            if name is None:  # it went through
                break
            struck.append(name)
        assert {"enter", "write the journal"} < {*struck}
        assert 50 < len(struck) < 500


class TestSeveralEnds:
    """Workers end one after the other, and requests get lost as well."""

    @pytest.mark.parametrize("make_erp", [honest, lagging, half_posting])
    def test_end_well(self, folder: Path, make_erp: MakeErp) -> None:
        """Two or three workers that end at any calls leave nothing behind that a later one does not settle."""
        random = Random(make_erp.__name__)
        calls = len(calls_of(folder, make_erp, fresh=False))
        for number in range(300 if SOAK else 8):
            traps = [
                Trap(random.randint(1, calls), random.choice(get_args(Moment)), random.choice(get_args(Act)))
                for _ in range(random.choice((2, 3)))
            ]
            fresh, faults = random.random() < 0.5, random.random() < 0.5
            variants = {name: random.choice([*VARIANTS[name].values]) for name in UNCERTAIN}
            try:
                run(live(new_in(folder, number), make_erp, traps, fresh=fresh, faults=faults, variants=variants))
            except Exception as error:
                ends = [(trap.act, trap.moment, trap.at, trap.calls[trap.at - 1 :][:1]) for trap in traps]
                error.add_note(f"{ends}, {fresh=}, {faults=}, {variants=}")
                raise

    def test_the_same_loop_goes_on(self, folder: Path) -> None:
        """A loop whose run was cancelled at any call brings everything to its end in its next ones."""

        async def main(where: Path, number: int, moment: Moment) -> None:
            account = await account_in(where, lagging, fresh=False)
            expected = account.wanted()
            trap = Trap(number, moment, "cancel")
            async with account.worker(trap, lease=LEASE) as loop:
                trap.task = asyncio.create_task(loop.run_once())
                with contextlib.suppress(asyncio.CancelledError):  # one of the last calls may not be made this time
                    await trap.task
                await asyncio.sleep(1)
                assert "complete" == (await loop.run_once()).ended
            await account.audit(expected)

        calls = calls_of(folder, lagging, fresh=False)
        random = Random(1)
        for number in range(1, len(calls) + 1) if SOAK else random.sample(range(1, len(calls) + 1), 20):
            run(main(new_in(folder, number), number, random.choice(get_args(Moment))))


class TestAnErpThatIsAtIt:
    """The worker is gone, and the ERP goes on."""

    @pytest.mark.parametrize("passes", [1.0, 100.0, 899.0])
    @pytest.mark.parametrize("act", ["crash", "cancel"])
    def test_is_waited_for(self, folder: Path, act: Act, passes: float) -> None:
        """What was asked of a slow ERP comes into the books once, though nobody is there any more to see it."""

        async def main() -> None:
            account = await account_in(folder, honest, fresh=False)
            expected = account.wanted()
            erp = SlowErp(account.clock, account.books, seconds=900.0, batch_size=12)
            trap = Trap(0, "before", act)
            async with account.worker(trap, erp=erp, lease=LEASE) as loop:
                task = asyncio.create_task(loop.run_once())
                await asyncio.sleep(passes)
                assert erp.posts
                trap.sprung = True  # from here on every call crashes, if it is a crash
                task.cancel()
                with pytest.raises((asyncio.CancelledError, Crash)):
                    await task
            assert [] == account.books.documents
            for _ in range(6):
                async with account.worker(erp=SlowErp(account.clock, account.books, batch_size=12)) as loop:
                    await loop.run_once()
                await asyncio.sleep(HOUR)
            await account.audit(expected)

        run(main())

    def test_outlives_its_lease(self, folder: Path) -> None:
        """While a worker waits for a slow ERP its claims do not run out, and a second worker leaves them alone."""

        async def main() -> None:
            account = await account_in(folder, honest, fresh=False)
            expected = account.wanted()
            slow = [SlowErp(account.clock, account.books, seconds=900.0, batch_size=12) for _ in range(2)]

            async def work(erp: SlowErp) -> RunSummary:
                async with account.worker(erp=erp, lease=LEASE) as loop:
                    return await loop.run_once()

            first = asyncio.create_task(work(slow[0]))
            await asyncio.sleep(10)
            summaries = await asyncio.gather(first, work(slow[1]))
            # nobody had to look anything up: each heard itself what became of what it had asked for
            assert [0, 0] == [summary.found for summary in summaries]
            keys = [key for erp in slow for post in erp.posts for key in post]
            assert sorted(expected) == sorted(keys)
            await account.finish()
            await account.audit(expected)

        run(main())

    def test_is_asked_for_links_for_longer_than_a_lease(self, folder: Path) -> None:
        """While a worker asks for the links that it is to report, its claims do not run out: Brex is told once."""

        async def main() -> None:
            account = await account_in(folder, honest, fresh=False)
            with pytest.raises(Crash):
                async with account.worker(Trap(name="POST")) as loop:  # its links are gone with it
                    await loop.run_once()
            await asyncio.sleep(HOUR)

            async def work(delay: float) -> RunSummary:
                await asyncio.sleep(delay)
                erp = SearchedSlowly(account.clock, account.books, batch_size=4)
                async with account.worker(erp=erp, lease=LEASE) as loop:
                    return await loop.run_once()

            await asyncio.gather(work(0.0), work(LEASE + 10))
            await account.finish()
            await account.audit(account.wanted())

        run(main())


class SearchedSlowly(BookErp):
    """Each search takes most of a lease."""

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        await asyncio.sleep(LEASE * 0.75)
        return await super().find(keys)
