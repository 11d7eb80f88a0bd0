"""beancount.md is true: its picture of the books is what the ledger writes, and Beancount takes its outer file."""

from __future__ import annotations

import datetime
from pathlib import Path

from tests.docs.commands import is_like
from tests.docs.fences import ROOT, of
from tests.export.beancount.postings import bean_check, bought, line, post, posting, value

PAGE = ROOT / "docs" / "beancount.md"
DATE = "2026-01-31T12:00:00Z"
MAPPING = {
    "ledger": {"open_date": datetime.date(2026, 1, 31), "open_accounts": True},
    "accounts": {"6320": "Expenses:Software", "2100": "Liabilities:Brex:Card"},
    "metadata": {"department": "department"},
}


class TestPage:
    def test_what_it_writes(self, tmp_path: Path) -> None:
        """A record with a price, a vendor, a memo and a department is written as the page shows it."""
        books = tmp_path / "books.beancount"
        others = [line("DEBIT", "1.00", "JPY", "2100"), line("CREDIT", "1.00", "JPY", "2100")]
        post(books, posting(7, others, erp_posting_date=DATE), mapping=MAPPING)
        before = len(books.read_text())
        values = [value("6320"), value("D1", "department")]
        debit = line("DEBIT", "8207", "JPY", memo="Toner", **bought("50.64", "EUR"))
        lines = [debit | {"accounting_field_values": values}, line("CREDIT", "8207", "JPY", "2100")]
        record = posting(
            1,
            lines,
            memo="Toner",
            vendor={"id": "vendor_1", "name": "Paper & Co"},
            erp_posting_date=DATE,
        )
        post(books, record, mapping=MAPPING)
        (shown,) = of(PAGE, "text")
        written = books.read_text()[before:].strip("\n")
        assert is_like(shown.text, written), written

    def test_books_that_others_include(self, tmp_path: Path) -> None:
        """Beancount takes the page's outer file, with the books and the accounts beside it."""
        (outer,) = of(PAGE, "beancount")
        (tmp_path / "outer.beancount").write_text(outer.text + "\n")
        accounts = "2020-01-01 open Expenses:Software\n2020-01-01 open Liabilities:Brex:Card\n"
        (tmp_path / "accounts.beancount").write_text(accounts)
        mapping = {"ledger": {"open_accounts": False}, "accounts": MAPPING["accounts"]}
        post(tmp_path / "books.beancount", posting(1), mapping=mapping)
        assert "" == bean_check(tmp_path / "outer.beancount")
