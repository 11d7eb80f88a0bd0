"""An account whose records are exported by commands, and what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import attrs

from brex_accounting.emulator import Tenant, move
from brex_accounting.export import Entry, ExportPolicy, SqliteJournal
from tests.cli.served import Served

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent
MAPPING = ROOT / "examples" / "beancount.toml"
READY = "READY_FOR_EXPORT"
LABEL = "acme"
POLICY = ExportPolicy(basis="accrual")


@attrs.frozen
class Account:
    """An emulated account, a folder with its books and its journal, and how commands name them."""

    served: Served
    folder: Path

    @property
    def tenant(self) -> Tenant:
        return self.served.server.world.tenant()

    @property
    def books(self) -> Path:
        return self.folder / "books.beancount"

    @property
    def path(self) -> Path:
        return self.folder / "export.db"

    @property
    def journal(self) -> tuple[str, ...]:
        return ("--journal", str(self.path))

    @property
    def erp(self) -> tuple[str, ...]:
        return ("--erp", f"beancount:{self.books}", "--mapping", str(MAPPING))

    @property
    def options(self) -> tuple[str, ...]:
        return (*self.erp, *self.journal, "--basis", "accrual")

    def wanted(self, *stages: str) -> list[str]:
        """Records of the types that the ledger takes, in these stages."""
        return sorted(
            record.id
            for record in self.tenant.records.all()
            if record.type in POLICY.types and record.review_status in stages
        )

    def rows(self) -> dict[str, Entry]:
        """Where the records stand in the journal."""
        rows = ask(self.path, lambda journal: journal.entries(limit=1_000_000), account=LABEL)
        return {row.record_id: row for row in rows}

    def change(self, record_id: str, review_status: str) -> None:
        """What somebody else does at Brex."""
        move(self.tenant, record_id, review_status)

    def entries(self) -> list[str]:
        """The records that the books have an entry of, each as often as it is there."""
        if not self.books.exists():
            return []
        lines = self.books.read_text().splitlines()
        return sorted(line.split('"')[1] for line in lines if line.startswith("  brex-record: "))


def ask(path: Path, question: Callable[[SqliteJournal], Awaitable[T]], *, account: str | None = None) -> T:
    """What a journal says, or does, asked in this process."""

    async def asked() -> T:
        journal = SqliteJournal(path)
        await journal.open(account)
        try:
            return await question(journal)
        finally:
            await journal.aclose()

    return asyncio.run(asked())


__all__ = ["LABEL", "MAPPING", "POLICY", "READY", "ROOT", "Account", "ask"]
