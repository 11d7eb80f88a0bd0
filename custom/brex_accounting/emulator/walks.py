"""Cursors: where a walk over a list goes on, by offset, by key or over a snapshot."""

from __future__ import annotations

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import attrs
import msgspec

from .answers import Refusal, invalid
from .variants import Variants

_KEPT_SNAPSHOTS = 1000
_CHECKSUM_LENGTH = 6


class Item(Protocol):
    """What a list is made of."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def position(self) -> int:
        """Its place in lists."""
        ...


ItemT = TypeVar("ItemT", bound=Item)


@attrs.frozen
class Page(Generic[ItemT]):
    """One page of a list.

    Args:
        items: What is on it.
        next_cursor: Where the next one starts, or None on the last one.
        total: How many items fit in all.
    """

    items: Sequence[ItemT]
    next_cursor: str | None
    total: int


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    mode: str
    page: int
    """Number of the page that the cursor leads to; the first one is 0."""
    at: int
    """Offset, or position of the last item, or offset in the snapshot."""
    snapshot: str
    query: str
    issued: float


class Walks:
    """The walks over the lists of one tenant.

    Args:
        owner: Whose lists they are; the cursors of another owner are refused.
    """

    def __init__(self, owner: str = "") -> None:
        self._owner = owner
        self._snapshots: dict[str, tuple[str, ...]] = {}

    def copy(self) -> Walks:
        """The same walks, to be gone on with apart."""
        made = Walks(self._owner)
        made._snapshots = dict(self._snapshots)
        return made

    def page(
        self,
        matches: Sequence[ItemT],
        find: Callable[[str], ItemT | None],
        *,
        cursor: str | None,
        limit: int,
        query: object,
        variants: Variants,
        now: datetime,
    ) -> Page[ItemT]:
        """Cut one page out of a list.

        Args:
            matches: What fits the query now, by position.
            find: Gives an item by its id, for snapshots.
            cursor: Where the page starts, or None.
            limit: The most items on it.
            query: The query, whose repr says whether a cursor belongs to it.
            variants: How the tenant plays.
            now: The instant on the tenant's clock.

        Raises:
            Refusal: 400, because the cursor is none of ours, belongs to another query, or has expired.
        """
        digest = hashlib.sha256(f"{self._owner} {query!r}".encode()).hexdigest()[:12]
        if cursor is None:
            start = _Cursor(
                variants["cursor"], 0, -1 if variants["cursor"] == "key" else 0, "", digest, now.timestamp()
            )
        else:
            start = _opened(cursor, digest, variants, now)
        if start.page == 1 and variants["empty_page"] == "second":
            onward = _sealed(msgspec.structs.replace(start, page=2, issued=now.timestamp()))
            return Page((), onward, len(matches))
        items, following = self._cut(matches, find, start, limit)
        next_cursor = None
        if following is not None:
            next_cursor = _sealed(msgspec.structs.replace(following, page=start.page + 1, issued=now.timestamp()))
        if next_cursor is not None and start.page == 1 and variants["repeated_cursor"] == "second":
            next_cursor = cursor
        return Page(items, next_cursor, len(matches))

    def _cut(
        self, matches: Sequence[ItemT], find: Callable[[str], ItemT | None], start: _Cursor, limit: int
    ) -> tuple[Sequence[ItemT], _Cursor | None]:
        if start.mode == "key":
            first = bisect_right(matches, start.at, key=lambda item: item.position)
            items = matches[first : first + limit]
            more = first + limit < len(matches)
            return items, msgspec.structs.replace(start, at=items[-1].position) if more else None
        end = start.at + limit
        if start.mode == "offset":
            return matches[start.at : end], msgspec.structs.replace(start, at=end) if end < len(matches) else None
        ids = self._snapshots.get(start.snapshot) if start.snapshot else tuple(item.id for item in matches)
        if ids is None:
            message = "the cursor is too old: the list that it leads through is gone"
            raise invalid(message)
        found = (find(item_id) for item_id in ids[start.at : end])
        following = None
        if end < len(ids):
            following = msgspec.structs.replace(start, at=end, snapshot=start.snapshot or self._keep(ids))
        return [item for item in found if item is not None], following

    def _keep(self, ids: tuple[str, ...]) -> str:
        # Named by what it holds, so that a cursor from before a reset finds its own list or none.
        name = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:12]
        self._snapshots.pop(name, None)
        self._snapshots[name] = ids
        if len(self._snapshots) > _KEPT_SNAPSHOTS:
            del self._snapshots[next(iter(self._snapshots))]
        return name


def page_limit(given: float | None, *, most: int, default: int, variants: Variants) -> int:
    """How many items a page may hold.

    Args:
        given: What the caller asks for, or None.
        most: What Brex allows.
        default: What Brex takes where the caller says nothing.
        variants: How the tenant plays.

    Raises:
        Refusal: 400, because it is no whole number, or outside of what is allowed where that is refused.
    """
    if given is None:
        return default
    if given != given // 1:
        message = "limit is not a whole number"
        raise invalid(message)
    if variants["limit"] == "refused" and not 1 <= given <= most:
        message = f"limit is not between 1 and {most}"
        raise invalid(message)
    return int(min(max(given, 1), most))


def _sealed(cursor: _Cursor) -> str:
    content = msgspec.json.encode(cursor)
    return base64.urlsafe_b64encode(_checksum(content) + content).decode().rstrip("=")


def _opened(text: str, query: str, variants: Variants, now: datetime) -> _Cursor:
    try:
        sealed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        cursor = msgspec.json.decode(sealed[_CHECKSUM_LENGTH:], type=_Cursor)
    except (ValueError, RecursionError):
        raise _unknown() from None
    if _sealed(cursor) != text:  # the checksum is a part of it
        raise _unknown()
    if cursor.query != query:
        message = "cursor belongs to another query"
        raise invalid(message)
    if now.timestamp() - cursor.issued > variants.seconds("cursor_lifetime"):
        message = "cursor has expired"
        raise invalid(message)
    return cursor


def _unknown() -> Refusal:
    return invalid("cursor is not one that was given out")


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(b"cursor" + content).digest()[:_CHECKSUM_LENGTH]


__all__ = ["Item", "Page", "Walks", "page_limit"]
