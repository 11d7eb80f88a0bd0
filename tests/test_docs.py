"""The pages of ``docs`` are true: their code runs, and their tables are those of the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.export import RECORD_TYPES, LedgerEntry, Posted
from brex_accounting.testing import make_posting
from tests.emulator.serving import run, served
from tests.test_readme import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
ADAPTER = ROOT / "docs" / "erp-adapter.md"


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def executed(page: Path) -> dict[str, Any]:
    """The names that the blocks of a page define, one after the other in one namespace."""
    names: dict[str, Any] = {"__name__": page.stem}
    for number, block in enumerate(blocks(page), start=1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)
    return names


class TestPages:
    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_code_runs(self, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """All Python blocks of a page run in order."""
        monkeypatch.chdir(tmp_path)
        executed(page)

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_links_lead_somewhere(self, page: Path) -> None:
        """Each relative link names a file."""
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), target

    def test_there_are_blocks(self) -> None:
        """Pages and blocks are found; empty lists would prove nothing."""
        assert {"erp-adapter.md", "record-types.md", "vendoring.md"} <= {page.name for page in PAGES}
        assert 3 == len(blocks(ADAPTER))


class TestErpAdapter:
    def test_keeps_the_contract(self, tmp_path: Path) -> None:
        """The page is a test module as it stands: every test of the contract runs in it and passes."""
        module = tmp_path / "test_books.py"
        module.write_text("\n".join(blocks(ADAPTER)))
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
        assert Posted("JE-1", deep_link="https://erp.example.com/entries/JE-1") == posted
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
