"""What clients of one process share: for each account its limiter and retry budget, and the TLS context.

This is the only state of the package outside of clients. Brex counts its limit for each pair of client id and account,
whatever client objects there are, so two of them with the same pair have to share a limiter.
"""

from __future__ import annotations

import math
import os
import ssl
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable
from random import Random
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

from attrs import frozen

from ..clock import Clock, SystemClock
from ..errors import InvalidArgument
from .limiter import Limiter
from .refusals import Refusals
from .retry import RetryPolicy
from .retry_budget import RetryBudget
from .settings import default_ssl_context
from .window import RateLimit

T = TypeVar("T")

_KEPT_SECONDS = 180.0
"""How long an account that no client holds is remembered at least."""

_NOTED_SECONDS = 1.0
"""How exactly that is measured."""

_REFILL_PER_SECOND = 1.0
_REFILL_PER_SUCCESS = 0.2


@frozen
class AccountKey:
    """What Brex counts requests for.

    Attributes:
        host: Scheme, host and port; another one counts by itself.
        client_id: The OAuth client, None for user tokens.
        account: The account label, or a fingerprint of the user token where there is none.
    """

    host: str
    client_id: str | None
    account: str


class Account:
    """What all clients of one account share."""

    def __init__(self, clock: Clock, rate_limit: RateLimit | None, retry: RetryPolicy) -> None:
        self._clock = clock
        self._rate_limit = rate_limit
        self.limiter: Limiter | None = None if rate_limit is None else Limiter(rate_limit, clock)
        self.budget: RetryBudget = RetryBudget(retry.budget, _REFILL_PER_SECOND, _REFILL_PER_SUCCESS, clock)
        self.refusals: Refusals = Refusals(clock)
        self.unknown_seen: set[tuple[str, str]] = set()
        self._parts: dict[type[Any], Any] = {}
        self.noted: float = -math.inf
        """When the runtime last noted that the account is in use."""

    def part(self, kind: type[T], make: Callable[[], T]) -> T:
        """What another module keeps for the account.

        Args:
            kind: Its class; there is one of each.
            make: Makes it at its first use.
        """
        found = self._parts.get(kind)
        if found is None:
            found = self._parts.setdefault(kind, make())  # at once, whichever thread comes first
        return cast("T", found)

    def restrict(self, rate_limit: RateLimit) -> None:
        """Follow this limit too: the one in force stays unless this one allows fewer requests in the same time."""
        old = self._rate_limit
        if self.limiter is None or old is None:
            self.limiter = Limiter(rate_limit, self._clock)
        elif rate_limit.capacity * old.seconds >= old.capacity * rate_limit.seconds:
            return
        else:
            self.limiter.configure(rate_limit)
        self._rate_limit = rate_limit

    def is_idle(self) -> bool:
        """Whether a new account would behave the same."""
        return (self.limiter is None or self.limiter.is_idle()) and self.budget.is_full()


class Runtime:
    """Shared state, and the sources of time and randomness.

    Args:
        clock: The time; the system's by default.
        random: Draws the back-off; seeded by the system by default.
        idempotency_key: Makes the key of a call that writes; by default a random UUID from the system, never from
            ``random``: two processes forked from one would draw the same keys, and Brex ignores what it takes for a
            repetition.

    Clients share the runtime of the process unless they are given another one.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        idempotency_key: Callable[[], str] | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.random: Random = random or Random()  # noqa: S311 - jitter is no secret
        self.idempotency_key: Callable[[], str] = idempotency_key or _uuid
        self._lock = threading.Lock()
        self._accounts: WeakValueDictionary[AccountKey, Account] = WeakValueDictionary()
        # Holds accounts that were used a short while ago, in that order, whether or not a client is left.
        self._recent: OrderedDict[AccountKey, tuple[float, Account]] = OrderedDict()
        self._shared: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
        self._kept: set[object] = set()
        self._ssl_contexts: dict[tuple[str | None, str | None], ssl.SSLContext] = {}

    def account(self, key: AccountKey, rate_limit: RateLimit | None, retry: RetryPolicy | None) -> Account:
        """The shared state of an account, made at its first use.

        Where clients of one account disagree on limit or budget, the strictest is followed, whoever came last.
        """
        with self._lock:
            found = self._accounts.get(key)
            if found is None:
                found = self._accounts[key] = Account(self.clock, rate_limit, retry or RetryPolicy())
            elif rate_limit is not None:
                found.restrict(rate_limit)
            if retry is not None and retry.budget < found.budget.capacity:
                found.budget.resize(retry.budget)
        self.used(key, found)
        return found

    def used(self, key: AccountKey, account: Account) -> None:
        """Note that an account is in use, so that it outlives its clients by more than Brex's window."""
        now = self.clock.monotonic()
        if now - account.noted < _NOTED_SECONDS:
            return
        account.noted = now
        with self._lock:
            self._recent[key] = (now, account)
            self._recent.move_to_end(key)
            while self._recent:
                oldest, (when, held) = next(iter(self._recent.items()))
                if when > now - _KEPT_SECONDS:
                    break
                if held.is_idle():
                    del self._recent[oldest]
                else:  # somebody agreed on a longer window, or Brex on a longer pause
                    self._recent[oldest] = (now, held)
                    self._recent.move_to_end(oldest)

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """What clients share under a key, for as long as one of them holds it.

        Args:
            key: Tells it apart from everything else.
            make: Makes it at its first use.
        """
        with self._lock:
            found = self._shared.get(key)
            if found is None:
                found = self._shared[key] = make()
            return found

    def keep(self, shared: object) -> None:
        """Hold on to something that clients share although none of them may be left."""
        with self._lock:
            self._kept.add(shared)

    def let_go(self, shared: object) -> None:
        """The opposite of ``keep``."""
        with self._lock:
            self._kept.discard(shared)

    def ssl_context(self) -> ssl.SSLContext:
        """The default TLS context; making one takes longer than everything else about a client."""
        named = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
        with self._lock:
            if named not in self._ssl_contexts:
                self._ssl_contexts[named] = default_ssl_context()
            return self._ssl_contexts[named]


def _uuid() -> str:
    return str(uuid.uuid4())


def checked_runtime(runtime: object) -> Runtime:
    """A runtime, as it is passed.

    Raises:
        InvalidArgument: It is none.
    """
    if isinstance(runtime, Runtime):
        return runtime
    message = "runtime: expected a Runtime, or None for the one of the process"
    raise InvalidArgument(message)


_default: Runtime | None = None
_default_lock = threading.Lock()


def default_runtime() -> Runtime:
    """The runtime of this process."""
    global _default  # noqa: PLW0603 - the one piece of state at module level
    with _default_lock:
        if _default is None:
            _default = Runtime()
        return _default


__all__ = ["Account", "AccountKey", "Runtime", "checked_runtime", "default_runtime"]
