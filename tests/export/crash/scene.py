"""An emulated account with faults, workers that export it, and what can be seen of them from outside."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from brex_accounting import FileTokenStore
from brex_accounting.auth.grant_state import GrantState, to_bytes
from brex_accounting.emulator import EmulatorServer, Fault, Tenant, TenantPlan, World, serve_in_thread
from brex_accounting.emulator.issuer import SCOPES
from brex_accounting.emulator.stored import StoredRecord
from tests.auth.fleet import PATIENCE, Fleet, Worker

ROOT = Path(__file__).parent.parent.parent.parent
UNMAPPED = "6450"
"""A value that is taken out of the example's accounts: records that have it are refused."""

FAULTS = (
    Fault(effect="drop", phase="before", probability=0.01, seed=1),
    Fault(effect="reset", phase="before", probability=0.01, seed=2),
    Fault(effect="status", phase="before", status=503, probability=0.01, seed=3),
    Fault(effect="drop", phase="after", probability=0.01, seed=4),
    Fault(effect="cut_body", phase="after", probability=0.01, seed=5),
    Fault(effect="status", phase="after", status=500, probability=0.01, seed=6),
)
"""Six of a hundred requests go wrong, half of them after they have taken effect."""

EXPIRY = Fault(effect="expired_token", every=20)
"""Access tokens are good for some requests only."""

SLOW = Fault(effect="latency", operation="reportAccountingExportResults", phase="after", delay=0.02)
"""So that an instant is likely to be one of a report."""

_SOON = 10.0


