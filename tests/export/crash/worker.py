"""A worker as users run them: ``python -m tests.export.crash.worker PLAN``; says what happens in lines of JSON."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
import logging
import os
import signal
import ssl
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import attrs

from brex_accounting import Brex, BrexError, FileTokenStore, OAuthApp, RetryPolicy, Runtime, TokenSource
from brex_accounting.clock import SystemClock
from brex_accounting.export import Erp, ExportLoop, ExportPolicy
from brex_accounting.export.beancount import BeancountLedger
from brex_accounting.export.erp import Outcome, Rejected
from brex_accounting.export.events import ExportEvent, ExportPaused, ExportProgress, RunEnded
from brex_accounting.export.posting import Posting
from brex_accounting.export.sqlite_journal import SqliteJournal
from tests.export.durable_erp import DurableErp

ACCOUNT = "acme"
_EVERY = datetime.timedelta(seconds=0.2)
_RUNS = 30
_PAUSE = 0.2


@attrs.frozen(kw_only=True)
class Plan:
    """What a worker does.

    Args:
        base_url: Of the API.
        token: A user token; without one there is a grant.
        client_id: Of the application.
        client_secret: Its secret.
        issuer: URL of its issuer.
        grant: The token file.
        journal: The journal's file.
        books: The file with the books.
        erp: What they are: ``beancount`` or ``durable``.
        mapping: The accounts of Beancount's books.
        lag: Seconds until the durable ERP shows what was posted.
        batch_size: The most postings in one post.
        page_size: Records in a page.
        report_size: Results in one report.
        pause: Seconds by which the books are slower than they could be, so that a kill is likely to come in between.
        lease: Seconds of a claim.
        ahead: Seconds by which the worker lives later than it is.
        ends: When the worker comes to its end: ``stopped`` by SIGTERM, or when a run is ``complete``.
        name: Part of its user agent.
    """

    base_url: str
    journal: str
    books: str
    token: str | None = None
    client_id: str = ""
    client_secret: str = ""
    issuer: str = ""
    grant: str = ""
    erp: str = "beancount"
    mapping: str = ""
    lag: float = 0.0
    batch_size: int = 50
    page_size: int = 500
    report_size: int = 25
    pause: float = 0.02
    lease: float = 2.0
    ahead: float = 0.0
    ends: str = "stopped"
    name: str = "1"


class LaterClock(SystemClock):
    """The machine's clock, set ahead: what is due in a while is due now."""

    def __init__(self, ahead: float) -> None:
        object.__setattr__(self, "_ahead", datetime.timedelta(seconds=ahead))

    def now(self) -> datetime.datetime:
        return super().now() + self._ahead  # type: ignore[attr-defined]


def is_refused(key: str) -> bool:
    """Whether the durable ERP refuses an entry: three of a hundred."""
    return hashlib.sha256(key.encode()).digest()[0] < 8


class SlowLedger(BeancountLedger):
    """Takes a moment more before and after a post."""

    pause = 0.0

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        await asyncio.sleep(self.pause)
        outcomes = await super().post(postings)
        await asyncio.sleep(self.pause)
        return outcomes


class PickyErp(DurableErp):
    """Refuses some entries, and tells so before; takes a moment more before, in the middle of, and after a post.

    Args:
        path: The file.
        lag: Seconds from the beginning of a post until a search gives what it brought.
        batch_size: The most postings in one post.
        pause: Seconds.
    """

    def __init__(self, path: Path, *, lag: float, batch_size: int, pause: float) -> None:
        super().__init__(path, lag=lag, batch_size=batch_size, clock=self._clock)
        self._pause = pause
        self._begun: float | None = None

    def _clock(self) -> float:
        return time.time() if self._begun is None else self._begun

    async def validate(self, posting: Posting) -> Rejected | None:
        return Rejected("The books do not take it.", code="not-taken") if is_refused(posting.key) else None

    async def post(self, postings: Sequence[Posting]) -> Sequence[Outcome]:
        assert not any(is_refused(posting.key) for posting in postings)
        middle = len(postings) // 2
        outcomes: list[Outcome] = []
        self._begun = self.clock()
        for part in (postings[:middle], postings[middle:]):
            await asyncio.sleep(self._pause)
            outcomes += await super().post(part)
        self._begun = None
        await asyncio.sleep(self._pause)
        return outcomes


