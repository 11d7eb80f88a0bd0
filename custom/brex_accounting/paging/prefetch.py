"""Pages in their order, some of them fetched before the caller asks.

There is no producer that lives as long as the walk. Each page fetched ahead is one task, whose end starts the next
one if there is room; when there is none, there is no task. A task holds the fetch and the list, never the stream or
its generator, so that a stream that is dropped is cleaned up at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Any, Generic, TypeVar

import attrs

from ..errors import BrexError
from .cursors import End, Flaw, Trail, following
from .listing import CursorPage, Listing, Place

P = TypeVar("P", bound=CursorPage)


class Stopped(Exception):
    """The stream was closed while somebody waited for a page."""


@attrs.frozen
class Step(Generic[P]):
    """A page of a walk.

    Attributes:
        place: Where it begins.
        page: The page.
        following: What follows it.
    """

    place: Place
    page: P = attrs.field(repr=False)
    following: Place | End | Flaw

    @property
    def goes_on(self) -> bool:
        """Whether another page of the same chunk follows."""
        return isinstance(self.following, Place) and self.following.chunk == self.place.chunk


class Prefetch(Generic[P]):
    """Fetches pages strictly in their order, up to ``listing.prefetch`` ahead of the caller."""

    __slots__ = ("_closed", "_here", "_listing", "_paused", "_ready", "_task", "_trail", "place")

    def __init__(self, listing: Listing[Any, P], place: Place | None) -> None:
        self._listing = listing
        self.place = place
        """Where the next fetch begins, None where nothing is known to follow."""
        self._ready: deque[Step[P] | BaseException] = deque()
        self._task: asyncio.Task[P] | None = None
        self._here: _Here | None = None
        self._trail = Trail()
        self._paused = False
        self._closed = False

    async def take(self) -> Step[P]:
        """The next page in order.

        Raises:
            Stopped: This was closed, before or meanwhile.
            BaseException: What the fetch of this page raised. Taking again fetches it again.
        """
        self._paused = False
        while not self._ready and not self._closed:
            if self._task is None:
                self._ready.append(await self._fetch_here())
            else:
                await _end_of(self._task)
        if self._closed:
            raise Stopped
        outcome = self._ready.popleft()
        if isinstance(outcome, Step):
            self._trail.add(outcome.place)
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # the traceback holds this frame

    def fill(self) -> None:
        """Begin to fetch the next page, if there is one and there is room for it."""
        if self._paused or self._closed or self._task is not None or self.place is None:
            return
        failed = self._ready and not isinstance(self._ready[-1], Step)
        if failed or len(self._ready) >= self._listing.prefetch:
            return
        coroutine = _fetched(self._listing, self.place)
        try:
            self._task = self._listing.spawn(coroutine)
        except BrexError:  # a client that closes; the caller gets its word when it fetches by itself
            coroutine.close()
        else:
            self._task.add_done_callback(self._arrived)

    def rewind(self, place: Place) -> None:
        """Go back to a place. Only while nothing is fetched ahead."""
        self._trail.rewind(place)
        self.place = place

    def close(self) -> None:
        """Hand out nothing from here on."""
        self._closed = True
        self._ready.clear()

    async def stop(self) -> None:
        """Cancel what is being fetched and wait for its end; ``take`` goes on from there unless this was closed."""
        self._paused = True
        waited: set[asyncio.Future[Any]] = set()
        if self._task is not None:
            self._task.cancel()
            waited.add(self._task)
        if self._here is not None:
            waited.add(self._here.call_off())
        if waited:
            await asyncio.wait(waited)

    async def _fetch_here(self) -> Step[P]:
        """Fetch in the caller's own task."""
        place = self._expected()
        self._here = here = _Here()
        try:
            with here:
                page = await _fetched(self._listing, place)
        finally:
            self._here = None
        return self._step(place, page)

    def _arrived(self, task: asyncio.Task[P]) -> None:
        # Asking for the exception also tells asyncio that somebody has seen it.
        error = None if task.cancelled() else task.exception()
        if task is not self._task:
            return
        self._task = None
        if task.cancelled():
            return
        if error is not None:
            self._ready.append(error)
        else:
            self._ready.append(self._step(self._expected(), task.result()))
            self.fill()

    def _expected(self) -> Place:
        if self.place is None:
            message = "there is no page to fetch"
            raise AssertionError(message)
        return self.place

    def _step(self, place: Place, page: P) -> Step[P]:
        step = Step(place, page, following(self._listing, place, page, lambda there: self._been_at(there, place)))
        self.place = step.following if isinstance(step.following, Place) else None
        return step

    def _been_at(self, there: Place, here: Place) -> bool:
        ahead = (step.place for step in self._ready if isinstance(step, Step))
        return there == here or there in self._trail or there in ahead


async def _fetched(listing: Listing[Any, P], place: Place) -> P:
    return await listing.fetch(listing.ids_of(place.chunk), place.cursor)


async def _end_of(task: asyncio.Task[Any]) -> None:
    """Wait for a task without awaiting it: a caller who is cancelled here does not cancel the task by accident."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    task.add_done_callback(end)
    await ended


class _Here:
    """A fetch in the caller's own task that another task can call off, as ``asyncio.timeout`` does it."""

    __slots__ = ("_cancelled_before", "_off", "_over", "_task")

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._cancelled_before = self._task.cancelling() if self._task else 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._off = False

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set_result(None)
        if self._off and (self._task is None or self._task.uncancel() <= self._cancelled_before):
            raise Stopped from None

    def call_off(self) -> asyncio.Future[None]:
        """Interrupt the fetch; the future is done when it has ended."""
        if not self._off:
            self._off = True
            if self._task is not None:
                self._task.cancel()
        return self._over


__all__ = ["Prefetch", "Step", "Stopped"]
