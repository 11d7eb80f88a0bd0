"""One account of the emulator with its books and its journal, and export workers that come and go.

Nothing here needs a socket or real time: requests are carried to the emulator in the process, and the event loop jumps
over every wait. The journal is a real file.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, urlsplit

import attrs
import msgspec

from brex_accounting import Brex, MemoryTokenStore, OAuthApp, RetryPolicy, Runtime
from brex_accounting.emulator import Tenant, TenantPlan, World, move
from brex_accounting.emulator.stored import StoredRecord
from brex_accounting.export import (
    Entry,
    Erp,
    ExportEvent,
    ExportLoop,
    ExportPolicy,
    RunSummary,
    SqliteJournal,
    State,
)
from brex_accounting.export.states import SETTLED
from tests import virtual
from tests.export.doubles import Books
from tests.export.traps import (
    InProcess,
    RejectingBooks,
    Trap,
    TrappedErp,
    TrappedHalfPostingErp,
    TrappedJournal,
    TrappedLaggingErp,
)

T = TypeVar("T")

HOUR = 3600.0
DAY = 24 * HOUR
START = 60 * DAY
"""Where the loop's time begins: what is seeded lies in the past then."""

READY = "READY_FOR_EXPORT"
POLICY = ExportPolicy(basis="accrual", bills="arrival")
SCOPES = ("offline_access", "accounting.record.read", "accounting.record.write", "accounting.integration.write")
RETRY = RetryPolicy(attempts=3, backoff=0.5)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop that jumps over every wait."""
    return virtual.run(main, start=START)


async def pass_time(seconds: float) -> None:
    """Let time pass."""
    await asyncio.sleep(seconds)


MakeErp = Callable[["Account", Trap], Erp]


def honest(account: Account, trap: Trap) -> Erp:
    """An idempotent ERP with small batches."""
    erp = TrappedErp(account.clock, account.books, batch_size=12)
    erp.trap = trap
    return erp


def lagging(account: Account, trap: Trap) -> Erp:
    """A searchable ERP whose search lags by two minutes."""
    erp = TrappedLaggingErp(account.clock, account.books, batch_size=12)
    erp.trap = trap
    return erp


def half_posting(account: Account, trap: Trap) -> Erp:
    """A searchable ERP that loses every second batch in its middle."""
    erp = TrappedHalfPostingErp(account.clock, account.books, random=account.random, batch_size=12)
    erp.trap = trap
    return erp


def always(erp: Erp) -> MakeErp:
    """One handle on the books, for all workers."""

    def make(_account: Account, _trap: Trap) -> Erp:
        return erp

    return make


class Refusals:
    """An ERP that does not take some records, until it is mended.

    Args:
        bad: Their ids.
    """

    def __init__(self, bad: Collection[str]) -> None:
        self.bad = dict.fromkeys(bad, "no-account")
        self.version = 1

    def __call__(self, account: Account, trap: Trap) -> Erp:
        """A handle on the books."""
        erp = RejectingBooks(account.clock, account.books, batch_size=12)
        erp.trap, erp.bad, erp.mapping_version = trap, self.bad, str(self.version)
        return erp

    def mend(self) -> None:
        """Take all of them from now on."""
        self.bad, self.version = {}, self.version + 1


class Account:
    """One account, its books and its journal; workers on it come and go.

    Args:
        folder: Where the journal is.
        records: How many records are seeded.
        ready: Whether all of them are ready for export from the start.
        policy: What the ledger takes.
        make_erp: Makes a handle on the books.
        seed: Makes other records.
        variants: What the emulator does.
        bill_ready: Whether bills reach READY_FOR_EXPORT; one of the variants.

    Attributes:
        options: For the loops, before what a test asks for.
        events: What the loops told.
        failures: Each record that Brex was told a failure of, with the key of the request; repetitions have the same.
    """

    def __init__(
        self,
        folder: Path,
        *,
        records: int = 30,
        ready: bool = True,
        policy: ExportPolicy = POLICY,
        make_erp: MakeErp = honest,
        seed: int = 7,
        variants: Mapping[str, str] | None = None,
        bill_ready: str = "never",
    ) -> None:
        self.clock = virtual.VirtualClock()
        self.runtime = Runtime(clock=self.clock)
        variants = {"bill_ready": bill_ready, **(variants or {})}
        plan = TenantPlan(records=records, seed=seed, start=self.clock.now(), rate_limit=None, variants=variants)
        self.world = World(plan, monotonic=self.clock.monotonic)
        self.world.base_url, self.world.file_url = "https://emulator.invalid", "https://files.invalid"
        self.path = folder / "export.db"
        self.policy = policy
        self.make_erp = make_erp
        self.books = Books()
        self.random = Random(seed)
        self.options: dict[str, Any] = {"page_size": 20, "report_size": 10}
        self.events: list[ExportEvent] = []
        self.failures: set[tuple[str, str]] = set()
        self.credentials: Any = self.world.issuer.user_token("main")
        self.store = MemoryTokenStore(clock=self.clock)
        if ready:
            for record in list(self.tenant.records.all()):
                move(self.tenant, record.id, READY)

    @property
    def tenant(self) -> Tenant:
        """The account at Brex."""
        return self.world.tenant()

    def app(self, runtime: Runtime) -> OAuthApp:
        """The partner's application, as one process has it."""
        return OAuthApp(
            client_id=self.world.issuer.client_id,
            client_secret=self.world.issuer.client_secret,
            issuer=self.world.issuer_url,
            transport=InProcess(self.world, Trap()),
            runtime=runtime,
        )

    async def consent(self) -> None:
        """Let the customer consent: from then on clients use the grant, with its tokens that expire and rotate."""
        app = self.app(self.runtime)
        request = app.authorization_request(redirect_uri=self.world.issuer.redirect_uris[0], scopes=SCOPES)
        answer = self.world.issuer.authorize(parse_qsl(urlsplit(request.url).query), self.world.issuer_url)
        callback = dict(answer.headers)["location"]
        self.credentials = await app.exchange(callback, request, store=self.store)

    async def connect(self) -> str:
        """Make the integration active; its id."""
        async with self.client() as brex:
            made = await brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42")
        return made.integration_id

    @asynccontextmanager
    async def client(self, trap: Trap | None = None, runtime: Runtime | None = None) -> AsyncGenerator[Brex]:
        """A client of the account; one with a runtime of its own is as if in another process."""
        async with Brex(
            self.credentials if runtime is None else self.app(runtime).grant(self.store),
            account="acme",
            base_url=self.world.base_url,
            retry=RETRY,
            rate_limit=None,
            runtime=runtime or self.runtime,
            transport=InProcess(self.world, trap or Trap(), self.failures),
        ) as brex:
            yield brex

    @asynccontextmanager
    async def worker(
        self, trap: Trap | None = None, *, erp: Erp | None = None, policy: ExportPolicy | None = None, **options: Any
    ) -> AsyncGenerator[ExportLoop]:
        """A new worker, as if in a process of its own; it is gone afterwards, whatever it was at."""
        trap = trap or Trap()
        journal = TrappedJournal(self.path, trap)
        usual: dict[str, Any] = {**self.options, "clock": self.clock, "on_event": self.events.append}
        async with self.client(trap) as brex:
            erp = erp or self.make_erp(self, trap)
            try:
                yield ExportLoop(brex, erp, journal, policy or self.policy, **{**usual, **options})
            finally:
                await journal.aclose()

    async def run(self, **options: Any) -> RunSummary:
        """One run of a new worker."""
        async with self.worker() as loop:
            return await loop.run_once(**options)

    async def finish(self, *, runs: int = 10) -> RunSummary:
        """Let new workers run, an hour apart, until one has nothing left to do."""
        summary = None
        for _ in range(runs):
            summary = await self.run()
            if summary.ended == "complete" and all(row.state in SETTLED for row in (await self.rows()).values()):
                return summary
            await pass_time(HOUR)
        message = f"not finished after {runs} runs: {summary}"
        raise AssertionError(message)

    async def journal(self, ask: Callable[[SqliteJournal], Awaitable[T]]) -> T:
        """What the journal says, asked from outside of any worker."""
        journal = SqliteJournal(self.path)
        await journal.open("acme")
        try:
            return await ask(journal)
        finally:
            await journal.aclose()

    async def rows(self) -> dict[str, Entry]:
        """All rows of the journal."""
        return {row.record_id: row for row in await self.journal(lambda journal: journal.entries(limit=1_000_000))}

    async def note(self, name: str) -> str | None:
        """A note of the journal."""
        return await self.journal(lambda journal: journal.note(name))

    def book_on(self, record_id: str, instant: str) -> None:
        """Let a record's posting date be another one, as Brex would write it; version and updated_at stay."""
        record = self.stored(record_id)
        facts = re.sub(rb'("erp_posting_date":)"[^"]*"', rb'\1"' + instant.encode() + b'"', record.facts)
        assert instant.encode() in facts
        self.tenant.records.put(attrs.evolve(record, facts=facts))

    # ---- what is true of it -----------------------------------------------------------------------------------------

    def wanted(self, *stages: str) -> list[str]:
        """Records of the types that the ledger takes, in these stages; in any where none are named."""
        return sorted(
            record.id
            for record in self.tenant.records.all()
            if record.type in self.policy.types and (not stages or record.review_status in stages)
        )

    def stage_of(self, record_id: str) -> str:
        """Where a record stands at Brex."""
        return self.stored(record_id).review_status

    def stored(self, record_id: str) -> StoredRecord:
        """A record as the emulator has it."""
        found = self.tenant.records.get(record_id)
        assert found is not None
        return found

    def posted(self) -> list[str]:
        """The keys of all entries in the books, each as often as it is there."""
        return sorted(document.key for document in self.books.documents)

    def violations(self) -> list[str]:
        """What every honest worker keeps, and was not kept.

        Where a refused report takes effect in part, what is reported again is refused, and cannot be told from a
        second success.
        """
        tolerated = "reported_twice" if self.tenant.variants["report_422"] == "partial" else None
        found = [violation.invariant for violation in self.world.violations(self.tenant)]
        return [invariant for invariant in found if invariant != tolerated]

    async def audit(self, expected: Collection[str]) -> None:
        """Exactly these records are in the books, exported and settled, each once and with its own money."""
        assert sorted(expected) == self.posted()
        documents = {document.key: document for document in self.books.documents}
        assert set() == {id_ for id_ in expected if self.stage_of(id_) != "EXPORTED"}
        assert [] == self.violations()
        assert [] == self.world.bugs
        assert {id_: debits_of(self.stored(id_)) for id_ in expected} == {
            id_: documents[id_].debits for id_ in expected
        }
        rows = await self.rows()
        assert {id_: (State.EXPORTED, documents[id_].reference) for id_ in expected} == {
            id_: (rows[id_].state, rows[id_].reference) for id_ in expected
        }
        assert set() == {row.state for row in rows.values()} - SETTLED


def debits_of(record: StoredRecord) -> dict[str, Decimal]:
    """The sum of a record's debit lines in each currency, from the JSON that the emulator keeps."""
    sums: dict[str, Decimal] = {}
    decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)
    for line in decoder.decode(b"[" + record.lines + b"," + record.counter_lines + b"]"):
        if line["type"] == "DEBIT":
            amount = cast("dict[str, Any]", line["amount"])
            sums[amount["currency"]] = sums.get(amount["currency"], Decimal()) + amount["amount"]
    return sums


__all__ = [
    "DAY",
    "HOUR",
    "POLICY",
    "READY",
    "START",
    "Account",
    "Refusals",
    "always",
    "debits_of",
    "half_posting",
    "honest",
    "lagging",
    "pass_time",
    "run",
]
