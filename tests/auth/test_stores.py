"""The contract of token stores: ours keep it, and it catches those that do not."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from brex_accounting.auth.file_store import FileTokenStore
from brex_accounting.auth.memory_store import MemoryTokenStore
from brex_accounting.auth.store import Stored, TokenStore
from brex_accounting.clock import Clock
from brex_accounting.errors import InvalidArgument
from brex_accounting.testing import InstantClock, OpenStore, TokenStoreContract
from tests import virtual
from tests.auth import broken_stores
from tests.auth.broken_stores import Place, SoundStore
from tests.virtual import VirtualClock


class TestMemoryTokenStore(TokenStoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        self.clock = InstantClock()
        store = MemoryTokenStore(clock=self.clock)
        return lambda: store

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def test_is_a_place_of_its_own(self) -> None:
        """Two objects share nothing and differ."""
        first, second = MemoryTokenStore(), MemoryTokenStore()
        await self._swapped(first, None, b"a")
        assert await second.load() is None
        assert 2 == len({first, second, first})

    async def test_refuses_once_the_lock_is_left(self) -> None:
        """A swap outside of the lock gets None, also where nobody else has come in yet."""
        store = MemoryTokenStore()
        async with store.lock(lease=60, wait=0) as fence:
            pass
        assert await store.compare_and_swap(None, b"a", fence=fence) is None

    async def test_takes_a_late_swap_where_nobody_came_in(self) -> None:
        """A holder whose lease is over may store until somebody else has the lock: its tokens are the only ones."""
        clock = InstantClock()
        store = MemoryTokenStore(clock=clock)
        async with store.lock(lease=1, wait=0) as fence:
            clock.advance(5)
            assert Stored(1, b"a") == await store.compare_and_swap(None, b"a", fence=fence)


class TestFileTokenStore(TokenStoreContract):
    lease_ends = False
    wait = 1e6  # of a clock that runs ahead while the disk works

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: FileTokenStore(tmp_path / "acme.json", clock=InstantClock())

    async def pass_time(self, seconds: float) -> None:
        """The lock of a file has no time."""


class TestSoundStore(TokenStoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        self.clock = InstantClock()
        place = Place()
        return lambda: SoundStore(place, self.clock)

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)


class _OnVirtualTime(TokenStoreContract):
    """Runs without pytest, for stores that are expected to fail."""

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def failing(store: type[SoundStore]) -> set[str]:
    """The tests of the contract that such a store fails; a test that does not end fails too."""
    names = [name for name in dir(TokenStoreContract) if name.startswith("test_")]
    return {name for name in names if not _passes(store, name)}


def _passes(store: type[SoundStore], name: str) -> bool:
    place, clock = Place(), VirtualClock()

    async def test() -> None:
        async with asyncio.timeout(10_000):
            await getattr(_OnVirtualTime(), name)(lambda: store(place, clock))

    try:
        virtual.run(test())
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - a broken store may fail in any way
        return False
    return True


BROKEN = {
    "LastWriterWins": "test_overwrites_nothing_unseen",
    "OverwritesWhereNothingIsExpected": "test_overwrites_nothing_unseen",
    "TakesNoneForZero": "test_expects_nothing_where_nothing_is",
    "OlderVersionWillDo": "test_overwrites_nothing_unseen",
    "NeverBumps": "test_counts_every_change",
    "CountsFromZero": "test_gives_back_what_was_stored",
    "KeepsTheVersionOfTheSameContent": "test_counts_every_change",
    "CachesLoads": "test_counts_every_change",
    "ForgetsOnLock": "test_holds_nothing_at_first",
    "StripsTheContent": "test_gives_back_the_same_bytes",
    "ChecksTooEarly": "test_one_of_several_swaps_wins",
    "StoresInTwoParts": "test_a_load_sees_one_state_or_the_next",
    "StoresNothing": "test_gives_back_what_was_stored",
    "SaysNotStoredWhenCancelled": "test_a_cancelled_swap_is_stored_whole_or_not_at_all",
    "LocksNobodyOut": "test_the_lock_has_one_holder",
    "LocksItsOwnHandleOnly": "test_the_lock_has_one_holder",
    "LooksBeforeItLocks": "test_the_lock_has_one_holder",
    "WaitsForEver": "test_waits_no_longer_than_it_may",
    "SameFenceForAll": "test_every_fence_is_higher",
    "FenceCountsSwapsOnly": "test_every_fence_is_higher",
    "FencePerHandle": "test_every_fence_is_higher",
    "TakesEveryFence": "test_refuses_a_superseded_fence",
    "RefusesOnlyWhereSomebodyStored": "test_refuses_a_superseded_fence",
    "NeverEndsALease": "test_the_next_comes_in_when_the_lease_is_over",
    "EndsLeasesEarly": "test_nobody_comes_in_before_the_lease_is_over",
    "LateLeaverFreesTheLock": "test_the_next_comes_in_when_the_lease_is_over",
    "KeepsTheLockAfterAnException": "test_an_exception_leaves_the_lock",
    "KeepsTheLockWhenCancelled": "test_a_cancelled_holder_leaves_the_lock",
    "LeavesWithAnAwait": "test_a_cancelled_holder_leaves_the_lock",
    "LeaksTheLockOfACancelledWaiter": "test_a_cancelled_waiter_gets_no_lock",
    "ShowsItsContent": "test_shows_no_content_in_its_repr",
    "HashesByChance": "test_is_a_token_store",
}


class TestContract:
    def test_passes_a_sound_store(self) -> None:
        """No test of the contract fails for a store that keeps it."""
        assert set() == failing(SoundStore)

    @pytest.mark.parametrize("name", BROKEN)
    def test_fails_a_broken_store(self, name: str) -> None:
        """For each way of being wrong there is a test that fails, and it is the one that is about it."""
        assert BROKEN[name] in failing(getattr(broken_stores, name))

    def test_knows_all_broken_stores(self) -> None:
        """Each class of the module is in the table, so that none is written and never run."""
        classes = {name for name, kind in vars(broken_stores).items() if _is_broken(kind)}
        assert classes == set(BROKEN)

    def test_has_no_test_that_nothing_fails(self) -> None:
        """Each test of the contract is the one that catches some store."""
        names = {name for name in dir(TokenStoreContract) if name.startswith("test_")}
        assert names == set(BROKEN.values())

    def test_is_nothing_to_run_by_itself(self) -> None:
        """Its fixture says what to override."""
        fixture = inspect.unwrap(TokenStoreContract.open_store)
        with pytest.raises(NotImplementedError, match="override this fixture"):
            fixture(TokenStoreContract())


def _is_broken(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, SoundStore) and kind is not SoundStore


def memory_stores(_: Path) -> tuple[TokenStore, TokenStore]:
    store = MemoryTokenStore()
    return store, store


def file_stores(folder: Path) -> tuple[TokenStore, TokenStore]:
    return FileTokenStore(folder / "acme.json"), FileTokenStore(folder / "acme.json")


@pytest.mark.parametrize("stores", [memory_stores, file_stores])
class TestSeveralLoops:
    def test_two_threads_lose_no_update(
        self, stores: Callable[[Path], tuple[TokenStore, TokenStore]], tmp_path: Path
    ) -> None:
        """Two event loops in two threads add to one number, each through its handle, and the sum is right."""
        failures: list[BaseException] = []

        async def add(store: TokenStore) -> None:
            for _ in range(10):
                async with store.lock(lease=60, wait=60) as fence:
                    found = await store.load()
                    version, total = (None, 0) if found is None else (found.version, int(found.content))
                    assert await store.compare_and_swap(version, b"%d" % (total + 1), fence=fence) is not None

        def run(store: TokenStore) -> None:
            try:
                asyncio.run(add(store))
            except BaseException as error:  # noqa: BLE001 - it is looked at in the test's own thread
                failures.append(error)

        first, second = stores(tmp_path)
        threads = [threading.Thread(target=run, args=[store]) for store in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert [] == failures
        assert Stored(20, b"20") == asyncio.run(first.load())

    def test_one_loop_after_the_other(
        self, stores: Callable[[Path], tuple[TokenStore, TokenStore]], tmp_path: Path
    ) -> None:
        """A store is tied to no event loop: what one stored, the next one loads and replaces."""

        async def swap(expected: int | None) -> Stored | None:
            async with store.lock(lease=60, wait=0) as fence:
                return await store.compare_and_swap(expected, b"a", fence=fence)

        store, _ = stores(tmp_path)
        assert Stored(1, b"a") == asyncio.run(swap(None))
        assert Stored(2, b"a") == asyncio.run(swap(1))


def memory_store(_: Path, clock: Clock, random: Random) -> TokenStore:
    return MemoryTokenStore(clock=clock, random=random)


def file_store(folder: Path, clock: Clock, random: Random) -> TokenStore:
    return FileTokenStore(folder / "acme.json", clock=clock, random=random)


@pytest.mark.parametrize("make", [memory_store, file_store])
class TestWaiting:
    def test_lasts_as_long_as_it_may_and_looks_at_growing_intervals(
        self, make: Callable[[Path, Clock, Random], TokenStore], tmp_path: Path
    ) -> None:
        """The intervals double from 5 ms to 100 ms, none is more than drawn, and the last one ends with the wait."""
        sleeps: list[float] = []

        class Watched(VirtualClock):
            async def sleep(self, seconds: float) -> None:
                sleeps.append(seconds)
                await super().sleep(seconds)

        async def main() -> float:
            store = make(tmp_path, Watched(), Random(7))
            async with store.lock(lease=60, wait=0):
                start = asyncio.get_running_loop().time()
                with pytest.raises(TimeoutError, match=r"for 2 s"):
                    async with store.lock(lease=60, wait=2.0):
                        pass
                return asyncio.get_running_loop().time() - start

        assert pytest.approx(2.0) == virtual.run(main())
        longest = [0.005, 0.01, 0.02, 0.04, 0.08] + [0.1] * len(sleeps)
        assert all(most / 2 <= slept <= most for slept, most in zip(sleeps[:-1], longest, strict=False))
        assert len(set(sleeps)) == len(sleeps)

    @pytest.mark.parametrize(
        ("lease", "wait", "named"),
        [
            (0, 1, "lease"),
            (-1, 1, "lease"),
            (float("inf"), 1, "lease"),
            ("9", 1, "lease"),
            (1, -1, "wait"),
            (1, float("nan"), "wait"),
            (1, float("inf"), "wait"),
            (1, True, "wait"),
            (1, None, "wait"),
        ],
    )
    def test_refuses_what_is_no_time(
        self,
        make: Callable[[Path, Clock, Random], TokenStore],
        tmp_path: Path,
        lease: float,
        wait: float,
        named: str,
    ) -> None:
        """A lease or a wait that cannot be one is named."""

        async def main() -> None:
            async with make(tmp_path, VirtualClock(), Random(7)).lock(lease=lease, wait=wait):
                pass

        with pytest.raises(InvalidArgument, match=f"^{named}: "):
            virtual.run(main())
