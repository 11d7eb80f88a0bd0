"""erp-adapter.md and record-types.md are true: the adapter keeps the contract, and the table is the package's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.export import RECORD_TYPES, LedgerEntry, Posted
from brex_accounting.testing import make_posting
from tests.docs.fences import ROOT
from tests.docs.test_blocks import executed, programs
from tests.emulator.serving import run, served

ADAPTER = ROOT / "docs" / "erp-adapter.md"


class TestErpAdapter:
    def test_there_are_blocks(self) -> None:
        """The three blocks are found; an empty list would prove nothing."""
        assert 3 == len(programs(ADAPTER))

    def test_keeps_the_contract(self, tmp_path: Path) -> None:
        """The page is a test module as it stands: every test of the contract runs in it and passes."""
        module = tmp_path / "test_books.py"
        module.write_text("\n".join(fence.text for fence in programs(ADAPTER)))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, module]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert 0 == ended.returncode, ended.stdout + ended.stderr
        assert re.search(r"^(\d+) passed in ", ended.stdout, re.MULTILINE), ended.stdout

    def test_exports_an_account(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page's coroutine exports an emulated account into the page's ERP, and a second run adds nothing."""
        monkeypatch.chdir(tmp_path)
        names = executed(ADAPTER)

        class OneAccount(names["BooksErp"]):
            search_lag = 0.0

            def _account(self, line: Any) -> str:
                return "unassigned"

        async def main() -> None:
            async with served() as found:
                api = names["BooksApi"](accounts=["unassigned"])
                erp = OneAccount(api)
                summary = await names["export_once"](found.brex, erp)
                assert "complete" == summary.ended
                assert summary.posted == summary.exported == len(api.entries) > 50
                keys = [entry["external_id"] for entry in api.entries.values()]
                assert len(set(keys)) == len(keys)
                again = await names["export_once"](found.brex, erp)
                assert ("complete", 0, len(keys)) == (again.ended, again.posted, len(api.entries))

        run(main())

    def test_says_what_it_rejects(self) -> None:
        """The page's mapping is its own: an account that the ERP lacks has the code that the page names."""
        names = executed(ADAPTER)

        async def main() -> tuple[Any, list[LedgerEntry]]:
            erp = names["BooksErp"](names["BooksApi"](accounts=["6320", "2100"]))
            outcomes = await erp.post([make_posting(1), make_posting(2, account="9999")])
            return outcomes, [entry async for entry in erp.list_entries()]

        (posted, rejected), listed = run(main())
        link, content = "https://erp.example.com/entries/JE-1", make_posting(1).content_hash
        assert Posted("JE-1", deep_link=link, content_hash=content) == posted
        assert [content] == [entry.content_hash for entry in listed]
        assert "no-account:9999" == rejected.code
        assert [make_posting(1).key] == [entry.key for entry in listed]


class TestRecordTypes:
    def test_table_is_the_one_of_the_package(self) -> None:
        """Each row of the page is a row of ``RECORD_TYPES``, in its order, and none is missing."""
        page = (ROOT / "docs" / "record-types.md").read_text()
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:3] == "| `"
        ]
        yes = {True: "yes", False: "no"}
        expected = [
            [f"`{name}`", yes["accrual" in kind.bases], yes["cash" in kind.bases], kind.legs, kind.certainty]
            for name, kind in RECORD_TYPES.items()
        ]
        assert expected == rows
