"""The seam on httpx: connections, TLS, proxies, and one request with its whole answer.

httpx is at home in this package only. Its errors do not leave this module: they hold the request with its token.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal

import httpx
from attrs import field, frozen

from brex_accounting_client import Client, Undecodable
from brex_accounting_client.json_text import parse_json

from ..errors import InvalidArgument
from . import quiet

AsyncTransport = httpx.AsyncBaseTransport
"""What ``transport=`` takes: httpx's own interface for what carries requests."""

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


class SendFailed(Exception):
    """A request got no whole answer; internal, and free of httpx's objects.

    Attributes:
        outcome: ``not sent`` where the request cannot have reached the server.
        reason: Why, in words that may stand in an error's text.
        hopeless: Whether it would be the same however often it is tried.
    """

    def __init__(
        self, outcome: Literal["not sent", "answer lost", "timed out"], reason: str, *, hopeless: bool = False
    ) -> None:
        self.outcome: Literal["not sent", "answer lost", "timed out"] = outcome
        self.reason = reason
        self.hopeless = hopeless
        super().__init__(reason)


@frozen(kw_only=True)
class HttpSettings:
    """How to reach Brex.

    Attributes:
        base_url: Scheme and host, and a path where a gateway needs one.
        user_agent: The whole ``User-Agent``.
        proxy: URL of a proxy for everything; None takes the environment's, as httpx does.
        ssl_context: Certificates to trust; None takes the shared default context.
        transport: Carries requests instead of httpx's own; no proxy applies then.
    """

    base_url: str
    user_agent: str
    proxy: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = None
    transport: AsyncTransport | None = None

    def __attrs_post_init__(self) -> None:
        _check_base_url(self.base_url)
        if self.transport is not None and not isinstance(self.transport, AsyncTransport):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "transport: expected an httpx.AsyncBaseTransport"
            raise InvalidArgument(message)
        if self.transport is not None and (self.proxy is not None or self.ssl_context is not None):
            message = "transport: carries requests by itself; give it the proxy or ssl_context, not the client"
            raise InvalidArgument(message)
        if self.ssl_context is not None and not isinstance(self.ssl_context, ssl.SSLContext):  # pyright: ignore[reportUnnecessaryIsInstance]
            message = "ssl_context: expected an ssl.SSLContext"
            raise InvalidArgument(message)
        if self.proxy is not None:
            _check_proxy(self.proxy)

    @property
    def host(self) -> str:
        """Scheme, host and port, however they are spelled; Brex counts requests for each of them."""
        url = httpx.URL(self.base_url)
        return f"{url.scheme}://{url.host}:{url.port or {'http': 80, 'https': 443}[url.scheme]}"


def default_ssl_context() -> ssl.SSLContext:
    """Certificates as httpx finds them: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else certifi's.

    Raises:
        InvalidArgument: The environment names certificates that cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one too
        message = f"SSL_CERT_FILE or SSL_CERT_DIR: no certificates can be read there{_system_reason(error)}"
    raise InvalidArgument(message)


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
            failed = _failed(error)
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
        self._httpx = _async_client(settings, ssl_context)
        self.client = Client(base_url=settings.base_url).set_async_httpx_client(self._httpx)
        self.under_way = 0
        self.interrupted = 0

    async def close(self) -> None:
        with quiet.quietly():
            await self._httpx.aclose()


def _async_client(settings: HttpSettings, ssl_context: ssl.SSLContext | None) -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(
            headers={"User-Agent": settings.user_agent},
            proxy=settings.proxy,
            verify=settings.ssl_context or ssl_context or True,
            transport=settings.transport,
            cookies=_no_cookies(),
            event_hooks={"response": [_head_is_there]},
            follow_redirects=False,
            # The session bounds what is under way. In httpx's own limit a call that is cancelled at the instant at
            # which its connection is there takes a place for good (httpcore 1.0.9), until none is left.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS, keepalive_expiry=5.0),
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # What httpx says of a proxy's URL repeats it, with its password.
        message = (
            "proxy, or HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: expected the URL of an HTTP proxy, such as "
            "http://proxy.example.com:3128 (socks5:// needs the package socksio)"
        )
    raise InvalidArgument(message)


def _failed(error: Exception) -> SendFailed:
    name = type(error).__name__
    match error:
        case httpx.ConnectError():
            return SendFailed("not sent", f"{name}{_system_reason(error)}")
        case httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError() | httpx.UnsupportedProtocol():
            return SendFailed("not sent", name)
        case httpx.TimeoutException() | TimeoutError():
            return SendFailed("timed out", name)
        case _:
            return SendFailed("answer lost", name)


def _system_reason(error: BaseException) -> str:
    """What the operating system or the TLS library said, by its own numbers: no text of anybody else's is repeated."""
    seen: BaseException | None = error
    while seen is not None:
        match seen:
            case ssl.SSLCertVerificationError(verify_message=str(reason)) | ssl.SSLError(reason=str(reason)):
                return f": {reason}"
            case socket.gaierror(errno=int(number)):
                return f": the host's name cannot be resolved ({number})"
            case OSError(errno=int(number)):
                return f": {os.strerror(number)}"
            case _:
                seen = seen.__cause__ or seen.__context__
    return ""


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


def _no_cookies() -> CookieJar:
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


def _check_base_url(base_url: str) -> None:
    try:
        url = httpx.URL(base_url)
        bare = not (url.userinfo or url.query or url.fragment or any(map(str.isspace, base_url)))
        if url.scheme in ("http", "https") and url.host and url.port != 0 and bare:
            return
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    message = "base_url: expected a scheme and a host, such as https://api.brex.com, without user, query or fragment"
    raise InvalidArgument(message)


def _check_proxy(proxy: str) -> None:
    """Refuse what httpx would refuse with the URL, password included, in its message."""
    try:
        httpx.Proxy(proxy)
    except (ValueError, TypeError, httpx.InvalidURL):
        pass
    else:
        return
    message = "proxy: expected the URL of a proxy, such as http://proxy.example.com:3128"
    raise InvalidArgument(message)


__all__ = [
    "AsyncTransport",
    "Connections",
    "HttpSettings",
    "Response",
    "SendFailed",
    "default_ssl_context",
    "is_cut",
]
