"""One refresh of one grant: under the lock of its store, and stored before anybody uses it.

::

    lock → load → still needed? → intent, durably → POST → new tokens, durably, with the intent gone → use → unlock

A crash at any arrow leaves the old tokens, or an intent, or the new tokens. Whoever takes the lock after that and finds
an intent knows that its owner is gone and that the refresh token may be used up, and sends it again at once: within the
issuer's replay window it gets the same new tokens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Final

from attrs import frozen

from ..errors import ReauthorizationCause, TokenError, TokenStoreError
from ..transport.runtime import Runtime
from ..transport.web import Web
from .grant_state import Dead, GrantState, hashed
from .issuer import Issuer
from .kept import KeptGrant, Saved
from .reasons import dead, no_grant, no_refresh_token, not_saved, refresh_failed, refused, store_failed
from .token_answer import NoTokens, Tokens
from .token_request import TokenRequest
from .unbroken import Interrupted, Unbroken

_SAVE_PAUSES: Final = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Seconds before each attempt to save new tokens, until the callers are told that it does not work."""

_LATER_PAUSES: Final = (2.0, 5.0, 10.0, 20.0)
"""Seconds before the attempts after that."""

_LAST_PAUSE: Final = 30.0
"""Seconds before all further ones."""

_MOST_INTERRUPTIONS: Final = 3
"""How often saving may be cancelled until that is the store's failure; the end of an event loop does it once."""


@frozen(kw_only=True)
class Terms:
    """How grants are refreshed.

    Attributes:
        issuer: By whom.
        runtime: The time.
        request_seconds: The most that a request for tokens may take, with all its attempts.
        lease: Seconds for which the store's lock is asked; longer than a request.
        wait: Seconds to wait for that lock.
    """

    issuer: Issuer
    runtime: Runtime
    request_seconds: float
    lease: float
    wait: float


@frozen(kw_only=True)
class Unsaved:
    """New tokens that are in memory only.

    Attributes:
        state: The grant with them.
        expected: The version that they replace.
        sent_hash: Of the refresh token that they were got with.
        recovered: Whether somebody else had begun the refresh.
        is_new_grant: Whether they are of a new consent, which stands whatever became of the old one.
    """

    state: GrantState
    expected: int | None
    sent_hash: str
    recovered: bool = False
    is_new_grant: bool = False


@frozen(kw_only=True)
class Renewed:
    """What came of a refresh.

    Attributes:
        saved: The grant as it is stored now.
        asked: Whether the issuer gave new tokens for it here; else somebody else had been quicker.
        rotated: Whether a new refresh token came.
        recovered: Whether this ended a refresh that somebody else had begun.
    """

    saved: Saved
    asked: bool = False
    rotated: bool = False
    recovered: bool = False


class _FenceLost(Exception):
    """Somebody else was given the lock meanwhile."""


