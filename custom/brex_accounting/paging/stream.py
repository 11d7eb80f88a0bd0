"""What a caller iterates over: records, records with their bytes, or pages.

Pages come out of an async generator, so that the event loop cleans up after a bare ``break``. It is not the stream:
errors and cancellation end a generator for good, and its callers would take that for the end of the list.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import AsyncGeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .listing import CursorPage, Listing
from .walk import Walk

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = TypeVar("P", bound=CursorPage)


class Stream(AsyncIterator[T_co], Generic[T_co]):
    """Items of a list, in order, each at least once.

    Iterate over it, one task at a time. As ``async with`` it is cleaned up where the block ends, otherwise when the
    stream is dropped. After an error or a cancellation, asking again goes on exactly where it stood.
    """

    def __init__(self, operation: str, walk: Walk[Any, Any, T_co]) -> None:
        self._operation = operation
        self._walk = walk
        self._turns = _turns(walk)

    @property
    def checkpoint(self) -> str:
        """Where the caller stands, for ``resume=`` of another stream: opaque text that holds no personal data.

        An item is finished when the caller asks for the next one, so that an item in hand comes again after a crash.
        """
        return self._walk.checkpoint

    @property
    def bad_records(self) -> tuple[BadRecord, ...]:
        """The records that ``on_bad_record="collect"`` left out of the pages so far."""
        return self._walk.bad_records

    @property
    def missing_ids(self) -> tuple[str, ...]:
        """Of a stream by ids: those that Brex has not answered with, for the calls walked to their end."""
        return self._walk.missing

    def __aiter__(self) -> Stream[T_co]:
        return self

    async def __anext__(self) -> T_co:
        walk = self._walk
        while True:
            for item in walk.hand:
                return item
            if walk.broken:
                walk.check_open()  # before another generator: one that is dropped alive leaves a task behind
                self._turns = _turns(walk)
            await self._turns.__anext__()

    async def __aenter__(self) -> Stream[T_co]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop fetching and close; whoever waits for an item gets ``ClientStateError``. Closing again does nothing."""
        self._walk.close()
        await self._walk.stop()
        if not self._turns.ag_running:  # else its caller is about to leave it
            await self._turns.aclose()

    def __repr__(self) -> str:
        walk = self._walk
        state = "ended" if walk.ended else "closed" if walk.closed else "open"
        return f"<Stream {self._operation}: {state}, {walk.pages} pages reached, {walk.finished} items finished>"


def records(listing: Listing[T, P]) -> Stream[T]:
    """Stream the records of a list.

    Args:
        listing: The list.

    Raises:
        InvalidArgument: ``resume`` is damaged, or belongs to another list.
    """
    return Stream(listing.operation, Walk(listing, _records))


def raw_records(listing: Listing[T, P]) -> Stream[tuple[T, bytes]]:
    """Stream the records of a list, each with its bytes as they came.

    Args:
        listing: The list.

    Raises:
        InvalidArgument: ``resume`` is damaged, or belongs to another list.
    """
    return Stream(listing.operation, Walk(listing, _raw_records))


def pages(listing: Listing[Any, P]) -> Stream[P]:
    """Stream the pages of a list, empty ones too.

    A page is finished as a whole. Resumed within a page, the stream hands out that page whole.

    Args:
        listing: The list.

    Raises:
        InvalidArgument: ``resume`` is damaged, or belongs to another list.
    """
    return Stream(listing.operation, Walk(listing, _pages))


def _turns(walk: Walk[Any, Any, Any]) -> AsyncGeneratorType[None, None]:
    """A generator that comes up for air once on each page; it knows nothing of the stream, which may be dropped."""

    async def turns() -> AsyncGenerator[None]:
        async with walk:
            while await walk.arrive():
                yield
                walk.leave()

    return cast("AsyncGeneratorType[None, None]", turns())


def _records(page: CursorPage, finished: int) -> Sequence[Any]:
    return page.items[finished:] if finished else page.items


def _raw_records(page: CursorPage, finished: int) -> Sequence[tuple[Any, bytes]]:
    return [(page.items[index], page.raw_item(index)) for index in range(finished, len(page.items))]


def _pages(page: P, finished: int) -> Sequence[P]:
    return () if finished and finished == len(page.items) else (page,)


__all__ = ["Stream", "pages", "raw_records", "records"]
