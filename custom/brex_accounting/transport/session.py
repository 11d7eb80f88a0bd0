"""An open client: its event loop, its connections, and the tasks that outlive a call of its user's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar
from weakref import WeakSet, WeakValueDictionary

from ..errors import ClientStateError
from .http import Connections
from .runtime import AccountKey, Runtime
from .settings import HttpSettings
from .token_source import SharedTokenSource
from .web import Web

T = TypeVar("T")

MOST_UNDER_WAY = 100
"""How many requests of one account may be under way at once; more wait for their turn."""


class Session:
    """What a client and all its views share.

    Args:
        settings: How to reach Brex.
        runtime: Where the TLS context comes from.
    """

    def __init__(self, settings: HttpSettings, runtime: Runtime) -> None:
        self.settings = settings
        self._runtime = runtime
        self._state: Literal["new", "open", "closed"] = "new"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: Connections | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._places: WeakValueDictionary[AccountKey, asyncio.Semaphore] = WeakValueDictionary()
        self._sources: WeakSet[SharedTokenSource] = WeakSet()
        self._web: Web | None = None
        self._waits: set[asyncio.Timeout] = set()
        self._closing: asyncio.Task[None] | None = None
        self._calls = 0

    @property
    def state(self) -> Literal["new", "open", "closed"]:
        """Where the client stands in its life."""
        return self._state

    def open(self) -> None:
        """Make the connections, in the running event loop.

        Raises:
            ClientStateError: The client is open already, or was closed.
        """
        if self._state != "new":
            message = f"this client is {'open already' if self._state == 'open' else 'closed'}; make another one"
            raise ClientStateError(message)
        self._loop = asyncio.get_running_loop()
        self._connections = Connections(self.settings, self._ssl_context())
        self._state = "open"

    def check(self) -> None:
        """Make sure that the client can be used here and now.

        Raises:
            ClientStateError: It cannot.
        """
        if self._state == "new":
            message = "this client is not open; use it inside `async with Brex(...) as brex:`"
        elif self._state == "closed":
            message = "this client is closed; make another one"
        elif asyncio.get_running_loop() is not self._loop:
            message = "this client belongs to another event loop; make one in each event loop"
        else:
            return
        raise ClientStateError(message)

    def connections(self) -> Connections:
        """The open connections.

        Raises:
            ClientStateError: There are none.
        """
        self.check()
        if self._connections is None:  # pragma: no cover - an open session has connections
            raise AssertionError
        return self._connections

    def web(self) -> Web:
        """Connections to other hosts, made at their first use.

        Raises:
            ClientStateError: The client cannot be used here and now.
        """
        self.check()
        if self._web is None:
            self._web = Web(self.settings, self._ssl_context())
        return self._web

    def look_after(self, source: SharedTokenSource) -> None:
        """Wait for a token source when the client is closed."""
        self._sources.add(source)

    def places(self, key: AccountKey) -> asyncio.Semaphore:
        """A place for each request of an account that is under way, so that one that hangs leaves room for others."""
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = asyncio.Semaphore(MOST_UNDER_WAY)
        return found

    def next_call(self) -> int:
        """A number for a call."""
        self._calls += 1
        return self._calls

    def spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something in the background that ends with the client at the latest."""
        try:
            self.check()
        except ClientStateError:
            coroutine.close()
            raise
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @asynccontextmanager
    async def waiting(self) -> AsyncGenerator[None]:
        """A block that ends when the client is closed: nobody should wait for a turn at a client that is none.

        Raises:
            ClientStateError: The client was closed, before or meanwhile.
        """
        self.check()
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._waits.add(scope)
                try:
                    yield
                finally:
                    self._waits.discard(scope)
        except TimeoutError:
            if not scope.expired():
                raise
            self.check()

    async def close(self) -> None:
        """End the waits and tasks, then close the connections; whoever asks again waits for the same end.

        Raises:
            ClientStateError: This is another event loop than the client's.
        """
        if self._closing is None:
            if self._state != "open":
                self._state = "closed"
                return
            self.check()
            self._state = "closed"
            self._closing = asyncio.get_running_loop().create_task(self._close())
        # Shielded: a caller that is cancelled here must not leave connections open.
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        now = asyncio.get_running_loop().time()
        for scope in tuple(self._waits):
            scope.reschedule(now)
        try:
            tasks = tuple(self._tasks)
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            # A refresh that has left is not broken off: its answer holds the only token that is still good.
            for source in tuple(self._sources):
                await source.settled()
        finally:
            if self._web is not None:
                await self._web.aclose()
            if self._connections is not None:
                await self._connections.close()

    def _ssl_context(self) -> ssl.SSLContext | None:
        return None if self.settings.brings_its_own else self._runtime.ssl_context()


__all__ = ["Session"]
