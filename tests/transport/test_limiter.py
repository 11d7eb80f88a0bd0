"""The limiter: Brex never sees more than the limit, callers never wait longer than they must."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import random
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from fractions import Fraction

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from brex_accounting.clock import SystemClock
from brex_accounting.errors import InvalidArgument
from brex_accounting.transport.limiter import Limiter, WaitTooLong
from brex_accounting.transport.window import RateLimit, Slot, Window
from tests import virtual
from tests.virtual import VirtualClock, VirtualLoop

CLOCK = VirtualClock()
HOLD = 60.001  # a window and the margin


def most_in_a_window(requests: list[tuple[float, float]], seconds: float = 60.0) -> int:
    """The most that a server can count in any closed window, if each request arrives when it does the most harm.

    A request that was sent at one instant and answered at another may have arrived at any instant between. It counts
    in the window from t on if it was sent by the end of it and answered no earlier than t; the worst t is an answer.
    """
    sends = sorted(sent for sent, _ in requests)
    answers = sorted(answered for _, answered in requests)
    return max((bisect_right(sends, t + seconds) - bisect_left(answers, t) for t in answers), default=0)


async def settle_down() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def take(limiter: Limiter, count: int) -> list[Slot]:
    return [await limiter.acquire(deadline=CLOCK.monotonic()) for _ in range(count)]


class TestRateLimit:
    def test_is_what_brex_says(self) -> None:
        """Without arguments it is the published limit: 1,000 requests in 60 seconds, all of them for this process."""
        assert (1000, 60.0, 1.0, 1000) == (
            RateLimit().requests,
            RateLimit().seconds,
            RateLimit().share,
            RateLimit().capacity,
        )

    @given(requests=st.integers(1, 10_000), percent=st.integers(1, 100))
    def test_share_is_exact(self, requests: int, percent: int) -> None:
        """A share is the decimal that was written, cut to whole requests, and at least one."""
        expected = max(1, math.floor(Fraction(percent, 100) * requests))
        assert expected == RateLimit(requests=requests, share=percent / 100).capacity

    @pytest.mark.parametrize("share", [0.29, 1])
    def test_share_spellings(self, share: float) -> None:
        """What floats make 28.999999999999996 is 29, and an int is a number too."""
        assert round(100 * share) == RateLimit(requests=100, share=share).capacity

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[("requests", value) for value in (0, -1, True, 10.0, "1000", None, math.nan)],
            *[("seconds", value) for value in (0, -1.0, True, math.nan, math.inf, "60", None)],
            *[("share", value) for value in (0, -0.5, 1.01, True, math.nan, math.inf, "1", None)],
        ],
    )
    def test_wrong_values_are_refused(self, field: str, value: object) -> None:
        """Whatever cannot be right is refused, naming the field and the remedy."""
        with pytest.raises(InvalidArgument, match=rf"{field} must be .*; pass "):
            RateLimit(**{field: value})


class TestWindow:
    def test_slot_cools_for_a_window_after_the_answer(self) -> None:
        """A slot is held until a whole window after the answer, however long the request took."""
        window = Window(RateLimit(requests=1))
        slot = window.take(0.0)
        assert slot is not None
        assert window.take(59.0) is None
        window.answered(slot, 100.0)
        assert window.take(160.0) is None
        assert window.take(160.0011) is not None

    def test_unsent_is_free_at_once(self) -> None:
        """A request that never left gives its slot back in the same instant."""
        window = Window(RateLimit(requests=1))
        slot = window.take(0.0)
        assert slot is not None
        window.unsent(slot)
        assert window.take(0.0) is not None

    @pytest.mark.parametrize("first", ["answered", "unsent", "refused"])
    @pytest.mark.parametrize("second", ["answered", "unsent", "refused"])
    def test_settled_once(self, first: str, second: str) -> None:
        """The second settlement of a slot changes nothing."""

        def settle(window: Window, slot: Slot, how: str) -> None:
            match how:
                case "answered":
                    window.answered(slot, 1.0)
                case "unsent":
                    window.unsent(slot)
                case _:
                    window.refused(slot, 1.0, 5.0)

        once, twice = Window(RateLimit(requests=4)), Window(RateLimit(requests=4))
        for window in (once, twice):
            slot = window.take(0.0)
            window.take(0.0)
            assert slot is not None
            settle(window, slot, first)
        settle(twice, slot, second)
        assert once.held == twice.held
        assert once.next_try(1.0) == twice.next_try(1.0)
        assert once.known_wait(1.0, 9) == twice.known_wait(1.0, 9)

    def test_a_refusal_halves_what_is_held(self) -> None:
        """A 429 lowers the limit to half of what is held, and it is back after at most one window."""
        window = Window(RateLimit(requests=100))
        slots = [window.take(0.0) for _ in range(40)]
        assert slots[0] is not None
        window.refused(slots[0], 0.0, None)
        for slot in slots[1:]:
            assert slot is not None
            window.unsent(slot)
        assert 19 == sum(window.take(0.0) is not None for _ in range(100))  # one of the twenty is the 429 itself
        assert 50 == sum(window.take(30.0) is not None for _ in range(100))
        assert 31 == sum(window.take(60.002) is not None for _ in range(100))

    def test_refusals_of_one_burst_are_one_cut(self) -> None:
        """Requests that were on their way when the limit was cut neither cut it again nor hold its growth up."""
        window = Window(RateLimit(requests=100))
        slots = [window.take(0.0) for _ in range(80)]
        for number, slot in enumerate(slots):
            assert slot is not None
            window.refused(slot, 1.0 + number / 10, None)
        # All 80 cool; 40 were left at 1.0, one more every 0.6 seconds, and the 81st is the next.
        assert pytest.approx(1.0 + 41 * 0.6) == window.next_try(9.0)

    def test_one_slot_is_always_left(self) -> None:
        """The first request of all can be refused, and one slot is left to grow from."""
        window = Window(RateLimit(requests=100))
        slot = window.take(0.0)
        assert slot is not None
        window.refused(slot, 0.0, None)
        assert pytest.approx(0.6) == window.next_try(0.0)

    def test_a_later_refusal_cuts_again(self) -> None:
        """A 429 for a slot taken under a cut halves what is held by then."""
        window = Window(RateLimit(requests=100))
        slots = [window.take(0.0) for _ in range(40)]
        assert slots[0] is not None
        window.refused(slots[0], 0.0, None)
        for slot in slots[1:]:
            assert slot is not None
            window.unsent(slot)
        again = [window.take(0.0) for _ in range(9)]
        assert again[0] is not None
        window.refused(again[0], 0.0, None)
        assert window.take(0.0) is None
        for slot in again[1:]:
            assert slot is not None
            window.unsent(slot)
        assert 3 == sum(window.take(0.0) is not None for _ in range(100))  # half of ten, less the two 429s

    def test_pauses_only_extend(self) -> None:
        """A shorter Retry-After that comes later does not shorten the pause, and nonsense is no pause."""
        window = Window(RateLimit(requests=10))
        slots = [window.take(0.0) for _ in range(5)]
        for slot, retry_after in zip(slots, [30.0, 5.0, -7.0, math.nan, math.inf], strict=True):
            assert slot is not None
            window.refused(slot, 0.0, retry_after)
        assert 30.0 == window.known_wait(0.0, 0)
        assert window.take(29.999) is None
        assert window.take(30.0) is not None

    @pytest.mark.parametrize(
        ("ahead", "expected"),
        [(0, 0), (1, HOLD - 8), (2, HOLD - 5), (3, HOLD), (4, HOLD), (5, HOLD), (6, 2 * HOLD - 8), (49, 10 * HOLD)],
    )
    def test_known_wait(self, ahead: int, expected: float) -> None:
        """Free slots come first, then the cooling ones in turn, then those in flight, then all of them again."""
        window = Window(RateLimit(requests=5))
        slots = [window.take(0.0) for _ in range(4)]
        for slot, answered in zip(slots[:2], (2.0, 5.0), strict=True):
            assert slot is not None
            window.answered(slot, answered)
        assert expected == pytest.approx(window.known_wait(10.0, ahead))

    def test_known_wait_after_the_limit_shrank(self) -> None:
        """What is held beyond a new, smaller limit has to be released before anyone gets a slot."""
        window = Window(RateLimit(requests=4))
        for answered in (1.0, 2.0, 3.0, 4.0):
            slot = window.take(0.0)
            assert slot is not None
            window.answered(slot, answered)
        window.configure(RateLimit(requests=4, share=0.5))
        assert pytest.approx(3.0 + HOLD - 10) == window.known_wait(10.0, 0)
        assert pytest.approx(4.0 + HOLD - 10) == window.known_wait(10.0, 1)
        assert pytest.approx(3.0 + 2 * HOLD - 10) == window.known_wait(10.0, 2)


class Traffic(RuleBasedStateMachine):
    """Callers of every kind against one limiter, and a server that counts the worst that could have arrived."""

    @initialize(requests=st.integers(1, 4))
    def start_loop(self, requests: int) -> None:
        self.loop = VirtualLoop()
        self.requests = requests
        self.limiter = Limiter(RateLimit(requests=requests), CLOCK)
        self.waiting: list[asyncio.Task[Slot]] = []
        self.in_flight: list[tuple[float, Slot]] = []
        self.seen: list[tuple[float, float]] = []
        self.numbers: list[int] = []

    def do(self, action: Callable[[], object] = lambda: None, seconds: float = 0.0) -> None:
        async def steps() -> None:
            action()
            await settle_down()
            if seconds:
                await asyncio.sleep(seconds)
                await settle_down()

        self.loop.run_until_complete(steps())

    def at_most_in_flight(self) -> list[tuple[float, float]]:
        return [(sent, self.loop.time()) for sent, _ in self.in_flight]

    async def caller(self, deadline: float | None) -> Slot:
        slot = await self.limiter.acquire(deadline=deadline)
        self.in_flight.append((self.loop.time(), slot))
        self.numbers.append(slot.number)
        return slot

    @rule(count=st.integers(1, 6), patience=st.none() | st.sampled_from([0.0, 1.0, 61.0, 200.0]))
    def call(self, count: int, patience: float | None) -> None:
        deadline = None if patience is None else self.loop.time() + patience
        self.do(lambda: self.waiting.extend(self.loop.create_task(self.caller(deadline)) for _ in range(count)))

    @rule(seconds=st.sampled_from([0.0005, 0.5, 1.0, 10.0, 30.0, 59.5, 60.0, 60.001, 61.0]) | st.floats(0, 130))
    def pass_time(self, seconds: float) -> None:
        self.do(seconds=seconds)

    def settle(self, pick: int, how: Callable[[Slot], None], *, was_sent: bool = True, times: int = 1) -> None:
        if self.in_flight:
            sent, slot = self.in_flight.pop(pick % len(self.in_flight))
            if was_sent:
                self.seen.append((sent, self.loop.time()))
            self.do(lambda: [how(slot) for _ in range(times)])

    @rule(pick=st.integers(0, 99), times=st.integers(1, 2))
    def answer(self, pick: int, times: int) -> None:
        """An answer came, or none will and the caller gave up: the server may have counted it all the same."""
        self.settle(pick, self.limiter.answered, times=times)

    @rule(pick=st.integers(0, 99), times=st.integers(1, 2))
    def never_sent(self, pick: int, times: int) -> None:
        self.settle(pick, self.limiter.unsent, was_sent=False, times=times)

    @rule(pick=st.integers(0, 99), retry_after=st.none() | st.sampled_from([0.0, 1.0, 45.0, 90.0]))
    def refuse(self, pick: int, retry_after: float | None) -> None:
        self.settle(pick, lambda slot: self.limiter.refused(slot, retry_after))

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        still = [task for task in self.waiting if not task.done()]
        if still:
            self.do(still[pick % len(still)].cancel)

    @rule()
    def cancel_whoever_is_granted(self) -> None:
        """A slot is freed for the first waiter, and the waiter is cancelled before it can know."""
        still = [task for task in self.waiting if not task.done()]
        if still and self.in_flight:
            _, slot = self.in_flight.pop()
            self.do(lambda: (self.limiter.unsent(slot), still[0].cancel()))

    @rule(share=st.sampled_from([0.25, 0.5, 1.0]))
    def share(self, share: float) -> None:
        limit = RateLimit(requests=self.requests, share=share)
        self.do(lambda: self.limiter.configure(limit))

    @invariant()
    def the_server_never_sees_more_than_the_limit(self) -> None:
        assert most_in_a_window(self.seen + self.at_most_in_flight()) <= self.requests

    @invariant()
    def nobody_overtakes(self) -> None:
        assert self.numbers == sorted(self.numbers)
        granted = [task.done() and not task.cancelled() and task.exception() is None for task in self.waiting]
        still = [not task.done() for task in self.waiting]
        if True in granted and True in still:
            assert len(granted) - 1 - granted[::-1].index(True) < still.index(True)

    @invariant()
    def nothing_leaks(self) -> None:
        assert len(self.in_flight) == self.limiter._window._in_flight
        assert sum(not task.done() for task in self.waiting) == len(self.limiter._queue)

    def teardown(self) -> None:
        """Once everything is answered, every waiter is served and the limiter is as good as new."""
        for _ in range(len(self.waiting) + 1):
            while self.in_flight:
                self.answer(0, 1)
            self.do(seconds=90.0)
        assert all(task.done() for task in self.waiting)
        self.do(seconds=2 * HOLD)
        self.the_server_never_sees_more_than_the_limit()

        async def is_idle() -> bool:
            return self.limiter.is_idle()

        assert self.loop.run_until_complete(is_idle())
        for task in self.waiting:
            with contextlib.suppress(asyncio.CancelledError, WaitTooLong):
                task.result()
        self.loop.close()


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(stateful_step_count=40)


@attrs.define
class Worker:
    """Sends one request after the other, each with a latency of its own."""

    limiter: Limiter
    latencies: random.Random
    sent: list[tuple[float, float]]

    async def work(self, count: int) -> None:
        for _ in range(count):
            slot = await self.limiter.acquire(deadline=None)
            start = CLOCK.monotonic()
            await CLOCK.sleep(self.latencies.uniform(0.01, 0.5))
            self.sent.append((start, CLOCK.monotonic()))
            self.limiter.answered(slot)


class TestThroughput:
    @pytest.mark.parametrize("share", [1.0, 0.25])
    def test_saturated(self, share: float) -> None:
        """A process with more work than the limit uses at least 95% of its share, and never more than all of it."""
        limit = RateLimit(share=share)
        rounds, workers = 12, 250
        sent: list[tuple[float, float]] = []

        async def main() -> None:
            limiter = Limiter(limit, CLOCK)
            latencies = random.Random(7)
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(Worker(limiter, latencies, sent).work(rounds * limit.capacity // workers))

        virtual.run(main())
        starts = sorted(start for start, _ in sent)
        assert rounds * limit.capacity == len(starts)
        # The first window is a gift: what counts is what comes after it, over the time that it takes.
        used = (len(starts) - limit.capacity) / limit.capacity / (starts[-1] / limit.seconds)
        assert 0.95 <= used <= 1.0
        assert limit.capacity == most_in_a_window(sent)

    def test_refusal_slows_everyone_and_passes(self) -> None:
        """After a 429 everyone together sends less for a window, and then the full rate again."""

        async def main() -> list[float]:
            limiter = Limiter(RateLimit(requests=60), CLOCK)
            starts: list[float] = []

            async def caller() -> None:
                slot = await limiter.acquire(deadline=None)
                starts.append(CLOCK.monotonic())
                if len(starts) == 31:
                    limiter.refused(slot, None)
                else:
                    limiter.answered(slot)

            async with asyncio.TaskGroup() as group:
                for _ in range(31):
                    group.create_task(caller())
                await settle_down()
                for _ in range(150):
                    group.create_task(caller())
            return starts

        starts = virtual.run(main())
        # The 429 comes when 31 are held: 15 are allowed, then one more each second, so the 32nd after 17 seconds.
        slow = [*[0.0] * 31, *range(17, 46)]
        assert pytest.approx(slow, abs=0.01) == starts[:60]
        assert pytest.approx([HOLD + start for start in slow], abs=0.01) == starts[60:120]
        assert pytest.approx([2 * HOLD + start for start in slow], abs=0.01) == starts[120:180]

    def test_retry_after_pauses_everyone(self) -> None:
        """Until Retry-After has passed nobody gets a slot, and then everyone does at once."""

        async def main() -> set[float]:
            limiter = Limiter(RateLimit(requests=100), CLOCK)
            slots = await take(limiter, 21)
            limiter.refused(slots[0], 25.0)
            for slot in slots[1:]:
                limiter.unsent(slot)
            times: set[float] = set()

            async def caller() -> None:
                limiter.unsent(await limiter.acquire(deadline=None))
                times.add(CLOCK.monotonic())

            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(caller())
            return times

        assert {25.0} == virtual.run(main())


class TestWaiting:
    def test_free_slot_does_not_yield(self) -> None:
        """With a slot free and nobody waiting, no other task gets a turn in between."""

        async def main() -> None:
            coroutine = Limiter(RateLimit(), CLOCK).acquire(deadline=None, on_wait=pytest.fail)
            with pytest.raises(StopIteration):
                coroutine.send(None)

        virtual.run(main())

    def test_first_come_first_served(self) -> None:
        """Callers get their slots in the order in which they came, even past a slot that is free for an instant."""

        async def main() -> list[int]:
            limiter = Limiter(RateLimit(requests=3), CLOCK)
            order: list[int] = []

            async def caller(number: int) -> None:
                slot = await limiter.acquire(deadline=None)
                order.append(number)
                await CLOCK.sleep(0.1 * (number % 3))
                limiter.answered(slot)

            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(caller(number))
                    await CLOCK.sleep(7.0)
            return order

        assert list(range(50)) == virtual.run(main())

    def test_nobody_passes_a_queue_that_has_not_woken_yet(self) -> None:
        """A caller that finds a slot released, before the timer could ring, stands behind those who wait for it."""

        async def main() -> list[str]:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            order: list[str] = []

            async def caller(name: str) -> None:
                limiter.answered(await limiter.acquire(deadline=None))
                order.append(name)

            limiter.answered(*await take(limiter, 1))
            early = asyncio.create_task(caller("early"))
            await settle_down()
            virtual.block(100.0)
            await caller("late")
            await early
            return order

        assert ["early", "late"] == virtual.run(main())

    def test_deadline_is_known_at_once(self) -> None:
        """A caller whose known wait ends after its deadline is told in the same instant, and takes no place."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            limiter.answered(*await take(limiter, 1))
            with pytest.raises(WaitTooLong, match=r"60\.001 s") as caught:
                await limiter.acquire(deadline=60.0, on_wait=pytest.fail)
            assert 0.0 == CLOCK.monotonic()
            assert pytest.approx(HOLD) == caught.value.seconds
            await limiter.acquire(deadline=60.002)

        virtual.run(main())

    def test_deadline_passes_while_waiting(self) -> None:
        """A caller whose slot does not come in time is told at its deadline, and the next one has its place."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            (slot,) = await take(limiter, 1)
            impatient = asyncio.create_task(limiter.acquire(deadline=70.0))
            await settle_down()
            patient = asyncio.create_task(limiter.acquire(deadline=None))
            with pytest.raises(WaitTooLong) as caught:
                await impatient
            assert 70.0 == CLOCK.monotonic() == caught.value.seconds
            limiter.unsent(slot)
            await patient
            assert 70.0 == CLOCK.monotonic()

        virtual.run(main())

    def test_on_wait(self) -> None:
        """Whoever has to wait is told how long at least, once and before it waits."""

        async def main() -> list[tuple[float, float]]:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            limiter.answered(*await take(limiter, 1))
            await CLOCK.sleep(10.0)
            told: list[tuple[float, float]] = []
            await limiter.acquire(deadline=None, on_wait=lambda seconds: told.append((CLOCK.monotonic(), seconds)))
            return told

        assert [(10.0, pytest.approx(50.001))] == virtual.run(main())

    def test_on_wait_that_raises(self) -> None:
        """What a callback raises reaches the caller, who then has no place in the queue."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            limiter.answered(*await take(limiter, 1))
            with pytest.raises(ZeroDivisionError):
                await limiter.acquire(deadline=None, on_wait=lambda seconds: 1 // 0)
            await CLOCK.sleep(HOLD)
            assert limiter.is_idle()

        virtual.run(main())

    @given(
        requests=st.integers(1, 4),
        callers=st.lists(
            st.tuples(
                st.sampled_from([0.0, 0.0, 1.0, 30.0, 61.0]),  # before it comes
                st.sampled_from([0.0, 0.0, 0.3, 20.0, 90.0]),  # until it is answered
                st.sampled_from([None, None, None, 0.0, 50.0]),  # not a 429, or its Retry-After
            ),
            max_size=25,
        ),
    )
    def test_known_wait_is_a_lower_bound(self, requests: int, callers: list[tuple[float, float, float | None]]) -> None:
        """Whatever the others do with their slots, nobody gets one sooner than it was told."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=requests), CLOCK)

            async def caller(latency: float, retry_after: float | None) -> None:
                start, told = CLOCK.monotonic(), [0.0]
                slot = await limiter.acquire(deadline=None, on_wait=told.append)
                assert CLOCK.monotonic() - start >= told[-1] - 1e-9
                await CLOCK.sleep(latency)
                if retry_after is None:
                    limiter.answered(slot)
                else:
                    limiter.refused(slot, retry_after)

            async with asyncio.TaskGroup() as group:
                for pause, latency, retry_after in callers:
                    await CLOCK.sleep(pause)
                    group.create_task(caller(latency, retry_after))

        virtual.run(main())

    def test_known_wait_is_the_wait_when_answers_are_instant(self) -> None:
        """The bound is worth something: if nothing takes time and nobody refuses, it is the wait itself."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=3), CLOCK)

            async def caller() -> None:
                told = [0.0]
                slot = await limiter.acquire(deadline=None, on_wait=told.append)
                limiter.answered(slot)
                assert pytest.approx(CLOCK.monotonic(), abs=0.01) == told[-1]

            async with asyncio.TaskGroup() as group:
                for _ in range(20):
                    group.create_task(caller())

        virtual.run(main())


class TestCancellation:
    @pytest.mark.parametrize("turns", range(8))
    @pytest.mark.parametrize("freed_after", range(8))
    def test_leaks_nothing(self, turns: int, freed_after: int) -> None:
        """Cancelled at any turn of the loop, before, at or after its grant, a caller leaves the next one its slot."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            (slot,) = await take(limiter, 1)
            first = asyncio.create_task(limiter.acquire(deadline=None))
            second = asyncio.create_task(limiter.acquire(deadline=None))
            for turn in range(16):
                if turn == freed_after:
                    limiter.unsent(slot)
                if turn == turns:
                    first.cancel()
                await asyncio.sleep(0)
            if not first.cancelled():  # it had its slot before
                limiter.unsent(first.result())
            limiter.unsent(await second)
            assert limiter.is_idle()
            assert 0.0 == CLOCK.monotonic()

        virtual.run(main())

    def test_first_in_the_queue(self) -> None:
        """When the first waiter is cancelled, the next one gets the slot at the same time."""

        async def main() -> float:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            limiter.answered(*await take(limiter, 1))
            first, second = (asyncio.create_task(limiter.acquire(deadline=None)) for _ in range(2))
            await CLOCK.sleep(30.0)
            first.cancel()
            await second
            return CLOCK.monotonic()

        assert pytest.approx(HOLD, abs=0.002) == virtual.run(main())


class TestLimiter:
    def test_idle(self) -> None:
        """It is idle when nothing is in flight or cooling, nobody waits and no 429 is remembered."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=2), CLOCK)
            assert limiter.is_idle()
            slot, other = await take(limiter, 2)
            limiter.unsent(other)
            assert not limiter.is_idle()
            limiter.answered(slot)
            await CLOCK.sleep(60.0)
            assert not limiter.is_idle()
            await CLOCK.sleep(0.002)
            assert limiter.is_idle()
            (slot,) = await take(limiter, 1)
            limiter.refused(slot, 90.0)
            await CLOCK.sleep(89.0)
            assert not limiter.is_idle()
            await CLOCK.sleep(1.0)
            assert limiter.is_idle()
            slots = await take(limiter, 2)
            waiter = asyncio.create_task(limiter.acquire(deadline=None))
            await settle_down()
            for slot in slots:
                limiter.answered(slot)
            virtual.block(100.0)  # everything is cool, and the waiter could not notice yet
            assert not limiter.is_idle()
            await waiter

        virtual.run(main())

    def test_configure(self) -> None:
        """A new limit counts at once: what is held stays held, and whoever may go goes."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=10, share=0.2), CLOCK)
            await take(limiter, 2)
            tasks = [asyncio.create_task(limiter.acquire(deadline=None)) for _ in range(9)]
            await settle_down()
            limiter.configure(RateLimit(requests=10))
            await settle_down()
            assert [True] * 8 + [False] == [task.done() for task in tasks]
            limiter.configure(RateLimit(requests=10, share=0.3))
            for task in tasks[:7]:
                limiter.unsent(task.result())
            await settle_down()
            assert not tasks[8].done()
            limiter.unsent(tasks[7].result())
            await settle_down()
            assert tasks[8].done()

        virtual.run(main())

    def test_a_shorter_window_counts_for_what_cools(self) -> None:
        """When the window shrinks, waiters are not left with a timer for the old one."""

        async def main() -> float:
            limiter = Limiter(RateLimit(requests=1), CLOCK)
            limiter.answered(*await take(limiter, 1))
            task = asyncio.create_task(limiter.acquire(deadline=None))
            await settle_down()
            limiter.configure(RateLimit(requests=1, seconds=10.0))
            await task
            return CLOCK.monotonic()

        assert pytest.approx(10.001, abs=0.001) == virtual.run(main())

    def test_settled_while_the_lock_is_held(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A finalizer may settle a slot in the middle of a grant: it does not block, and frees the slot right after."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=2), CLOCK)
            slot, _ = await take(limiter, 2)
            window_take = Window.take

            def finalize() -> None:
                # On a thread of its own, since what blocks here would block the test for ever.
                thread = threading.Thread(
                    target=limiter._note, args=[lambda _: limiter._window.unsent(slot)], daemon=True
                )
                thread.start()
                thread.join(1.0)
                assert not thread.is_alive()

            def interrupted_take(window: Window, now: float) -> Slot | None:
                finalize()
                return window_take(window, now)

            with monkeypatch.context() as patch:
                patch.setattr(Window, "take", interrupted_take)
                await limiter.acquire(deadline=None)

        virtual.run(main())

    def test_timers_do_not_pile_up(self) -> None:
        """Callers that come and go, and windows that shrink, leave one timer behind and not one each."""

        async def main() -> None:
            limiter = Limiter(RateLimit(requests=3), CLOCK)
            for slot in await take(limiter, 3):
                limiter.answered(slot)
                await CLOCK.sleep(5.0)

            async def caller() -> None:
                limiter.answered(await limiter.acquire(deadline=None))

            for _ in range(100):
                task = asyncio.create_task(caller())
                await settle_down()
                task.cancel()
                await settle_down()
            assert 1 == len(asyncio.get_running_loop()._scheduled)
            tasks = [asyncio.create_task(caller()) for _ in range(50)]
            await settle_down()
            for seconds in (50.0, 40.0, 30.0, 20.0):
                limiter.configure(RateLimit(requests=3, seconds=seconds))
                await settle_down()
            await CLOCK.sleep(100.0)
            await settle_down()
            assert 1 == len(asyncio.get_running_loop()._scheduled)
            for task in tasks:
                task.cancel()

        virtual.run(main())


class TestLoops:
    def test_one_after_the_other(self) -> None:
        """A second run on another loop finds the slots of the first one, and waits for them on its own."""
        limiter = Limiter(RateLimit(requests=2), CLOCK)

        async def first() -> float:
            for slot in await take(limiter, 2):
                limiter.answered(slot)
            waiter = asyncio.create_task(limiter.acquire(deadline=None))  # cancelled when the loop ends
            await CLOCK.sleep(5.0)
            assert not waiter.done()
            return CLOCK.monotonic()

        async def second() -> float:
            await limiter.acquire(deadline=None)
            return CLOCK.monotonic()

        assert pytest.approx(HOLD, abs=0.001) == virtual.run(second(), start=virtual.run(first()))

    def test_closed_loops_block_nobody(self) -> None:
        """Waiters whose loop was closed under them lose their places, and do not count as callers ahead."""
        limiter = Limiter(RateLimit(requests=1), CLOCK)
        dead = VirtualLoop()

        async def first() -> tuple[Slot, list[asyncio.Task[Slot]]]:
            (slot,) = await take(limiter, 1)
            waiters = [asyncio.create_task(limiter.acquire(deadline=None)) for _ in range(3)]
            for waiter in waiters:
                waiter._log_destroy_pending = False
            await settle_down()
            return slot, waiters

        async def second(slot: Slot) -> None:
            behind = asyncio.create_task(limiter.acquire(deadline=None))
            await settle_down()
            dead.close()
            last = asyncio.create_task(limiter.acquire(deadline=2 * HOLD + 1.0))
            await settle_down()
            limiter.answered(slot)
            limiter.answered(await behind)
            assert pytest.approx(HOLD, abs=0.001) == CLOCK.monotonic()
            await last
            assert pytest.approx(2 * HOLD, abs=0.001) == CLOCK.monotonic()

        slot, waiters = dead.run_until_complete(first())
        virtual.run(second(slot))
        assert 3 == len(waiters)  # kept until here: it is not their collection that freed the queue

    def test_slot_of_a_caller_thrown_away_with_its_loop(self) -> None:
        """A waiter that was granted a slot, and collected with its loop before it knew, gives the slot back."""
        limiter = Limiter(RateLimit(requests=1), SystemClock())
        dead = VirtualLoop()
        slot = dead.run_until_complete(limiter.acquire(deadline=None))
        waiter = dead.create_task(limiter.acquire(deadline=None))
        dead.run_until_complete(settle_down())
        limiter.unsent(slot)
        dead.close()
        waiter._log_destroy_pending = False
        del waiter
        gc.collect()
        assert limiter.is_idle()

    def test_timer_of_a_closed_loop(self) -> None:
        """When the loop of the first waiter is closed with its timers, those on other loops get their turn in time."""
        limiter = Limiter(RateLimit(requests=1), CLOCK)
        dead = VirtualLoop()

        async def first() -> None:
            limiter.answered(*await take(limiter, 1))
            waiter = asyncio.create_task(limiter.acquire(deadline=None))
            waiter._log_destroy_pending = False
            await settle_down()

        async def second() -> None:
            waiter = asyncio.create_task(limiter.acquire(deadline=None))
            await settle_down()
            dead.close()
            await waiter
            assert pytest.approx(HOLD, abs=0.001) == CLOCK.monotonic()

        dead.run_until_complete(first())
        virtual.run(second())

    @pytest.mark.parametrize("settle", [Limiter.answered, Limiter.unsent])
    def test_settled_by_another_thread(self, settle: Callable[[Limiter, Slot], None]) -> None:
        """A loop that sleeps with nothing else to do is woken when another thread frees the slot."""
        limiter = Limiter(RateLimit(requests=1, seconds=0.01), SystemClock())
        slot = asyncio.run(limiter.acquire(deadline=None))
        waits = threading.Event()

        async def main() -> None:
            asyncio.get_running_loop().call_later(0.005, waits.set)
            await limiter.acquire(deadline=None)

        thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
        thread.start()
        assert waits.wait(5.0)
        time.sleep(0.002)  # until the loop sleeps
        settle(limiter, slot)
        thread.join(5.0)
        assert not thread.is_alive()

    def test_two_threads_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two threads, each with a loop of its own, stay under one limit together and both get on."""
        limiter = Limiter(RateLimit(requests=5, seconds=0.03), SystemClock())
        seen: list[tuple[float, float]] = []
        finished: list[int] = []
        inside: list[int] = []
        crowds: list[int] = []
        window_take = Window.take

        def slow_take(window: Window, now: float) -> Slot | None:
            inside.append(1)
            time.sleep(0.0001)  # gives the other thread every chance
            crowds.append(len(inside))
            slot = window_take(window, now)
            inside.pop()
            return slot

        async def worker() -> None:
            for _ in range(5):
                slot = await limiter.acquire(deadline=None)
                sent = time.monotonic()
                await asyncio.sleep(0)
                seen.append((sent, time.monotonic()))
                limiter.answered(slot)

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(worker())
            finished.append(1)

        monkeypatch.setattr(Window, "take", slow_take)
        threads = [threading.Thread(target=lambda: asyncio.run(main()), daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert [1, 1] == finished
        assert {1} == set(crowds)
        assert 40 == len(seen)
        assert most_in_a_window(seen, 0.03) <= 5
