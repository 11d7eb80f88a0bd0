"""Receipts of entries that are in the books: what goes wrong with them holds up nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from brex_accounting import Brex, Runtime
from brex_accounting.export import ExportPolicy

from .doubles import MemoryErp
from .traps import InProcess, Trap
from .world import DAY, HOUR, RETRY, Account, always, pass_time, run

READY_ONLY = ExportPolicy(basis="accrual")


class OneRecordFails(InProcess):
    """Brex answers every request for a certain record by itself with an error."""

    def __init__(self, account: Account, trap: Trap, record_id: str, status: int) -> None:
        super().__init__(account.world, trap, account.failures)
        self._path = f"/v3/accounting/records/{record_id}"
        self._status = status

    async def _handled(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == self._path:
            return httpx.Response(self._status, json={"error_code": "X", "message": "no"})
        return await super()._handled(request)


class WithoutOneRecord(Account):
    """An account whose receipts cannot be had for one record."""

    status = 500
    failing = ""

    @asynccontextmanager
    async def client(self, trap: Trap | None = None, runtime: Runtime | None = None) -> AsyncGenerator[Brex]:
        """A client of the account."""
        async with Brex(
            self.credentials,
            account="acme",
            base_url=self.world.base_url,
            retry=RETRY,
            rate_limit=None,
            runtime=runtime or self.runtime,
            transport=OneRecordFails(self, trap or Trap(), self.failing, self.status),
        ) as brex:
            yield brex


class TestReceipts:
    """Receipts of entries that are in the books, and exported."""

    @pytest.mark.parametrize("status", [500, 403])
    def test_of_one_record(self, folder: Path, status: int) -> None:
        """What is wrong with one record's receipts pauses nothing, and is given up in the end; others have theirs."""

        async def main() -> None:
            account = WithoutOneRecord(folder, policy=READY_ONLY, bill_ready="reaches")
            account.make_erp = always(MemoryErp(account.clock, account.books))
            account.status = status
            account.failing = next(id_ for id_ in account.wanted() if b'"receipts":[{' in account.stored(id_).facts)
            for _ in range(10):
                summary = await account.run()
                assert ("complete", None) == (summary.ended, summary.pause)
                await pass_time(DAY)
            row = (await account.rows())[account.failing]
            assert ("receipts are not attached", False) == (row.reason, row.receipts_owed)
            has_some = {document.key for document in account.books.documents if document.receipts}
            assert has_some
            assert account.failing not in has_some
            assert not any(row.receipts_owed for row in (await account.rows()).values())
            await account.audit(account.wanted())

        run(main())

    def test_without_a_folder_for_them(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that takes no file ends no run, and the receipts are attached when it does."""

        async def main() -> None:
            account = Account(folder, policy=READY_ONLY, bill_ready="reaches")
            account.make_erp = always(MemoryErp(account.clock, account.books))
            with monkeypatch.context() as patch:
                patch.setattr(tempfile, "tempdir", str(folder / "missing"))
                summary = await account.run()
            assert ("complete", 29) == (summary.ended, summary.exported)
            assert not any(document.receipts for document in account.books.documents)
            await pass_time(HOUR)
            await account.run()
            assert any(document.receipts for document in account.books.documents)
            assert {False} == {row.receipts_owed for row in (await account.rows()).values()}

        run(main())
