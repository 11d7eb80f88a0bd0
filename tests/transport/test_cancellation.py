"""Calls that are cancelled: at once, untouched, and their slots accounted for."""

from __future__ import annotations

import asyncio

import pytest

from brex_accounting import RateLimit, RetryPolicy
from tests import virtual
from tests.transport.scripted import (
    COMPANY,
    GET,
    Answer,
    Cut,
    Hang,
    Method,
    Raise,
    Script,
    Step,
    by_method,
    client,
    play,
)


class TestCancellation:
    @by_method
    @pytest.mark.parametrize("step", [Hang(), Answer(200, b"{", after=5.0), Cut(503, b"x")], ids=repr)
    def test_passes_untouched(self, method: Method, step: Step) -> None:
        """A call that is cancelled, in the send, the body or the back-off, ends as cancelled and tries nothing more."""
        script = Script(step)

        async def main() -> None:
            async with client(script, retry=RetryPolicy(backoff=50.0, max_backoff=50.0)) as brex:
                task = asyncio.create_task(method.ask(brex))
                await asyncio.sleep(1.0)
                task.cancel("enough")
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
                assert asyncio.CancelledError is type(caught.value)
                assert ("enough",) == caught.value.args
                assert 1.0 == asyncio.get_running_loop().time()

        virtual.run(main())
        assert 1 == len(script.sent)
        assert script.sent[0].closed_at is not None

    def test_one_raised_in_the_transport_passes(self) -> None:
        """A CancelledError that nobody asked for is not mistaken for a failed attempt."""
        script = Script(Raise(asyncio.CancelledError("inner")))
        with pytest.raises(asyncio.CancelledError, match="inner"):
            play(script, GET.ask)
        assert 1 == len(script.sent)

    def test_the_slot_cools(self) -> None:
        """A request that was cancelled on its way counts at Brex, so its slot is held for a window after it."""
        script = Script(Hang(), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1, seconds=60.0)) as brex:
                task = asyncio.create_task(brex.company.get())
                await asyncio.sleep(7.0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await brex.company.get()

        virtual.run(main())
        assert 67.0 <= script.times[1] <= 67.01

    def test_a_wait_for_the_limiter_leaves_no_slot_behind(self) -> None:
        """A call that is cancelled before its turn gives the turn to the next one."""
        script = Script(*[Answer(200, COMPANY)] * 2)

        async def main() -> None:
            async with client(script, rate_limit=RateLimit(requests=1)) as brex:
                await brex.company.get()
                waiting = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1.0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                await brex.company.get()

        virtual.run(main())
        assert 2 == len(script.sent)
        assert 60.0 <= script.times[1] <= 60.01
