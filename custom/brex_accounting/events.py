"""What a client tells about itself while it works: to a hook of the caller's, and to the log.

Events are small and frozen, and hold nothing but what an allow-list permits: operations, account labels, ids, codes,
enum values, JSON paths, numbers. No token, URL, body, name or memo can be in one. The logger has the name of the
package that this copy lives in, and logs the same facts.
"""

from __future__ import annotations

import inspect
import logging
import re
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, Literal, TypeVar

from attrs import frozen

from .errors import InvalidArgument, ReauthorizationCause

Hook = TypeVar("Hook", bound=Callable[..., Any])

logger: logging.Logger = logging.getLogger(__name__.rpartition(".")[0])

WaitCause = Literal["rate limit", "back-off", "retry-after"]
"""Why a call waits: its turn within Brex's rate limit, time between two attempts, or what Brex asked for."""

Outcome = Literal["answered", "not sent", "answer lost", "timed out", "cancelled", "error"]
"""How an attempt ended, whatever the status of the answer; ``error`` is one of programming."""

_NAME = re.compile(r"[A-Za-z0-9_.\[\]$-]{1,200}", re.ASCII)


@frozen(kw_only=True)
class Event:
    """What all events say.

    Attributes:
        operation: Method and path template, such as ``GET /v3/accounting/records``.
        account: The account label of the client, None where it has none.
    """

    level: ClassVar[int] = logging.DEBUG

    operation: str
    account: str | None

    def text(self) -> str:
        """The event as one line for a log."""
        return f"{self.operation}{'' if self.account is None else f' [{self.account}]'}: {self._what()}"

    def _what(self) -> str:
        raise NotImplementedError


@frozen(kw_only=True)
class CallStarted(Event):
    """A call begins; ``call`` numbers the calls of a client and is in all events of one call."""

    call: int

    def _what(self) -> str:
        return f"call {self.call} begins"


@frozen(kw_only=True)
class AttemptEnded(Event):
    """A request was sent, or could not be.

    Attributes:
        call: The number of the call.
        attempt: Which attempt of the call, from 1.
        outcome: How it ended.
        status_code: The status of the answer, None without one.
        trace_id: Its ``X-Brex-Trace-Id``, None without one.
        seconds: From the start of the send to the end of the body.
    """

    call: int
    attempt: int
    outcome: Outcome
    status_code: int | None
    trace_id: str | None
    seconds: float

    def _what(self) -> str:
        status = "" if self.status_code is None else f" {self.status_code}"
        trace = "" if self.trace_id is None else f" (trace {self.trace_id})"
        return f"call {self.call}, attempt {self.attempt} {self.outcome}{status} in {self.seconds:.3f} s{trace}"


@frozen(kw_only=True)
class Waiting(Event):
    """A call is about to wait.

    Attributes:
        call: The number of the call.
        cause: Why.
        seconds: How long; for the rate limit the least that it can be.
    """

    level: ClassVar[int] = logging.INFO

    call: int
    cause: WaitCause
    seconds: float

    def _what(self) -> str:
        return f"call {self.call} waits {self.seconds:.3f} s ({self.cause})"


@frozen(kw_only=True)
class CallEnded(Event):
    """A call ended.

    Attributes:
        call: The number of the call.
        error: The name of the error's class, None for success.
        error_code: Brex's error code, None without one.
        attempts: How many attempts it took.
        seconds: From the first wait to the model or error.
    """

    call: int
    error: str | None
    error_code: str | None
    attempts: int
    seconds: float

    def _what(self) -> str:
        code = "" if self.error_code is None else f" {self.error_code}"
        result = "succeeded" if self.error is None else f"raised {self.error}{code}"
        return f"call {self.call} {result} after {self.attempts} attempts, {self.seconds:.3f} s"


@frozen(kw_only=True)
class PageReached(Event):
    """The reader of a stream has come to a page.

    Attributes:
        items: How many records the page holds.
        bad_records: How many of its records could not be read and were left out.
    """

    items: int
    bad_records: int

    def _what(self) -> str:
        bad = f", {self.bad_records} records cannot be read" if self.bad_records else ""
        return f"page of {self.items}{bad}"


@frozen(kw_only=True)
class UnknownSeen(Event):
    """Brex sent a field or an enum value that its document does not list; told once for each account.

    Attributes:
        kind: ``field`` or ``enum value``.
        name: The field's JSON path, or the enum class and the value, as in ``AccountingRecordType.NEW_TYPE``.
    """

    level: ClassVar[int] = logging.INFO

    kind: Literal["field", "enum value"]
    name: str

    def _what(self) -> str:
        return f"unknown {self.kind} {self.name}"


