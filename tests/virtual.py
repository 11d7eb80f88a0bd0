"""An event loop whose time is a number: it jumps to the next timer where another loop would sleep."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import math
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

# Real seconds in which a thread may still speak up, before silence counts as a deadlock.
_PATIENCE = 1.0
_PATIENCE_FOR_EXECUTOR = 30.0


class Deadlock(RuntimeError):
    """No timer is set, nothing is ready and no thread has anything to say: the loop would wait for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    """Answers at once; what it was told to wait is added to ``now`` instead."""

    def __init__(self, start: float, pace: float) -> None:
        super().__init__()
        self.now = start
        self.in_threads = 0
        self._pace = pace

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self.in_threads:
            # A thread works for this loop: time stands still until it is done.
            return self._listen(_PATIENCE_FOR_EXECUTOR, "a thread of the executor does not come back")
        if timeout is None:
            return self._listen(_PATIENCE, "nothing is ready and no timer is set")
        if self._pace and (events := super().select(timeout * self._pace)):
            return events  # bytes were on their way; no time has passed for the loop
        # Always a step forward: a sum that rounds to the same float would turn for ever.
        self.now = max(self.now + timeout, math.nextafter(self.now, math.inf))
        return []

    def _listen(self, real_seconds: float, silence: str) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(real_seconds)
        if not events:
            message = f"deadlock at {self.now:g} s of virtual time: {silence}"
            raise Deadlock(message)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that never sleeps.

    Args:
        start: Where its time begins, in seconds; a second loop of one test starts where the first one ended.
        pace: Real seconds that bytes between two sockets of this loop may take for each second that it jumps; without
            sockets nothing is ever on its way, and 0 is right.
    """

    def __init__(self, start: float = 0.0, pace: float = 0.0) -> None:
        self._virtual = _JumpingSelector(start, pace)
        super().__init__(self._virtual)

    def time(self) -> float:
        # A loop runs the timers that are due before now plus its resolution. After half a year a nanosecond no longer
        # shows in a float, and a timer due right now would never run.
        self._clock_resolution = max(1e-9, math.ulp(self._virtual.now))
        return self._virtual.now

    def block(self, seconds: float) -> None:
        self._virtual.now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future = super().run_in_executor(executor, func, *args)
        self._virtual.in_threads += 1
        future.add_done_callback(self._back_from_thread)
        return future

    def _back_from_thread(self, _: object) -> None:
        self._virtual.in_threads -= 1


class VirtualClock:
    """The time of the running loop, counted from the first instant of 2026; outside of any loop it stands still."""

    def __init__(self) -> None:
        self._last = 0.0

    def monotonic(self) -> float:
        with contextlib.suppress(RuntimeError):  # a finalizer may ask when no loop runs
            self._last = asyncio.get_running_loop().time()
        return self._last

    def now(self) -> datetime.datetime:
        return EPOCH + datetime.timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0, pace: float = 0.0) -> T:
    """Run a coroutine on a virtual loop of its own.

    Args:
        main: What to run.
        start: Where the time of the loop begins, in seconds.
        pace: As for ``VirtualLoop``.

    Raises:
        Deadlock: The coroutine waits for what nobody will ever do.
    """
    with asyncio.Runner(loop_factory=functools.partial(VirtualLoop, start, pace)) as runner:
        return runner.run(main)


def block(seconds: float) -> None:
    """Let time pass while the running virtual loop runs nothing else, as if a callback took so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.block(seconds)
