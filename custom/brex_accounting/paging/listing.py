"""What a resource says about a list that Brex serves in pages: how to ask for a page, and what identifies the list."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from brex_accounting_client import BadRecord

T = TypeVar("T")
P = TypeVar("P", bound="CursorPage")

IDS_IN_A_CALL = 500
"""At most so many, says https://developer.brex.com/openapi/accounting_api."""


class CursorPage(Protocol):
    """What a walk needs of a page model; ``has_next_page`` is read where the model has it."""

    @property
    def items(self) -> Sequence[Any]:
        """The records that could be read."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """What to send to get the next page."""
        ...

    @property
    def bad_records(self) -> tuple[BadRecord, ...]:
        """The records that could not be read."""
        ...

    def raw_item(self, index: int) -> bytes:
        """The bytes of ``items[index]``."""
        ...


@attrs.frozen
class Place:
    """Where a page begins.

    Attributes:
        chunk: Index of the call's share of the ids, 0 where the list is not by ids.
        cursor: None for the first page of the chunk.
    """

    chunk: int = 0
    cursor: str | None = attrs.field(default=None, repr=False)


def _unique(ids: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if ids is None else tuple(dict.fromkeys(ids))


def _count(_: object, field: attrs.Attribute[int], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        message = f"{field.name}: expected a number of pages, 0 or more, got {value!r}"
        raise InvalidArgument(message)


@attrs.frozen(kw_only=True)
class Listing(Generic[T, P]):
    """A list that Brex serves in pages.

    Attributes:
        operation: Method and path template, such as ``GET /v3/accounting/records``.
        account: The account label of the client, None where it has none.
        fetch: Gets one page, given the ids of a chunk (None: not by ids) and a cursor (None: the first page). It
            sends filters and page size, and raises ``BrexError``.
        identity: The id of a record.
        spawn: Runs a coroutine as a task that belongs to the client.
        on_page: Is told of each page once, when the caller reaches it.
        filters: What narrows the list besides ids, as it is sent; neither cursor nor page size. None is no filter.
        ids: The ids asked for, each counted once; None for a list that is not by ids; none at all is an empty list.
        ids_in_a_call: How many ids Brex takes in one call.
        page_size: What the caller gave, None where Brex decides.
        prefetch: How many pages are fetched ahead of the caller.
        resume: A checkpoint of an earlier stream over the same list.

    Raises:
        InvalidArgument: ``prefetch`` is no number of pages.
    """

    operation: str
    account: str | None = None
    fetch: Callable[[tuple[str, ...] | None, str | None], Awaitable[P]] = attrs.field(repr=False)
    identity: Callable[[T], str] = attrs.field(repr=False)
    spawn: Callable[[Coroutine[Any, Any, P]], asyncio.Task[P]] = attrs.field(repr=False)
    on_page: Callable[[P], None] = attrs.field(repr=False)
    filters: Mapping[str, object] = attrs.field(factory=dict[str, object], repr=False)
    ids: tuple[str, ...] | None = attrs.field(default=None, converter=_unique, repr=False)
    ids_in_a_call: int = IDS_IN_A_CALL
    page_size: int | None = None
    prefetch: int = attrs.field(default=1, validator=_count)
    resume: str | None = attrs.field(default=None, repr=False)

    @property
    def chunks(self) -> int:
        """How many chunks the list is walked in."""
        return 1 if self.ids is None else -(-len(self.ids) // self.ids_in_a_call)

    def ids_of(self, chunk: int) -> tuple[str, ...] | None:
        """The ids of a chunk, None for a list that is not by ids."""
        start = chunk * self.ids_in_a_call
        return None if self.ids is None else self.ids[start : start + self.ids_in_a_call]


__all__ = ["IDS_IN_A_CALL", "CursorPage", "Listing", "Place"]
