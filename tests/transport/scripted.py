"""A transport that plays a script: what it answers to each request, when, and how it breaks down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from random import Random
from typing import Any, TypeVar

import attrs
import httpx
import pytest

from brex_accounting import Brex, Runtime
from tests import virtual, wire

T = TypeVar("T")

COMPANY = {"id": "cmp_1", "legal_name": "Paper & Co", "mailing_address": {}, "accountType": "BREX_CLASSIC"}
INTEGRATION = {
    "integration_id": "int_1",
    "vendor": "ERP_A",
    "vendor_account_id": "42",
    "status": "ACTIVE",
    "created_at": "2025-11-01T00:00:00Z",
}
SUBSCRIPTION = {"id": "wh_1", "url": "https://erp.example.com/hook", "event_types": [], "status": "ACTIVE"}


# ---- steps ----------------------------------------------------------------------------------------------------------


def _headers(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(pairs.items() if isinstance(pairs, Mapping) else pairs)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else wire.dumps(body)


@attrs.frozen
class Answer:
    """A whole answer; a body that is not bytes is written as JSON."""

    status: int = 200
    body: bytes = attrs.field(default=b"", converter=_bytes)
    headers: list[tuple[str, str]] = attrs.field(factory=list, converter=_headers, kw_only=True)
    after: float = attrs.field(default=0.0, kw_only=True)

    async def parts(self) -> AsyncIterator[bytes]:
        if self.body:
            yield self.body


@attrs.frozen
class Cut(Answer):
    """An answer whose body breaks off: first the bytes given, then an error of httpx's."""

    error: Exception = attrs.field(factory=lambda: httpx.ReadError("reset"), kw_only=True)

    async def parts(self) -> AsyncIterator[bytes]:
        yield self.body
        raise self.error


@attrs.frozen
class Drip(Answer):
    """An answer whose body comes a byte at a time."""

    pause: float = attrs.field(default=0.05, kw_only=True)

    async def parts(self) -> AsyncIterator[bytes]:
        for place in range(len(self.body)):
            await asyncio.sleep(self.pause)
            yield self.body[place : place + 1]


@attrs.frozen
class Raise:
    """No answer: an error in its place."""

    error: BaseException
    after: float = 0.0


@attrs.frozen
class Hang:
    """No answer, ever."""


Step = Answer | Raise | Hang

not_sent = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError]
too_late = [httpx.ReadTimeout, httpx.WriteTimeout, TimeoutError]
lost = [httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError, ConnectionResetError]


# ---- what was asked -------------------------------------------------------------------------------------------------


