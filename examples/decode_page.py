"""Read a page of accounting records as Brex sends it and print it as a table.

The page in ``records_page.json`` holds what real pages hold: several currencies, a refund, a bill, a record type that
no document lists yet, a memo cut in the middle of an emoji, and one record whose amount is no number.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from brex_accounting_client import decode_page, unknown_fields
from brex_accounting_client.models import AccountingRecord, AccountingRecordPage

PAGE = Path(__file__).parent / "records_page.json"


def main() -> None:
    """Decode the page, print its records, its totals and what needs a person."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    page = decode_page(PAGE.read_bytes(), AccountingRecordPage, on_bad_record="collect")

    table = Table(title=f"{len(page.items)} of {page.total_count} accounting records")
    table.add_column("id", no_wrap=True)
    table.add_column("type", overflow="fold")
    table.add_column("posting date", no_wrap=True)
    table.add_column("vendor or person", overflow="fold")
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("balanced", justify="center")
    table.add_column("note", overflow="fold")
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for index, record in enumerate(page.items):
        totals[record.amount.currency] += record.amount.amount
        note = [] if record.type.is_known else ["new type"]
        note += ["text repaired"] if index in page.repaired else []
        note += [f"unknown: {path}" for path in unknown_fields(page, index)]
        table.add_row(
            record.id,
            str(record.type),
            f"{record.erp_posting_date:%Y-%m-%d}",
            counterparty(record),
            f"{record.amount.amount:,} {record.amount.currency}",
            "yes" if balanced(record) else "no",
            ", ".join(note),
        )
    console.print(table)
    amounts = ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(totals.items()))
    console.print(f"Amounts by currency: {amounts}")
    for bad in page.bad_records:
        console.print(f"Needs a person: {bad.id} at {bad.path}: {bad.reason} ({len(bad.raw)} bytes kept)")


def counterparty(record: AccountingRecord) -> str:
    """Whom the money went to or came from."""
    if record.vendor is not None:
        return record.vendor.name
    return f"{record.user.first_name} {record.user.last_name}" if record.user is not None else ""


def balanced(record: AccountingRecord) -> bool:
    """Whether debits and credits are equal in each currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in record.line_items:
        sums[line.amount.currency] += line.amount.amount if line.type == "DEBIT" else -line.amount.amount
    return not any(sums.values())


if __name__ == "__main__":
    main()
