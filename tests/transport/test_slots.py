"""What a call takes up: a slot of the limit, and a place among a hundred."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from brex_accounting import DeadlineExceeded, RateLimit, RateLimited, RetryPolicy
from tests import virtual
from tests.transport.scripted import (
    COMPANY,
    GET,
    Answer,
    Hang,
    Method,
    Raise,
    Script,
    by_method,
    client,
    lost,
    not_sent,
    play,
    too_late,
)


class TestSlots:
    @pytest.mark.parametrize("kind", not_sent)
    def test_free_at_once_if_not_sent(self, kind: type[Exception]) -> None:
        """A request that never left does not use the limit up."""
        script = Script(Raise(kind("")), Answer(200, COMPANY))
        play(script, GET.ask, rate_limit=RateLimit(requests=1))
        assert script.times[1] < 1.0

    @pytest.mark.parametrize("kind", [*lost, *too_late])
    def test_cool_if_perhaps_sent(self, kind: type[Exception]) -> None:
        """One that may have arrived does."""
        script = Script(Raise(kind(""), 3.0), Answer(200, COMPANY))
        play(script, GET.ask, rate_limit=RateLimit(requests=1))
        assert 63.0 <= script.times[1] <= 63.01

    def test_a_429_holds_back_everybody(self) -> None:
        """While Brex wants to hear nothing, no call of the account is sent."""
        script = Script(Answer(429, headers={"Retry-After": "30"}), *[Answer(200, COMPANY)] * 2)

        async def main() -> None:
            async with client(script) as brex:
                first = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1.0)
                await asyncio.gather(first, brex.company.get())

        virtual.run(main())
        assert script.times[1] >= 30.0
        assert script.times[2] >= 30.0

    def test_a_429_holds_nobody_back_for_good(self) -> None:
        """What one answer asks for is over after max_retry_after at the latest."""
        script = Script(Answer(429, headers={"Retry-After": "999999999"}), Answer(200, COMPANY))

        async def main() -> None:
            async with client(script, retry=RetryPolicy(max_retry_after=30.0)) as brex:
                with pytest.raises(RateLimited):
                    await brex.company.get()
                await brex.company.get()

        virtual.run(main())
        assert 30.0 == pytest.approx(script.times[1], abs=0.01)

    def test_without_a_limiter(self) -> None:
        """rate_limit=None asks as fast as the caller does."""
        script = Script(*[Answer(200, COMPANY)] * 3)

        async def main() -> None:
            async with client(script, rate_limit=None) as brex:
                for _ in range(3):
                    await brex.company.get()

        virtual.run(main())
        assert [0.0] * 3 == script.times


class TestPlaces:
    def test_a_hundred_at_once(self) -> None:
        """A hundred requests are under way at most; the next one is sent when one of them is over."""
        script = Script(lambda _: Answer(200, COMPANY, after=1.0), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                await asyncio.gather(*[brex.company.get() for _ in range(250)])

        virtual.run(main())
        assert {0.0: 100, 1.0: 100, 2.0: 50} == Counter(script.times)

    @by_method
    def test_a_request_that_waited_in_vain_was_not_sent(self, method: Method) -> None:
        """One that found no place before its deadline has done nothing; the wait is no part of an attempt."""
        script = Script(lambda _: Hang(), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                hanging = [asyncio.create_task(brex.company.get()) for _ in range(100)]
                await asyncio.sleep(1.0)
                with pytest.raises(DeadlineExceeded) as caught:
                    await method.ask(brex.with_options(timeout=1.0, deadline=2.0))
                assert 3.0 == asyncio.get_running_loop().time()
                assert ("connection", 0, False) == (
                    caught.value.cause,
                    caught.value.attempts,
                    caught.value.maybe_applied,
                )
                for task in hanging:
                    task.cancel()
                await asyncio.gather(*hanging, return_exceptions=True)

        virtual.run(main())
        assert 100 == len(script.sent)

    def test_cancelled_calls_give_theirs_back(self) -> None:
        """Neither a request that is cancelled nor one that waits for its place takes a place with it."""
        ahead = [Hang()] * 100
        script = Script(lambda _: ahead.pop() if ahead else Answer(200, COMPANY), one_by_one=False)

        async def main() -> None:
            async with client(script) as brex:
                tasks = [asyncio.create_task(brex.company.get()) for _ in range(150)]
                await asyncio.sleep(1.0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.gather(*[brex.company.get() for _ in range(100)])

        virtual.run(main())
        assert {0.0: 100, 1.0: 100} == Counter(script.times)