def say(**members: object) -> None:
    """Say something at once and whole: whoever listens may kill this process in the next instant."""
    os.write(1, json.dumps(members).encode() + b"\n")


class Worker:
    """Does what a plan says."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._stages: set[str] = set()

    async def run(self) -> None:
        plan = self._plan
        clock = LaterClock(plan.ahead)
        runtime = Runtime()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading certificates is half of a start
        async with AsyncExitStack() as stack:
            brex = await stack.enter_async_context(
                Brex(
                    self._credentials(context, runtime),
                    account=ACCOUNT,
                    base_url=plan.base_url,
                    rate_limit=None,
                    retry=RetryPolicy(attempts=4, backoff=0.02, budget=1000),
                    user_agent=f"worker/{plan.name}",
                    ssl_context=context,
                    runtime=runtime,
                )
            )
            loop = await stack.enter_async_context(
                ExportLoop(
                    brex,
                    await self._erp(stack),
                    SqliteJournal(plan.journal),
                    ExportPolicy(basis="accrual", bills="arrival"),
                    lease=plan.lease,
                    page_size=plan.page_size,
                    report_size=plan.report_size,
                    clock=clock,
                    on_event=self._tell,
                )
            )
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, loop.stop)
            say(said="open", owner=loop._owner)
            if plan.ends == "stopped":
                await loop.run_forever(every=_EVERY)
            else:
                await self._until_complete(loop)

    def _credentials(self, context: ssl.SSLContext, runtime: Runtime) -> str | TokenSource:
        plan = self._plan
        if plan.token is not None:
            return plan.token
        app = OAuthApp(
            client_id=plan.client_id,
            client_secret=plan.client_secret,
            issuer=plan.issuer,
            ssl_context=context,
            runtime=runtime,
        )
        return app.grant(FileTokenStore(plan.grant))

    async def _erp(self, stack: AsyncExitStack) -> Erp:
        plan = self._plan
        if plan.erp == "durable":
            return PickyErp(Path(plan.books), lag=plan.lag, batch_size=plan.batch_size, pause=plan.pause)
        ledger = await stack.enter_async_context(SlowLedger(plan.books, mapping=plan.mapping))
        ledger.batch_size, ledger.pause = plan.batch_size, plan.pause
        return ledger

    async def _until_complete(self, loop: ExportLoop) -> None:
        for _ in range(_RUNS):
            try:
                summary = await loop.run_once()
            except BrexError as error:
                say(said="failed", error=type(error).__name__, text=str(error))
                await asyncio.sleep(_PAUSE)
                continue
            say(
                said="ran",
                ended=summary.ended,
                posted=summary.posted,
                found=summary.found,
                exported=summary.exported,
                refused=summary.refused,
                pause=summary.pause,
                unread=dict(summary.unread),
            )
            if summary.ended in ("complete", "stopped"):
                return
            await asyncio.sleep(_PAUSE)
        message = f"no run is complete after {_RUNS}"
        raise AssertionError(message)

    def _tell(self, event: ExportEvent) -> None:
        match event:
            case ExportProgress():
                if event.stage not in self._stages:
                    self._stages.add(event.stage)
                    say(said="at work", stage=event.stage)
            case RunEnded():
                self._stages.clear()
                say(said="run ended", error=event.error)
            case ExportPaused():
                say(said="paused", cause=event.cause)
            case _:
                pass


def main() -> None:
    """Do it."""
    logging.getLogger("brex_accounting").addHandler(logging.NullHandler())  # events say the same; the rest is shown
    plan = Plan(**json.loads(sys.argv[1]))
    say(said="started", pid=os.getpid())
    asyncio.run(Worker(plan).run())
    say(said="done")


if __name__ == "__main__":
    main()
