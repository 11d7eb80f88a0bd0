"""A grant in memory: for tests, and for programs that bring it along at every start."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

from attrs import frozen

from ..checks import seconds
from ..clock import Clock, SystemClock
from .store import Stored
from .waiting import patience, until


@frozen
class _Holder:
    fence: int
    until: float


class MemoryTokenStore:
    """Keeps one grant for as long as this process lives; several event loops and threads may share it.

    Each object is a place of its own. A lock ends with its lease: then the next holder may come in, and what the old
    one writes is refused.

    Args:
        clock: Time and sleep; the lease counts on it.
        random: Draws the intervals at which a waiter looks again.
    """

    def __init__(self, *, clock: Clock | None = None, random: Random | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._random: Random = random or Random()  # noqa: S311 - jitter is no secret
        self._mutex = threading.Lock()
        self._stored: Stored | None = None
        self._fence = 0
        self._holder: _Holder | None = None

    async def load(self) -> Stored | None:
        """What is stored now, None where nothing ever was."""
        return self._stored

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        """Store this if nobody else has stored anything meanwhile, and the lock is still this fence's.

        Args:
            expected: The version that is to be replaced, None where there is none yet.
            content: What to store.
            fence: The number that the lock gave.

        Returns:
            What is stored now; None where another version is stored, where somebody else has been given the lock, or
            where it was left, and nothing has changed.
        """
        with self._mutex:
            current = None if self._stored is None else self._stored.version
            if self._holder is None or self._holder.fence != fence or current != expected:
                return None
            self._stored = Stored((current or 0) + 1, bytes(content))
            return self._stored

    @asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncGenerator[int]:
        """The only holder of the lock, for the block or until the lease is over.

        Args:
            lease: Seconds after which another holder may come in.
            wait: The most seconds to wait for it; 0 for a single attempt.

        Yields:
            The fence: a number higher than all that were given before.

        Raises:
            InvalidArgument: ``lease`` or ``wait`` is no such number.
            TimeoutError: Somebody else holds it for so long.
        """
        lease, wait = seconds(lease, "lease"), patience(wait)
        held: list[_Holder] = []
        try:
            if not await until(lambda: self._enter(held, lease), wait=wait, clock=self._clock, random=self._random):
                message = f"the lock of this token store was held by somebody else for {wait:g} s"
                raise TimeoutError(message)
            yield held[0].fence
        finally:
            self._leave(held)

    def _enter(self, held: list[_Holder], lease: float) -> bool:
        with self._mutex:
            now = self._clock.monotonic()
            if self._holder is not None and now < self._holder.until:
                return False
            self._fence += 1
            self._holder = _Holder(self._fence, now + lease)
            held.append(self._holder)
            return True

    def _leave(self, held: list[_Holder]) -> None:
        with self._mutex:
            if self._holder in held:  # otherwise the lease ended and it is somebody else's
                self._holder = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


__all__ = ["MemoryTokenStore"]
