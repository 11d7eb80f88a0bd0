"""Streams over one of Brex's lists: what records, expenses and subscriptions have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from ..checks import count
from ..errors import InvalidArgument
from ..events import PageReached
from ..paging import CursorPage, Listing
from ..transport.caller import Caller

T = TypeVar("T")
P = TypeVar("P", bound=CursorPage)


class HasId(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str:
        """What tells it from others."""
        ...


R = TypeVar("R", bound=HasId)


@frozen(kw_only=True)
class StreamOptions:
    """What a caller may say about a stream.

    Attributes:
        page_size: The most records in a page; None takes Brex's default of 100.
        largest_page: What Brex's document allows for it, None where it says nothing.
        prefetch: How many pages are fetched ahead.
        resume: A checkpoint of an earlier stream.
    """

    page_size: int | None
    largest_page: int | None
    prefetch: int
    resume: str | None = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if self.page_size is not None:
            count(self.page_size, "page_size", most=self.largest_page, why="more is not documented for this list")


def listing(
    caller: Caller,
    operation: str,
    record_type: type[R],
    fetch: Callable[[tuple[str, ...] | None, str | None], Awaitable[P]],
    *,
    options: StreamOptions,
    filters: Mapping[str, Any],
    ids: tuple[str, ...] | None = None,
) -> Listing[R, P]:
    """The list as ``paging`` walks it.

    Args:
        caller: Makes the calls and owns the tasks.
        operation: Method and path template.
        record_type: What the pages hold.
        fetch: Gets one page, for the ids of a chunk and a cursor.
        options: What the caller said.
        filters: What narrows the list, for the checkpoint's fingerprint.
        ids: The ids asked for, None where the list is not by ids.
    """

    def reached(page: P) -> None:
        if caller.observer.wants(PageReached.level):
            event = PageReached(
                operation=operation,
                account=caller.account,
                items=len(page.items),
                bad_records=len(page.bad_records),
            )
            caller.observer.tell(event)

    return Listing[R, P](
        operation=operation,
        account=caller.account,
        fetch=fetch,
        identity=_id_of,
        spawn=caller.session.spawn,
        on_page=reached,
        filters=filters,
        ids=ids,
        page_size=options.page_size,
        prefetch=options.prefetch,
        resume=options.resume,
    )


def check_limit(limit: int | None, most: int) -> int | None:
    """A page size as ``query`` takes it.

    Raises:
        InvalidArgument: It is out of bounds.
    """
    return None if limit is None else count(limit, "limit", most=most, why="more is not documented for this list")


def check_on_bad_record(value: str) -> None:
    """What to do with records that cannot be read.

    Raises:
        InvalidArgument: It is neither word.
    """
    if value not in ("raise", "collect"):
        message = f"on_bad_record: expected 'raise' or 'collect', got {value!r}"
        raise InvalidArgument(message)


def _id_of(record: HasId) -> str:
    return record.id


__all__ = ["StreamOptions", "check_limit", "check_on_bad_record", "listing"]
