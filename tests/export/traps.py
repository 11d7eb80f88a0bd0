"""Workers that end at any call that they make: to the ERP, to the journal, to Brex."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
import msgspec
from starlette.types import Message

from brex_accounting.emulator import Disconnected, World, build_apps
from brex_accounting.export import Outcome, Posted, Posting, Rejected, SqliteJournal
from tests.export.doubles import BookErp, HalfPostingErp, LaggingErp

T = TypeVar("T")


class Crash(BaseException):
    """The process has died: nothing of the code under test may catch this, or do anything after it."""


Moment = Literal["before", "after"]
Act = Literal["crash", "cancel", "stop"]


class Trap:
    """Counts every call to the ERP, the journal and Brex, and ends the worker at one of them.

    Args:
        at: The number of that call, from 1; 0 for none.
        moment: Whether it strikes before the call has its effect, or after.
        act: ``crash`` ends the process: every later call crashes as well. ``cancel`` cancels ``task``, and
            ``stop`` calls ``stop``.
        name: It strikes at the first call whose name begins so, whatever its number.
        among: Only calls whose names begin so are counted.

    Attributes:
        calls: The calls so far that are counted.
        sprung: Whether it has struck.
        task: The worker's.
        stop: Asks the worker to stop.
    """

    def __init__(
        self,
        at: int = 0,
        moment: Moment = "before",
        act: Act = "crash",
        *,
        name: str | None = None,
        among: tuple[str, ...] = ("",),
    ) -> None:
        self.at = at
        self.moment = moment
        self.act = act
        self.name = name
        self.among = among
        self.calls: list[str] = []
        self.sprung = False
        self.task: asyncio.Task[Any] | None = None
        self.stop: Callable[[], None] | None = None

    async def through(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, unless the worker ends here."""
        if self.sprung and self.act == "crash":
            raise Crash
        is_here = self.name is not None and name.startswith(self.name) and not self.sprung
        if name.startswith(self.among):
            self.calls.append(name)
            is_here = is_here or len(self.calls) == self.at
        if is_here and self.moment == "before":
            await self._strike()
        try:
            return await call()
        finally:
            if is_here and self.moment == "after":  # also where it has failed
                await self._strike()

    async def _strike(self) -> None:
        self.sprung = True
        if self.act == "crash":
            raise Crash
        if self.act == "stop":
            assert self.stop is not None
            self.stop()
            return
        assert self.task is not None
        self.task.cancel()
        await asyncio.sleep(0)


class TrappedJournal(SqliteJournal):
    """A journal each of whose calls goes through a trap."""

    def __init__(self, path: Path, trap: Trap) -> None:
        super().__init__(path)
        self._trap = trap

    async def _in_thread(self, operation: str, function: Callable[[], T]) -> T:
        return await self._trap.through(operation, lambda: super(TrappedJournal, self)._in_thread(operation, function))


class TrappedErp(BookErp):
    """An ERP each of whose calls, and of whose entries, goes through a trap."""

    trap: Trap

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        return await self.trap.through("post", lambda: super(TrappedErp, self).post(postings))

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        return await self.trap.through("enter", lambda: super(TrappedErp, self).enter(posting, begun))

    async def find(self, keys: Sequence[str]) -> Mapping[str, Posted]:
        return await self.trap.through("find", lambda: super(TrappedErp, self).find(keys))


class TrappedLaggingErp(TrappedErp, LaggingErp):
    """The same, with a search that lags."""


class TrappedHalfPostingErp(TrappedErp, HalfPostingErp):
    """The same, posting half of a batch now and then."""


class RejectingBooks(TrappedErp):
    """The same, rejecting some keys; its mapping has a version.

    Attributes:
        bad: The keys, with the code of the rejection.
    """

    bad: Mapping[str, str]
    mapping_version: str

    async def enter(self, posting: Posting, begun: float) -> Outcome:
        if posting.key in self.bad:
            return Rejected(f"This cannot be booked: {self.bad[posting.key]}.", code=self.bad[posting.key])
        return await super().enter(posting, begun)


class InProcess(httpx.AsyncBaseTransport):
    """Carries requests to the emulator without a socket, each through a trap."""

    def __init__(self, world: World, trap: Trap, failures: set[tuple[str, str]] | None = None) -> None:
        apps = build_apps(world)
        self._failures: set[tuple[str, str]] = set() if failures is None else failures
        self._apps = {httpx.URL(world.base_url).host: apps.api, httpx.URL(world.file_url).host: apps.files}
        self._trap = trap

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path.endswith("/export-results"):
            key = request.headers["idempotency-key"]
            results: list[dict[str, Any]] = msgspec.json.decode(await request.aread())["results"]
            self._failures |= {(each["accounting_record_id"], key) for each in results if "failure" in each}
        return await self._trap.through(f"{request.method} {request.url.path}", lambda: self._handled(request))

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        scope = {
            "type": "http",
            "method": request.method,
            "headers": [(key.lower(), value) for key, value in request.headers.raw],
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
        }
        pieces: list[Message] = [{"type": "http.request", "body": await request.aread()}]
        head: Message = {}
        body = bytearray()

        async def receive() -> Message:
            if pieces:
                return pieces.pop()
            await asyncio.Event().wait()  # the client goes away by being cancelled
            raise AssertionError

        async def send(message: Message) -> None:
            await asyncio.sleep(0)
            head.update(message if message["type"] == "http.response.start" else {})
            body.extend(message.get("body", b""))

        try:
            await self._apps[request.url.host](scope, receive, send)
        except Disconnected as gone:
            message = "the connection was lost"
            raise httpx.ReadError(message) from gone
        return httpx.Response(head["status"], headers=head["headers"], content=bytes(body))


__all__ = [
    "Act",
    "Crash",
    "InProcess",
    "Moment",
    "RejectingBooks",
    "Trap",
    "TrappedErp",
    "TrappedHalfPostingErp",
    "TrappedJournal",
    "TrappedLaggingErp",
]
