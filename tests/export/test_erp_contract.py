"""The contract of ERP adapters: our doubles that are honest keep it, and it catches those that do not."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from random import Random
from typing import Any

import pytest

from brex_accounting.export import Erp, Posting, Rejected
from brex_accounting.testing import ErpContract, InstantClock, OpenErp, make_posting
from tests import virtual
from tests.export import broken_erps
from tests.export.broken_erps import SoundErp
from tests.export.doubles import (
    Books,
    DurableErp,
    ErpDown,
    FailingErp,
    HalfPostingErp,
    LaggingErp,
    MemoryErp,
    PendingErp,
    RejectingErp,
    SlowErp,
)
from tests.virtual import VirtualClock


class _OnInstantTime(ErpContract):
    """Holds a double of ours to the contract."""

    @pytest.fixture
    def open_erp(self) -> OpenErp:
        self.clock = InstantClock()
        self.books = Books()
        return self.opened

    def opened(self) -> Erp:
        raise NotImplementedError

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)


class TestMemoryErp(_OnInstantTime):
    def opened(self) -> Erp:
        return MemoryErp(self.clock, self.books, batch_size=7)

    async def attachments(self, erp: Erp, posting: Posting) -> int | None:
        return len(next(each for each in self.books.documents if each.key == posting.key).receipts)


class TestLaggingErp(_OnInstantTime):
    def opened(self) -> Erp:
        return LaggingErp(self.clock, self.books)

    async def test_is_as_bad_as_it_says(self) -> None:
        """A search too early misses the first document, and a repeated post makes a second."""
        clock = InstantClock()
        erp = LaggingErp(clock, search_lag=60)
        await erp.post([make_posting(1), make_posting(2)])
        clock.advance(59)
        assert {} == await erp.find([make_posting(1).key])
        assert [] == erp.duplicates()
        await erp.post([make_posting(1)])
        assert [make_posting(1).key] == erp.duplicates()
        clock.advance(1)
        assert [make_posting(1).key] == list(await erp.find([make_posting(1).key]))


class TestPendingErp(_OnInstantTime):
    def opened(self) -> Erp:
        return PendingErp(self.clock, self.books)

    def pending_posting(self, number: int) -> Posting:
        return make_posting(number)

    async def approve(self) -> None:
        PendingErp(self.clock, self.books).approve()


class TestRejectingErp(_OnInstantTime):
    def opened(self) -> Erp:
        return RejectingErp(self.clock, self.books, rule=self.rule)

    @staticmethod
    def rule(posting: Posting) -> Rejected | None:
        return Rejected("No vendor.", code="no-vendor") if "rejected" in posting.key else None

    def rejected_posting(self, number: int) -> Posting:
        return make_posting(number, key=f"accr_rejected{number}")


class TestHalfPostingErp(_OnInstantTime):
    def opened(self) -> Erp:
        return HalfPostingErp(self.clock, self.books, random=Random(7), search_lag=5.0, probability=0.0)

    async def fail_half_way(self, erp: Erp) -> bool:
        assert isinstance(erp, HalfPostingErp)
        erp.probability = 1.0
        return True


class TestFailingErp(_OnInstantTime):
    def opened(self) -> Erp:
        return FailingErp(self.clock, self.books, random=Random(7))

    async def fail_half_way(self, erp: Erp) -> bool:
        assert isinstance(erp, FailingErp)
        erp.after = 1.0
        return True

    @pytest.mark.parametrize(("chances", "entered"), [({"before": 1.0}, 0), ({"after": 1.0}, 1)])
    async def test_raises_before_or_after(self, chances: dict[str, float], entered: int) -> None:
        """What it raises before the effect leaves nothing, what it raises after it leaves everything."""
        erp = FailingErp(InstantClock(), random=Random(7), **chances)
        with pytest.raises(ErpDown):
            await erp.post([make_posting(1)])
        assert entered == len(erp.documents)


class TestDurableErp(ErpContract):
    @pytest.fixture
    def open_erp(self, tmp_path: Path) -> OpenErp:
        self.now = 1_000.0
        return lambda: DurableErp(tmp_path / "books.db", lag=8.0, clock=lambda: self.now)

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds

    async def test_counts_second_documents(self, open_erp: OpenErp) -> None:
        """A repeated post makes a second document, which any handle sees."""
        erp, other = open_erp(), open_erp()
        assert isinstance(erp, DurableErp)
        assert isinstance(other, DurableErp)
        await erp.post([make_posting(1), make_posting(2)])
        await other.post([make_posting(1)])
        assert [make_posting(1).key] == erp.duplicates()
        assert 3 == len(other.documents)


class _OnVirtualTime(ErpContract):
    """Runs without pytest, for ERPs that take time, or are expected to fail."""

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _WithEveryHook(_OnVirtualTime):
    def rejected_posting(self, number: int) -> Posting:
        return broken_erps.rejected_posting(number)

    def pending_posting(self, number: int) -> Posting:
        return broken_erps.pending_posting(number)

    def __init__(self, books: Books) -> None:
        self.books = books

    async def approve(self) -> None:
        for document in self.books.documents:
            document.pending = False

    async def fail_half_way(self, erp: Erp) -> bool:
        assert isinstance(erp, SoundErp)
        erp.fails_next = True
        return True

    async def attachments(self, erp: Erp, posting: Posting) -> int | None:
        return len(next(each for each in self.books.documents if each.key == posting.key).receipts)


TESTS = sorted(name for name in dir(ErpContract) if name.startswith("test_"))


def failing(kind: Any) -> set[str]:
    """The tests of the contract that such an ERP fails; a test that does not end fails too."""
    return {name for name in TESTS if not _passes(kind, name)}


def _passes(kind: Any, name: str) -> bool:
    books, clock = Books(), VirtualClock()
    try:
        _run(_WithEveryHook(books), name, lambda: kind(clock, books))
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a broken ERP may fail in any way
        return False
    return True


def _run(contract: ErpContract, name: str, open_erp: OpenErp) -> None:
    async def test() -> None:
        async with asyncio.timeout(1e6):
            await getattr(contract, name)(open_erp)

    virtual.run(test())


@pytest.mark.parametrize("name", TESTS)
class TestSlowErp:
    @pytest.mark.parametrize("repeats", ["searchable", "idempotent"])
    def test_keeps_the_contract(self, name: str, repeats: Any) -> None:
        """It takes a quarter of an hour for each post, says so in ``search_lag``, and passes."""
        books, clock = Books(), VirtualClock()
        _run(_OnVirtualTime(), name, lambda: SlowErp(clock, books, repeats=repeats))

    def test_fails_it_where_it_says_too_little(self, name: str) -> None:
        """A search lag that is shorter than a post is found out, and by nothing but a cancelled post."""

        def opened() -> Erp:
            erp = SlowErp(clock, books)
            erp.search_lag = 5.0
            return erp

        books, clock = Books(), VirtualClock()
        if name == "test_a_cancelled_post_leaves_a_truth":
            with pytest.raises(AssertionError):
                _run(_OnVirtualTime(), name, opened)
        else:
            _run(_OnVirtualTime(), name, opened)


BROKEN = {
    "EmptyBatches": "test_is_an_erp",
    "RepeatsAsItLikes": "test_is_an_erp",
    "EndlessLag": "test_is_an_erp",
    "NoFind": "test_is_an_erp",
    "FindsWhatNobodyPosted": "test_finds_nothing_at_first",
    "FindsEverything": "test_finds_nothing_at_first",
    "PostsNothing": "test_finds_what_it_posted",
    "SearchesLaterThanItSays": "test_finds_what_it_posted",
    "FindsTheNewestOnly": "test_finds_what_it_posted",
    "ForgetsTheLastOutcome": "test_gives_one_outcome_for_each_in_order",
    "SortsItsOutcomes": "test_gives_one_outcome_for_each_in_order",
    "OneReferenceForAll": "test_gives_one_outcome_for_each_in_order",
    "SearchesByBeginning": "test_tells_keys_apart",
    "FoldsCase": "test_tells_keys_apart",
    "RemembersInItsHandle": "test_every_handle_finds_the_same",
    "NumbersInItsHandle": "test_two_workers_lose_nothing",
    "WritesTheWholeFile": "test_two_workers_lose_nothing",
    "RejectsTheWholeBatch": "test_rejects_one_of_several",
    "PostsWhatItRejects": "test_rejects_one_of_several",
    "NamesInItsCode": "test_rejects_one_of_several",
    "ValidatesByPosting": "test_validate_agrees_and_changes_nothing",
    "ValidatesNothing": "test_validate_agrees_and_changes_nothing",
    "FindsWhatIsPending": "test_pending_is_not_in_the_books",
    "AsksForApprovalAgain": "test_pending_is_not_in_the_books",
    "IdempotentInNameOnly": "test_a_repeated_post_adds_nothing",
    "KnowsTheContentNotTheKey": "test_a_repeated_post_adds_nothing",
    "LooksThenPosts": "test_posts_in_flight_together_add_one_entry",
    "PostsLater": "test_a_cancelled_post_leaves_a_truth",
    "LosesItsIndexHalfWay": "test_a_post_that_fails_half_way_leaves_a_truth",
    "AmendsByAddingAnEntry": "test_amends_in_place",
    "AmendsNothing": "test_amends_in_place",
    "AmendsUnderANewReference": "test_amends_in_place",
    "AttachesTwice": "test_attaches_a_receipt_once",
    "ListsLocalDates": "test_lists_what_it_finds",
    "ListsOnePage": "test_lists_what_it_finds",
    "KeepsFloats": "test_amounts_are_exact",
    "RoundsToCents": "test_amounts_are_exact",
    "SpeaksLatinOnly": "test_takes_any_text",
    "DropsWhatHasNoMemo": "test_takes_any_text",
    "CutsTheHash": "test_finds_what_it_posted",
    "FindsNoHash": "test_finds_what_it_posted",
    "FindsTheHashOfTheLast": "test_gives_one_outcome_for_each_in_order",
    "HashesWhatItIsSent": "test_a_repeated_post_adds_nothing",
    "KeepsTheHashItIsSent": "test_a_repeated_post_adds_nothing",
    "AmendsAllButTheHash": "test_amends_in_place",
    "AnswersPostWithAnotherHash": "test_finds_what_it_posted",
    "AnswersAmendWithTheOldHash": "test_amends_in_place",
    "FindsTheHashOfTheFirstVersion": "test_amends_in_place",
    "ListsAnotherHash": "test_lists_what_it_finds",
    "ListsAllAsEdited": "test_lists_what_it_finds",
}


class TestContract:
    def test_passes_a_sound_erp(self) -> None:
        """No test of the contract fails for an ERP that keeps it."""
        assert set() == failing(SoundErp)

    @pytest.mark.parametrize("name", BROKEN)
    def test_fails_a_broken_erp(self, name: str) -> None:
        """For each way of being wrong there is a test that fails, and it is the one that is about it."""
        assert BROKEN[name] in failing(getattr(broken_erps, name))

    def test_asks_for_no_hash(self) -> None:
        """An ERP that keeps no hash keeps the contract all the same."""

        class WithoutHashes(SoundErp):
            keeps_hashes = False

        assert set() == failing(WithoutHashes)

    def test_knows_all_broken_erps(self) -> None:
        """Each class of the module is in the table, so that none is written and never run."""
        classes = {
            name
            for name, kind in vars(broken_erps).items()
            if inspect.isclass(kind) and kind.__module__ == broken_erps.__name__ and not name.startswith("_")
        }
        assert classes - {"SoundErp"} == set(BROKEN)

    def test_has_no_test_that_nothing_fails(self) -> None:
        """Each test of the contract is the one that catches some ERP."""
        assert set(TESTS) == set(BROKEN.values())

    def test_is_nothing_to_run_by_itself(self) -> None:
        """Its fixture says what to override."""
        with pytest.raises(NotImplementedError, match="override this fixture"):
            inspect.unwrap(ErpContract.open_erp)(ErpContract())
