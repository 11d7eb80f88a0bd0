"""Pages fetched before the caller asks: in order, bounded, and never at the cost of what the caller sees."""

from __future__ import annotations

import asyncio
import contextlib
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brex_accounting import InvalidArgument, errors
from tests import virtual

from .fake import Brex, collected, into, latencies, lost, names, others, run, shapes, take, until_idle


class TestPrefetch:
    @pytest.mark.parametrize("wrong", [-1, True, False, None, 1.0, "1"])
    def test_is_a_number_of_pages(self, wrong: Any) -> None:
        """Anything but a count is refused by name."""
        with pytest.raises(InvalidArgument, match="prefetch: expected a number of pages"):
            Brex([]).listing(prefetch=wrong)

    @pytest.mark.parametrize("prefetch", [0, 1, 2, 4])
    def test_is_how_many_pages_are_fetched_ahead(self, prefetch: int) -> None:
        """While the caller works on a page so many further ones are fetched, and then no task is left waiting."""
        server = Brex(names(60), latencies=[1.0])

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            for page in range(5):
                await take(stream, 3)
                await asyncio.sleep(10)
                assert (page + 1 + prefetch, set()) == (len(server.calls), others())
            await stream.aclose()

        run(main())

    def test_none_is_fetched_in_the_callers_own_task(self) -> None:
        """Without prefetching there are no tasks, and the first page of any stream needs none."""
        server = Brex(names(9))

        async def main() -> None:
            await collected(server.records(prefetch=0))
            await take(stream := server.records(prefetch=1), 0)
            await stream.aclose()

        run(main())
        assert 0 == server.spawned

    @given(shapes(), latencies(), st.sampled_from([0.0, 0.5, 2.0]), st.integers(0, 4), st.integers(1, 5))
    def test_pages_held(
        self, shape: list[int], latencies: list[float], work: float, prefetch: int, at_once: int
    ) -> None:
        """No more than the page in hand and those fetched ahead exist, one call at a time."""
        server = Brex(names(24), shape=shape, latencies=latencies)

        async def main() -> None:
            async with server.records(
                prefetch=prefetch, ids=tuple(server.held), ids_in_a_call=at_once, on_page=lambda _: None
            ) as stream:
                async for _ in stream:
                    await asyncio.sleep(work)

        run(main())
        assert server.most_live <= prefetch + 1
        assert 1 == server.most_in_flight

    @pytest.mark.parametrize(("fetch", "work"), [(1.0, 3.0), (3.0, 1.0), (2.0, 2.0)])
    def test_hides_the_shorter_of_fetch_and_work(self, fetch: float, work: float) -> None:
        """With one page ahead a list takes about the larger of the two for each page."""
        server = Brex(names(30), latencies=[fetch])

        async def main() -> float:
            async for page in server.pages(prefetch=1):
                assert page.items
                await asyncio.sleep(work)
            return asyncio.get_running_loop().time()

        assert fetch + 9 * max(fetch, work) + work == pytest.approx(virtual.run(main()))

    @given(st.integers(0, 4), st.integers(0, 5), st.sampled_from([0.0, 1.0]))
    def test_an_error_waits_for_its_turn(self, prefetch: int, failing: int, work: float) -> None:
        """All items before a page that cannot be had come first; then its error, once; then, asked again, the page."""
        server = Brex(names(18), faults={failing: lost()}, latencies=[0.5])

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            got: list[str] = []
            with pytest.raises(errors.AnswerLost):
                await into(got, stream, work=work)
            assert names(failing * 3) == got
            assert len(server.calls) == failing + 1
            assert names(18) == got + await collected(stream)

        run(main())

    @pytest.mark.parametrize("wait", [0, 2])
    @pytest.mark.parametrize("closing", [True, False])
    def test_an_error_that_nobody_comes_for_is_no_noise(self, wait: float, closing: bool) -> None:
        """asyncio does not complain of an exception that was never retrieved."""
        server = Brex(names(9), faults={1: lost()}, latencies=[0.0, 1.0])

        async def main() -> None:
            stream = server.records()
            await take(stream, 1)
            await asyncio.sleep(wait)
            if closing:
                await stream.aclose()

        run(main(), collect=True)

    def test_an_error_in_answer_to_cancelling_is_no_noise(self) -> None:
        """Nor of a fetch that fails while it is called off by someone who is cancelled too."""
        server = Brex(names(9))

        async def fetch(ids: Any, cursor: str | None) -> Any:
            if cursor is None:
                return await server.fetch(ids, cursor)
            try:
                await asyncio.sleep(100)
            finally:
                await asyncio.sleep(1)
                raise lost()

        async def main() -> None:
            stream = server.records(fetch=fetch)
            await take(stream, 1)
            closing = asyncio.create_task(stream.aclose())
            await asyncio.sleep(0.5)
            closing.cancel()
            await asyncio.wait({closing})
            assert closing.cancelled()
            await asyncio.sleep(1)
            assert set() == others()

        run(main(), collect=True)

    def test_a_fetch_that_outlives_its_cancellation_starts_no_other(self) -> None:
        """A page that comes although its consumer was cancelled is kept, and the next one is not fetched for nobody."""
        server = Brex(names(9))

        async def fetch(ids: Any, cursor: str | None) -> Any:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3)
            return await server.fetch(ids, cursor)

        async def main() -> None:
            stream = server.records(fetch=fetch, prefetch=2)
            got = await take(stream, 3)
            task = asyncio.create_task(take(stream, 1))
            await asyncio.sleep(1)
            task.cancel()
            await asyncio.wait({task})
            await until_idle(lambda: True)
            assert (set(), 2) == (others(), len(server.calls))
            assert names(9) == got + await collected(stream)
            assert 3 == len(server.calls)

        run(main())

    def test_what_stops_a_task_from_outside_stops_no_walk(self) -> None:
        """A fetch ahead that somebody cancelled is done again when the caller comes, waiting for it or not."""
        server = Brex(names(9), latencies=[1.0])

        async def main() -> None:
            stream = server.records()
            got = await take(stream, 3)
            asyncio.get_running_loop().call_later(0.5, next(iter(server.tasks)).cancel)
            got += await take(stream, 3)
            next(iter(server.tasks)).cancel()
            await until_idle()
            assert names(9) == got + await collected(stream)

        run(main())

    def test_a_client_that_takes_no_task_is_told_by_the_call(self) -> None:
        """Where no task can be spawned the items in hand still come, and then the client's own word."""
        server = Brex(names(9))

        async def main() -> None:
            stream = server.records()
            assert names(1) == await take(stream, 1)
            await asyncio.sleep(1)
            server.closed = True
            assert names(9)[1:6] == await take(stream, 5)
            for _ in range(2):
                with pytest.raises(errors.ClientStateError, match=r"The client is closed\. .* checkpoint as resume="):
                    await anext(stream)
            server.closed = False
            assert names(9)[6:] == await collected(stream)

        run(main())

    def test_a_client_that_closes_takes_its_fetches_along(self) -> None:
        """The caller who waited for one gets the client's word, never the cancellation or an end."""
        server = Brex(names(9), latencies=[1.0])

        async def close() -> None:
            await asyncio.sleep(0.5)
            server.closed = True
            next(iter(server.tasks)).cancel()

        async def main() -> None:
            stream = server.records()
            assert names(3) == await take(stream, 3)
            closing = asyncio.create_task(close())
            with pytest.raises(errors.ClientStateError, match="resume="):
                await anext(stream)
            await closing

        run(main())


class TestMemory:
    def test_is_flat(self) -> None:
        """100,000 records leave nothing behind but a digest for each page."""

        server = Brex(names(100), shape=[100])
        page = server._page(None, None)

        async def fetch(ids: Any, cursor: str | None) -> Any:
            number = int(cursor or 0) + 1
            more = number < 1000
            return type(page)(items=page.items, next_cursor=str(number) if more else None, has_next_page=more)

        async def main() -> int:
            stream = server.records(fetch=fetch, on_page=lambda _: None, spawn=asyncio.ensure_future)
            tracemalloc.start()
            try:
                assert 10_000 == len(await take(stream, 10_000))
                before = tracemalloc.get_traced_memory()[0]
                count = 0
                async for _ in stream:
                    count += 1
                after = tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()
            assert 90_000 == count
            return after - before

        assert virtual.run(main()) < 200_000
