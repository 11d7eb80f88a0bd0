"""A server on a real socket that behaves as badly as a test asks: slow, cut, reset, silent, behind TLS, or a proxy."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.wire import dumps

CERTIFICATE = Path(__file__).parent / "localhost.pem"

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


def server_tls() -> ssl.SSLContext:
    """Give what a ``RawServer`` needs to speak TLS as localhost and 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_tls() -> ssl.SSLContext:
    """Give what a client needs to trust such a server, and no other."""
    return ssl.create_default_context(cafile=CERTIFICATE)


@dataclass(frozen=True)
class Request:
    """A request as it came; names of headers are in lower case, and a proxy sees an absolute target."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


class Reply:
    """What a handler answers one request with.

    A body is framed as it should be unless the method's name says otherwise. Headers can be pairs, to repeat one.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.given = False
        self.last = False

    async def json(self, value: Any, status: int = 200, headers: Headers = (), *, zipped: bool = False) -> None:
        """Answer with a plain value; Decimals keep their digits."""
        body = dumps(value)
        headers = [("content-type", "application/json"), *_pairs(headers)]
        if zipped:
            body = gzip.compress(body)
            headers.append(("content-encoding", "gzip"))
        await self.send(status, headers, body)

    async def send(self, status: int = 200, headers: Headers = (), body: bytes = b"") -> None:
        """Answer in one write; a Content-Length among the headers replaces the true one."""
        await self.raw(_head(status, headers, len(body)) + body)

    async def cut(self, status: int, body: bytes, *, keep: int, headers: Headers = ()) -> None:
        """Promise the whole body, send the first ``keep`` bytes of it, and close."""
        await self.raw(_head(status, headers, len(body)) + body[:keep])
        self.close()

    async def drip(self, body: bytes, pieces: int, pause: float, *, status: int = 200, headers: Headers = ()) -> None:
        """Send head and body in this many pieces of about one size, with seconds of pause before each of the body."""
        await self.raw(_head(status, headers, len(body)))
        ends = [len(body) * number // pieces for number in range(pieces + 1)]
        for start, end in pairwise(ends):
            await asyncio.sleep(pause)
            await self.raw(body[start:end])

    async def chunked(
        self, chunks: Iterable[bytes], status: int = 200, headers: Headers = (), *, keep: int | None = None
    ) -> None:
        """Send a body without a length, chunk by chunk; with ``keep``, that many, and close without the end mark."""
        await self.raw(_head(status, [("transfer-encoding", "chunked"), *_pairs(headers)]))
        for chunk in list(chunks)[:keep]:
            await self.raw(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if keep is None:
            await self.raw(b"0\r\n\r\n")
        else:
            self.close()

    async def raw(self, data: bytes) -> None:
        """Send bytes that need not be HTTP."""
        self.given = True
        self._writer.write(data)
        await self._writer.drain()

    async def hang(self) -> None:
        """Send nothing more until the client is gone or the server stops."""
        self.given = self.last = True
        while await self._reader.read(65536):
            pass

    async def tunnel(self, host: str, port: int) -> None:
        """Answer CONNECT as a proxy does: pass bytes on, both ways, until one side ends."""
        self.last = True
        far_reader, far_writer = await asyncio.open_connection(host, port)
        await self.raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
        ways = [
            asyncio.create_task(_pass_on(self._reader, far_writer)),
            asyncio.create_task(_pass_on(far_reader, self._writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def close(self) -> None:
        """Close in good order, after whatever has been sent."""
        self.given = self.last = True
        _close(self._writer)

    def reset(self) -> None:
        """Let the client see a connection reset."""
        self.given = self.last = True
        if not self._writer.is_closing():
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Handler = Callable[[Request, Reply], Awaitable[None] | None]


class RawServer:
    """An HTTP/1.1 server on 127.0.0.1 that asks its handler for each answer; a list of handlers is a script.

    It records all requests, keeps connections open between them, and leaves nothing behind when it stops. What a
    handler raises, and a request that the script does not have, is raised again at the end of the block, because the
    client saw nothing but a reset.
    """

    def __init__(self, handler: Handler | Sequence[Handler], *, ssl_context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.in_flight = 0
        self._handler = handler
        self._tls = ssl_context
        self._open: dict[asyncio.Task[None], tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        self._failures: list[BaseException] = []

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """Count the connections that both sides hold open; one that is being closed counts until it is."""
        return sum(not _ended(reader) for reader, _ in self._open.values())

    async def until(
        self,
        *,
        requests: int | None = None,
        in_flight: int | None = None,
        connections: int | None = None,
        within: float = 5.0,
    ) -> None:
        """Wait until there are as many as this, but no longer than ``within`` seconds."""
        wanted = {"requests": requests, "in_flight": in_flight, "connections": connections}
        wanted = {name: number for name, number in wanted.items() if number is not None}
        try:
            async with asyncio.timeout(within):
                # no event tells what the other side did: it shows when looked at
                while (now := {name: self._counted(name) for name in wanted}) != wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
        except TimeoutError:
            message = f"after {within} s there are {now}, not {wanted}"
            raise AssertionError(message) from None

    def drop(self) -> None:
        """Close all connections, as servers do with those that were idle for too long."""
        for _, writer in self._open.values():
            _close(writer)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**20)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()
        await asyncio.sleep(0)  # aborted transports close their sockets in this turn of the loop
        if self._failures:
            raise self._failures[0]

    def _counted(self, name: str) -> int:
        return len(self.requests) if name == "requests" else getattr(self, name)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._server.is_serving():  # accepted just before the end
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._open[task] = (reader, writer)
        task.add_done_callback(self._open.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Go on with one connection until one side has enough of it."""
        try:
            if self._tls is not None:  # here and not in start_server, so that a handshake that hangs can be ended
                await writer.start_tls(self._tls)
            with suppress(EOFError):
                while await self._exchange(reader, writer):
                    pass
            _close(writer)
            await writer.wait_closed()
        except OSError:
            pass  # the client went away, or does not trust us
        except (ValueError, asyncio.LimitOverrunError) as failure:  # what came is no HTTP
            self._failures.append(failure)
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and have it answered; tell whether there can be another one."""
        request = await _read(reader)
        self.requests.append(request)
        reply = Reply(reader, writer)
        self.in_flight += 1
        try:
            await self._answer(len(self.requests), request, reply)
        except asyncio.CancelledError:
            raise
        except BaseException as failure:  # noqa: BLE001 - it is raised again where the test sees it
            if not (isinstance(failure, OSError) and (writer.is_closing() or _ended(reader))):
                self._failures.append(failure)
            reply.reset()
        finally:
            self.in_flight -= 1
        return not reply.last and request.headers.get("connection", "").lower() != "close"

    async def _answer(self, number: int, request: Request, reply: Reply) -> None:
        handler = self._handler
        if not callable(handler):
            if number > len(handler):
                message = f"{request.method} {request.target} is request {number} of a script for {len(handler)}"
                raise AssertionError(message)
            handler = handler[number - 1]
        answer = handler(request, reply)
        if inspect.isawaitable(answer):
            await answer
        if not reply.given:
            message = f"{request.method} {request.target} was not answered"
            raise AssertionError(message)


async def _read(reader: asyncio.StreamReader) -> Request:
    """Read a request, or raise EOFError where the client sent its last one."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    method, target, _ = line.split(" ")
    headers: dict[str, str] = {}
    for field in fields:
        name, _, value = field.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if headers.get("transfer-encoding") == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def _close(writer: asyncio.StreamWriter) -> None:
    """Close once: a TLS transport that is closed a second time cannot be aborted any more."""
    if not writer.is_closing():
        writer.close()


def _ended(reader: asyncio.StreamReader) -> bool:
    """Tell whether the connection is lost, or the other side sent its last byte."""
    return reader.at_eof() or reader.exception() is not None


def _head(status: int, headers: Headers, length: int | None = None) -> bytes:
    pairs = _pairs(headers)
    bodiless = status < 200 or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    if length is not None and not bodiless and "content-length" not in (name.lower() for name, _ in pairs):
        pairs.append(("content-length", str(length)))
    phrase = responses.get(status, "Unknown")
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in pairs), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers)
