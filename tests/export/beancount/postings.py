"""Postings to book, ledgers to book them in, and the programs that read the books."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from brex_accounting.emulator import TenantPlan, World
from brex_accounting.export import Posting, Rejected
from brex_accounting.export.beancount import BeancountLedger
from brex_accounting.export.beancount.entries import reference_of
from brex_accounting.export.erp import LedgerEntry, Outcome, Posted
from brex_accounting.export.posting import content_hash, posting_date
from brex_accounting_client import from_dict
from brex_accounting_client.codec import decode
from brex_accounting_client.models import AccountingRecord
from tests import virtual, wire

T = TypeVar("T")

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / ".books" / "bin"
EXAMPLE = ROOT / "examples" / "beancount.toml"

MAPPING: Mapping[str, Any] = {
    "accounts": {"6320": "Expenses:Software", "2100": "Liabilities:Brex:Card"},
    "default": {"debit": "Expenses:Other", "credit": "Liabilities:Other"},
    "metadata": {"department": "department"},
}


def value(remote: str | None, field: str = "account", own: str = "efo_1") -> dict[str, Any]:
    """An accounting field value."""
    return {
        "brex_field_id": f"ef_{field}",
        "remote_field_id": field,
        "brex_field_value_id": own,
        "remote_field_value_id": remote,
    }


def line(
    type_: str, amount: str | Decimal, currency: str = "USD", account: str | None = None, **more: Any
) -> dict[str, Any]:
    """A line of a record."""
    return {
        "id": "arli_1",
        "type": type_,
        "amount": {"amount": Decimal(amount), "currency": currency},
        "accounting_field_values": [] if account is None else [value(account)],
        **more,
    }


def entry(amount: str | Decimal = "12.50", currency: str = "USD", **more: Any) -> list[dict[str, Any]]:
    """Two lines that balance; ``more`` is for the debit line."""
    return [line("DEBIT", amount, currency, "6320", **more), line("CREDIT", amount, currency, "2100")]


def bought(amount: str, currency: str) -> dict[str, Any]:
    """What a line cost in the first place."""
    return {"original_amount": {"amount": Decimal(amount), "currency": currency}}


def posting(
    index: int = 0, lines: Sequence[dict[str, Any]] | None = None, *, key: str | None = None, **changes: Any
) -> Posting:
    """A posting of a record with these lines."""
    raw = wire.record(index, line_items=list(lines or entry()), **changes)
    record: AccountingRecord = from_dict(raw, AccountingRecord)
    return posting_of(record, key)


def posting_of(record: AccountingRecord, key: str | None = None) -> Posting:
    return Posting(
        key=record.id if key is None else key,
        record=record,
        date=posting_date(record),
        content_hash=content_hash(record),
    )


@cache
def seeded(count: int) -> tuple[Posting, ...]:
    """Postings of an emulated account: all types, many scripts and currencies, amounts without end and of nothing."""
    stored = World(TenantPlan(records=count, seed=7)).tenant().records.all()
    return tuple(
        posting_of(decode(b"".join(one.pieces(one.facts, single_entry=False)), AccountingRecord)) for one in stored
    )


def using(path: Path, work: Callable[[BeancountLedger], Awaitable[T]], *, mapping: Any = MAPPING) -> T:
    """Open the books, do something, and close them."""

    async def main() -> T:
        async with BeancountLedger(path, mapping=mapping) as ledger:
            return await work(ledger)

    return virtual.run(main())


def post(path: Path, *postings: Posting, mapping: Any = MAPPING) -> Sequence[Outcome]:
    return using(path, lambda ledger: ledger.post(postings), mapping=mapping)


def find(path: Path, *keys: str) -> Mapping[str, Posted]:
    return using(path, lambda ledger: ledger.find(keys))


async def listed(ledger: BeancountLedger) -> list[LedgerEntry]:
    return [one async for one in ledger.list_entries()]


def entries(path: Path) -> list[LedgerEntry]:
    return using(path, listed)


def posted(index: int, amount: str = "12.50") -> Posted:
    return Posted(reference_of(f"accr_{index}"), content_hash=posting(index, entry(amount)).content_hash)


def amend(path: Path, index: int, amount: str) -> Posted | Rejected:
    """Bring an entry to another amount."""
    return using(path, lambda ledger: ledger.amend(posting(index, entry(amount)), posted(index)))


def edit(path: Path, old: str, new: str) -> None:
    """What a bookkeeper does with an editor: another file of the same name."""
    text = path.read_text()
    assert old in text
    path.with_name("edited").write_text(text.replace(old, new))
    path.with_name("edited").replace(path)


def bean_check(path: Path) -> str:
    """What Beancount says against the books: nothing."""
    command = [PROGRAMS / "bean-check", "--no-cache", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


def query(path: Path, text: str) -> list[dict[str, str]]:
    """What Beancount reads in the books."""
    command = [PROGRAMS / "bean-query", "--format", "csv", path, text]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
