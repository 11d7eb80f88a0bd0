"""The rate limit, kept before Brex has to enforce it: a queue in front of a window."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from .window import RateLimit, Slot, Window

if TYPE_CHECKING:
    from ..clock import Clock

# The shortest timer, in seconds: one that rings a rounding error too early is set again and must not spin.
_SHORTEST_TIMER = 0.0005


class WaitTooLong(Exception):
    """The deadline comes before the slot.

    Args:
        seconds: A lower bound of the whole wait, from the call on.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the rate limit leaves no slot before the deadline: the wait is at least {self.seconds:.3f} s"


@attrs.define(eq=False)
class _Waiter:
    """One caller in the queue, and the loop on which it waits."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]
    slot: Slot | None = None

    def wake(self) -> bool:
        """Resume the caller from any thread; false when its loop is closed."""
        try:
            self.loop.call_soon_threadsafe(self.resume)
        except RuntimeError:
            return False
        return True

    def resume(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Limiter:
    """First come, first served, under one limit; for any number of event loops and threads.

    Args:
        limit: What is allowed.
        clock: What tells the time.
    """

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._window = Window(limit)
        self._queue: OrderedDict[_Waiter, None] = OrderedDict()
        # Each loop that has had a waiter, and when its timer rings. All of them ring, not the first waiter's alone:
        # a loop can be closed with its timers, and the others would wait for ever.
        self._alarms: dict[asyncio.AbstractEventLoop, float] = {}
        # A slot can be settled by a finalizer, in the middle of anything, even of this class with its lock held. So
        # settling never waits for the lock: it leaves a note, and whoever holds the lock reads it after letting go.
        self._notes: deque[Callable[[float], None]] = deque()

    async def acquire(self, *, deadline: float | None, on_wait: Callable[[float], None] | None = None) -> Slot:
        """Wait for a slot, and settle it afterwards whatever happens.

        Args:
            deadline: The instant, on the clock's monotonic time, after which a slot is of no use.
            on_wait: Called once before a wait, with a lower bound of it in seconds.

        Raises:
            WaitTooLong: The wait is known to end after the deadline, or the deadline has come.
        """
        try:
            with self._lock:
                now = self._clock.monotonic()
                slot = None if self._queue else self._window.take(now)
                if slot is not None:
                    return slot
                waiter, seconds = self._enqueue(now, deadline)
        finally:
            if self._notes:
                self._read_notes()
        timer: asyncio.TimerHandle | None = None
        try:
            if on_wait is not None:
                on_wait(seconds)
            if deadline is not None:
                timer = waiter.loop.call_later(deadline - self._clock.monotonic(), waiter.resume)
            await waiter.future
        except BaseException:  # a cancellation, too, must leave the queue, and give back a slot just granted
            self._note(lambda _: self._leave(waiter))
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if waiter.slot is None:
            self._note(lambda _: self._leave(waiter))
            raise WaitTooLong(max(seconds, self._clock.monotonic() - now))
        return waiter.slot

    def answered(self, slot: Slot) -> None:
        """The request was sent and is over, with whatever answer or none: its slot cools for a window.

        Args:
            slot: From ``acquire``; ignored when settled before.
        """
        self._note(lambda now: self._window.answered(slot, now))

    def unsent(self, slot: Slot) -> None:
        """The request never left this machine: its slot is free at once.

        Args:
            slot: From ``acquire``; ignored when settled before.
        """
        self._note(lambda _: self._window.unsent(slot))

    def refused(self, slot: Slot, retry_after: float | None) -> None:
        """Brex answered 429: everyone slows down, then recovers within a window.

        Args:
            slot: From ``acquire``; ignored when settled before.
            retry_after: Seconds, as Brex said, in which nobody gets a slot.
        """
        self._note(lambda now: self._window.refused(slot, now, retry_after))

    def configure(self, limit: RateLimit) -> None:
        """Change the limit; slots held stay held.

        Args:
            limit: What is allowed from now on.
        """
        self._note(lambda _: self._window.configure(limit))

    def is_idle(self) -> bool:
        """Whether no slot is held, nobody waits and no 429 is remembered, so that a new limiter would be the same."""
        try:
            with self._lock:
                return not self._queue and self._window.is_idle(self._clock.monotonic())
        finally:
            if self._notes:
                self._read_notes()

    def _note(self, change: Callable[[float], None]) -> None:
        self._notes.append(change)
        self._read_notes()

    def _read_notes(self) -> None:
        # When the lock is taken, whoever has it comes by here after letting go, and finds the note.
        while self._notes and self._lock.acquire(blocking=False):
            try:
                now = self._clock.monotonic()
                while self._notes:
                    self._notes.popleft()(now)
                self._grant(now)
            finally:
                self._lock.release()

    # What follows runs with the lock held.

    def _enqueue(self, now: float, deadline: float | None) -> tuple[_Waiter, float]:
        self._drop_closed_loops()
        seconds = self._window.known_wait(now, len(self._queue))
        if deadline is not None and now + seconds > deadline:
            raise WaitTooLong(seconds)
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop, loop.create_future())
        self._queue[waiter] = None
        self._alarms.setdefault(loop, math.inf)
        self._grant(now)
        return waiter, seconds

    def _leave(self, waiter: _Waiter) -> None:
        self._queue.pop(waiter, None)
        if waiter.slot is not None:  # granted in the same instant
            self._window.unsent(waiter.slot)

    def _grant(self, now: float) -> None:
        while self._queue:
            slot = self._window.take(now)
            if slot is None:
                self._set_alarms(self._window.next_try(now))
                return
            waiter, _ = self._queue.popitem(last=False)
            waiter.slot = slot
            if not waiter.wake():  # its loop is closed
                self._window.unsent(slot)

    def _drop_closed_loops(self) -> None:
        closed = {loop for loop in self._alarms if loop.is_closed()}
        if closed:
            self._alarms = {loop: due for loop, due in self._alarms.items() if loop not in closed}
            self._queue = OrderedDict((waiter, None) for waiter in self._queue if waiter.loop not in closed)

    def _set_alarms(self, due: float | None) -> None:
        if due is None:  # every slot is in flight: the next one to be settled sets the alarms
            return
        for loop, rings in self._alarms.items():
            if due < rings:
                self._alarms[loop] = due
                try:
                    loop.call_soon_threadsafe(self._start_timer, loop, due)
                except RuntimeError:
                    continue  # closed: the other loops ring too

    def _silence(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._alarms.get(loop) == due:  # else an earlier alarm came in between, and follows itself
            self._alarms[loop] = math.inf

    # What follows runs on the loop that it names, without the lock.

    def _start_timer(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        delay = max(due - self._clock.monotonic(), _SHORTEST_TIMER)
        loop.call_later(delay, self._ring, loop, due)

    def _ring(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._note(lambda _: self._silence(loop, due))


__all__ = ["Limiter", "WaitTooLong"]
