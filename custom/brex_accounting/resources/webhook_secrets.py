"""The secrets of an account's webhooks, fetched as seldom as they may be.

Anybody can send a forged delivery, and checking it must not use up what Brex allows the account to ask. So secrets are
kept, whoever needs them while they are being fetched waits for that one fetch, secrets that came a short while ago are
taken for Brex's present ones, and a fetch that failed is not tried again at once.
"""

from __future__ import annotations

import asyncio
import copy
import threading
from contextlib import suppress

from brex_accounting_client.api.webhook_subscriptions import list_secrets
from brex_accounting_client.models import WebhookSecret

from ..clock import Clock
from ..errors import CallError, ClientStateError, DeadlineExceeded, InvalidArgument, UnreadableAnswer
from ..transport.caller import PLAIN, Caller
from ..webhook_delivery import SigningKeys, signing_key

_PAUSE_SECONDS = 10.0
"""How long a failure to fetch is everybody's answer."""


class WebhookSecrets:
    """What all clients of an account know of its secrets, in all event loops and threads.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()  # an eager task runs within the block that makes it
        self._keys: SigningKeys | None = None
        self._fetched_at = 0.0
        self._failure: CallError | None = None
        self._failed_at = 0.0
        # One for each event loop: a fetch in a loop that nobody runs any more must not hold up the others.
        self._flights: dict[asyncio.AbstractEventLoop, asyncio.Task[SigningKeys]] = {}

    async def fetched_within(self, seconds: float, caller: Caller) -> SigningKeys:
        """The keys as Brex gave them so many seconds ago at the most, or gives them now; none where it has none.

        Args:
            seconds: How old they may be.
            caller: Who asks Brex, if it has to be asked.

        Raises:
            ClientStateError: The caller's client was closed.
            CallError: The secrets could not be fetched, now or a few seconds ago.
        """
        while True:
            with self._lock:
                now = self._clock.monotonic()
                if self._keys is not None and now - self._fetched_at < seconds:
                    return self._keys
                flight = self._flights.get(asyncio.get_running_loop())
                patience: float | None = caller.options.deadline
                if flight is None or flight.done():
                    if self._failure is not None and now - self._failed_at < _PAUSE_SECONDS:
                        raise _again(self._failure)
                    flight, patience = self._begin(caller), None  # the call itself has the caller's deadline
            # Not awaited: a caller that is cancelled here must not break off what others wait for.
            async with caller.session.waiting():
                done, _ = await asyncio.wait((flight,), timeout=patience)
            if not done:
                raise _too_late(caller)
            # Otherwise it was of a client that was closed meanwhile, perhaps another one than the caller's.
            if not flight.cancelled() and not isinstance(flight.exception(), ClientStateError):
                return _outcome(flight)

    def _begin(self, caller: Caller) -> asyncio.Task[SigningKeys]:
        for left in [loop for loop in self._flights if loop.is_closed()]:
            del self._flights[left]  # closed under a fetch, which can say no more that it has ended
        flight = caller.session.spawn(self._fetch(caller))
        flight.add_done_callback(self._landed)
        self._flights[asyncio.get_running_loop()] = flight
        return flight

    def _landed(self, flight: asyncio.Task[SigningKeys]) -> None:
        if not flight.cancelled():
            flight.exception()  # tells asyncio that it was seen, although every waiter may have gone
        with self._lock:
            if self._flights.get(flight.get_loop()) is flight:
                del self._flights[flight.get_loop()]

    async def _fetch(self, caller: Caller) -> SigningKeys:
        try:
            keys = _keys_of(await caller.call(list_secrets.OPERATION, PLAIN), caller)
        except ClientStateError:
            raise
        except CallError as error:
            with self._lock:
                self._failure, self._failed_at = copy.copy(error), self._clock.monotonic()
            raise
        with self._lock:
            self._keys, self._fetched_at, self._failure = keys, self._clock.monotonic(), None
        return keys


def _too_late(caller: Caller) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"took longer than its deadline of {caller.options.deadline:.3g} s (in: attempt)",
        wait=None,
        cause="attempt",
        operation=list_secrets.OPERATION.name,
        account=caller.account,
        advice="Give it more time with deadline=, or try again later.",
    )


def _outcome(flight: asyncio.Task[SigningKeys]) -> SigningKeys:
    error = flight.exception()
    if isinstance(error, CallError):
        raise _again(error)
    return flight.result()


def _again(error: CallError) -> CallError:
    """The same error for one of several waiters; each has a traceback of its own."""
    found = copy.copy(error)
    found.__cause__ = error.__cause__
    return found


def _keys_of(secrets: list[WebhookSecret], caller: Caller) -> SigningKeys:
    """A key for each secret that is one; whatever its status, Brex gives it because it may have signed with it."""
    keys: list[bytes] = []
    for secret in secrets:
        with suppress(InvalidArgument):  # of a kind yet to come; the others may do
            keys.append(signing_key(secret.secret, "secret"))
    if secrets and not keys:
        summary = "answered 200 with secrets none of which can be used"
        raise UnreadableAnswer(
            summary,
            path="$[0].secret",
            reason="expected base64 of a key of 16 bytes at least",
            operation=list_secrets.OPERATION.name,
            account=caller.account,
            attempts=1,
            status_code=200,
            advice="Brex signs in another way than this version knows; look for a newer one.",
        )
    return SigningKeys(keys)


__all__ = ["WebhookSecrets"]
