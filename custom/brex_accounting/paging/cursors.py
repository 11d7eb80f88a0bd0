"""What a page says about what follows it: another page, the end, or something that cannot be followed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

import attrs

from ..errors import CursorInvalid, CursorRepeated, PageContradiction, PagingError
from .listing import CursorPage, Listing, Place

_NO_CURSORS: Final = frozenset({"", "null", "none", "undefined"})
_TRY_AGAIN: Final = (
    "All items up to here were handed over. Ask the stream again, or pass error.checkpoint as resume=, to fetch "
    "this page anew; if it stays, start again without resume and tell Brex support."
)


class _End(Enum):
    END = "end"


End: TypeAlias = Literal[_End.END]
END: Final = _End.END


# Characters; a URL has room for some 64,000, of which 500 ids may take most.
_LONGEST: Final = 8_000


@attrs.frozen
class Flaw:
    """Why nobody can tell what follows a page."""

    kind: type[PagingError]
    summary: str
    advice: str = _TRY_AGAIN


_REPEATED: Final = Flaw(CursorRepeated, "Brex sent a cursor that this walk has been at before")
_INVALID: Final = Flaw(CursorInvalid, "Brex sent a cursor that is none, such as the string null")
_UNSENDABLE: Final = Flaw(CursorInvalid, "Brex sent a cursor that is broken, or too long to be sent back")
_NO_WAY_ON: Final = Flaw(PageContradiction, "has_next_page is true, and there is no next_cursor")
_NO_END: Final = Flaw(PageContradiction, "has_next_page is false, and there is a next_cursor")


def following(
    listing: Listing[Any, Any], place: Place, page: CursorPage, been_at: Callable[[Place], bool]
) -> Place | End | Flaw:
    """What follows a page.

    Args:
        listing: The list.
        place: Where the page begins.
        page: The page. Where it has no ``has_next_page``, its cursor alone decides.
        been_at: Whether the walk has been at a place.
    """
    cursor = page.next_cursor or None
    if cursor is not None and cursor.strip().casefold() in _NO_CURSORS:
        return _INVALID
    if cursor is not None and (len(cursor) > _LONGEST or "\ufffd" in cursor):
        return _UNSENDABLE
    more = getattr(page, "has_next_page", None)
    match (cursor is not None) if more is None else more, cursor:
        case True, None:
            return _NO_WAY_ON
        case False, None:
            return Place(place.chunk + 1) if place.chunk + 1 < listing.chunks else END
        case False, _:
            return _NO_END
        case _:
            there = Place(place.chunk, cursor)
            return _REPEATED if been_at(there) else there


class Trail:
    """The cursors that a walk has been at in its chunk, in their order; as digests, since cursors may be long."""

    __slots__ = ("_chunk", "_digests")

    def __init__(self) -> None:
        self._chunk = 0
        self._digests: dict[bytes, None] = {}

    def __contains__(self, place: Place) -> bool:
        return place.chunk == self._chunk and _digest(place) in self._digests

    def add(self, place: Place) -> None:
        """Note a place; a new chunk begins a new trail."""
        if place.chunk != self._chunk:
            self._chunk = place.chunk
            self._digests.clear()
        self._digests[_digest(place)] = None

    def rewind(self, place: Place) -> None:
        """Forget everything after a place."""
        last = _digest(place)
        while self._digests and (place.chunk != self._chunk or next(reversed(self._digests)) != last):
            self._digests.popitem()


def _digest(place: Place) -> bytes:
    # The first page has no cursor, and no cursor is empty.
    return hashlib.blake2b((place.cursor or "").encode("utf-8", "surrogatepass"), digest_size=16).digest()


__all__ = ["END", "End", "Flaw", "Trail", "following"]
