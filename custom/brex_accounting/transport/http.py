"""The seam on httpx for calls: connections to Brex, and one request with its whole answer.

httpx is at home in this package only. Its errors do not leave this module: they hold the request with its token.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from brex_accounting_client import Client, Undecodable
from brex_accounting_client.json_text import parse_json

from . import quiet
from .send_failed import SendFailed, send_failed
from .settings import HttpSettings

Response = httpx.Response

KEPT_CONNECTIONS = 100
"""How many idle connections are kept for the next request."""

_HEAD = "brex_accounting.head"
"""Where a request carries the place for the head of its answer."""

_OF_THE_BODY = frozenset({b"content-length", b"content-encoding", b"transfer-encoding"})

_WORN_OUT = 50
"""After how many interrupted requests a pool is replaced."""

CONNECT_SECONDS = 10.0
"""The most that making a connection may take of an attempt."""


class Connections:
    """A pool of connections to Brex; belongs to the event loop in which it was made.

    Args:
        settings: How to reach Brex.
        ssl_context: Used where the settings bring none.

    Raises:
        InvalidArgument: The environment names a proxy that cannot be used.
    """

    def __init__(self, settings: HttpSettings, ssl_context: ssl.SSLContext | None) -> None:
        quiet.install()
        self._settings = settings
        self._ssl_context = ssl_context
        self._base_url = settings.base_url.rstrip("/")
        self._pool = _Pool(settings, ssl_context)

    async def send(self, request: dict[str, Any], *, token: str, step_seconds: float) -> httpx.Response:
        """Send a request and read the whole answer; the connection is given back before this returns.

        Args:
            request: What an operation's ``request`` made.
            token: The access token to send.
            step_seconds: The most that each step may take; the whole is the caller's to bound.

        Raises:
            SendFailed: There is no whole answer.
        """
        head: list[httpx.Response] = []
        complete = {
            **request,
            # Whole, because httpx takes four times as long to join it with a base URL.
            "url": f"{self._base_url}{request['url']}",
            "headers": {**request["headers"], "Authorization": f"Bearer {token}"},
            "timeout": httpx.Timeout(step_seconds, connect=min(step_seconds, CONNECT_SECONDS)),
            "extensions": {_HEAD: head},
        }
        try:
            async with self._borrowed() as client:
                return await client.send_async(complete)
        except httpx.InvalidURL:
            failed = SendFailed("not sent", "its arguments make a URL that is too long, or none", hopeless=True)
        except (httpx.RequestError, OSError) as error:
            if head and not 200 <= head[0].status_code < 300:
                return _without_body(head[0])
            failed = send_failed(error)
        # Outside the except block, or httpx's error would hang on ours as its context, with the request in it.
        raise failed

    @asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[Client]:
        """A pool's client for one request, counted in and out; interruptions wear the pool out."""
        pool = self._pool
        pool.under_way += 1
        try:
            with quiet.quietly():
                yield pool.client
        except asyncio.CancelledError:
            pool.interrupted += 1
            if pool is self._pool and pool.interrupted >= _WORN_OUT and self._settings.transport is None:
                self._pool = _Pool(self._settings, self._ssl_context)
            raise
        finally:
            pool.under_way -= 1
            if pool is not self._pool and not pool.under_way:
                await pool.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()


class _Pool:
    """httpx's pool, and how it is doing.

    A call that is interrupted at the instant at which its connection is there leaves it open in the pool, where it is
    never used and never closed (httpcore 1.0.9). Nobody can tell from outside, so a pool is replaced after so many
    interruptions, and closed when the last request on it is over.
    """

    def __init__(self, settings: HttpSettings, ssl_context: ssl.SSLContext | None) -> None:
        self._httpx = settings.httpx_client(
            ssl_context,
            on_response=_head_is_there,
            # The session bounds what is under way. In httpx's own limit a call that is cancelled at the instant at
            # which its connection is there takes a place for good (httpcore 1.0.9), until none is left.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS, keepalive_expiry=5.0),
        )
        self.client = Client(base_url=settings.base_url).set_async_httpx_client(self._httpx)
        self.under_way = 0
        self.interrupted = 0

    async def close(self) -> None:
        with quiet.quietly():
            await self._httpx.aclose()


def is_cut(response: httpx.Response) -> bool:
    """Whether a 2xx that only the end of the connection ends is cut off: nothing but its JSON can tell."""
    if not 200 <= response.status_code < 300 or response.content[:1] not in (b"{", b"["):
        return False
    if "content-length" in response.headers or "transfer-encoding" in response.headers:
        return False
    try:
        parse_json(response.content)
    except Undecodable:
        return True
    return False


def _without_body(head: httpx.Response) -> httpx.Response:
    """An answer whose status and header fields came, and whose body did not: a refusal is one without its reasons."""
    kept = [(name, value) for name, value in head.headers.raw if name.lower() not in _OF_THE_BODY]
    return httpx.Response(head.status_code, headers=kept, content=b"", request=head.request)


async def _head_is_there(response: httpx.Response) -> None:
    """Keep the head, and let a redirect be an answer like any other: httpx would raise on a malformed Location."""
    response.request.extensions[_HEAD].append(response)
    response.headers.pop("Location", None)


__all__ = ["CONNECT_SECONDS", "Connections", "Response", "is_cut"]