@frozen(kw_only=True)
class TokensRefreshed(Event):
    """New tokens are stored and in use.

    Attributes:
        seconds: How long the access token lasts.
        rotated: Whether a new refresh token came with it.
        recovered: Whether this brought to its end a refresh that somebody else had begun and not finished.
    """

    level: ClassVar[int] = logging.INFO

    seconds: float
    rotated: bool
    recovered: bool

    def _what(self) -> str:
        rotated = ", with a new refresh token" if self.rotated else ""
        recovered = ", after a refresh that was broken off" if self.recovered else ""
        return f"refreshed{rotated}{recovered}; the access token lasts {self.seconds:.0f} s"


@frozen(kw_only=True)
class RefreshDelayed(Event):
    """There are no new tokens yet; it is tried again.

    Attributes:
        error: The name of the error's class.
        error_code: OAuth's error code, None without one.
        seconds: When the next attempt may be made.
    """

    level: ClassVar[int] = logging.WARNING

    error: str
    error_code: str | None
    seconds: float

    def _what(self) -> str:
        code = "" if self.error_code is None else f" {self.error_code}"
        return f"no new tokens: {self.error}{code}; the next attempt may be made in {self.seconds:.0f} s"


@frozen(kw_only=True)
class ReauthorizationNeeded(Event):
    """The customer has to consent again; told once, by whoever found out.

    Attributes:
        cause: As on ``ReauthorizationRequired``.
    """

    level: ClassVar[int] = logging.ERROR

    cause: ReauthorizationCause

    def _what(self) -> str:
        return f"the customer has to consent again ({self.cause})"


@frozen(kw_only=True)
class GrantAging(Event):
    """A grant or its refresh token comes near the 90 days after which Brex may refuse it.

    Attributes:
        what: ``grant`` since the consent, ``refresh token`` since it came.
        days: How old it is.
    """

    level: ClassVar[int] = logging.WARNING

    what: Literal["grant", "refresh token"]
    days: float

    def _what(self) -> str:
        return f"the {self.what} is {self.days:.0f} days old; Brex may refuse it after 90"


OnEvent = Callable[[Event], object]
"""A plain function that takes each event at once, in the event loop: quick, and never a coroutine function."""


class Observer:
    """Hands events to the caller's hook and to the log, and lets neither disturb a call."""

    def __init__(self, on_event: OnEvent | None) -> None:
        self._on_event = checked_hook(on_event, "on_event")

    def wants(self, level: int) -> bool:
        """Whether an event of this level would reach anybody; saves making it."""
        return self._on_event is not None or logger.isEnabledFor(level)

    def tell(self, event: Event) -> None:
        """Deliver an event."""
        try:
            if logger.isEnabledFor(event.level):
                logger.log(event.level, "%s", event.text())
            if self._on_event is not None:
                self._on_event(event)
        # A CancelledError is the hook's own here, since nothing was awaited: it must not look like the caller's.
        except (Exception, CancelledError, GeneratorExit):
            with suppress(Exception):  # a log that raises is the log's
                logger.exception("%s: on_event raised; the call goes on", event.text())


def checked_hook(hook: Hook | None, name: str) -> Hook | None:
    """A hook that is called and not awaited.

    Raises:
        InvalidArgument: It cannot be called, or would have to be awaited.
    """
    if hook is None or _is_plain(hook):
        return hook
    message = f"{name}: expected a plain function that takes one argument; start tasks from it if you must wait"
    raise InvalidArgument(message)


def _is_plain(hook: object) -> bool:
    called = getattr(hook, "__call__", None)  # noqa: B004 - an object may be called like a coroutine function too
    return called is not None and not (inspect.iscoroutinefunction(hook) or inspect.iscoroutinefunction(called))


def printable_name(name: str) -> str | None:
    """A name that came over the wire, if it looks like one; anything else may be somebody's data."""
    return name if _NAME.fullmatch(name) else None


__all__ = [
    "AttemptEnded",
    "CallEnded",
    "CallStarted",
    "Event",
    "GrantAging",
    "Observer",
    "OnEvent",
    "Outcome",
    "PageReached",
    "ReauthorizationNeeded",
    "RefreshDelayed",
    "TokensRefreshed",
    "UnknownSeen",
    "WaitCause",
    "Waiting",
    "checked_hook",
    "logger",
    "printable_name",
]
