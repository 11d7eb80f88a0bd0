"""The server around the applications: one socket for Brex, one for its file host."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future
from email.utils import formatdate
from functools import lru_cache
from types import TracebackType
from typing import Final, Self

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from ..errors import ClientStateError, InvalidArgument
from .app import build_apps
from .control.routes import PREFIX
from .wire import WireProtocol
from .world import World

_KEEP_ALIVE: Final = 75
"""Seconds for which an idle connection stays open: longer than any client of Brex keeps one."""
_LONGEST_HEAD: Final = 2**18
"""Bytes of request line and headers: 500 ids fit in."""
_GRACE: Final = 0.5
"""Seconds for requests that are under way when the server stops."""


class EmulatorServer:
    """Serves a world while its ``async with`` block runs, in the event loop of the caller.

    Args:
        world: What to serve; its ``base_url`` and ``file_url`` are set to where that is.
        host: An IPv4 or IPv6 address of this machine, or a name for one.
        port: Of the API, the issuer and the control API; 0 for any that is free.
        file_port: Of the file host; 0 for any that is free.
        whole: Hold every answer against its document whole; otherwise an item that was checked is not checked again.
    """

    def __init__(
        self, world: World, *, host: str = "127.0.0.1", port: int = 0, file_port: int = 0, whole: bool = False
    ) -> None:
        self._world = world
        self._host = host
        self._ports = {"port": port, "file_port": file_port}
        self._whole = whole
        self._loopback = True

    @property
    def world(self) -> World:
        """What is served."""
        return self._world

    @property
    def base_url(self) -> str:
        """Scheme, host and port of the API."""
        return self._world.base_url

    @property
    def file_url(self) -> str:
        """Scheme, host and port of the file host."""
        return self._world.file_url

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return self.base_url + PREFIX

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches it; known once it listens."""
        return self._loopback

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            InvalidArgument: A port is taken, or the host is none of this machine; the text says what to do.
            ClientStateError: The world is being served already, by this server or another one.
        """
        if self._world.is_served:
            message = "the world is being served already; make another World, or stop the other server first"
            raise ClientStateError(message)
        with contextlib.ExitStack() as undo:
            api, files = (undo.enter_context(listen(name, self._host, port)) for name, port in self._ports.items())
            self._loopback = _address(api).is_loopback
            self._world.base_url, self._world.file_url = _url(api), _url(files)
            apps = build_apps(self._world, whole=self._whole)
            self._closing = apps.closing
            self._sites = (_Site(apps.api, api), _Site(apps.files, files))
            for site in self._sites:
                await site.open()
            undo.pop_all()
        self._world.is_served = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._world.is_served = False
        await asyncio.gather(*(site.close() for site in self._sites))


@contextlib.contextmanager
def serve_in_thread(
    world: World, *, host: str = "127.0.0.1", port: int = 0, file_port: int = 0, whole: bool = False
) -> Generator[EmulatorServer]:
    """Serve a world from a thread of its own while the block runs, for callers without an event loop.

    Args:
        world: What to serve; change it only through the control API meanwhile.
        host: As for ``EmulatorServer``.
        port: As for ``EmulatorServer``.
        file_port: As for ``EmulatorServer``.
        whole: As for ``EmulatorServer``.

    Raises:
        InvalidArgument: A port is taken, or the host is none of this machine; the text says what to do.
    """
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    server = EmulatorServer(world, host=host, port=port, file_port=file_port, whole=whole)

    async def serve() -> None:
        stop = asyncio.Event()
        async with server:
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="emulator", daemon=True)
    thread.start()
    loop, stop = started.result()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def listen(name: str, host: str, port: int) -> socket.socket:
    """Listen at a port.

    Args:
        name: What the caller calls the port.
        host: An address of this machine, or a name for one.
        port: 0 for any that is free.

    Raises:
        InvalidArgument: The port is taken, or the host is none of this machine; the text says what to do.
    """
    if not host:
        message = "host: expected an address of this machine, such as 127.0.0.1; 0.0.0.0 for all of them"
        raise InvalidArgument(message)
    if not 0 <= port < 2**16:
        message = f"{name}: expected a number from 0 to 65535, got {port!r}"
        raise InvalidArgument(message)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:  # a name that cannot be one is a UnicodeError
        raise InvalidArgument(_refusal(name, host, port, error)) from error
    # Head and body leave apart: without this, which connections inherit, each body would wait for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class _Protocol(WireProtocol):
    """Dates its answers, and logs no requests: their paths hold signatures."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.access_log = False
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.server_state.default_headers = _date(int(time.time()))
        super().data_received(data)


class _Site:
    """One application at one socket.

    ``uvicorn.Server`` is left out: it takes over signals, and stops in steps of a tenth of a second.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._state = ServerState()
        self._config = Config(
            _ending_quietly(app),
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            h11_max_incomplete_event_size=_LONGEST_HEAD,
        )
        self._config.load()

    async def open(self) -> None:
        """Begin to take connections."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=self._listener, backlog=self._config.backlog)

    async def close(self) -> None:
        """Take no more connections, let requests come to their end for a moment, and end whatever is left."""
        await self._stop_listening()
        for connection in list(self._state.connections):
            if not connection.transport.is_closing():
                connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                await self._until_gone(0.001)
        for connection in list(self._state.connections):
            connection.transport.abort()
        for task in self._state.tasks:
            task.cancel()
        await self._until_gone(0)
        await self._server.wait_closed()

    async def _until_gone(self, seconds: float) -> None:
        while self._state.connections or self._state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(seconds)

    async def _stop_listening(self) -> None:
        # A connection that was accepted in this turn of the loop is served two turns later; closed in between, the
        # server would leave it to the garbage collector.
        with contextlib.suppress(NotImplementedError):  # of Windows
            asyncio.get_running_loop().remove_reader(self._listener)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        self._server.close()

    def _protocol(self) -> asyncio.Protocol:
        return _Protocol(self._config, self._state, {})


def _ending_quietly(app: ASGIApp) -> ASGIApp:
    """Keep from uvicorn that a request was cancelled: it would log that as an error."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return application


@lru_cache(maxsize=1)
def _date(second: int) -> list[tuple[bytes, bytes]]:
    return [(b"date", formatdate(second, usegmt=True).encode())]


def _refusal(name: str, host: str, port: int, error: OSError | UnicodeError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"{name}: {port} is taken at {host}; stop what listens there, or take another one (0: any that is free)"
    if number == errno.EACCES:
        return f"{name}: {port} is not for everybody; take one from 1024 on (0: any that is free)"
    return f"host: cannot listen at {host!r}; take an address of this machine, such as 127.0.0.1 or ::1"


def _address(listener: socket.socket) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(listener.getsockname()[0])


def _url(listener: socket.socket) -> str:
    address, port = _address(listener), listener.getsockname()[1]
    if address.is_unspecified:  # every address of the machine; this one works on it
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"http://{address}:{port}" if address.version == 4 else f"http://[{address}]:{port}"


__all__ = ["EmulatorServer", "listen", "serve_in_thread"]
