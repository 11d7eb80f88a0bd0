"""What all clients of one grant share in a process: its tokens, and the refresh under way in each event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from attrs import field, frozen

from ..errors import ReauthorizationRequired, TokenError, TokensNotSaved
from ..events import GrantAging, Observer, ReauthorizationNeeded, RefreshDelayed, TokensRefreshed, logger
from ..transport.runtime import Runtime
from .ages import Ages
from .grant_state import GrantState, to_bytes
from .hold import Hold, lead_of, left_of
from .kept import KeptGrant, Saved
from .reasons import OPERATION, dead, no_grant
from .renewal import Renewal, Renewed, Terms, Unsaved

T = TypeVar("T")

_FIRST_BACKOFF = 1.0
"""Seconds after a failed refresh in which no other is begun; doubled with each failure in a row."""

_LONGEST_BACKOFF = 60.0

_LONGEST_ASKED = 300.0
"""What one answer's ``Retry-After`` says must not stop a grant for longer, in seconds."""

_RELOAD_SECONDS = 1.0
"""Seconds between two looks at a store whose grant is dead, for a new one."""


@frozen(eq=False)
class Asker:
    """Whoever asks for a token: how a refresh that it begins is done, and whom that tells what it does.

    Attributes:
        terms: How.
        account: The label of its client.
        observer: Its observer.
        on_unsaved: Given what the store does not take.
        owner: What must live until the refresh is over: a client that is closed waits for it.
    """

    terms: Terms
    account: str | None
    observer: Observer
    on_unsaved: Callable[[bytes], None]
    owner: object = field(repr=False)


