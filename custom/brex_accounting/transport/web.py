"""The seam on httpx for everything that is no call of Brex's API: the OAuth issuer, and hosts that serve files.

Nothing of an account goes along by itself: no token, no cookie, no redirect.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from types import TracebackType
from typing import Self, cast

import httpx
from attrs import field, frozen

from . import quiet
from .gunzip import Gunzip
from .send_failed import SendFailed, send_failed
from .settings import AsyncTransport, NetworkSettings

_LENGTH = re.compile(r"\d{1,18}", re.ASCII)

MOST_STREAMS = 8
"""How many files may be under way at once; more wait for their turn."""


@frozen
class WebAnswer:
    """A whole answer.

    Attributes:
        status: Its status.
        headers: Its header fields, names in any case.
        content: Its body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class WebStream:
    """An answer whose body is still to be read.

    Attributes:
        status: Its status.
        headers: Its header fields, names in any case.
        length: The bytes of its body as it is sent, None where the head does not say.
        shows_its_end: Whether a body that was cut off can be told from a whole one.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        length = response.headers.get("content-length", "")
        self.length: int | None = int(length) if _LENGTH.fullmatch(length) else None
        self.shows_its_end: bool = (
            self.length is not None
            or "transfer-encoding" in response.headers
            or response.is_stream_consumed  # a transport of the caller's may bring the whole body
            or not response.http_version.startswith("HTTP/1")
        )
        self._response = response

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body piece by piece, each of bounded size, decoded as its ``Content-Encoding`` says.

        Raises:
            SendFailed: The rest of it does not come, or cannot be decoded.
        """
        try:
            async with aclosing(self._pieces()) as pieces:
                async for piece in pieces:
                    yield piece
        except SendFailed as error:
            failed = error
        except (httpx.RequestError, httpx.StreamError, OSError) as error:
            failed = send_failed(error)
        except zlib.error:
            failed = SendFailed("answer lost", "its body says that it is gzip, and is not")
        else:
            return
        raise failed

    async def _pieces(self) -> AsyncGenerator[bytes]:
        if self._response.is_stream_consumed:
            yield self._response.content
            return
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        match coding:
            case "identity" | "":
                gunzip = None
            case "gzip" | "x-gzip":
                gunzip = Gunzip()
            case _:
                failed = SendFailed("answer lost", "its body has a Content-Encoding that was not asked for")
                raise failed
        came = 0
        async with aclosing(cast("AsyncGenerator[bytes]", self._response.aiter_raw())) as body:
            async for data in body:
                came += len(data)
                for piece in (data,) if gunzip is None else gunzip.feed(data):
                    yield piece
        if gunzip is not None:
            yield gunzip.flush()
        if (self.length is not None and came != self.length) or not (gunzip is None or gunzip.is_whole):
            failed = SendFailed("answer lost", "its body ends in the middle")
            raise failed


