"""A call from the outside in: deadline, logical call, attempts, limiter, token, send and read, model or error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random
from typing import Any, ParamSpec, TypeVar

from attrs import field, frozen

from brex_accounting_client import InvalidInput, Operation, note_unknown_values
from brex_accounting_client.types import OnBadRecord

from ..checks import header, seconds
from ..clock import Clock
from ..errors import InvalidArgument
from ..events import Observer
from .attempts import Attempts
from .call import Call
from .http import Response
from .mapping import read_answer
from .retry import ONCE, RetryPolicy
from .runtime import AccountKey, Runtime
from .session import Session
from .token_source import SharedTokenSource, TokenSource
from .unknown import Watch
from .window import RateLimit

P = ParamSpec("P")
T = TypeVar("T")

_LONGEST_KEY = 255


def _seconds(_: object, attribute: Any, value: Any) -> None:
    seconds(value, attribute.name)


def _retry(_: object, __: object, value: Any) -> None:
    if value is not None and not isinstance(value, RetryPolicy):
        message = "retry: expected a RetryPolicy, or None for no retries"
        raise InvalidArgument(message)


@frozen(kw_only=True)
class CallOptions:
    """How long calls may take and how often they are tried.

    Attributes:
        timeout: Seconds for one attempt, its whole body included.
        deadline: Seconds for a call: its turn at the limiter, its token, all attempts, and the waits in between.
        retry: How often, None for once.
    """

    timeout: float = field(default=30.0, validator=_seconds)
    deadline: float = field(default=600.0, validator=_seconds)
    retry: RetryPolicy | None = field(factory=RetryPolicy, validator=_retry)


@frozen(kw_only=True)
class Ask:
    """What a caller may say about one call besides the operation's own arguments.

    Attributes:
        idempotency_key: The key of a call that writes; None makes one.
        on_bad_record: What to do with a page some of whose records cannot be read.
    """

    idempotency_key: str | None = None
    on_bad_record: OnBadRecord = "raise"


PLAIN = Ask()


class Caller:
    """Makes the calls of one view of a client: one account, one set of options.

    Args:
        session: The open connections, shared by all views.
        runtime: What the process shares.
        tokens: Where this account's tokens come from.
        key: What Brex counts this account's requests for.
        account: Its label, None where it has none.
        rate_limit: The account's limit, None for no limiter.
        options: How long, and how often.
        observer: Who is told.
    """

    def __init__(
        self,
        *,
        session: Session,
        runtime: Runtime,
        tokens: TokenSource,
        key: AccountKey,
        account: str | None,
        rate_limit: RateLimit | None,
        options: CallOptions,
        observer: Observer,
    ) -> None:
        self.session = session
        self.account = account
        self.observer = observer
        self.options = options
        self._runtime = runtime
        self._tokens = tokens
        self._key = key
        self._rate_limit = rate_limit
        if isinstance(tokens, SharedTokenSource):
            session.look_after(tokens)
        self._shared = runtime.account(key, rate_limit, options.retry)
        self._attempts = Attempts(
            session=session,
            runtime=runtime,
            shared=self._shared,
            limiter=None if rate_limit is None else self._shared.limiter,
            tokens=tokens,
            policy=options.retry or ONCE,
            timeout=options.timeout,
            places=session.places(key),
        )

    def with_options(self, options: CallOptions, observer: Observer) -> Caller:
        """The same account with other options."""
        return Caller(
            session=self.session,
            runtime=self._runtime,
            # Whoever listens to this view hears of its refreshes, too.
            tokens=(
                self._tokens.named(self.account, observer)
                if self.account is not None and isinstance(self._tokens, SharedTokenSource)
                else self._tokens
            ),
            key=self._key,
            account=self.account,
            rate_limit=self._rate_limit,
            options=options,
            observer=observer,
        )

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        return self._runtime.clock

    @property
    def random(self) -> Random:
        """What draws the back-off."""
        return self._runtime.random

    def part(self, kind: type[T], make: Callable[[], T]) -> T:
        """What a resource keeps for the account, shared by all clients of it: one object of each class."""
        return self._shared.part(kind, make)

    def idempotency_key(self, given: str | None) -> str:
        """The key that the caller gave, or a new one.

        Raises:
            InvalidArgument: It cannot be sent.
        """
        if given is None:
            return self._runtime.idempotency_key()
        if len(header(given, "idempotency_key")) > _LONGEST_KEY:
            message = f"idempotency_key: expected at most {_LONGEST_KEY} characters"
            raise InvalidArgument(message)
        return given

    async def call(self, operation: Operation[P, T], ask: Ask, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask Brex for something.

        Args:
            operation: What to ask.
            ask: The idempotency key and the choice about bad records.
            *args: The operation's own arguments.
            **kwargs: The same.

        Raises:
            InvalidArgument: An argument cannot be sent.
            ClientStateError: The client is not open here.
            CallError: The call did not succeed.
        """
        self.session.check()
        request = self._request(operation, ask, *args, **kwargs)
        now = self._runtime.clock.monotonic()
        self._runtime.used(self._key, self._shared)
        call = Call(
            number=self.session.next_call(),
            operation=operation.name,
            method=operation.method,
            account=self.account,
            started=now,
            deadline=now + self.options.deadline,
            observer=self.observer,
        )
        call.begin()
        raised: BaseException | None = None
        try:
            response = await self._attempts.run(call, operation, request)
            return self._read(operation, ask, call, response)
        except BaseException as error:
            raised = error
            raise
        finally:
            call.end(raised, now=self._runtime.clock.monotonic())
            call.last = None
            del raised

    def _request(self, operation: Operation[P, T], ask: Ask, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        try:
            request = operation.request(*args, **kwargs)
        except InvalidInput as refused:
            message = str(refused)
        except UnicodeEncodeError:
            message = f"{operation.name}: an argument holds half of a surrogate pair, which cannot be sent"
        else:
            if operation.method in ("POST", "PUT"):
                request["headers"]["Idempotency-Key"] = self.idempotency_key(ask.idempotency_key)
            return request
        raise InvalidArgument(message)

    def _read(self, operation: Operation[..., T], ask: Ask, call: Call, response: Response) -> T:
        now = self._runtime.clock.now()
        if not self.observer.wants(logging.INFO):
            return read_answer(operation, response, call, on_bad_record=ask.on_bad_record, now=now)
        watch = Watch(operation, account=self.account, shared=self._shared, observer=self.observer)
        with note_unknown_values() as values:
            try:
                answer = read_answer(operation, response, call, on_bad_record=ask.on_bad_record, now=now)
            finally:
                watch.values(values)
        watch.fields(answer, response.content)
        return answer


__all__ = ["PLAIN", "Ask", "CallOptions", "Caller"]
