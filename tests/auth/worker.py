"""A worker as partners run them: ``python -m tests.auth.worker PLAN``; says what happens in lines of JSON."""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import os
import random
import signal
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import attrs

from brex_accounting import (
    Brex,
    BrexError,
    Event,
    FileTokenStore,
    OAuthApp,
    ReauthorizationNeeded,
    ReauthorizationRequired,
    RefreshDelayed,
    RefreshFailed,
    Runtime,
    TokensRefreshed,
    Unauthorized,
)
from brex_accounting.auth.grant_state import from_bytes
from brex_accounting.clock import SystemClock

_TURNS = 600
"""How often a call is made anew where its error says that a later one may succeed."""

_PAUSE = 0.5
_LOOK = 0.005
_IDLE = 30.0
"""Seconds that a child lives on without its parent, unless it is killed."""


@attrs.frozen(kw_only=True)
class Plan:
    """What a worker does.

    Args:
        base_url: Of the API.
        issuer: URL of the issuer.
        client_id: Of the application.
        client_secret: Its secret.
        accounts: The token file of each account, by the account's label.
        tasks: How many call at once, for each account.
        calls: How many calls each of them makes; None: until the process is ended.
        pause: Seconds that each of them waits, at most, before each call.
        refresh_timeout: Seconds for a request for tokens.
        ahead: Seconds by which the wall clock is wrong.
        threads: How many threads do all this, each with an event loop of its own and a client of its own.
        on_term: What SIGTERM does: ``die`` or ``close``.
        forks: ``calls``: the process is forked while a refresh is under way, and its child makes a call for each
            account; ``idles``: its child does nothing but wait for the end of the process.
    """

    base_url: str
    issuer: str
    client_id: str
    client_secret: str
    accounts: Mapping[str, str]
    tasks: int = 1
    calls: int | None = 1
    pause: float = 0.0
    refresh_timeout: float = 10.0
    ahead: float = 0.0
    threads: int = 1
    on_term: str = "die"
    forks: str | None = None


class WrongClock(SystemClock):
    """The machine's clock, set wrong."""

    def __init__(self, ahead: float) -> None:
        object.__setattr__(self, "_ahead", datetime.timedelta(seconds=ahead))

    def now(self) -> datetime.datetime:
        return super().now() + self._ahead  # type: ignore[attr-defined]


def say(**members: Any) -> None:
    """Say something at once and whole: whoever listens may kill this process in the next instant."""
    os.write(1, json.dumps(members).encode() + b"\n")


def tell(event: Event) -> None:
    """Say what concerns tokens."""
    if isinstance(event, TokensRefreshed):
        say(said="refreshed", account=event.account, recovered=event.recovered, rotated=event.rotated)
    elif isinstance(event, ReauthorizationNeeded):
        say(said="reauthorization needed", account=event.account, cause=event.cause)
    elif isinstance(event, RefreshDelayed):
        say(said="delayed", account=event.account, error=event.error, seconds=event.seconds)


class Caller:
    """Makes the calls of one account."""

    def __init__(self, plan: Plan, account: str, brex: Brex) -> None:
        self._plan = plan
        self._account = account
        self._brex = brex
        self._succeeded = 0
        self._again: Counter[str] = Counter()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._plan.tasks):
                    group.create_task(self._calls())
        finally:
            say(said="calls", account=self._account, succeeded=self._succeeded, again=self._again)

    async def _calls(self) -> None:
        left = self._plan.calls
        while left is None or left > 0:
            left = None if left is None else left - 1
            await asyncio.sleep(random.uniform(0, self._plan.pause))
            try:
                await self._call()
            except BrexError as error:
                cause = error.cause if isinstance(error, ReauthorizationRequired) else None
                say(said="failed", account=self._account, error=type(error).__name__, cause=cause, text=str(error))
                continue
            self._succeeded += 1
            if self._succeeded == 1:
                say(said="first call", account=self._account)

    async def _call(self) -> None:
        """One call, and once more where that is what the error advises."""
        for _ in range(_TURNS):
            try:
                await self._brex.company.get()
            except Unauthorized:  # the token that it was sent anew with has expired as well
                self._again["Unauthorized"] += 1
                await asyncio.sleep(random.uniform(0, _PAUSE))
            except RefreshFailed:
                self._again["RefreshFailed"] += 1
                await asyncio.sleep(random.uniform(0, _PAUSE))
            else:
                return
        await self._brex.company.get()


class Worker:
    """Does what a plan says."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading certificates is half of a start
        self._runtime = Runtime(clock=WrongClock(plan.ahead))
        self._app = OAuthApp(
            client_id=plan.client_id,
            client_secret=plan.client_secret,
            issuer=plan.issuer,
            refresh_timeout=plan.refresh_timeout,
            ssl_context=self._context,
            runtime=self._runtime,
        )

    async def run(self) -> None:
        if self._plan.on_term == "close" and threading.current_thread() is threading.main_thread():
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        callers = [self._account(account, path) for account, path in self._plan.accounts.items()]
        await asyncio.gather(self._forked(), *callers)

    async def _account(self, account: str, path: str) -> None:
        grant = self._app.grant(FileTokenStore(path))
        async with Brex(
            grant,
            account=account,
            base_url=self._plan.base_url,
            rate_limit=None,
            on_event=tell,
            ssl_context=self._context,
            runtime=self._runtime,
        ) as brex:
            await Caller(self._plan, account, brex).run()

    async def _forked(self) -> None:
        """Fork, and let the child do as much as a child can: it leaves without coming back to the parent's code."""
        if self._plan.forks is None:
            return
        while not await self._is_refreshing():  # noqa: ASYNC110 - another thread writes the file
            await asyncio.sleep(_LOOK)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self._be_child()
                status = 0
            finally:
                os._exit(status)
        say(said="forked", pid=child)
        _, status = await asyncio.to_thread(os.waitpid, child, 0)
        say(said="child", status=os.waitstatus_to_exitcode(status))

    def _be_child(self) -> None:
        if self._plan.forks == "idles":
            while os.getppid() != 1:
                time.sleep(_LOOK)
            time.sleep(_IDLE)
        else:
            self._plan = attrs.evolve(self._plan, forks=None, tasks=1, calls=1)
            asyncio.run(self.run())

    async def _is_refreshing(self) -> bool:
        stored = [await FileTokenStore(path).load() for path in self._plan.accounts.values()]
        return any(found is not None and from_bytes(found.content).pending for found in stored)


def main() -> None:
    """Do it."""
    logging.getLogger("brex_accounting").addHandler(logging.NullHandler())  # events say the same; the rest is shown
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
    plan = Plan(**json.loads(sys.argv[1]))
    worker = Worker(plan)
    say(said="started", pid=os.getpid())
    others = [threading.Thread(target=lambda: asyncio.run(worker.run())) for _ in range(plan.threads - 1)]
    for thread in others:
        thread.start()
    try:
        asyncio.run(worker.run())
    except asyncio.CancelledError:
        say(said="cancelled")
    for thread in others:
        thread.join()
    say(said="done")


if __name__ == "__main__":
    main()
