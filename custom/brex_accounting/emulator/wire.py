"""The connection under a request, for what HTTP has no words for: to close it in mid-air, and to reset it.

uvicorn tells an application nothing of the connection, and logs an error for one that returns without an answer. The
protocol here puts a ``Wire`` into the scope of each request. Its methods return when the connection is lost and uvicorn
knows it; whoever returns then without an answer is as quiet as one whose client has gone away.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

EXTENSION: Final = "brex_accounting.wire"
"""Where a ``Wire`` stands among the extensions of a scope."""

# struct linger: on, for no seconds, which makes a reset of a close.
_NO_LINGER: Final = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Wire:
    """One connection of a client. What of a request has not been read when it ends turns a close into a reset.

    Args:
        transport: asyncio's side of it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._lost = asyncio.Event()

    @property
    def lost(self) -> bool:
        """Whether there is no connection any more."""
        return self._lost.is_set()

    def lose(self) -> None:
        """Take note that there is no connection any more; called by the protocol."""
        self._lost.set()

    async def close(self) -> None:
        """End the connection in good order (FIN), once everything that was sent has left."""
        self._transport.close()
        await self._lost.wait()

    async def reset(self) -> None:
        """End the connection at once (RST), whatever was sent."""
        connection: socket.socket | None = self._transport.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # the client was faster
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()
        await self._lost.wait()


class WireProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a ``Wire`` in each scope; for ``uvicorn.Config(http=WireProtocol)``."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._wire: Wire | None = None
        self.app: Any = self._wired(self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        self._wire = Wire(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        super().connection_lost(exc)
        if self._wire is not None:
            self._wire.lose()

    def _wired(self, app: Any) -> Any:
        async def with_wire(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = self._wire
            await application(scope, receive, send)

        application: ASGIApp = app
        return with_wire


def wire_of(scope: Scope) -> Wire | None:
    """The connection under a request; None where the application is called in a process or by another server."""
    found: Wire | None = scope.get("extensions", {}).get(EXTENSION)
    return found


__all__ = ["EXTENSION", "Wire", "WireProtocol", "wire_of"]