class Renewal:
    """A refresh under way: ``run`` is its task, ``outcome`` what everybody waits for.

    Args:
        terms: How.
        kept: The grant.
        needed: Whether a grant, as it is stored, has to be refreshed.
        unsaved: New tokens that are in memory only, of whichever refresh in this process.
        on_tokens: Called with new tokens at once, before anything else can happen to them.
        on_renewed: Called with what came of it, before anybody who waits goes on.
        on_unsaved: Called with new tokens that the store does not take.
        on_dead: Called with a grant that has turned out dead here and now.
    """

    def __init__(
        self,
        terms: Terms,
        kept: KeptGrant,
        *,
        needed: Callable[[GrantState], bool],
        unsaved: Callable[[], Unsaved | None],
        on_tokens: Callable[[Unsaved], None],
        on_renewed: Callable[[Renewed], None],
        on_unsaved: Callable[[Unsaved], None],
        on_dead: Callable[[Saved], None],
    ) -> None:
        self._terms = terms
        self._kept = kept
        self._needed = needed
        self._unsaved = unsaved
        self._on_tokens = on_tokens
        self._on_renewed = on_renewed
        self._on_unsaved = on_unsaved
        self._on_dead = on_dead
        self._clock = terms.runtime.clock
        self._unbroken = Unbroken()
        self._hurried = asyncio.Event()
        self._pauses = chain(_SAVE_PAUSES, _LATER_PAUSES, repeat(_LAST_PAUSE))
        self._save_attempts = 0
        self._interruptions = 0
        self.left: bool = False
        """Whether the refresh token has been sent, so that breaking off may lose its successor."""
        self.outcome: asyncio.Future[Renewed] = asyncio.get_running_loop().create_future()
        # Whoever waited may be gone when it fails.
        self.outcome.add_done_callback(lambda done: done.cancelled() or done.exception())

    def hurry(self) -> None:
        """Let saving end with one more attempt: the client is about to close."""
        self._hurried.set()

    async def run(self) -> None:
        """Refresh the grant, and set the outcome."""
        try:
            place = self._terms.issuer.place()
            await place.acquire()
            # Not to its own end: what cannot be saved may keep it for hours.
            self.outcome.add_done_callback(lambda _: place.release())
            async with self._terms.issuer.web() as web:
                await self._run(web)
        except TokenError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - whoever waits is to see it
            if not self.outcome.done():
                self.outcome.set_exception(error)
        except GeneratorExit:  # its event loop was closed under it, and nobody waits any more
            raise
        except BaseException:  # cancelled, or the process is to end: whoever waits must not wait for ever
            self.outcome.cancel()
            raise
        self._unbroken.finish()

    async def _run(self, web: Web) -> None:
        if self._unsaved() is None:
            await self._terms.issuer.discover(web)
        done = False
        while not done:
            try:
                async with self._kept.locked(lease=self._terms.lease, wait=self._terms.wait) as fence:
                    # Read under the lock: whoever held it last may have new tokens that it could not save.
                    if self._unsaved() is None:
                        await self._refresh(web, fence)
                    done = self._unsaved() is None or await self._save(fence)
            except TokenStoreError as error:
                if self._unsaved() is None:
                    raise
                done = await self._store_failed(error)
            except asyncio.CancelledError:
                self._give_out(None)
                raise

    # ---- new tokens ---------------------------------------------------------------------------------------------

    async def _refresh(self, web: Web, fence: int) -> None:
        """Come to new tokens, which are unsaved then, or set the outcome to what is stored."""
        locked_at = self._clock.monotonic()
        saved = await self._kept.load()
        if saved is None:
            raise no_grant()
        state = saved.state
        recovered = state.pending
        if state.dead is not None or not (recovered or self._needed(state)):
            self._succeed(Renewed(saved=saved))
            return
        if state.refresh_token is None:
            raise no_refresh_token(state)
        # Also where there is one already: a store that takes no intent would not take new tokens either.
        saved = await self._changed(saved, state.intending(self._clock.now()), fence)
        spent = self._clock.monotonic() - locked_at
        if spent > self._terms.lease - self._terms.request_seconds:
            # Somebody else may hold the lock by now, and two must not send one token.
            what = f"it took {spent:.1f} s to load and to save, and its lock lasts {self._terms.lease:.1f} s"
            raise store_failed(what)
        request = TokenRequest(self._terms.issuer, self._terms.runtime, self._terms.request_seconds)
        form = {"grant_type": "refresh_token", "refresh_token": state.refresh_token}
        url = self._terms.issuer.known.token
        self.left = True
        result = await request.send(web, url, form, repeats=True, patient=recovered, unbroken=self._unbroken)
        if isinstance(result, Tokens):
            self._on_tokens(
                Unsaved(
                    state=result.renewed(state, self._clock.now()),
                    expected=saved.version,
                    sent_hash=hashed(state.refresh_token),
                    recovered=recovered,
                )
            )
            return
        await self._without_tokens(
            saved, result, fence, unclear=recovered or request.unclear, attempts=request.attempts
        )

    async def _without_tokens(
        self, saved: Saved, result: NoTokens, fence: int, *, unclear: bool, attempts: int
    ) -> None:
        if result.kind == "refused" and result.error_code == "invalid_grant":
            cause: ReauthorizationCause = "answer lost" if unclear else "revoked or expired"
            await self._invalid(saved, cause, result, fence)
            return
        if not unclear:  # the token has not been used, and nobody needs to recover anything
            await self._noted(saved, saved.state.settled(), fence)
        raise refused(result, attempts) if result.kind == "refused" else refresh_failed(result, attempts)

    async def _invalid(self, sent: Saved, cause: ReauthorizationCause, result: NoTokens, fence: int) -> None:
        """The issuer refuses the token: somebody may have been quicker; else the grant is dead, and marked as such."""
        current: Saved | None = None
        with suppress(TokenStoreError):  # then the mark stands only if nobody has stored anything meanwhile
            current = await self._kept.load()
        if current is not None and current.state.refresh_token != sent.state.refresh_token:
            self._succeed(Renewed(saved=current))
            return
        died = Dead(cause=cause, since=self._clock.now())
        state = sent.state.died(died)
        marked = await self._noted(current or sent, state, fence)
        self._on_dead(marked or Saved(sent.version, state))
        raise dead(died, **result.facts())

    async def _changed(self, saved: Saved, state: GrantState, fence: int) -> Saved:
        changed = await self._kept.save(saved.version, state, fence=fence)
        if changed is None:
            what = "somebody changed it without its lock, or the lock is lost"
            raise store_failed(what)
        return changed

    async def _noted(self, saved: Saved, state: GrantState, fence: int) -> Saved | None:
        """Save what is good to know and not worth an error of its own."""
        for _ in _SAVE_PAUSES[:3]:
            try:
                return await self._unbroken.run(partial(self._kept.save, saved.version, state, fence=fence))
            except (TokenStoreError, Interrupted):
                continue
        return None

    # ---- saving them --------------------------------------------------------------------------------------------

    async def _save(self, fence: int) -> bool:
        """Save new tokens, however long it takes; False if the lock was lost over it, and another one is needed."""
        while (unsaved := self._unsaved()) is not None:
            try:
                await self._pause()
                saved = await self._unbroken.run(partial(self._save_once, unsaved, fence))
            except Interrupted:  # another attempt, at once: this is the end of an event loop
                self._interruptions += 1
                if self._interruptions >= _MOST_INTERRUPTIONS:
                    self._give_out(None)
                    if self._over:
                        return True
            except _FenceLost:
                return self._gives_up(None)
            except TokenStoreError as error:
                if self._gives_up(error):
                    return True
            else:
                ours = saved.state.access_token == unsaved.state.access_token
                rotated = ours and hashed(saved.state.refresh_token) != unsaved.sent_hash
                self._succeed(Renewed(saved=saved, asked=ours, rotated=rotated, recovered=unsaved.recovered))
                return True
        return self.outcome.done()  # somebody else has saved them, who had the lock after us

    async def _save_once(self, unsaved: Unsaved, fence: int) -> Saved:
        """What is stored in the end: ours, or what somebody else has come to meanwhile."""
        saved = await self._kept.save(unsaved.expected, unsaved.state, fence=fence)
        if saved is not None:
            return saved
        current = await self._kept.load()
        if current is not None:
            if current.state.access_token == unsaved.state.access_token:
                return current  # saved by an attempt that seemed to fail, or by somebody who got the same answer
            if hashed(current.state.refresh_token) != unsaved.sent_hash and not unsaved.is_new_grant:
                return current
        # Still the token that was sent, whose successor is ours.
        saved = await self._kept.save(None if current is None else current.version, unsaved.state, fence=fence)
        if saved is None:
            raise _FenceLost
        return saved

    async def _store_failed(self, error: TokenStoreError) -> bool:
        """Wait before the lock is tried for again; True if that is over."""
        if self._gives_up(error):
            return True
        await self._pause()
        return False

    def _gives_up(self, error: TokenStoreError | None) -> bool:
        self._save_attempts += 1
        if self._save_attempts >= len(_SAVE_PAUSES) or self._over:
            self._give_out(error)
        return self._over

    @property
    def _over(self) -> bool:
        return self._hurried.is_set() or self._unbroken.cancelled

    def _give_out(self, error: TokenStoreError | None) -> None:
        """Tell everybody that the new tokens are in memory only; once."""
        unsaved = self._unsaved()
        if self.outcome.done() or unsaved is None:
            return
        self._on_unsaved(unsaved)
        told = not_saved()
        told.__cause__ = None if error is None else error.__cause__ or error
        self._fail(told)

    async def _pause(self) -> None:
        seconds = next(self._pauses)
        if seconds and not self._over:
            with suppress(Interrupted):
                await self._unbroken.run(partial(self._sleep, seconds))

    async def _sleep(self, seconds: float) -> None:
        async def sleep() -> None:
            await self._clock.sleep(seconds)

        loop = asyncio.get_running_loop()
        either = [loop.create_task(sleep()), loop.create_task(self._hurried.wait())]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in either:
                task.cancel()

    # ---- the outcome --------------------------------------------------------------------------------------------

    def _succeed(self, renewed: Renewed) -> None:
        self._on_renewed(renewed)
        if not self.outcome.done():
            self.outcome.set_result(renewed)

    def _fail(self, error: TokenError) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


__all__ = ["Renewal", "Renewed", "Terms", "Unsaved"]
