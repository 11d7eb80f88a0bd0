"""A token store whose place outlives its processes, and that fails, hangs and lies as a test asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import attrs

from brex_accounting.auth.grant_state import GrantState, from_bytes, to_bytes
from brex_accounting.auth.store import Stored
from brex_accounting.clock import Clock

Operation = Literal["load", "compare_and_swap", "lock", "unlock"]
Hook = Callable[[], Awaitable[None] | None]


class SayNone(Exception):
    """Raised by a hook: let the operation answer None."""


@attrs.define(eq=False)
class Place:
    """What all processes share, like a row of a database.

    Attributes:
        stored: What it holds.
        fence: The highest that was given.
        holder: Whose lock it is, by fence.
        until: When its lease ends.
        history: Every state that was stored, oldest first.
    """

    stored: Stored | None = None
    fence: int = 0
    holder: int | None = None
    until: float = 0.0
    history: list[GrantState] = attrs.field(factory=list)

    @property
    def state(self) -> GrantState:
        """The grant that is stored."""
        assert self.stored is not None
        return from_bytes(self.stored.content)

    def put(self, state: GrantState) -> None:
        """Store a grant by hand."""
        self.keep(to_bytes(state))

    def keep(self, content: bytes) -> Stored:
        """Store some bytes by hand."""
        self.stored = Stored((self.stored.version if self.stored else 0) + 1, content)
        with contextlib.suppress(Exception):
            self.history.append(from_bytes(content))
        return self.stored


class FaultyStore:
    """One process's way to a place; each operation takes its turn of the loop before and after it takes effect.

    Attributes:
        before: What to do before an operation takes effect: wait, raise, or raise ``SayNone``.
        after: The same after it did.
        calls: Every operation, in order.
        dead: Whether its process is: nothing takes effect any more.
    """

    def __init__(self, place: Place, clock: Clock) -> None:
        self.place = place
        self.before: dict[Operation, Hook] = {}
        self.after: dict[Operation, Hook] = {}
        self.calls: list[Operation] = []
        self.dead = False
        self._clock = clock

    async def load(self) -> Stored | None:
        async with self._operation("load") as answer:
            if not answer.says_none:
                answer.value = self.place.stored
        return answer.value

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        async with self._operation("compare_and_swap") as answer:
            current = None if self.place.stored is None else self.place.stored.version
            if not answer.says_none and current == expected and fence == self.place.fence == self.place.holder:
                answer.value = self.place.keep(content)
        return answer.value

    @contextlib.asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncIterator[int]:
        end = self._clock.monotonic() + wait
        await self._turn("lock", self.before)
        while self.place.holder is not None and self._clock.monotonic() < self.place.until:
            if self._clock.monotonic() >= end:
                raise TimeoutError
            await self._clock.sleep(0.05)
        self._alive()
        self.place.fence += 1
        fence = self.place.holder = self.place.fence
        self.place.until = self._clock.monotonic() + lease
        try:
            await self._turn("lock", self.after)
            yield fence
            await self._turn("unlock", self.before)
        finally:
            if self.place.holder == fence and not self.dead:
                self.place.holder = None

    def crash(self) -> None:
        """End its process: the operating system frees the lock."""
        self.dead = True
        self.place.holder = None

    @contextlib.asynccontextmanager
    async def _operation(self, name: Operation) -> AsyncIterator[_Answer]:
        answer = _Answer()
        self.calls.append(name)
        try:
            await self._turn(name, self.before)
        except SayNone:
            answer.says_none = True
        self._alive()
        yield answer
        await self._turn(name, self.after)

    async def _turn(self, name: Operation, hooks: dict[Operation, Hook]) -> None:
        await asyncio.sleep(0)
        hook = hooks.get(name)
        if hook is not None:
            waiting = hook()
            if waiting is not None:
                await waiting

    def _alive(self) -> None:
        if self.dead:
            message = "this process is dead"
            raise OSError(message)


@attrs.define
class _Answer:
    value: Any = None
    says_none: bool = False


def failing(times: int | None = None, error: type[Exception] = OSError) -> Hook:
    """Raise, so many times or for good."""
    left = [times]

    def hook() -> None:
        if left[0] is None:
            raise error
        if left[0] > 0:
            left[0] -= 1
            raise error

    return hook


def nth(number: int, hook: Hook) -> Hook:
    """Do something at the n-th time only, counted from 1."""
    seen = [0]

    def at() -> Awaitable[None] | None:
        seen[0] += 1
        return hook() if seen[0] == number else None

    return at


def waiting(clock: Clock, seconds: float) -> Hook:
    """Take so long."""
    return lambda: clock.sleep(seconds)
