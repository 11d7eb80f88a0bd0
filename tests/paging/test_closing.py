"""However a caller leaves a stream, nothing goes on behind it; and a stream that was closed does not look ended."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting import errors
from tests import virtual

from .fake import Brex, collected, fail_on, into, names, others, run, take, until_idle

AGAIN = "this stream is closed. Pass its checkpoint as resume="


@contextlib.contextmanager
def reference_counts_only() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def slow() -> Brex:
    """A server whose first page comes at once, and the others after a while."""
    return Brex(names(12), latencies=[0.0, 5.0])


class TestDropping:
    @pytest.mark.parametrize("prefetch", [0, 1, 3])
    @pytest.mark.parametrize("wait", [0, 7])
    def test_break(self, prefetch: int, wait: float) -> None:
        """After a bare break nothing is left when the loop idles, by reference counts alone."""
        server = slow()

        async def main() -> None:
            with reference_counts_only():
                async for _ in server.records(prefetch=prefetch):
                    await asyncio.sleep(wait)
                    break
                await until_idle()
                assert (set(), 0) == (others(), server.in_flight)
                server.reached.clear()
                assert 0 == len(server.live)

        run(main())

    def test_exception_in_the_body(self) -> None:
        """The same when the body of a bare loop raises."""
        server = slow()

        async def main() -> None:
            with reference_counts_only():
                with pytest.raises(KeyError):
                    await fail_on(server.records())
                await until_idle()
                assert (set(), 0) == (others(), server.in_flight)

        run(main())

    def test_dropped_anywhere(self) -> None:
        """A stream that is dropped unused, after an error, after its end, or after a cancellation is gone at once."""

        async def main() -> None:
            with reference_counts_only():
                for count, faults in [(0, {}), (1, {}), (4, {}), (13, {}), (4, {1: errors.ClientStateError("no")})]:
                    server = Brex(names(12), faults=faults)
                    stream = server.records(on_page=lambda _: None)
                    with contextlib.suppress(errors.ClientStateError):
                        await take(stream, count)
                    gone = weakref.ref(stream._walk)
                    faults.clear()
                    del stream
                    await until_idle()
                    assert (None, set()) == (gone(), others())

        run(main())

    def test_a_task_holds_no_stream(self) -> None:
        """What is in flight holds neither the stream nor its generator."""
        server = slow()

        async def main() -> None:
            with reference_counts_only():
                stream = server.records()
                await take(stream, 1)
                gone = weakref.ref(stream), weakref.ref(stream._turns)
                assert others()
                del stream
                assert (None, None) == (gone[0](), gone[1]())
                await until_idle()
                assert set() == others()

        run(main())

    def test_end_of_the_loop(self) -> None:
        """asyncio.run closes what was left suspended; the stream says so afterwards."""
        server = slow()
        stream = server.records()

        async def main() -> None:
            await take(stream, 2)

        run(main())
        with pytest.raises(errors.ClientStateError, match=AGAIN):
            virtual.run(_next(stream))


class TestClosing:
    @pytest.mark.parametrize("prefetch", [0, 1, 3])
    @pytest.mark.parametrize("count", [0, 1, 3])
    @pytest.mark.parametrize("wait", [0, 7])
    def test_leaves_nothing(self, prefetch: int, count: int, wait: float) -> None:
        """When aclose returns no task and no request is left, at whatever point; closing again does nothing."""
        server = slow()

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            await take(stream, count)
            await asyncio.sleep(wait)
            before = stream.checkpoint
            for _ in range(2):
                await stream.aclose()
                server.reached.clear()
                assert (set(), 0, 0) == (others(), server.in_flight, len(server.live))
                assert before == stream.checkpoint
            for _ in range(2):
                with pytest.raises(errors.ClientStateError, match=AGAIN):
                    await anext(stream)
            assert names(12)[max(0, count - 1) :] == await collected(server.records(resume=before))

        run(main())

    def test_leaves_nothing_for_later(self) -> None:
        """A closed stream that is dropped has nothing left to clean up."""

        async def main() -> None:
            stream = slow().records()
            await take(stream, 1)
            await stream.aclose()
            del stream
            await asyncio.sleep(0)
            assert set() == others()

        run(main())

    def test_async_with(self) -> None:
        """The end of the block closes, by an exception too, and the exception passes."""
        server = slow()

        async def main() -> None:
            stream = server.records(prefetch=2)

            async def consume() -> None:
                async with stream as entered:
                    await fail_on(entered)

            with pytest.raises(KeyError):
                await consume()
            assert (set(), 0) == (others(), server.in_flight)
            with pytest.raises(errors.ClientStateError, match=AGAIN):
                await collected(stream)

        run(main())

    def test_a_stream_that_ended_keeps_ending(self) -> None:
        """Closing after the end, or at once where there was nothing, changes nothing."""
        server = Brex(names(4))

        async def main() -> None:
            stream = server.records()
            assert names(4) == await collected(stream)
            done = server.records(resume=stream.checkpoint)
            for ended in (stream, done):
                await ended.aclose()
                assert [] == await collected(ended)
                assert "ended" in repr(ended)

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 1])
    @pytest.mark.parametrize("first", [0, 3])
    def test_while_somebody_waits(self, prefetch: int, first: int) -> None:
        """Who waits for an item gets ClientStateError and is not cancelled; aclose returns after that."""
        server = Brex(names(12), latencies=[3.0])

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            outcomes: list[str] = []

            async def consume() -> None:
                await take(stream, first)
                try:
                    await anext(stream)
                except errors.ClientStateError as error:
                    outcomes.append(str(error))
                assert 0 == asyncio.current_task().cancelling()  # type: ignore[union-attr]
                await asyncio.sleep(1)
                outcomes.append("went on")

            task = asyncio.create_task(consume())
            await asyncio.sleep(5 if first else 1)
            await asyncio.gather(stream.aclose(), stream.aclose())
            assert ({task}, 0, 1) == (others(), server.in_flight, len(outcomes))
            await task
            assert AGAIN in outcomes[0]
            assert "went on" == outcomes[1]

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 1])
    def test_while_somebody_is_cancelled(self, prefetch: int) -> None:
        """A cancellation that comes together with aclose is still a cancellation."""
        server = Brex(names(12), latencies=[3.0])

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            task = asyncio.create_task(take(stream, 4))
            await asyncio.sleep(4)
            task.cancel()
            await stream.aclose()
            await asyncio.wait({task})
            assert task.cancelled()
            assert set() == others()

        run(main())

    def test_an_awaitable_from_before_is_no_end(self) -> None:
        """What anext gave before the stream was closed does not answer that the list has ended."""
        server = slow()

        async def main() -> None:
            stream = server.records()
            early = asyncio.ensure_future(anext(stream))
            await stream.aclose()
            with pytest.raises(errors.ClientStateError, match=AGAIN):
                await early

        run(main())

    @pytest.mark.parametrize("prefetch", [0, 1])
    def test_a_fetch_that_swallows_its_cancellation(self, prefetch: int) -> None:
        """A page that comes all the same is not handed out by a closed stream."""
        server = Brex(names(12))

        async def fetch(ids: Any, cursor: str | None) -> Any:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3)
            return await server.fetch(ids, cursor)

        async def main() -> None:
            stream = server.records(prefetch=prefetch, fetch=fetch)
            task = asyncio.create_task(take(stream, 4))
            await asyncio.sleep(4)
            await stream.aclose()
            with pytest.raises(errors.ClientStateError, match=AGAIN):
                await task
            assert 0 == task.cancelling()
            assert set() == others()

        run(main())

    def test_cancelled_while_closing(self) -> None:
        """An aclose that is cancelled has cancelled the fetch, and the stream is closed."""
        server = Brex(names(12))

        async def fetch(ids: Any, cursor: str | None) -> Any:
            try:
                if cursor is not None:
                    await asyncio.sleep(100)
            finally:
                await asyncio.sleep(1)
            return await server.fetch(ids, cursor)

        async def main() -> None:
            stream = server.records(fetch=fetch)
            await take(stream, 1)
            await asyncio.sleep(0)
            closing = asyncio.create_task(stream.aclose())
            await asyncio.sleep(0.5)
            closing.cancel()
            await asyncio.wait({closing})
            with pytest.raises(errors.ClientStateError, match=AGAIN):
                await anext(stream)
            await asyncio.sleep(1)
            await stream.aclose()
            assert set() == others()

        run(main())

    @example(1, 1.0, 2, 0.0)  # closed between two turns of its consumer
    @given(st.integers(0, 3), st.floats(0, 20), st.integers(0, 8), st.sampled_from([0.0, 1.0]))
    def test_at_any_moment(self, prefetch: int, time: float, steps: int, work: float) -> None:
        """Closed from another task at any moment: the consumer is told or has ended, and nothing is left or lost."""
        server = Brex(names(9), latencies=[1.0, 0.0, 2.0])

        async def main() -> None:
            stream = server.records(prefetch=prefetch)
            got: list[str] = []
            task = asyncio.create_task(into(got, stream, work=work))
            await asyncio.sleep(time)
            for _ in range(steps):
                await asyncio.sleep(0)
            done = task.done()
            await stream.aclose()
            assert (others() <= {task}, 0) == (True, server.in_flight)
            await asyncio.wait({task})
            assert done == (task.exception() is None)
            rest = await collected(server.records(resume=stream.checkpoint))
            assert names(9) in (got + rest, got[:-1] + rest)

        run(main())


class TestRepr:
    def test_shows_operation_and_progress(self) -> None:
        """Where a stream stands, and nothing that it was asked for or gave."""
        server = slow()

        async def main() -> None:
            stream = server.records(filters={"memo": "secret"}, ids=tuple(names(12)))
            await take(stream, 4)
            assert "<Stream GET /v3/accounting/records: open, 2 pages reached, 3 items finished>" == repr(stream)
            await stream.aclose()
            assert "<Stream GET /v3/accounting/records: closed, 2 pages reached, 3 items finished>" == repr(stream)
            listing = server.listing(filters={"memo": "secret"}, ids=("accr_1",), resume="secret")
            assert ("secret" in repr(listing), "accr_1" in repr(listing)) == (False, False)

        run(main())


async def _next(stream: Any) -> Any:
    return await anext(stream)
