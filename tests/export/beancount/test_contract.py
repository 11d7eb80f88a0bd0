"""The ledger keeps the contract of ERP adapters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from brex_accounting.export import Erp, Posting
from brex_accounting.export.beancount import BeancountLedger, open_books
from brex_accounting.export.beancount.blocks import BookedAt, Scan
from brex_accounting.testing import ErpContract, OpenErp
from tests import virtual
from tests.export.beancount import postings

MAPPING = {"account": {"unmapped": "Expenses:Any"}, "default": dict.fromkeys(("debit", "credit"), "Assets:Any")}


class TestBeancountLedger(ErpContract):
    @pytest.fixture
    def open_erp(self, tmp_path: Path) -> Iterator[OpenErp]:
        opened: list[BeancountLedger] = []

        def open_one() -> Erp:
            opened.append(BeancountLedger(tmp_path / "books.beancount", mapping=MAPPING))
            return opened[-1]

        yield open_one
        for ledger in opened:
            virtual.run(ledger.aclose())

    def rejected_posting(self, number: int) -> Posting:
        lines = [postings.line("DEBIT", "1"), postings.line("CREDIT", "1.004")]
        return postings.posting(number, lines)

    async def count_entries(self, erp: Erp, key: str) -> int | None:
        """How many times more it was booked than taken back."""
        assert isinstance(erp, BeancountLedger)
        with erp.path.open("rb") as file:
            return sum(-1 if one.reversal else 1 for one in Scan(file) if isinstance(one, BookedAt) and one.key == key)

    async def fail_half_way(self, erp: Erp) -> bool:
        """The disk is full in the middle of the next append, and takes what was written of it back."""
        real = open_books.os
        calls: list[int] = []

        def write(descriptor: int, data: memoryview) -> int:
            calls.append(len(data))
            if len(calls) > 1:
                open_books.os = real
                raise OSError(28, "No space left on device")
            return real.write(descriptor, data[: len(data) // 2])

        open_books.os = SimpleNamespace(**{**vars(real), "write": write})
        return True