class Web:
    """Requests to hosts other than Brex's API; belongs to the event loop in which it is used.

    Args:
        settings: How to reach them.
        ssl_context: Used where the settings bring none.

    Attributes:
        places: One for each file that is under way; whoever reads a stream takes one.

    Raises:
        InvalidArgument: The environment names a proxy that cannot be used.
    """

    def __init__(self, settings: NetworkSettings, ssl_context: ssl.SSLContext | None) -> None:
        quiet.install()
        transport = settings.transport
        self._httpx = settings.httpx_client(
            ssl_context,
            transport=None if transport is None else _Borrowed(transport),
            # In httpx's own limit a request that is cancelled as its connection comes takes a place for good
            # (httpcore 1.0.9); whoever sends many requests bounds them.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=MOST_STREAMS, keepalive_expiry=5.0),
            on_response=_no_redirect,
        )
        self.places: asyncio.Semaphore = asyncio.Semaphore(MOST_STREAMS)

    async def send(
        self,
        method: str,
        url: str,
        *,
        seconds: float,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        most: int = 1_000_000,
    ) -> WebAnswer:
        """Send a request and read the whole answer.

        Args:
            method: In capitals.
            url: Where to.
            seconds: The most that all of it may take.
            headers: Header fields.
            form: The body, sent as a form.
            most: The most bytes that the answer may have.

        Raises:
            SendFailed: There is no whole answer, or it is longer.
        """
        scope = asyncio.timeout(seconds)
        try:
            async with scope, self._streamed(method, url, seconds=seconds, headers=headers, form=form) as stream:
                content = bytearray()
                async with aclosing(stream.chunks()) as chunks:
                    async for chunk in chunks:
                        content += chunk
                        if len(content) > most:
                            failed = SendFailed("answer lost", f"answer is longer than {most} bytes")
                            break
                    else:
                        return WebAnswer(stream.status, stream.headers, bytes(content))
        except TimeoutError:
            if not scope.expired():
                raise
            failed = SendFailed("timed out", f"request took longer than {seconds:.3g} s")
        raise failed

    @asynccontextmanager
    async def stream(self, url: str, *, headers: Mapping[str, str] | None = None) -> AsyncGenerator[WebStream]:
        """GET something, and read its body piece by piece in the block; how long that takes is the caller's to bound.

        Args:
            url: What.
            headers: Header fields.

        Raises:
            SendFailed: There is no answer.
        """
        async with self._streamed("GET", url, seconds=None, headers=headers, form=None) as stream:
            yield stream

    @asynccontextmanager
    async def _streamed(
        self,
        method: str,
        url: str,
        *,
        seconds: float | None,
        headers: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
    ) -> AsyncGenerator[WebStream]:
        sent = {"Accept-Encoding": "gzip", **(headers or {})}
        with quiet.quietly():
            try:
                request = self._httpx.build_request(
                    method, _checked(url), headers=sent, data=form, timeout=_timeouts(seconds)
                )
                response = await self._httpx.send(request, stream=True)
            except (httpx.InvalidURL, UnicodeError):  # the latter from the look-up of a host whose name is too long
                failed = SendFailed("not sent", "the URL is none", hopeless=True)
            except (httpx.RequestError, OSError) as error:
                failed = send_failed(error)
            else:
                try:
                    yield WebStream(response)
                finally:
                    # What closing raises is httpx's, with the request in it, and changes nothing about the answer.
                    with suppress(httpx.RequestError, OSError):
                        await response.aclose()
                return
        # Outside the except block, or httpx's error would hang on ours as its context, with the request in it.
        raise failed

    async def aclose(self) -> None:
        """Close the connections."""
        with quiet.quietly():
            await self._httpx.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


async def _no_redirect(response: httpx.Response) -> None:
    """Let a redirect be an answer like any other: httpx would raise on a malformed Location, and never follow one."""
    response.headers.pop("Location", None)


class _Borrowed(AsyncTransport):
    """A transport that is somebody else's to close."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or http that does not leave this machine.

    Args:
        url: Any text.

    Returns:
        False for what is no such URL, or carries a user, or a fragment.
    """
    try:
        parsed = httpx.URL(url)
        if not parsed.host or parsed.userinfo or parsed.fragment or not _has_a_port(parsed):
            return False
        return parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host))
    except (httpx.InvalidURL, ValueError, TypeError):
        return False


def _timeouts(seconds: float | None) -> httpx.Timeout:
    """A connection that does not come about must be known as such before the whole time is over."""
    return httpx.Timeout(seconds, connect=None if seconds is None else seconds * 0.9)


def _checked(url: str) -> httpx.URL:
    """The URL, whose port httpx leaves for the system to reject, each in its own way."""
    parsed = httpx.URL(url)
    if not _has_a_port(parsed):
        message = "no such port"
        raise httpx.InvalidURL(message)
    return parsed


def _has_a_port(url: httpx.URL) -> bool:
    return url.port is None or 0 < url.port < 65536


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


__all__ = ["MOST_STREAMS", "Web", "WebAnswer", "WebStream", "is_private"]
