"""What every token store has to pass, whoever writes it.

::

    class TestOurStore(TokenStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path) -> OpenStore:
            return lambda: OurStore(tmp_path / "grants.db", "acme")

It needs pytest with pytest-asyncio, in its strict mode too, and nothing of Brex.
"""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import pytest

from ..auth.store import Stored, TokenStore

OpenStore: TypeAlias = Callable[[], TokenStore]

# After how many turns of the event loop a call is cancelled: from before its first step to after its last.
_STEPS = range(16)


def _grant(number: int) -> bytes:
    return b'{"access_token": "contract-secret-%d", "refresh_token": "contract-secret-%d"}' % (number, number)


@pytest.mark.asyncio
class TokenStoreContract:
    """Tests of the three rules of ``TokenStore``: subclass it as ``Test…`` and override ``open_store``.

    Attributes:
        lease_ends: Whether another holder comes in when the lease is over and the holder lives. False for a store
            whose lock ends with its process.
        wait: Seconds to wait for a lock that will be free soon.
        lease: Seconds of a lease that is not meant to end.
        short_lease: Seconds of a lease that is. A store without a clock of its own sleeps it, so keep it short; much
            shorter than the time that the store needs for two calls is too short.
    """

    lease_ends: ClassVar[bool] = True
    wait: ClassVar[float] = 10.0
    lease: ClassVar[float] = 60.0
    short_lease: ClassVar[float] = 1.0

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """What opens another handle on the same place at each call; nothing is stored in it when a test begins."""
        message = "open_store: override this fixture; it returns a function that opens a store on a fresh place"
        raise NotImplementedError(message)

    async def pass_time(self, seconds: float) -> None:
        """Let the store's time pass: override it where the store has a clock that tests can turn."""
        await asyncio.sleep(seconds)

    # -- what is stored

    async def test_is_a_token_store(self, open_store: OpenStore) -> None:
        """It has the methods of the protocol, it can be hashed, and equal handles hash alike."""
        first, second = open_store(), open_store()
        assert isinstance(first, TokenStore)
        assert hash(first) == hash(first)
        assert first != second or hash(first) == hash(second)

    async def test_holds_nothing_at_first(self, open_store: OpenStore) -> None:
        """Where nothing was stored there is None, and a lock alone changes nothing about it."""
        store = open_store()
        assert await store.load() is None
        async with store.lock(lease=self.lease, wait=self.wait):
            pass
        assert await store.load() is None

    async def test_gives_back_what_was_stored(self, open_store: OpenStore) -> None:
        """The first version is 1, and every handle loads it."""
        store, other = open_store(), open_store()
        assert await other.load() is None
        assert Stored(1, _grant(1)) == await self._swapped(store, None, _grant(1))
        assert Stored(1, _grant(1)) == await store.load()
        assert Stored(1, _grant(1)) == await other.load()
        assert Stored(1, _grant(1)) == await open_store().load()

    async def test_gives_back_the_same_bytes(self, open_store: OpenStore) -> None:
        """The content means nothing to the store: not a space, a digit or a line end of it changes."""
        store = open_store()
        version = None
        for content in (
            b'{"b": 1.0, "a": 1e2, "a": "\\u00e9"}',
            b' {"a" : 1}\r\n',
            '{"name": "é \U0001f511 \\u0000"}'.encode(),
            b'"text"',
            b"null",
            b"not JSON: '\"\\ \t",
            b"{",
            b"{" + b" " * 60_000 + b"}",
        ):
            stored = await self._swapped(store, version, content)
            assert content == stored.content
            assert stored == await open_store().load()
            version = stored.version

    async def test_counts_every_change(self, open_store: OpenStore) -> None:
        """Each swap makes the version one higher, also where the content is the same, and all handles see it."""
        store, other = open_store(), open_store()
        version = None
        for expected, number in enumerate((1, 2, 2, 3), start=1):
            stored = await self._swapped(store, version, _grant(number))
            assert Stored(expected, _grant(number)) == stored
            assert stored == await other.load()
            version = stored.version

    async def test_shows_no_content_in_its_repr(self, open_store: OpenStore) -> None:
        """Neither before nor after a swap is there a token in the repr of a store."""
        store = open_store()
        await self._swapped(store, None, _grant(1))
        await store.load()
        assert "contract-secret" not in repr(store)

    # -- compare and swap

    async def test_overwrites_nothing_unseen(self, open_store: OpenStore) -> None:
        """A swap that expects nothing, an older version or a later one gets None and changes nothing."""
        store = open_store()
        await self._swapped(store, None, _grant(1))
        await self._swapped(store, 1, _grant(2))
        async with store.lock(lease=self.lease, wait=self.wait) as fence:
            for expected in (None, 0, 1, 3):
                assert await store.compare_and_swap(expected, _grant(9), fence=fence) is None
                assert Stored(2, _grant(2)) == await open_store().load()

    async def test_expects_nothing_where_nothing_is(self, open_store: OpenStore) -> None:
        """Where nothing is stored, a swap that expects a version gets None and stores nothing."""
        store = open_store()
        async with store.lock(lease=self.lease, wait=self.wait) as fence:
            for expected in (0, 1):
                assert await store.compare_and_swap(expected, _grant(9), fence=fence) is None
        assert await open_store().load() is None

    async def test_one_of_several_swaps_wins(self, open_store: OpenStore) -> None:
        """Of swaps that run at once and expect the same version one is stored, and the others get None."""
        store = open_store()
        async with store.lock(lease=self.lease, wait=self.wait) as fence:
            swaps = [store.compare_and_swap(None, _grant(number), fence=fence) for number in range(8)]
            stored = [answer for answer in await asyncio.gather(*swaps) if answer is not None]
        assert len(stored) == 1
        assert stored[0] == await open_store().load()

    async def test_a_load_sees_one_state_or_the_next(self, open_store: OpenStore) -> None:
        """What is loaded while swaps run is always one whole version, and never older than the last one seen."""
        store, reader = open_store(), open_store()
        contents = {version: b"%d" % (version % 10) * 5_000 for version in range(1, 21)}
        seen: list[Stored] = []

        async def read() -> None:
            while not seen or seen[-1].version < len(contents):
                if (found := await reader.load()) is not None:
                    seen.append(found)
                await asyncio.sleep(0)

        reading = asyncio.create_task(read())
        for version, content in contents.items():
            await self._swapped(store, version - 1 or None, content)
        await reading
        assert all(contents[found.version] == found.content for found in seen)
        assert sorted(found.version for found in seen) == [found.version for found in seen]

    async def test_a_cancelled_swap_is_stored_whole_or_not_at_all(self, open_store: OpenStore) -> None:
        """Cancelled at any step it has happened or not, nobody was told wrong, and the next swap works."""
        store = open_store()
        before = await self._swapped(store, None, _grant(0))
        for steps in _STEPS:
            content = _grant(1 + steps)
            async with store.lock(lease=self.lease, wait=self.wait) as fence:
                swap = asyncio.create_task(self._swap(store, before.version, content, fence))
                answer = await _cancelled(swap, steps)
            async with store.lock(lease=self.lease, wait=self.wait) as fence:
                found = await store.load()
                assert found in (before, Stored(before.version + 1, content))
                assert isinstance(answer, asyncio.CancelledError) or answer == found
                after = await store.compare_and_swap(before.version, content, fence=fence) or found
            assert Stored(before.version + 1, content) == after == await open_store().load()
            before = Stored(before.version + 1, content)

    # -- the lock

    async def test_the_lock_has_one_holder(self, open_store: OpenStore) -> None:
        """Tasks on several handles are never in it together, and none of their changes is lost."""
        inside = 0

        async def add(store: TokenStore) -> None:
            nonlocal inside
            async with store.lock(lease=self.lease, wait=self.wait) as fence:
                assert inside == 0
                inside += 1
                found = await store.load()
                await asyncio.sleep(0)
                version, total = (None, 0) if found is None else (found.version, int(found.content))
                assert await store.compare_and_swap(version, b"%d" % (total + 1), fence=fence) is not None
                inside -= 1

        await asyncio.gather(*(add(store) for store in [open_store() for _ in range(4)] for _ in range(4)))
        assert Stored(16, b"16") == await open_store().load()

    async def test_waits_no_longer_than_it_may(self, open_store: OpenStore) -> None:
        """TimeoutError after ``wait`` seconds, at once for 0, and then the waiter is as if it had never been."""
        store, other = open_store(), open_store()
        async with asyncio.timeout(self.wait + 10), store.lock(lease=self.lease, wait=self.wait) as fence:
            for wait in (0, self.short_lease / 20):
                with pytest.raises(TimeoutError):
                    await self._enter(other, wait)
            assert await store.compare_and_swap(None, _grant(1), fence=fence) is not None
        await self._enter(other, self.wait)

    async def test_every_fence_is_higher(self, open_store: OpenStore) -> None:
        """Each holder has a higher fence than all before it, whatever handle it came through, stored or not."""
        fences: list[int] = []
        for number in range(6):
            store = open_store()
            async with store.lock(lease=self.lease, wait=self.wait) as fence:
                if number % 2:
                    found = await store.load()
                    version = None if found is None else found.version
                    assert await store.compare_and_swap(version, _grant(number), fence=fence) is not None
            fences.append(fence)
        assert sorted(set(fences)) == fences

    async def test_refuses_a_superseded_fence(self, open_store: OpenStore) -> None:
        """Once the lock was given to somebody else, what an earlier holder stores gets None and changes nothing."""
        store, other = open_store(), open_store()
        async with store.lock(lease=self.lease, wait=self.wait) as old:
            assert await store.compare_and_swap(None, _grant(1), fence=old) is not None
        async with other.lock(lease=self.lease, wait=self.wait) as new:
            assert await store.compare_and_swap(1, _grant(8), fence=old) is None
            assert await other.compare_and_swap(1, _grant(8), fence=old) is None
            assert Stored(1, _grant(1)) == await open_store().load()
            assert Stored(2, _grant(2)) == await other.compare_and_swap(1, _grant(2), fence=new)
            assert await store.compare_and_swap(2, _grant(8), fence=old) is None
        assert Stored(2, _grant(2)) == await open_store().load()

    async def test_an_exception_leaves_the_lock(self, open_store: OpenStore) -> None:
        """What is raised in the block comes out as it is, and the next holder gets in."""
        error = RuntimeError("raised in the block")
        with pytest.raises(RuntimeError) as caught:
            async with open_store().lock(lease=self.lease, wait=self.wait):
                raise error
        assert error is caught.value
        await self._enter(open_store(), 0)

    async def test_a_cancelled_holder_leaves_the_lock(self, open_store: OpenStore) -> None:
        """Cancelled at any step of entering, holding and leaving, it holds nothing afterwards."""
        for steps in _STEPS:
            await _cancelled(asyncio.create_task(self._enter(open_store(), self.wait)), steps)
            await self._enter(open_store(), 0)

    async def test_a_cancelled_waiter_gets_no_lock(self, open_store: OpenStore) -> None:
        """Cancelled at any step of waiting, before or while the lock is left, it holds nothing afterwards."""
        for steps in _STEPS:
            waiters = [asyncio.create_task(self._enter(open_store(), self.wait)) for _ in range(2)]
            async with open_store().lock(lease=self.lease, wait=self.wait):
                await _cancelled(waiters[0], steps)
            await _cancelled(waiters[1], steps)
            await self._enter(open_store(), 0)
        await self.pass_time(self.short_lease)  # for what goes on behind a cancelled waiter's back
        await self._enter(open_store(), 0)

    # -- the lease

    async def test_nobody_comes_in_before_the_lease_is_over(self, open_store: OpenStore) -> None:
        """A holder that takes half of its lease is alone, and can store."""
        store, other = open_store(), open_store()
        async with store.lock(lease=self.short_lease, wait=self.wait) as fence:
            await self.pass_time(self.short_lease / 2)
            with pytest.raises(TimeoutError):
                await self._enter(other, 0)
            assert await store.compare_and_swap(None, _grant(1), fence=fence) is not None

    async def test_the_next_comes_in_when_the_lease_is_over(self, open_store: OpenStore) -> None:
        """It gets a higher fence, what the old holder stores is refused, and its leaving lets nobody else in.

        A lock that ends with its process instead still has its holder then, who can store.
        """
        if not self.lease_ends:
            await self._outlasts_its_lease(open_store)
            return
        store, other, third = open_store(), open_store(), open_store()
        stuck = store.lock(lease=self.short_lease, wait=self.wait)
        old = await stuck.__aenter__()
        await self.pass_time(self.short_lease * 1.1)
        async with other.lock(lease=self.lease, wait=self.wait) as new:
            assert new > old
            assert await store.compare_and_swap(None, _grant(8), fence=old) is None
            assert await open_store().load() is None
            await stuck.__aexit__(None, None, None)
            with pytest.raises(TimeoutError):
                await self._enter(third, 0)
            assert Stored(1, _grant(1)) == await other.compare_and_swap(None, _grant(1), fence=new)
        await self._enter(third, self.wait)

    # -- steps

    async def _outlasts_its_lease(self, open_store: OpenStore) -> None:
        store, other = open_store(), open_store()
        async with store.lock(lease=self.short_lease, wait=self.wait) as fence:
            await self.pass_time(self.short_lease * 1.1)
            with pytest.raises(TimeoutError):
                await self._enter(other, 0)
            assert await store.compare_and_swap(None, _grant(1), fence=fence) is not None

    async def _swapped(self, store: TokenStore, expected: int | None, content: bytes) -> Stored:
        async with store.lock(lease=self.lease, wait=self.wait) as fence:
            stored = await store.compare_and_swap(expected, content, fence=fence)
        assert stored is not None
        return stored

    async def _swap(self, store: TokenStore, expected: int | None, content: bytes, fence: int) -> Stored | None:
        return await store.compare_and_swap(expected, content, fence=fence)

    async def _enter(self, store: TokenStore, wait: float) -> None:
        async with store.lock(lease=self.lease, wait=wait):
            await asyncio.sleep(0)


async def _cancelled(task: asyncio.Task[object], steps: int) -> object:
    """Cancel the task after so many turns of the event loop; what came of it, a CancelledError included."""
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    (answer,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(answer, Exception):
        raise answer
    return answer


__all__ = ["OpenStore", "TokenStoreContract"]
