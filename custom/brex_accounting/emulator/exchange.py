"""The order of an exchange: whose it is, what faults strike it, what it does, what goes back, what is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import attrs
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import Answer, Dialect, Refusal
from .effects import Channel, Delivery, Disconnected, carry_out, decisive, send_answer
from .fault_plan import Firing
from .faults import EFFECTS, Phase
from .journal import Exchange, Journal, masked
from .tenant import Tenant
from .wire import wire_of
from .world import World

MOST_BYTES: Final = 10 * 2**20
"""The longest body that is read."""


@attrs.frozen
class Received:
    """A request with its body.

    Args:
        method: In capitals.
        arguments: The path's parameters, decoded.
        path: Decoded.
        query: The query's pairs, decoded.
        headers: Names in lower case.
        target: Path and query as they came.
        body: All of it.
    """

    method: str
    arguments: Mapping[str, str]
    path: str = attrs.field(repr=False)
    query: Sequence[tuple[str, str]] = attrs.field(repr=False)
    headers: Sequence[tuple[str, str]] = attrs.field(repr=False)
    target: str = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    def header(self, name: str) -> str | None:
        """The first header of a name, or None."""
        return next((value for key, value in self.headers if key == name), None)


@attrs.frozen
class Subject:
    """What an exchange is about, before it is carried out.

    Args:
        operation: What is called, or None where there is no such path or method: no fault strikes that.
        tenant: Whose it is, or None.
        client: Who sends it, without secrets.
        request: Its body as the journal may keep it.
        act: Carries it out; gives the answer.
        expire: Lets the access token expire that came with it, if one did.
        dialect: Whose words errors are written in.
        proven: Whether the request proves who sends it.
        target: Path and query as the journal may keep them; None: as they came.
    """

    operation: str | None
    tenant: Tenant | None
    client: str
    request: str
    act: Callable[[], Answer] = attrs.field(repr=False)
    expire: Callable[[], None] | None = attrs.field(default=None, repr=False)
    dialect: Dialect = "classic"
    proven: bool = False
    target: str | None = None


class Exchanges:
    """Carries out exchanges.

    Args:
        world: Whose state they are about.
        sleep: Lets real time pass, for faults that do.
    """

    def __init__(self, world: World, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._world = world
        self._sleep = sleep
        self.closing: asyncio.Event = asyncio.Event()
        """Set when the server stops: whatever hangs ends."""

    def endpoint(self, subject: Callable[[Received], Subject]) -> ASGIApp:
        """An ASGI application for one path.

        Args:
            subject: Says what a request is about.
        """
        return _Endpoint(self, subject)

    async def carry_out(
        self, subject: Callable[[Received], Subject], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Read one request, let it take effect, answer it and note it, as the tenant's faults have it.

        Args:
            subject: Says what the request is about.
            scope: Of the ASGI server.
            receive: Of the ASGI server.
            send: Of the ASGI server.

        Raises:
            Disconnected: A fault ended the connection, and there is none.
        """
        trace_id = self._world.new_trace_id()
        send = _traced(send, trace_id)
        try:
            received = await _receive_request(scope, receive)
        except ClientDisconnect:
            return
        if received is None:
            await send_answer(Answer(413, b"", ()), send)
            return
        about = subject(received)
        tenant = about.tenant
        now = self._world.now() if tenant is None else tenant.now()
        journal = self._world.strays if tenant is None else tenant.journal
        entry = _opened(journal, received, about, trace_id, now)
        firings: Sequence[Firing] = ()
        if tenant is not None and about.operation is not None:
            firings = tenant.faults.fire(about.operation, now)
            entry.faults = [{"id": firing.id, "effect": firing.fault.effect} for firing in firings]
        wire = wire_of(scope)
        if tenant is not None and about.operation is not None and about.proven:
            tenant.history.begin(
                entry.number,
                client=about.client,
                operation=about.operation,
                at=now,
                alive=lambda: wire is None or not wire.lost,
            )
        channel = Channel(send, receive, wire, self.closing, self._sleep)
        handle = partial(_handle, entry, about, firings, 0 if tenant is None else tenant.generation)
        history = None if tenant is None else tenant.history
        try:
            if _expires(firings, "before") and about.expire is not None:
                about.expire()
            delivery = await carry_out(firings, handle, channel, dialect=about.dialect)
            _close(entry, delivery, gone=wire is not None and wire.lost)
            if history is not None and entry.ended == "answered" and delivery.sent is not None:
                history.fetched.update(delivery.sent.records)
        except Disconnected as gone:
            _close(entry, gone.delivery, gone=True)
            raise
        finally:
            if history is not None:
                history.end(entry.number)
            if entry.ended == "under way":
                entry.ended = "dropped"


class _Endpoint:
    """An ASGI application; Starlette would take a plain function for one that is given a request."""

    def __init__(self, exchanges: Exchanges, subject: Callable[[Received], Subject]) -> None:
        self._exchanges = exchanges
        self._subject = subject

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._exchanges.carry_out(self._subject, scope, receive, send)


async def _receive_request(scope: Scope, receive: Receive) -> Received | None:
    """Read a request whole; None where it is too long."""
    request = Request(scope, receive)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            return None
    query = scope["query_string"].decode("latin-1")
    return Received(
        method=request.method,
        arguments=dict(request.path_params),
        path=scope["path"],
        query=request.query_params.multi_items(),
        headers=[(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]],
        target=scope["path"] + (f"?{query}" if query else ""),
        body=bytes(body),
    )


async def _handle(entry: Exchange, about: Subject, firings: Sequence[Firing], generation: int) -> Answer:
    if about.tenant is not None and about.tenant.generation != generation:
        # It comes from before a reset, and must not change what has begun anew.
        refusal = Refusal(503, "INTERNAL_ERROR", "the tenant was reset meanwhile", listed=False)
        return refusal.answer(about.dialect)
    answer = about.act()
    entry.committed = answer.committed  # noted at once: a fault may follow that nobody survives to note
    if _expires(firings, "after") and about.expire is not None:
        about.expire()
    return answer


def _expires(firings: Sequence[Firing], phase: Phase) -> bool:
    firing = decisive(firings, phase)
    return firing is not None and firing.fault.effect == "expired_token"


def _opened(journal: Journal, received: Received, about: Subject, trace_id: str, now: datetime) -> Exchange:
    return journal.open(
        at=now,
        operation=about.operation,
        method=received.method,
        path=masked(received.target if about.target is None else about.target),
        client=about.client,
        idempotency_key=received.header("idempotency-key"),
        request=about.request,
        trace_id=trace_id,
    )


def _close(entry: Exchange, delivery: Delivery, *, gone: bool) -> None:
    sent = delivery.sent
    if sent is not None:
        entry.answered(sent.status, sent.body)
    disrupted = delivery.firing is not None and EFFECTS[delivery.firing.fault.effect].network
    entry.ended = "dropped" if sent is None else "cut off" if disrupted or gone else "answered"


def _traced(send: Send, trace_id: str) -> Send:
    async def traced(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-brex-trace-id", trace_id.encode())]}
        await send(message)

    return traced


__all__ = ["MOST_BYTES", "Exchanges", "Received", "Subject"]