class Keeper:
    """The tokens of one grant in this process.

    Args:
        runtime: The time, and what must outlive its clients.
        kept: Where it is stored.
    """

    def __init__(self, runtime: Runtime, kept: KeptGrant) -> None:
        self._runtime = runtime
        self.kept = kept
        self._clock = runtime.clock
        self._random = runtime.random
        self._hold: Hold | None = None
        self._unsaved: Unsaved | None = None
        self._is_stuck = False
        self._forgotten = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._renewals: dict[int, tuple[asyncio.Task[None], Renewal]] = {}
        self._ages = Ages()
        self._failures = 0
        self._failed: TokenError | None = None
        self._not_before = 0.0
        self._reload_at = 0.0

    # ---- tokens -------------------------------------------------------------------------------------------------

    def at_hand(self) -> str | None:
        """The access token, if it can be sent and nothing has to be done about it."""
        hold = self._hold
        if hold is None or not hold.usable or self._is_stuck or hold.is_due(self._clock):
            return None
        return hold.state.access_token

    async def access_token(self, asker: Asker) -> str:
        """The access token to send now.

        Raises:
            TokenError: There is none.
        """
        hold = await self._loaded()
        if hold is not None and not self._is_stuck and hold.state.access_token is not None:
            if hold.usable and not hold.is_due(self._clock):
                return hold.state.access_token
            if not hold.is_over(self._clock):
                # Good for a while yet: whoever calls does not have to wait for its successor.
                self._begin_in_background(asker)
                return hold.state.access_token
        state = await self.renewed(asker)
        if state.access_token is None:  # pragma: no cover - a grant without one is dead
            raise AssertionError
        return state.access_token

    async def refused(self, token: str, asker: Asker) -> bool:
        """Whether there is another access token now than the one that was refused.

        Raises:
            TokenError: There is none, nor can one be had.
        """
        hold = self._hold
        if hold is not None and not self._is_stuck and hold.state.access_token not in (None, token):
            return True
        state = await self.renewed(asker, needed=lambda stored: stored.access_token == token)
        return state.access_token != token

    async def renewed(self, asker: Asker, needed: Callable[[GrantState], bool] | None = None) -> GrantState:
        """The grant, refreshed if that is needed.

        Args:
            asker: Who asks.
            needed: Whether it is, by what is stored; by default, whether the access token is due.

        Raises:
            TokenError: It was needed, and did not succeed.
        """
        while True:
            begun, renewal = self._renewal(asker, needed or self._is_due)
            is_late = renewal.outcome.done()
            try:
                renewed = await asyncio.shield(renewal.outcome)
            except asyncio.CancelledError:
                if renewal.outcome.cancelled() and not _is_cancelled():
                    continue  # somebody ended the refresh, and not us
                raise
            state = renewed.saved.state
            if state.dead is not None:
                raise dead(state.dead)
            # One that was under way already may have found that nothing was to do, for other reasons than ours.
            if begun or needed is None or not needed(state) or (renewed.asked and not is_late):
                return state
            await self._ended(renewal)  # until then it stands in the way of the next one

    def _is_due(self, stored: GrantState) -> bool:
        """Whether the access token of a stored grant is to be replaced."""
        hold = self._hold
        if hold is not None and hold.state.access_token == stored.access_token:
            return hold.is_due(self._clock)  # by both clocks
        return left_of(stored, self._clock.now()) <= lead_of(stored)

    async def stored(self) -> GrantState:
        """The grant as it is stored.

        Raises:
            TokenStoreError: The store failed.
            ReauthorizationRequired: Nothing is stored.
        """
        saved = await self.kept.load()
        if saved is None:
            raise no_grant()
        return saved.state

    async def refresh_if_older_than(self, age: float, asker: Asker) -> bool:
        """Refresh a grant whose last refresh is so many seconds ago; whether that was the case.

        Raises:
            TokenError: It did not succeed.
        """
        before = self._clock.now()

        def needed(stored: GrantState) -> bool:
            # In the future, where a clock ran ahead: as wrong as it is, as old it may be.
            return abs((before - stored.refreshed_at).total_seconds()) >= age

        # A look without the lock first: hundreds of grants are asked every day, and few of them are idle.
        state = await self.stored()
        if state.dead is not None:
            raise dead(state.dead)
        if not needed(state):
            self._warn(state, asker)  # as nobody else looks at an idle grant
            return False
        # Not "later": the clock may have run ahead then.
        return (await self.renewed(asker, needed)).refreshed_at != state.refreshed_at

    def forget(self) -> None:
        """Look the grant up again: it was replaced, or revoked."""
        self._hold = None
        self._forgotten += 1
        self._failures, self._failed, self._not_before = 0, None, 0.0

    async def _loaded(self) -> Hold | None:
        """What is held; looked up where nothing is, or only a dead grant.

        Raises:
            TokenStoreError: The store failed.
            ReauthorizationRequired: The grant is dead, or there is none.
        """
        hold = self._hold
        now = self._clock.monotonic()
        if not self._is_stuck and (hold is None or (hold.state.dead is not None and now >= self._reload_at)):
            forgotten = self._forgotten
            saved = await self.kept.load()
            if forgotten != self._forgotten:
                return await self._loaded()  # what came is of the time before
            if saved is None:
                raise no_grant()
            if hold is not None and hold.state.dead is not None and _same_tokens(hold.state, saved.state):
                # A store that would not take the mark says that it is alive.
                self._reload_at = now + _RELOAD_SECONDS
            else:
                hold = self._holding(saved)
        if hold is not None and hold.state.dead is not None:
            raise dead(hold.state.dead)
        return hold

    def _holding(self, saved: Saved) -> Hold:
        """Go on with what is stored."""
        hold = Hold.of(saved, self._clock, self._random)
        if saved.state.dead is not None:
            self._reload_at = self._clock.monotonic() + _RELOAD_SECONDS
        self._hold = hold
        return hold

    # ---- refreshes ----------------------------------------------------------------------------------------------

    def _begin_in_background(self, asker: Asker) -> None:
        if self._clock.monotonic() >= self._not_before:
            self._renewal(asker, self._is_due)

    def _renewal(self, asker: Asker, needed: Callable[[GrantState], bool]) -> tuple[bool, Renewal]:
        """The refresh under way in this event loop, or a new one; True for a new one.

        Raises:
            TokenError: One has failed a moment ago.
        """
        loop = asyncio.get_running_loop()
        self._bury()
        found = self._renewals.get(id(loop))
        if found is not None and not found[0].done():
            return False, found[1]
        if self._failed is not None and self._clock.monotonic() < self._not_before:
            raise self._failed.with_traceback(None)  # or it grows with each call
        renewal = Renewal(
            asker.terms,
            self.kept,
            needed=needed,
            unsaved=lambda: self._unsaved,
            on_tokens=self.take,
            on_renewed=lambda renewed: self._renewed(renewed, asker),
            on_unsaved=lambda unsaved: self._not_saved(unsaved, asker),
            on_dead=lambda saved: self._died(saved, asker),
        )
        task = loop.create_task(self._run(renewal, asker))
        self._renewals[id(loop)] = task, renewal
        task.add_done_callback(lambda done: self._forget(id(loop), done, renewal))
        return True, renewal

    async def _run(self, renewal: Renewal, asker: Asker) -> None:
        try:
            await renewal.run()
        finally:
            outcome = renewal.outcome
            error = outcome.exception() if outcome.done() and not outcome.cancelled() else None
            if isinstance(error, TokenError) and not isinstance(error, TokensNotSaved):
                self._back_off(error, asker)

    def _forget(self, key: int, done: asyncio.Task[None], renewal: Renewal) -> None:
        renewal.outcome.cancel()  # of a task that was cancelled before it began: nothing else would ever end it
        found = self._renewals.get(key)
        if found is not None and found[0] is done:
            del self._renewals[key]
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.error("token refresh: %s", type(error).__name__, exc_info=error)

    def _bury(self) -> None:
        """Drop refreshes whose event loop was closed under them: they would keep the store's lock for ever."""
        for key, (task, _) in list(self._renewals.items()):
            if not task.get_loop().is_closed() or self._renewals.pop(key, None) is None:
                continue
            # At once, and not when somebody collects it: until then it has the store's lock.
            with suppress(RuntimeError):  # it has connections that only an event loop can close
                if isinstance(coroutine := task.get_coro(), Coroutine):  # from Python 3.12 on a task may have none
                    coroutine.close()

    async def _ended(self, renewal: Renewal) -> None:
        """Wait for the end of a refresh that has its outcome."""
        found = self._renewals.get(id(asyncio.get_running_loop()))
        if found is not None and found[1] is renewal:
            await asyncio.wait({found[0]})

    async def settled(self) -> None:
        """Wait until nothing is under way in this event loop."""
        loop = asyncio.get_running_loop()
        self._bury()
        found = self._renewals.get(id(loop))
        if found is not None:
            task, renewal = found
            if renewal.left or self._unsaved is not None:
                renewal.hurry()
            else:
                task.cancel()  # nothing was sent, so nothing can be lost
            await asyncio.wait({task})
        if tasks := {task for task in self._tasks if task.get_loop() is loop}:
            await asyncio.wait(tasks)

    async def detached(self, step: Coroutine[Any, Any, T]) -> T:
        """Run something in a task of its own, which goes on when its caller is cancelled.

        Args:
            step: What to run.
        """
        task = asyncio.get_running_loop().create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    def take(self, unsaved: Unsaved) -> None:
        """Keep new tokens in memory, until they are saved."""
        self._unsaved = unsaved
        self._runtime.keep(self)

    async def saved(self, asker: Asker) -> None:
        """Save what is in memory only.

        Raises:
            TokensNotSaved: The store does not take it.
        """
        while self._unsaved is not None:
            await self.renewed(asker)

    # ---- what comes of them -------------------------------------------------------------------------------------

    def _renewed(self, renewed: Renewed, asker: Asker) -> None:
        unsaved = self._unsaved
        if unsaved is None or not unsaved.is_new_grant or _same_tokens(unsaved.state, renewed.saved.state):
            self._unsaved, self._is_stuck = None, False
            self._runtime.let_go(self)
        self._failures, self._failed, self._not_before = 0, None, 0.0
        self._holding(renewed.saved)
        state = renewed.saved.state
        if renewed.asked:
            asker.observer.tell(
                TokensRefreshed(
                    operation=OPERATION,
                    account=asker.account,
                    seconds=state.lifetime,
                    rotated=renewed.rotated,
                    recovered=renewed.recovered,
                )
            )
        self._warn(state, asker)

    def _warn(self, state: GrantState, asker: Asker) -> None:
        """Tell of a grant that grows old."""
        for what, days in self._ages.worth_a_warning(state, self._clock.now()):
            asker.observer.tell(GrantAging(operation=OPERATION, account=asker.account, what=what, days=days))

    def _not_saved(self, unsaved: Unsaved, asker: Asker) -> None:
        self._is_stuck = True
        logger.critical("token refresh: the token store does not take the new tokens; they are in memory only")
        self._tell_delay(asker, TokensNotSaved.__name__, None, 0.0)
        asker.on_unsaved(to_bytes(unsaved.state))

    def _died(self, saved: Saved, asker: Asker) -> None:
        self._holding(saved)
        if saved.state.dead is not None:
            cause = saved.state.dead.cause
            asker.observer.tell(ReauthorizationNeeded(operation=OPERATION, account=asker.account, cause=cause))

    def _back_off(self, error: TokenError, asker: Asker) -> None:
        if isinstance(error, ReauthorizationRequired):
            # Nothing more is asked of the issuer, and the store is looked at at its own pace.
            self._failed, self._not_before = error, self._clock.monotonic() + _RELOAD_SECONDS
            return
        self._runtime.keep(self)  # or a grant that is made anew for each job would ask anew each time
        asked = min(error.retry_after or 0.0, _LONGEST_ASKED)
        wait = max(min(_FIRST_BACKOFF * 2**self._failures, _LONGEST_BACKOFF), asked)
        self._failures = min(self._failures + 1, 10)
        self._failed, self._not_before = error, self._clock.monotonic() + wait
        self._tell_delay(asker, type(error).__name__, error.error_code, wait)

    def _tell_delay(self, asker: Asker, error: str, error_code: str | None, seconds: float) -> None:
        asker.observer.tell(
            RefreshDelayed(
                operation=OPERATION, account=asker.account, error=error, error_code=error_code, seconds=seconds
            )
        )


def _same_tokens(one: GrantState, other: GrantState) -> bool:
    return (one.access_token, one.refresh_token) == (other.access_token, other.refresh_token)


def _is_cancelled() -> bool:
    """Whether somebody wants the running task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


__all__ = ["Asker", "Keeper"]