@attrs.define
class Sent:
    """A request as the transport got it, and when its answer was closed."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    content: bytes
    at: float
    timeout: dict[str, float]
    closed_at: float | None = None

    @property
    def key(self) -> str | None:
        return self.headers.get("Idempotency-Key")

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")


class _Body(httpx.AsyncByteStream):
    """The body of one answer, which remembers when it was closed."""

    def __init__(self, step: Answer, sent: Sent) -> None:
        self._step = step
        self._sent = sent

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._step.parts():
            yield part

    async def aclose(self) -> None:
        self._sent.closed_at = asyncio.get_running_loop().time()


class Script(httpx.AsyncBaseTransport):
    """Plays one step for each request, and fails a test whose client asks more often or leaves an answer open.

    Args:
        steps: What happens to each request in turn, or a function of the request.
        one_by_one: Whether each answer has to be closed before the next request is sent.
    """

    def __init__(self, *steps: Step | Callable[[httpx.Request], Step], one_by_one: bool = True) -> None:
        self._answer = steps[0] if len(steps) == 1 and callable(steps[0]) else None
        self._steps = list(steps)
        self._one_by_one = one_by_one
        self.sent: list[Sent] = []

    @property
    def times(self) -> list[float]:
        return [sent.at for sent in self.sent]

    @property
    def waits(self) -> list[float]:
        """Seconds between the end of one answer and the next request."""
        ends = [sent.closed_at if sent.closed_at is not None else sent.at for sent in self.sent]
        return [sent.at - end for sent, end in zip(self.sent[1:], ends, strict=False)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        now = asyncio.get_running_loop().time()
        if self._one_by_one and any(sent.closed_at is None for sent in self.sent):
            message = "an answer is still open while the next request is sent"
            raise AssertionError(message)
        timeout = request.extensions["timeout"]
        sent = Sent(request.method, request.url, request.headers, await request.aread(), now, timeout)
        self.sent.append(sent)
        step = self._next(request)
        try:
            response = await self._play(step, sent)
        except BaseException:  # a request that is cancelled is over as well
            sent.closed_at = asyncio.get_running_loop().time()
            raise
        return response

    async def _play(self, step: Step, sent: Sent) -> httpx.Response:
        match step:
            case Answer():
                await asyncio.sleep(step.after)
                return httpx.Response(step.status, headers=step.headers, stream=_Body(step, sent))
            case Raise():
                await asyncio.sleep(step.after)
                raise step.error
            case _:
                return await asyncio.get_running_loop().create_future()

    def _next(self, request: httpx.Request) -> Step:
        if self._answer is not None:
            return self._answer(request)
        if len(self.sent) > len(self._steps):
            message = f"request {len(self.sent)} has no step in the script"
            raise AssertionError(message)
        return self._steps[len(self.sent) - 1]


# ---- clients --------------------------------------------------------------------------------------------------------


class Tokens:
    """A token source with a list of tokens, of which each refusal uses one up."""

    client_id = "client_1"

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.refusals: list[str] = []

    def token_at_hand(self) -> str | None:
        return None

    async def access_token(self) -> str:
        return self.tokens[0]

    async def refused(self, token: str) -> bool:
        self.refusals.append(token)
        if self.tokens[0] == token and len(self.tokens) > 1:
            del self.tokens[0]
        return self.tokens[0] != token


class Extreme(Random):
    """Draws nothing but one number."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self.drawn = drawn

    def random(self) -> float:
        return self.drawn


def runtime(**changes: Any) -> Runtime:
    """Virtual time, and the same draws in each run."""
    return Runtime(**{"clock": virtual.VirtualClock(), "random": Random(0), **changes})


def client(transport: httpx.AsyncBaseTransport, credentials: Any = "bxt_token", **options: Any) -> Brex:
    """A client on a transport and on virtual time."""
    return Brex(credentials, transport=transport, **{"runtime": runtime(), **options})


def play(
    transport: httpx.AsyncBaseTransport,
    ask: Callable[[Brex], Coroutine[Any, Any, T]],
    credentials: Any = "bxt_token",
    **options: Any,
) -> T:
    """Make a client, ask it once on a virtual loop, and close it."""

    async def main() -> T:
        async with client(transport, credentials, **options) as brex:
            return await ask(brex)

    return virtual.run(main())


# ---- one call for each method ---------------------------------------------------------------------------------------


@attrs.frozen
class Method:
    """A public call that sends one HTTP method.

    Attributes:
        name: The method in capitals.
        ask: Makes the call; takes the client, and an idempotency key if the method carries one.
        answer: A body with which it succeeds.
        operation: What errors call it.
    """

    name: str
    ask: Callable[..., Coroutine[Any, Any, Any]]
    answer: Any
    operation: str

    @property
    def has_key(self) -> bool:
        return self.name in ("POST", "PUT")


def _get(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.company.get()


def _post(brex: Brex, **key: Any) -> Coroutine[Any, Any, Any]:
    return brex.integrations.create(vendor="ERP_A", vendor_account_id="42", **key)


def _put(brex: Brex, **key: Any) -> Coroutine[Any, Any, Any]:
    return brex.webhooks.update(
        "wh_1",
        url="https://erp.example.com/hook",
        event_types=["ACCOUNTING_RECORD_READY_FOR_EXPORT"],
        status="ACTIVE",
        **key,
    )


def _delete(brex: Brex) -> Coroutine[Any, Any, Any]:
    return brex.webhooks.delete("wh_1")


GET = Method("GET", _get, COMPANY, "GET /v2/company")
POST = Method("POST", _post, INTEGRATION, "POST /v3/accounting/integration")
PUT = Method("PUT", _put, SUBSCRIPTION, "PUT /v1/webhooks/{id}")
DELETE = Method("DELETE", _delete, b"", "DELETE /v1/webhooks/{id}")
METHODS = (GET, POST, PUT, DELETE)

by_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
