"""The browser's way back: a listener at a redirect URI that leads to this machine.

It answers whatever comes with pages that never change, so that nothing of a request can turn up in one, and takes one
request only: the one that brings the state of the login.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import ipaddress
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from ..errors import AuthorizationError

_MOST_HEAD: Final = 1 << 16
"""Bytes of a request's head; a browser may send every cookie that other programs on this machine have set."""

_CONNECTION_SECONDS: Final = 10.0
"""How long a request and its answer may take: browsers open connections that they never use."""


@frozen
class Loopback:
    """A redirect URI on this machine.

    Attributes:
        hosts: The addresses that it may mean.
        port: Its port.
        path: Its path.
    """

    hosts: tuple[str, ...]
    port: int
    path: str

    @classmethod
    def of(cls, redirect_uri: str) -> Self | None:
        """Where a redirect URI leads on this machine, None where a listener without TLS cannot be reached by it."""
        try:
            parts = urlsplit(redirect_uri)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        hosts = ("127.0.0.1", "::1") if host == "localhost" else (host,)
        if parts.scheme != "http" or port == 0 or not all(map(_is_loopback, hosts)):
            return None
        return cls(hosts, port or 80, parts.path or "/")


class CallbackListener:
    """Listens at a redirect URI from when it is made until its block is left.

    Args:
        loopback: Where.

    Raises:
        AuthorizationError: It cannot listen there.
    """

    def __init__(self, loopback: Loopback) -> None:
        self._path = loopback.path
        self._tasks: set[asyncio.Task[None]] = set()
        with ExitStack() as opened:
            self._sockets = [opened.enter_context(found) for found in _listening(loopback)]
            self._close = opened.pop_all().close

    async def wait(self, state: str, *, seconds: float) -> str:
        """Wait for the browser.

        Args:
            state: Comes with it; a request without it is forged, and does not end the wait.
            seconds: The most to wait.

        Returns:
            The path and query of its request.

        Raises:
            AuthorizationError: It does not come.
        """
        came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer, state, came))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        servers = [await asyncio.start_server(connected, sock=found, limit=_MOST_HEAD) for found in self._sockets]
        try:
            async with asyncio.timeout(seconds):
                return await came
        except TimeoutError:
            message = (
                f"no browser came back within {seconds:g} s; run the command again, with a longer --wait if need be"
            )
        finally:
            for server in servers:
                server.close()
            for task in self._tasks:
                task.cancel()
        raise AuthorizationError(message)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: str, came: asyncio.Future[str]
    ) -> None:
        target = None
        try:
            async with asyncio.timeout(_CONNECTION_SECONDS):
                status, target = self._read(await reader.readuntil(b"\r\n\r\n"), state)
                writer.write(_PAGES[status])
                writer.close()
                await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever that is has gone, or is no browser
        finally:
            writer.transport.abort()
        if target is not None and not came.done():
            came.set_result(target)

    def _read(self, head: bytes, state: str) -> tuple[int, str | None]:
        """The status to answer, and path and query of the one request that is waited for."""
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target, _, _ = rest.partition(" ")
        path, _, query = target.partition("?")
        if path != self._path:
            return 404, None
        if method != "GET":
            return 405, None
        return (200, target) if _has(query, state) else (400, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _listening(loopback: Loopback) -> Sequence[socket.socket]:
    opened: list[socket.socket] = []
    for host in loopback.hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            opened.append(socket.create_server((host, loopback.port), family=family))
        except OSError as error:
            if opened and error.errno != errno.EADDRINUSE:
                continue  # a machine without IPv6: localhost is 127.0.0.1 only
            for other in opened:
                other.close()
            why = os.strerror(error.errno) if error.errno else type(error).__name__
        else:
            continue
        message = (
            f"cannot listen at {host}, port {loopback.port} ({why}): end what uses it, or take --paste and bring the "
            "address by hand"
        )
        raise AuthorizationError(message)
    return opened


def _has(query: str, state: str) -> bool:
    try:
        found = dict(parse_qsl(query, max_num_fields=100)).get("state", "")
    except ValueError:
        return False
    return hmac.compare_digest(found.encode(errors="replace"), state.encode())


def _page(reason: str, text: str) -> bytes:
    body = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Brex</title><p>{text}</p></html>\n'.encode()
    head = (
        f"HTTP/1.1 {reason}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Content-Security-Policy: default-src 'none'",
        "Referrer-Policy: no-referrer",  # the address holds the code
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


_PAGES: Final = {
    200: _page("200 OK", "This page can be closed. The terminal says how it went."),
    400: _page("400 Bad Request", "This does not belong to the login that is under way."),
    404: _page("404 Not Found", "There is nothing here."),
    405: _page("405 Method Not Allowed", "There is nothing here."),
}

__all__ = ["CallbackListener", "Loopback"]
