"""The attempts of one call: each takes its turn at the limiter, a token, and reads the whole answer.

What is tried again: a request that never left, for any method; 408, 429, 500, 502, 503, 504 and 52x; an answer that
was lost, came too late or was cut off, because reads repeat freely, POST and PUT carry one idempotency key through all
attempts, and a DELETE that is repeated finds at worst that it is done (RFC 9110, 9.2.2). What is not: any other status,
409 and 422 above all, and errors of programming.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from attrs import field, frozen

from brex_accounting_client import Operation
from brex_accounting_client.errors import trace_id_of

from ..checks import header
from ..clock import Clock
from ..errors import (
    BrexError,
    CallError,
    ClientClosed,
    ClientStateError,
    DeadlineExceeded,
    InvalidArgument,
    RateLimited,
    TokenError,
    TokenSourceFailed,
)
from ..events import Outcome
from .call import Call
from .deadline import exceeded, time_left, within
from .http import Response, is_cut
from .limiter import Limiter, WaitTooLong
from .mapping import failure, send_error
from .retry import RetryPolicy, is_ambiguous, is_retried
from .retry_after import retry_after
from .runtime import Account, Runtime
from .send_failed import SendFailed
from .session import Session
from .token_source import TokenSource
from .window import Slot

T = TypeVar("T")

_CLOSED = "Make another client, and close one only when its calls are over."


@frozen
class _Answer:
    """An answer, and the token that it answers."""

    response: Response
    token: str = field(repr=False)


@frozen
class Attempts:
    """Sends a request until it is answered for good.

    Attributes:
        session: The open connections.
        runtime: Time and randomness.
        shared: The account's retry budget and limiter.
        limiter: The limiter to take a turn at, None where the client turned it off.
        tokens: Where tokens come from.
        policy: How often, and how long to wait in between.
        timeout: Seconds for one attempt, its whole body included.
        places: Bounds how many requests of the account are under way.
    """

    session: Session
    runtime: Runtime
    shared: Account
    limiter: Limiter | None
    tokens: TokenSource
    policy: RetryPolicy
    timeout: float
    places: asyncio.Semaphore

    async def run(self, call: Call, operation: Operation[..., Any], request: dict[str, Any]) -> Response:
        """The answer that the caller is to see: a success or a refusal.

        Raises:
            CallError: There is no such answer: every attempt failed, or the time is over.
            ClientStateError: The client was closed meanwhile.
        """
        while True:
            self._check(call)
            result = await self._attempt(call, request)
            if isinstance(result, SendFailed):
                if result.hopeless:
                    message = f"{call.operation}: {result.reason}"
                    raise InvalidArgument(message)
                if result.outcome != "not sent":
                    call.doubt()
                await self._pause(call, send_error(result, call))
                continue
            status = result.response.status_code
            if is_ambiguous(status):
                call.doubt()
            if status != 401:
                self.shared.refusals.answered(call.operation, result.token)
            elif await self._renewed(call, result.token):
                continue
            if not is_retried(status):
                if 200 <= status < 300:
                    self.shared.budget.succeeded()
                return result.response
            await self._pause(call, failure(operation, result.response, call, self._clock.now()))

    @property
    def _clock(self) -> Clock:
        return self.runtime.clock

    def _check(self, call: Call) -> None:
        """Make sure that the client is open; a call that has been at it says what may have come of that."""
        try:
            self.session.check()
        except ClientStateError:
            if not call.attempts:
                raise
        else:
            return
        summary = "the client was closed before the call was over"
        raise ClientClosed(summary, advice=_CLOSED, **call.facts())

    # ---- one attempt --------------------------------------------------------------------------------------------

    async def _attempt(self, call: Call, request: dict[str, Any]) -> _Answer | SendFailed:
        slot: Slot | None = None
        try:
            async with self.session.waiting():
                slot = await self._turn(call)
                token = await self._token(call)
                await self._place(call)
        except BaseException as error:
            self._unsent(slot)
            if isinstance(error, ClientStateError):
                self._check(call)
            raise
        call.attempts += 1
        started = self._clock.monotonic()
        try:
            result = await self._send(call, request, token)
        except BaseException as error:
            # A request that was cancelled counts at Brex as much as one that was answered.
            self._settle(slot, None)
            call.attempted(_outcome_of(error), seconds=self._clock.monotonic() - started)
            raise
        finally:
            self.places.release()
        self._settle(slot, result)
        self._tell(call, result, self._clock.monotonic() - started)
        return result if isinstance(result, SendFailed) else _Answer(result, token)

    async def _turn(self, call: Call) -> Slot | None:
        if self.limiter is None:
            return None
        try:
            return await self.limiter.acquire(
                deadline=call.deadline, on_wait=lambda seconds: call.waiting("rate limit", seconds)
            )
        except WaitTooLong as too_long:
            wait = too_long.seconds
        raise exceeded(call, "rate limit", wait=wait)

    async def _token(self, call: Call) -> str:
        at_hand = self.tokens.token_at_hand()
        if at_hand is not None:
            return header(at_hand, "access token")
        return header(await self._of_source(call, self.tokens.access_token), "access token")

    async def _of_source(self, call: Call, ask: Callable[[], Awaitable[T]]) -> T:
        """What the token source says, within the call's deadline; its failures carry the call's facts."""
        scope = within(time_left(call, self._clock.monotonic()))
        try:
            async with scope:
                return await ask()
        except TokenError as error:
            failed = error.in_call(**call.facts())
            failed.__cause__ = error.__cause__
        except BrexError:
            raise
        except Exception as error:  # noqa: BLE001 - the source may be the caller's own
            if scope.expired():
                raise exceeded(call, "token") from None
            failed = TokenSourceFailed(f"the token source raised {type(error).__name__}", **call.facts())
            failed.__cause__ = error
        raise failed

    async def _place(self, call: Call) -> None:
        """Wait until a request of this account may be under way; not part of the attempt, whose clock runs later."""
        if not self.places.locked():
            await self.places.acquire()  # at once, and without a timer
            return
        scope = within(time_left(call, self._clock.monotonic()))
        try:
            async with scope:
                await self.places.acquire()
        except TimeoutError:
            if not scope.expired():
                raise
        else:
            return
        raise exceeded(call, "connection")

    async def _send(self, call: Call, request: dict[str, Any], token: str) -> Response | SendFailed:
        left = time_left(call, self._clock.monotonic())
        if left <= 0:
            raise exceeded(call, "attempt")
        scope = within(min(self.timeout, left))
        try:
            async with scope:
                response = await self.session.connections().send(request, token=token, step_seconds=self.timeout)
                return SendFailed("answer lost", "its body ends in the middle") if is_cut(response) else response
        except SendFailed as failed:
            return failed
        except TimeoutError:
            if not scope.expired():
                raise
        if left <= self.timeout:
            call.doubt()
            raise exceeded(call, "attempt")
        return SendFailed("timed out", f"attempt took longer than {self.timeout:.3g} s")

    def _settle(self, slot: Slot | None, result: Response | SendFailed | None) -> None:
        if slot is None or self.limiter is None:
            return
        if isinstance(result, SendFailed) and result.outcome == "not sent":
            self.limiter.unsent(slot)
        elif isinstance(result, Response) and result.status_code == 429:
            asked = retry_after(result.headers, self._clock.now())
            # What one answer says must not stop the account for good.
            self.limiter.refused(slot, None if asked is None else min(asked, self.policy.max_retry_after))
        else:
            self.limiter.answered(slot)

    def _unsent(self, slot: Slot | None) -> None:
        if slot is not None and self.limiter is not None:
            self.limiter.unsent(slot)

    def _tell(self, call: Call, result: Response | SendFailed, seconds: float) -> None:
        if isinstance(result, SendFailed):
            call.attempted(result.outcome, seconds=seconds)
        else:
            trace_id = trace_id_of(result.headers)
            call.attempted("answered", status_code=result.status_code, trace_id=trace_id, seconds=seconds)

    # ---- between attempts ---------------------------------------------------------------------------------------

    async def _renewed(self, call: Call, token: str) -> bool:
        """Whether another token is there for the same request: once in a call, and named by the one refused."""
        if call.renewed:
            self.shared.refusals.in_vain(call.operation, token)
            return False
        if not self.shared.refusals.worth_a_refresh(call.operation) and self.tokens.token_at_hand() == token:
            return False
        call.renewed = True
        return await self._of_source(call, partial(self.tokens.refused, token))

    async def _pause(self, call: Call, error: CallError) -> None:
        """Wait for the next attempt, or raise the error of the last one."""
        call.last = error
        asked = error.retry_after
        try:
            if call.attempts >= self.policy.attempts:
                raise error
            if asked is not None and asked > self.policy.max_retry_after:
                advice = f"Brex asked to wait {asked:.0f} s, longer than RetryPolicy.max_retry_after allows."
                raise error.advised(advice)
            await self._wait(call, asked, starved=error.starved)
        finally:
            del error  # its traceback would hold this frame, and the frame the error

    async def _wait(self, call: Call, asked: float | None, *, starved: Callable[[], CallError]) -> None:
        wait = self.policy.delay(call.attempts, asked, self.runtime.random)
        if wait > time_left(call, self._clock.monotonic()):
            raise exceeded(call, "back-off", wait=wait)
        # A 429 has slowed everybody down already, and takes nothing from other accounts.
        if not isinstance(call.last, RateLimited) and not self.shared.budget.take():
            raise starved()
        call.waiting("back-off" if asked is None else "retry-after", wait)
        try:
            async with self.session.waiting():
                await self._clock.sleep(wait)
        except ClientStateError:
            self._check(call)
            raise


def _outcome_of(error: BaseException) -> Outcome:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return "timed out" if isinstance(error, DeadlineExceeded) else "error"


__all__ = ["Attempts"]
