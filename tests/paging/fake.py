"""A stand-in for Brex's lists: it serves a list in pages of any shape, as late and as wrong as a test wants it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import Any

import attrs
from hypothesis import strategies as st

from brex_accounting import errors, paging
from brex_accounting_client import BadRecord
from tests import virtual

OPERATION = "GET /v3/accounting/records"


@attrs.frozen(eq=False)
class Page:
    """A page without has_next_page, as expenses and webhooks have it."""

    items: list[str]
    next_cursor: str | None
    bad_records: tuple[BadRecord, ...] = ()

    def raw_item(self, index: int) -> bytes:
        return f"raw {self.items[index]}".encode()


@attrs.frozen(eq=False)
class AccountingPage(Page):
    """A page that says twice whether another one follows."""

    has_next_page: bool = attrs.field(kw_only=True)


@attrs.define
class Brex:
    """A list, and how it is served.

    A cursor is ``<where the last id before this page stood>-<number of the page>``, so that a server with other shapes
    understands it, and one whose records have partly gone.

    Attributes:
        held: The list.
        shape: How many items each page has, over and over.
        empty_last: Whether the last items come with a cursor, which leads to an empty page.
        latencies: How long each call takes, over and over.
        accounting: Whether pages have has_next_page.
        bad: Ids of records that cannot be read.
        faults: What each call raises, by its number.
        lies: What pages say about the next one instead of the truth, by the cursor they were asked with.
    """

    held: list[str] = attrs.field(converter=list)
    shape: Sequence[int] = (3,)
    empty_last: bool = False
    latencies: Sequence[float] = (0.0,)
    accounting: bool = True
    bad: frozenset[str] = frozenset()
    faults: dict[int, BaseException] = attrs.field(factory=dict)
    lies: dict[str | None, Any] = attrs.field(factory=dict)
    calls: list[tuple[tuple[str, ...] | None, str | None]] = attrs.field(factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    spawned: int = 0
    tasks: weakref.WeakSet[asyncio.Task[Any]] = attrs.field(factory=weakref.WeakSet)
    live: weakref.WeakSet[Page] = attrs.field(factory=weakref.WeakSet)
    most_live: int = 0
    reached: list[Page] = attrs.field(factory=list)
    closed: bool = False

    async def fetch(self, ids: tuple[str, ...] | None, cursor: str | None) -> Page:
        if self.closed:
            message = "The client is closed."
            raise errors.ClientStateError(message)
        number = len(self.calls)
        self.calls.append((ids, cursor))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latencies[number % len(self.latencies)])
            if number in self.faults:
                raise self.faults[number]
            page = self._page(ids, cursor)
            await asyncio.sleep(0)
        finally:
            self.in_flight -= 1
        self.live.add(page)
        self.most_live = max(self.most_live, len(self.live))
        return page

    def _page(self, ids: tuple[str, ...] | None, cursor: str | None) -> Page:
        asked = None if ids is None else set(ids)
        held = [item for item in self.held if asked is None or item in asked]
        last, number = (int(part) for part in cursor.split("-")) if cursor else (0, 0)
        after = [item for item in held if _number(item) > last]
        size = self.shape[number % len(self.shape)]
        found = after[:size]
        more = bool(after[size:]) or (self.empty_last and (bool(found) or number == 0))
        says = (more, f"{_number(found[-1]) if found else last}-{number + 1}" if more else None)
        says = self.lies.get(cursor, says)
        good = [item for item in found if item not in self.bad]
        bad = tuple(
            BadRecord(index=found.index(item), id=item, path="$", reason="test", raw=b"{}")
            for item in found
            if item in self.bad
        )
        if self.accounting:
            return AccountingPage(items=good, next_cursor=says[1], bad_records=bad, has_next_page=says[0])
        return Page(items=good, next_cursor=says[1], bad_records=bad)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        if self.closed:
            message = "The client is closed."
            raise errors.ClientStateError(message)
        task = asyncio.get_running_loop().create_task(coroutine)
        self.spawned += 1
        self.tasks.add(task)
        return task

    def listing(self, **changes: Any) -> paging.Listing[str, Page]:
        given: dict[str, Any] = {
            "operation": OPERATION,
            "fetch": self.fetch,
            "identity": str,
            "spawn": self.spawn,
            "on_page": self.reached.append,
        }
        return paging.Listing(**(given | changes))

    def records(self, **changes: Any) -> paging.Stream[str]:
        return paging.records(self.listing(**changes))

    def pages(self, **changes: Any) -> paging.Stream[Page]:
        return paging.pages(self.listing(**changes))


def run(main: Coroutine[Any, Any, None], *, collect: bool = False) -> None:
    """Run a test on a virtual loop; what asyncio complains of fails it.

    Args:
        main: The test.
        collect: Whether to collect garbage first, so that it complains of exceptions that were never retrieved.
    """
    complaints: list[dict[str, Any]] = []

    async def listening() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        await main

    virtual.run(listening())
    if collect:
        gc.collect()
    assert [] == complaints


def status(code: int, kind: type[errors.StatusError] = errors.BadRequest) -> errors.StatusError:
    """An error as the transport raises it."""
    return kind(
        f"Brex answered {code}",
        operation=OPERATION,
        account="acme",
        attempts=1,
        status_code=code,
        error_code="SOME_CODE",
        trace_id="trace-1",
        advice="Look.",
    )


def lost() -> errors.AnswerLost:
    """A failure of the network."""
    return errors.AnswerLost("the answer was lost", operation=OPERATION, attempts=3)


def _number(name: str) -> int:
    return int(name.removeprefix("accr_")) + 1


def names(count: int) -> list[str]:
    """Ids of a list."""
    return [f"accr_{index}" for index in range(count)]


def shapes() -> st.SearchStrategy[list[int]]:
    """Page sizes, empty pages among them."""
    return st.lists(st.integers(0, 6), min_size=1, max_size=4).filter(any)


def latencies() -> st.SearchStrategy[list[float]]:
    """How long calls take."""
    return st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=3)


def servers(most: int = 24) -> st.SearchStrategy[Brex]:
    """Servers of any list in pages of any shape."""
    return st.builds(
        Brex,
        held=st.integers(0, most).map(names),
        shape=shapes(),
        empty_last=st.booleans(),
        latencies=latencies(),
        accounting=st.booleans(),
    )


def same_list(server: Brex, **changes: Any) -> Brex:
    """Another server of the same list, which has noted nothing yet."""
    given: dict[str, Any] = {
        name: getattr(server, name) for name in ("held", "shape", "empty_last", "latencies", "accounting", "bad")
    }
    return Brex(**(given | changes))


async def collected(stream: paging.Stream[Any]) -> list[Any]:
    """Everything that a stream still holds."""
    return [item async for item in stream]


async def into(items: list[Any], stream: AsyncIterator[Any], *, work: float = 0) -> None:
    """Append what a stream holds, working on each item for a while, so that it stays what came before an error."""
    async for item in stream:
        items.append(item)
        await asyncio.sleep(work)


async def fail_on(stream: AsyncIterator[Any]) -> None:
    """Take an item, and fail while working on it."""
    async for item in stream:
        raise KeyError(item)


async def take(stream: paging.Stream[Any], count: int) -> list[Any]:
    """So many items, fewer at the end, looking at the checkpoint each time, which must change nothing."""
    items: list[Any] = []
    for _ in range(count):
        assert stream.checkpoint
        try:
            items.append(await anext(stream))
        except StopAsyncIteration:
            break
    return items


def others() -> set[asyncio.Task[Any]]:
    """All tasks but the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]


async def until_idle(check: Callable[[], object] = others, turns: int = 10) -> None:
    """Let the loop turn until nothing is left to do at this instant."""
    for _ in range(turns):
        await asyncio.sleep(0)
        if not check():
            return


def flat(pages: Iterable[Page]) -> list[str]:
    """The items of pages."""
    return [item for page in pages for item in page.items]
