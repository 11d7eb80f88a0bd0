"""Whatever the pages look like and whatever happens on the way, nothing is lost and nothing comes twice in vain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import errors, paging

from .fake import Brex, collected, flat, into, latencies, lost, names, run, same_list, servers, shapes, take

PREFETCH = st.integers(0, 4)


class TestWalkingThrough:
    @given(servers(), PREFETCH)
    def test_flattening_gives_what_the_server_holds(self, server: Brex, prefetch: int) -> None:
        """Records come whole and in order, whatever the shape of the pages, and the same as pages."""

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            assert server.held == await collected(stream)
            assert [] == await collected(stream)
            assert server.held == flat(await collected(server.pages(prefetch=prefetch)))
            assert server.most_in_flight == 1

        run(main())

    @given(servers(40), PREFETCH, st.lists(st.integers(0, 60), max_size=50), st.integers(1, 7))
    def test_ids_go_in_chunks(self, server: Brex, prefetch: int, wanted: list[int], at_once: int) -> None:
        """Ids are asked for once each, a chunk at a time; those that Brex does not return are told."""
        ids = tuple(f"accr_{index}" for index in wanted)
        unique = tuple(dict.fromkeys(ids))
        chunks = [unique[i : i + at_once] for i in range(0, len(unique), at_once)]

        async def main() -> None:
            stream = server.records(prefetch=prefetch, ids=ids, ids_in_a_call=at_once)
            expected = [item for chunk in chunks for item in server.held if item in chunk]
            assert expected == await collected(stream)
            assert chunks == list(dict.fromkeys(asked for asked, _ in server.calls))
            assert tuple(id_ for id_ in unique if id_ not in server.held) == stream.missing_ids

        run(main())

    def test_a_call_takes_500_ids(self) -> None:
        """1201 ids make three calls of at most 500."""
        server = Brex(names(1201), shape=(1000,))

        async def main() -> None:
            assert server.held == await collected(server.records(ids=(*names(1201), "accr_3")))

        run(main())
        assert [500, 500, 201] == [len(ids or ()) for ids, _ in server.calls]

    @pytest.mark.parametrize("front", [paging.records, paging.raw_records, paging.pages])
    def test_no_ids_make_no_call(self, front: Any) -> None:
        """Asking for no ids at all is not asking for all records."""
        server = Brex(names(3))

        async def main() -> None:
            stream = front(server.listing(ids=()))
            assert [] == await collected(stream)
            again = front(server.listing(ids=(), resume=stream.checkpoint))
            assert ([], ()) == (await collected(again), again.missing_ids)

        run(main())
        assert [] == server.calls

    def test_raw_records(self) -> None:
        """with_raw gives each record with its own bytes, resumed within a page too."""
        server = Brex(names(5))

        async def main() -> None:
            expected = [(name, f"raw {name}".encode()) for name in server.held]
            stream = paging.raw_records(server.listing())
            assert expected[:2] == await take(stream, 2)
            assert expected[1:] == await collected(paging.raw_records(server.listing(resume=stream.checkpoint)))

        run(main())

    def test_pages_come_as_they_are(self) -> None:
        """Empty pages too: they carry counts, and bad records."""
        server = Brex(names(2), shape=(0, 1), empty_last=True)

        async def main() -> None:
            assert [0, 1, 0, 1, 0] == [len(page.items) async for page in server.pages()]

        run(main())

    def test_on_page_is_told_once_for_each_page_that_is_reached(self) -> None:
        """A page that was fetched ahead is not reached yet."""
        server = Brex(names(9))

        async def main() -> None:
            stream = server.records(prefetch=3)
            await take(stream, 4)
            await asyncio.sleep(1)
            assert (2, 3) == (len(server.reached), len(server.calls))
            await collected(stream)
            assert server.held == flat(server.reached)

        run(main())


class TestGoingOn:
    @given(
        servers(),
        st.lists(st.tuples(st.integers(0, 12), shapes(), PREFETCH, st.booleans()), max_size=6),
        st.integers(1, 7),
        st.booleans(),
    )
    def test_resumed_anywhere(
        self, server: Brex, legs: list[tuple[int, list[int], int, bool]], at_once: int, by_ids: bool
    ) -> None:
        """A walk resumed at any item, with other page sizes, gives the same; only the item in hand comes again."""
        ids = tuple([*names(27)][::-1]) if by_ids else None
        chunks = [ids[i : i + at_once] for i in range(0, len(ids), at_once)] if ids else [server.held]
        expected = [item for chunk in chunks for item in server.held if item in chunk]

        async def main() -> None:
            finished: list[str] = []
            checkpoint = None
            missing: tuple[str, ...] = ()
            for count, shape, prefetch, last in [*legs, (1000, server.shape, 1, False)]:
                leg = same_list(server, shape=shape)
                stream = leg.records(prefetch=prefetch, resume=checkpoint, ids=ids, ids_in_a_call=at_once)
                assert stream.missing_ids[: len(missing)] == missing
                items = await take(stream, count)
                ended = len(items) < count
                if not ended and last and items:
                    # The caller asks for the next item, and is cancelled before it comes.
                    with pytest.raises((asyncio.CancelledError, TimeoutError, StopAsyncIteration)):
                        await _cut_off(stream, leg)
                    ended = True
                finished += items if ended else items[:-1]
                checkpoint, missing = stream.checkpoint, stream.missing_ids
                await stream.aclose()
                assert stream.checkpoint == checkpoint
            assert expected == finished
            assert missing == tuple(id_ for id_ in ids or () if id_ not in server.held)
            done = same_list(server)
            stream = done.records(resume=checkpoint, ids=ids, ids_in_a_call=at_once)
            assert ([], [], missing) == (await collected(stream), done.calls, stream.missing_ids)

        run(main())

    @given(servers(), st.lists(st.tuples(st.integers(0, 6), st.booleans(), PREFETCH), max_size=5))
    def test_checkpoints_of_pages_and_records_are_one_kind(
        self, server: Brex, legs: list[tuple[int, bool, int]]
    ) -> None:
        """A walk may change between records and pages; pages come whole, so that some records come again."""

        async def main() -> None:
            finished: list[str] = []
            checkpoint = None
            for count, by_pages, prefetch in [*legs, (1000, False, 1)]:
                front: Any = server.pages if by_pages else server.records
                stream = front(prefetch=prefetch, resume=checkpoint)
                items = await take(stream, count)
                items = items if len(items) < count else items[:-1]
                finished += flat(items) if by_pages else items
                checkpoint = stream.checkpoint
                await stream.aclose()
            assert server.held == list(dict.fromkeys(finished))

        run(main())

    @given(
        server=servers(),
        prefetch=PREFETCH,
        time=st.sampled_from([0.0, 0.5, 1.0, 2.5, 4.0, 8.0]),
        steps=st.integers(0, 9),
        work=st.sampled_from([0.0, 0.5]),
        at_once=st.integers(1, 9),
        by_ids=st.booleans(),
    )
    def test_cancelled_anywhere(
        self, *, server: Brex, prefetch: int, time: float, steps: int, work: float, at_once: int, by_ids: bool
    ) -> None:
        """A consumer cancelled at any await loses nothing: on the same stream nothing comes twice, resumed one item."""
        ids = tuple(server.held) if by_ids else None

        async def main() -> None:
            given: dict[str, Any] = {"ids": ids, "ids_in_a_call": at_once, "prefetch": prefetch}
            stream = server.records(**given)
            got: list[str] = []
            task = asyncio.create_task(into(got, stream, work=work))
            await asyncio.sleep(time)
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            assert server.in_flight <= prefetch
            rest = await collected(same_list(server).records(resume=stream.checkpoint, **given))
            assert server.held in (got + rest, got[:-1] + rest)
            assert server.held == got + await collected(stream)
            assert server.most_in_flight <= 1

        run(main())

    @given(servers(), PREFETCH, st.sets(st.integers(0, 30), max_size=8), st.booleans())
    def test_errors_anywhere(self, server: Brex, prefetch: int, failing: set[int], anew: bool) -> None:
        """After an error on any fetch the stream, or another one from its checkpoint, goes on exactly there."""
        server.faults = {number: lost() for number in failing}

        async def main() -> None:
            got: list[str] = []
            stream = server.records(prefetch=prefetch)
            expected: list[str | None] = []
            raised: list[str | None] = []
            while True:
                try:
                    await into(got, stream)
                    break
                except errors.AnswerLost as error:
                    expected.append(stream.checkpoint)
                    raised.append(error.checkpoint)
                    if anew:
                        await stream.aclose()
                        stream = server.records(prefetch=prefetch, resume=error.checkpoint)
            assert (server.held, expected) == (got, raised)
            assert len(raised) == len([number for number in failing if number < len(server.calls)])

        run(main())

    def test_a_smaller_page_size_spreads_the_finished_items(self) -> None:
        """Eight finished items of a page are passed over in pages of three: no page is fetched twice."""
        server = Brex(names(12), shape=(10,))
        smaller = same_list(server, shape=(3,))

        async def main() -> None:
            stream = server.records()
            await take(stream, 9)
            rest = await collected(smaller.records(resume=stream.checkpoint, page_size=3))
            assert server.held[8:] == rest

        run(main())
        assert 4 == len(smaller.calls)


class TestMovedRecords:
    @given(
        total=st.integers(1, 20),
        shape=st.lists(st.integers(0, 12), min_size=1, max_size=3).filter(any),
        count=st.integers(1, 20),
        leaving=st.sets(st.integers(0, 19), max_size=12),
        later=shapes(),
        prefetch=PREFETCH,
    )
    def test_nothing_is_lost(
        self, *, total: int, shape: list[int], count: int, leaving: set[int], later: list[int], prefetch: int
    ) -> None:
        """Finished records that leave the filter before a resume move others up into their page: all of them come."""
        server = Brex(names(total), shape=shape)
        held = names(total)

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            finished = (await take(stream, min(count, total)))[:-1]
            remaining = [item for item in held if item not in finished or held.index(item) not in leaving]
            moved = Brex(remaining, shape=later)
            rest = await collected(moved.records(prefetch=prefetch, resume=stream.checkpoint))
            assert set(held) == {*finished, *rest}
            assert rest == remaining[len(remaining) - len(rest) :]
            if remaining == held:
                assert held == finished + rest

        run(main())

    def test_a_page_that_moved_up_comes_whole(self) -> None:
        """Two of four records left the filter: what the page begins with now is not what was finished."""
        server = Brex(names(8), shape=(4,))

        async def main() -> None:
            stream = server.records()
            assert names(4)[:3] == await take(stream, 3)
            del server.held[:2]
            rest = server.records(resume=stream.checkpoint)
            assert names(8)[2:] == await collected(rest)

        run(main())

    def test_the_page_that_replaced_it_is_what_counts(self) -> None:
        """A checkpoint taken on a page that moved up speaks of that page."""
        server = Brex(names(8), shape=(4,))

        async def main() -> None:
            first = server.records()
            await take(first, 3)
            del server.held[:2]
            second = server.records(resume=first.checkpoint)
            assert names(8)[2:4] == await take(second, 2)
            assert names(8)[3:] == await collected(server.records(resume=second.checkpoint))

        run(main())

    def test_moved_over_several_pages(self) -> None:
        """Smaller pages that do not hold the finished items together come again from the first one on."""
        server = Brex(names(12), shape=(8,))

        async def main() -> None:
            stream = server.records()
            await take(stream, 6)
            moved = Brex(names(12)[1:], shape=(2,))
            assert names(12)[1:] == await collected(moved.records(resume=stream.checkpoint))
            assert 3 + 6 == len(moved.calls)

        run(main())

    @given(latencies())
    def test_an_interrupted_search_for_the_place_starts_again(self, waits: list[float]) -> None:
        """A resume that fails while it passes over finished items loses none of them, on the same stream or another."""
        server = Brex(names(12), shape=(10,))
        smaller = Brex(names(12), shape=(3,), latencies=waits, faults={2: lost()})

        async def main() -> None:
            stream = server.records()
            await take(stream, 9)
            resumed = smaller.records(resume=stream.checkpoint)
            with pytest.raises(errors.AnswerLost) as failure:
                await anext(resumed)
            assert stream.checkpoint == failure.value.checkpoint
            assert names(12)[8:] == await collected(resumed)

        run(main())


async def _cut_off(stream: paging.Stream[str], server: Brex) -> None:
    """Ask for the next item and be cancelled at once where it does not come at once."""
    task = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    task.cancel()
    await task
    message = "it came"
    raise TimeoutError(message)