class Scene:
    """One account that is exported.

    Args:
        world: What is served.
        server: Where.
        folder: Where journal and books are.
        seed: Makes the data.
        plan: What all workers do.
    """

    def __init__(self, world: World, server: EmulatorServer, folder: Path, seed: int, plan: Mapping[str, Any]) -> None:
        self.world = world
        self.folder = folder
        self.journal = folder / "export.db"
        self.books = folder / ("books.db" if plan["erp"] == "durable" else "books.beancount")
        self._url = server.control_url
        self._seed = seed
        self.added: list[tuple[int, int]] = []
        """How many records have come in later, and the seeds that made them."""
        said = folder / "said"
        said.mkdir()
        mapping = folder / "mapping.toml"
        example = (ROOT / "examples" / "beancount.toml").read_text().splitlines()
        mapping.write_text("\n".join(line for line in example if not line.startswith(f'"{UNMAPPED}"')))
        usual = {
            "base_url": server.base_url,
            "token": world.issuer.user_token("main"),
            "journal": str(self.journal),
            "books": str(self.books),
            "mapping": str(mapping),
        }
        self.plan: dict[str, Any] = {**usual, **plan}
        self.fleet = Fleet(said, self.plan, module="tests.export.crash.worker")

    @property
    def tenant(self) -> Tenant:
        return self.world.tenant()

    def use_grant(self) -> None:
        """Let workers have a grant in a file instead of a user token; its access token has expired."""
        issuer = self.world.issuer
        tokens = issuer.grant("main")
        issuer.expire(tokens.access_token)
        long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
        state = GrantState(
            issuer=self.world.issuer_url,
            client_id=issuer.client_id,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            scopes=tuple(sorted(SCOPES)),
            granted_at=long_ago,
            refresh_token_at=long_ago,
            refreshed_at=long_ago,
            expires_at=long_ago + datetime.timedelta(hours=1),
        )
        path = self.folder / "grant.json"
        asyncio.run(_store(path, state))
        self.plan.update(
            token=None,
            grant=str(path),
            client_id=issuer.client_id,
            client_secret=issuer.client_secret,
            issuer=self.world.issuer_url,
        )

    def add(self, records: int) -> None:
        """Let records come in."""
        seed = self._seed + 1000 * (len(self.added) + 1)
        self.added.append((records, seed))
        body = json.dumps({"records": records, "seed": seed, "append": True}).encode()
        request = urllib.request.Request(self._url + "/seed", body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert 200 == answer.status

    # ---- what is seen -------------------------------------------------------------------------------------------

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the journal's file answers; nothing while it has no tables."""
        if not self.journal.exists():
            return []
        with closing(sqlite3.connect(self.journal, timeout=_SOON, isolation_level=None)) as connection:
            try:
                return connection.execute(statement, values).fetchall()
            except sqlite3.OperationalError:
                if connection.execute("select count(*) from sqlite_master where name = 'entries'").fetchone()[0]:
                    raise
                return []

    def claimed(self, owner: str | None = None) -> dict[str, int]:
        """How many records workers are at, or one of them is, by state."""
        return dict(
            self.rows(
                "select state, count(*) from entries where owner is not null and owner = coalesce(?, owner) "
                "group by state",
                owner,
            )
        )

    def states(self) -> dict[str, int]:
        """How many records stand where."""
        return dict(self.rows("select state, count(*) from entries group by state"))

    def size(self) -> int:
        """Of the books: bytes of text, or documents."""
        if not self.books.exists():
            return 0
        if self.plan["erp"] == "beancount":
            return self.books.stat().st_size
        with closing(sqlite3.connect(self.books, timeout=_SOON)) as connection:
            return int(connection.execute("select count(*) from documents").fetchone()[0])

    def owner(self, worker: Worker) -> str | None:
        """What a worker is called in claims; None before it has opened the journal."""
        heard = worker.heard("open")
        return heard[0]["owner"] if heard else None

    def requests(self) -> int:
        """How many requests there were."""
        return max((entry.number for entry in list(self.tenant.journal)), default=0)

    def struck(self) -> dict[str, int]:
        """How many requests a fault has struck, by its phase."""
        found: dict[str, int] = {}
        for rule in self.tenant.faults.all(now=self.tenant.now()):
            if rule.fault.effect in ("latency", "expired_token"):
                continue
            found[rule.fault.phase] = found.get(rule.fault.phase, 0) + rule.fired
        return found

    # ---- the end ------------------------------------------------------------------------------------------------

    def finish(self, *, times: int = 5, seconds: float = PATIENCE) -> int:
        """Let workers come to their end, each a day later than the one before, until nothing is under way.

        Returns:
            How many it took.
        """
        for number in range(times):
            worker = self.fleet.start(ends="complete", ahead=number * 86_400, name="last")
            self.fleet.done(worker, seconds=seconds)
            if not self.under_way():
                return number + 1
        message = f"still under way after {times} workers: {self.under_way()}"
        raise AssertionError(message)

    def takes_no_report(self, record: StoredRecord) -> bool:
        """Whether it is a bill that is posted as it arrives, and that Brex takes no report about before it is ready."""
        early = ("PREPARE", "REVIEW") if self.tenant.variants["bill_ready"] == "reaches" else ("PREPARE",)
        return record.source_type == "BILL" and record.review_status in early

    def under_way(self) -> dict[str, int]:
        """Records that are not where they can stay, by state."""
        resting = ("exported", "refused", "not for this ledger", "needs a person")
        left = self.rows("select record_id, state from entries where state not in (?, ?, ?, ?)", *resting)
        found: dict[str, int] = {}
        for record_id, state in left:
            record = self.tenant.records.get(record_id)
            assert record is not None
            if not self.takes_no_report(record) or state not in ("posted", "ready"):
                found[state] = found.get(state, 0) + 1
        return found


async def _store(path: Path, state: GrantState) -> None:
    store = FileTokenStore(path)
    async with store.lock(lease=10, wait=10) as fence:
        assert await store.compare_and_swap(None, to_bytes(state), fence=fence) is not None


@contextmanager
def scene(
    folder: Path,
    *,
    records: int,
    seed: int = 7,
    faults: tuple[Fault, ...] = FAULTS,
    variants: Mapping[str, str] | None = None,
    erp: str = "beancount",
    **plan: Any,
) -> Iterator[Scene]:
    """Serve an account, and end all workers with the block.

    Args:
        folder: For everything that is written.
        records: How many there are at first.
        seed: Makes them.
        faults: What goes wrong.
        variants: Of the emulator.
        erp: ``beancount`` or ``durable``.
        **plan: What workers do differently from usual.
    """
    world = World(TenantPlan(records=records, seed=seed, rate_limit=None, variants=dict(variants or {})))
    for fault in (*faults, SLOW):
        world.tenant().add_fault(fault)
    with serve_in_thread(world) as server:
        made = Scene(world, server, folder, seed, {"erp": erp, **plan})
        with made.fleet:
            yield made


def twin(found: Scene) -> Tenant:
    """The account as it was before anybody has exported anything of it."""
    tenant = found.tenant
    plan = tenant._plan
    made = World(plan).tenant()
    for records, seed in found.added:
        made.add(records, seed)
    return made


def program(name: str) -> Path:
    """A program of Beancount.

    Raises:
        AssertionError: It is not there.
    """
    path = ROOT / ".books" / "bin" / name
    assert path.exists(), f"{path} is missing: install examples/books-requirements.txt into .books"
    return path


__all__ = ["EXPIRY", "FAULTS", "SLOW", "UNMAPPED", "Scene", "program", "scene", "twin"]
