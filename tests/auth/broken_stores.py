"""A sound token store that tests can read at a glance, and stores that are each wrong in one way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import attrs

from brex_accounting.auth.store import Stored
from brex_accounting.clock import Clock


@attrs.define
class Place:
    """What several handles share."""

    stored: Stored | None = None
    fence: int = 0
    highest_used: int = 0
    holder: int | None = None
    until: float = 0.0


class SoundStore:
    """One event loop, no threads; each step of it can be overridden with a mistake."""

    def __init__(self, place: Place, clock: Clock) -> None:
        self.place = place
        self.clock = clock

    async def load(self) -> Stored | None:
        return self.place.stored

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        current = self.place.stored.version if self.place.stored else None
        if not self.may_store(fence) or not self.is_expected(expected, current):
            return None
        return await self.store(Stored(self.next_version(current), content))

    def may_store(self, fence: int) -> bool:
        return fence == self.place.fence

    def is_expected(self, expected: int | None, current: int | None) -> bool:
        return expected == current

    def next_version(self, current: int | None) -> int:
        return (current or 0) + 1

    async def store(self, new: Stored) -> Stored | None:
        self.place.stored = new
        return new

    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        end = self.clock.monotonic() + wait
        while self.is_held():
            if self.clock.monotonic() >= end:
                raise TimeoutError
            await self.clock.sleep(0.05)
        self.place.fence = self.place.holder = fence = self.next_fence()
        self.place.until = self.clock.monotonic() + lease
        try:
            yield fence
        finally:
            self.leave(fence)

    def is_held(self) -> bool:
        return self.place.holder is not None and self.clock.monotonic() < self.place.until

    def next_fence(self) -> int:
        return self.place.fence + 1

    def leave(self, fence: int) -> None:
        if self.place.holder == fence:
            self.place.holder = None


# A context manager that nobody refers to any more leaves its block, which would mend the stores that forget to.
kept: list[object] = []


class LastWriterWins(SoundStore):
    def is_expected(self, expected: int | None, current: int | None) -> bool:
        return True


class OverwritesWhereNothingIsExpected(SoundStore):
    def is_expected(self, expected: int | None, current: int | None) -> bool:
        return expected is None or expected == current


class TakesNoneForZero(SoundStore):
    def is_expected(self, expected: int | None, current: int | None) -> bool:
        return (expected or 0) == (current or 0)


class OlderVersionWillDo(SoundStore):
    def is_expected(self, expected: int | None, current: int | None) -> bool:
        return expected == current or (expected is not None and current is not None and expected > current)


class NeverBumps(SoundStore):
    def next_version(self, current: int | None) -> int:
        return 1


class CountsFromZero(SoundStore):
    def next_version(self, current: int | None) -> int:
        return 0 if current is None else current + 1


class KeepsTheVersionOfTheSameContent(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        if self.place.stored and self.place.stored.content == new.content:
            return self.place.stored
        return await super().store(new)


class CachesLoads(SoundStore):
    cached: Stored | None = None

    async def load(self) -> Stored | None:
        self.cached = self.cached or self.place.stored
        return self.cached

    async def store(self, new: Stored) -> Stored | None:
        self.cached = await super().store(new)
        return self.cached


class ForgetsOnLock(SoundStore):
    def next_fence(self) -> int:
        self.place.stored = self.place.stored or Stored(0, b"")
        return super().next_fence()


class StripsTheContent(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        return await super().store(attrs.evolve(new, content=new.content.strip()))


class ChecksTooEarly(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        await asyncio.sleep(0)
        return await super().store(new)


class StoresInTwoParts(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        self.place.stored = attrs.evolve(new, content=new.content[: len(new.content) // 2])
        await asyncio.sleep(0)
        return await super().store(new)


class StoresNothing(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        return new


class SaysNotStoredWhenCancelled(SoundStore):
    async def store(self, new: Stored) -> Stored | None:
        await super().store(new)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return None
        return new


class LocksNobodyOut(SoundStore):
    def is_held(self) -> bool:
        return False


class LocksItsOwnHandleOnly(SoundStore):
    def __init__(self, place: Place, clock: Clock) -> None:
        super().__init__(Place(), clock)
        self.shared = place

    async def load(self) -> Stored | None:
        return self.shared.stored

    async def store(self, new: Stored) -> Stored | None:
        self.shared.stored = self.place.stored = new
        return new


class LooksBeforeItLocks(SoundStore):
    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        end = self.clock.monotonic() + wait
        while self.is_held():
            if self.clock.monotonic() >= end:
                raise TimeoutError
            await self.clock.sleep(0.05)
        await asyncio.sleep(0)
        async with super().lock(lease=lease, wait=0) if not self.is_held() else self.join() as fence:
            yield fence

    @contextlib.asynccontextmanager
    async def join(self) -> AsyncIterator[int]:
        yield self.place.fence


class WaitsForEver(SoundStore):
    def lock(self, *, lease: float, wait: float) -> contextlib.AbstractAsyncContextManager[int]:
        return super().lock(lease=lease, wait=1e9)


class SameFenceForAll(SoundStore):
    def next_fence(self) -> int:
        return 1


class FenceCountsSwapsOnly(SoundStore):
    def next_fence(self) -> int:
        return self.place.stored.version + 1 if self.place.stored else 1


class FencePerHandle(SoundStore):
    own = 0

    def next_fence(self) -> int:
        self.own += 1
        return self.own


class TakesEveryFence(SoundStore):
    def may_store(self, fence: int) -> bool:
        return True


class RefusesOnlyWhereSomebodyStored(SoundStore):
    def may_store(self, fence: int) -> bool:
        return fence >= self.place.highest_used

    async def store(self, new: Stored) -> Stored | None:
        self.place.highest_used = self.place.fence
        return await super().store(new)


class NeverEndsALease(SoundStore):
    def is_held(self) -> bool:
        return self.place.holder is not None


class EndsLeasesEarly(SoundStore):
    def is_held(self) -> bool:
        return self.place.holder is not None and self.clock.monotonic() < self.place.until - 0.6


class LateLeaverFreesTheLock(SoundStore):
    def leave(self, fence: int) -> None:
        self.place.holder = None


class KeepsTheLockAfterAnException(SoundStore):
    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        sound = super().lock(lease=lease, wait=wait)
        yield await sound.__aenter__()
        await sound.__aexit__(None, None, None)


class KeepsTheLockWhenCancelled(SoundStore):
    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        sound = super().lock(lease=lease, wait=wait)
        kept.append(sound)
        fence = await sound.__aenter__()
        try:
            yield fence
        except Exception as error:
            await sound.__aexit__(type(error), error, None)
            raise
        await sound.__aexit__(None, None, None)


class LeavesWithAnAwait(SoundStore):
    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        sound = super().lock(lease=lease, wait=wait)
        fence = await sound.__aenter__()
        try:
            yield fence
        finally:
            await asyncio.sleep(0)
            await sound.__aexit__(None, None, None)


class LeaksTheLockOfACancelledWaiter(SoundStore):
    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        sound = super().lock(lease=lease, wait=wait)
        kept.append(sound)
        entering = asyncio.ensure_future(sound.__aenter__())
        fence = await asyncio.shield(entering)
        try:
            yield fence
        finally:
            await sound.__aexit__(None, None, None)


class ShowsItsContent(SoundStore):
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.stored and self.place.stored.content!r})"


class HashesByChance(SoundStore):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashesByChance)

    def __hash__(self) -> int:
        return id(self)
