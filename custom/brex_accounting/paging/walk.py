"""Where a caller stands in a list, apart from the generator that fetches pages: errors and cancellation end that one.

A walk stands at a mark, before a page, or on a page with some of its items finished. It moves when the caller asks,
never when a page is fetched ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import length_hint
from types import TracebackType
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ..errors import CallError, ClientStateError, CursorRefused, StatusError
from . import checkpoint
from .checkpoint import Bookmark, Checkpoint, IdDigest
from .cursors import END, End, Flaw
from .listing import CursorPage, Listing, Place
from .prefetch import Prefetch, Step, Stopped
from .roll import RollCall

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord

R = TypeVar("R")
T = TypeVar("T")
P = TypeVar("P", bound=CursorPage)

_REFUSALS: Final = frozenset({400, 404, 410, 422})
_EXPIRED: Final = (
    "The cursor may have expired: start again without resume; nothing is lost, since records that were settled are "
    "recognised by their ids."
)
_SMALLER_FROM_HERE: Final = (
    " Or Brex has lowered the largest page size: pass a smaller page_size with resume=error.checkpoint to go on here."
)
_SMALLER: Final = "Brex may have lowered the largest page size: pass a smaller page_size."


class Walk(Generic[R, P, T]):
    """A caller's way through a list.

    Args:
        listing: The list.
        unpack: What a page holds for the caller behind so many finished items.

    Attributes:
        hand: What the current page still holds for the caller. As the iterator of a sequence it knows by itself how
            much of it is gone, so that handing out an item costs nothing more.
        pages: How many pages the caller has reached.
        closed: Whether it hands out nothing any more.
        broken: Whether the generator over it has died before the end.
    """

    def __init__(self, listing: Listing[R, P], unpack: Callable[[P, int], Sequence[T]]) -> None:
        self.hand: Iterator[T] = iter(())
        self.pages: int = 0
        self.closed: bool = False
        self.broken: bool = False
        self._listing = listing
        self._unpack = unpack
        self._fingerprint = checkpoint.fingerprint(listing)
        self._roll = RollCall(listing)
        self._mark = self._start()
        self._prefetch = Prefetch(listing, None if self._mark is END else self._mark.place)
        # The current page, the items finished on it before the caller came, and what was in hand for the caller then.
        self._step: Step[P] | None = None
        self._first = 0
        self._given = 0
        self._digest = IdDigest()
        self._finished_before = 0
        self._reached: Place | None = None
        self._bad_records: list[BadRecord] = []
        self._bad_before = 0

    def _start(self) -> Bookmark | End:
        resume = self._listing.resume
        if resume is None:
            return Bookmark(Place()) if self._listing.chunks else END
        start = checkpoint.read(resume, self._listing, self._fingerprint)
        self._roll.read(start.absent, None if start.mark is END else start.mark.place.chunk)
        return start.mark

    # ---- what the caller may ask at any time -------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether the caller has been at the end."""
        return self._mark is END

    @property
    def finished(self) -> int:
        """How many items the caller has finished."""
        return self._finished_before + (0 if self._step is None else self._at() - self._first)

    @property
    def bad_records(self) -> tuple[BadRecord, ...]:
        """The records that the pages so far left out."""
        return tuple(self._bad_records)

    @property
    def missing(self) -> tuple[str, ...]:
        """The ids of chunks walked to their end that no page held."""
        return self._roll.missing

    @property
    def checkpoint(self) -> str:
        """What the caller has finished."""
        mark = self._mark if self._step is None else self._bookmark(self._step, self._at())
        return checkpoint.write(Checkpoint(mark, self._roll.write()), self._fingerprint)

    def _at(self) -> int:
        """How many items of the current page are finished: the one that was handed out last is not."""
        return self._first + max(0, self._given - length_hint(self.hand) - 1)

    def _bookmark(self, step: Step[P], at: int) -> Bookmark:
        self._digest.add(map(self._listing.identity, step.page.items[self._digest.count : at]))
        return Bookmark(step.place, at, self._digest.value() if at else b"")

    # ---- going on ----------------------------------------------------------------------------------------------

    async def arrive(self) -> bool:
        """Stand on a page, the next one where there is none; False at the end.

        Raises:
            BrexError: The page cannot be had. Asking again asks for the same page.
        """
        if self._step is None and self._mark is not END:
            step, first = await self._find(self._mark)
            self._prefetch.fill()
            self._enter(step, first)
        return self._step is not None

    def leave(self) -> None:
        """All that the page held is finished: stand before the next page.

        Raises:
            PagingError: Nobody can tell what follows. Going on fetches the page anew, without its finished items.
        """
        step = self._step
        if step is None:
            return
        size = len(step.page.items)
        match step.following:
            case Place() as place:
                self._stand(Bookmark(place), size)
                if place.chunk != step.place.chunk:
                    self._roll.close()
                    self._roll.begin(place.chunk)
            case Flaw() as flaw:
                self._stand(self._bookmark(step, size), size)
                self._prefetch.rewind(step.place)
                raise flaw.kind(
                    flaw.summary,
                    operation=self._listing.operation,
                    account=self._listing.account,
                    checkpoint=self.checkpoint,
                    advice=flaw.advice,
                )
            case _:
                self._stand(END, size)
                self._roll.close()

    def close(self) -> None:
        """Hand out nothing any more; what is finished stays known."""
        self.closed = True
        self.broken = not self.ended
        if self._step is not None:
            at = self._at()
            self._stand(self._bookmark(self._step, at), at)
        self._prefetch.close()

    def check_open(self) -> None:
        """Make sure that this was not closed.

        Raises:
            ClientStateError: It was.
        """
        if self.closed:
            raise self._closed_error()

    def _closed_error(self) -> ClientStateError:
        return ClientStateError(
            f"{self._listing.operation}: this stream is closed. "
            "Pass its checkpoint as resume= to a new one to go on where it stood."
        )

    async def stop(self) -> None:
        """Cancel what is being fetched and wait for its end."""
        await self._prefetch.stop()

    def _enter(self, step: Step[P], first: int) -> None:
        hand = self._unpack(step.page, first)
        self._step = step
        self._first = first
        self._given = len(hand)
        self._digest = IdDigest()
        self.hand = iter(hand)
        self._note(step)

    def _stand(self, mark: Bookmark | End, at: int) -> None:
        self._finished_before += at - self._first
        self._mark = mark
        self._step = None
        self.hand = iter(())

    def _note(self, step: Step[P]) -> None:
        """Take down what the page holds; where it was fetched anew, the newer answer counts."""
        page = step.page
        if self._listing.ids is not None:
            self._roll.answered(map(self._listing.identity, page.items))
            self._roll.answered(bad.id for bad in page.bad_records)
        again = step.place == self._reached
        if again:
            del self._bad_records[self._bad_before :]
        self._reached = step.place
        self._bad_before = len(self._bad_records)
        self._bad_records += page.bad_records
        if not again:
            self.pages += 1
            self._listing.on_page(page)

    # ---- finding the place -------------------------------------------------------------------------------------

    async def _find(self, mark: Bookmark) -> tuple[Step[P], int]:
        """The page behind a mark, and how many of its items are finished.

        A smaller page size may have spread the finished items over several pages. If the list does not go on from
        the mark as it did, records have moved, and what has moved up may be unseen: then everything comes again.
        """
        if not mark.finished:
            return await self._take(), 0
        self._prefetch.rewind(mark.place)  # an earlier try may have been interrupted on its way
        digest = IdDigest()
        passed: list[BadRecord] = []
        while True:
            step = await self._take()
            items = step.page.items[: mark.finished - digest.count]
            digest.add(map(self._listing.identity, items))
            if digest.count == mark.finished or not step.goes_on:
                break
            passed += step.page.bad_records
        if digest.count == mark.finished and digest.value() == mark.digest:
            self._bad_records += passed
            return step, len(items)
        if step.place != mark.place:
            self._prefetch.rewind(mark.place)
            step = await self._take()
        return step, 0

    async def _take(self) -> Step[P]:
        try:
            return await self._prefetch.take()
        except Stopped:
            raise self._closed_error() from None
        except ClientStateError as error:
            message = f"{error} The stream keeps its place: pass its checkpoint as resume= to one of an open client."
            raise ClientStateError(message) from error
        except CallError as error:
            error.checkpoint = self.checkpoint
            if isinstance(error, StatusError) and error.status_code in _REFUSALS:
                self._explain(error)
            raise

    def _explain(self, error: StatusError) -> None:
        """Say what the status can mean for a page.

        Raises:
            CursorRefused: There was a cursor, which Brex itself had made.
        """
        sized = self._listing.page_size is not None
        if self._prefetch.place is not None and self._prefetch.place.cursor is not None:
            code = f" {error.error_code}" if error.error_code else ""
            summary = f"Brex refused its own cursor with {error.status_code}{code}"
            raise CursorRefused(
                summary,
                operation=self._listing.operation,
                account=self._listing.account,
                checkpoint=error.checkpoint,
                status_code=error.status_code,
                error_code=error.error_code,
                trace_id=error.trace_id,
                advice=_EXPIRED + _SMALLER_FROM_HERE * sized,
            ) from error
        if sized:
            error.advice = f"{error.advice} {_SMALLER}".lstrip()
            error.args = (f"{error} {_SMALLER}",)

    # ---- as what a generator does while it lives ---------------------------------------------------------------

    async def __aenter__(self) -> None:
        self.broken = False

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is GeneratorExit:  # the stream was closed or dropped
            self.close()
        self.broken = not self.ended
        await self.stop()


__all__ = ["Walk"]
