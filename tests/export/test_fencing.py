"""The fence of a posting: what an ERP that keeps the largest one of each key can refuse a superseded worker by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brex_accounting.clock import Clock
from brex_accounting.emulator import move, recode
from brex_accounting.export import Outcome, Posted, Posting, Rejected

from .doubles import Books, ErpDown, MemoryErp
from .world import HOUR, READY, Account, pass_time, run


class Fenced(MemoryErp):
    """Remembers what it was given, and fails when it is told to.

    Attributes:
        given: Attempt and fence of each call, by key.
        fails: Whether the next posts fail.
    """

    def __init__(self, clock: Clock, books: Books) -> None:
        super().__init__(clock, books)
        self.given: dict[str, list[tuple[int, int]]] = {}
        self.fails = False

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        for posting in postings:
            self._note(posting)
        if self.fails:
            raise ErpDown
        return await super().post(postings)

    async def amend(self, posting: Posting, posted: Posted) -> Posted | Rejected:
        self._note(posting)
        return await super().amend(posting, posted)

    def _note(self, posting: Posting) -> None:
        self.given.setdefault(posting.key, []).append((posting.attempt, posting.fence))


class TestFence:
    def test_grows_with_each_claim(self, folder: Path) -> None:
        """Each time that a record is posted or amended its fence is larger than every one before, and never 0."""

        async def main() -> None:
            account = Account(folder, records=6)
            erp = Fenced(account.clock, account.books)
            (record_id, *_) = account.wanted()
            erp.fails = True
            for _ in range(2):
                async with account.worker(erp=erp) as loop:
                    await loop.run_once()
                await pass_time(HOUR)
            erp.fails = False
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            assert record_id in account.posted()
            posted = len(erp.given[record_id])
            await pass_time(HOUR)
            recode(account.tenant, record_id, brex_field_id="f", brex_field_value_id="v")
            move(account.tenant, record_id, READY)
            async with account.worker(erp=erp) as loop:
                await loop.run_once()
            fences = [fence for _, fence in erp.given[record_id]]
            assert len(fences) > posted > 2
            assert fences[0] > 0
            assert sorted({*fences}) == fences
            assert [*range(1, posted + 1)] == [attempt for attempt, _ in erp.given[record_id]][:posted]

        run(main())
