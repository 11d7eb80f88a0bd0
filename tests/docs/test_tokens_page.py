"""tokens.md is true: a customer consents, calls, keeps the grant alive, and withdraws; its store keeps the contract."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import Any, get_args

import pytest

from brex_accounting import ReauthorizationCause
from brex_accounting.emulator import TenantPlan, World, serve_in_thread
from brex_accounting.testing import TokenStoreContract
from tests.docs.consent import consent
from tests.docs.fences import ROOT, of
from tests.docs.test_blocks import environment, executed

PAGE = ROOT / "docs" / "tokens.md"

QUICK = ("test_is_a_token_store", "test_counts_every_change", "test_overwrites_nothing_unseen")
"""What is run of the contract each time."""


def row_store() -> dict[str, Any]:
    """The names of the two blocks about a store of one's own."""
    names: dict[str, Any] = {}
    for fence in of(PAGE, "python"):
        if "class RowStore" in fence.text or "class TestRowStore" in fence.text:
            exec(compile(fence.text, str(PAGE), "exec"), names)
    return names


class TestPage:
    def test_a_grant_lives(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page's handlers bring a grant, which serves calls and is kept alive until the customer withdraws it."""
        monkeypatch.chdir(tmp_path)
        world = World(TenantPlan(records=0))
        company = world.tenant().company["id"]

        async def play(names: dict[str, Any]) -> None:
            await consent(names["connect"], names["callback"], "acme")
            assert company == await names["company_of"]("acme")
            assert {} == await names["keep_alive"](["acme"])
            assert ["nobody"] == list(await names["keep_alive"](["acme", "nobody"]))
            world.issuer.revoke_tenant("main")
            assert "acme has to consent again: revoked or expired" == await names["company_of"]("acme")

        with serve_in_thread(world):
            for name, value in environment(world, PAGE).items():
                monkeypatch.setenv(name, value)
            asyncio.run(play(executed(PAGE)))

    def test_causes_are_all_of_them(self) -> None:
        """The table has a row for each cause, and no other."""
        text = PAGE.read_text()
        rows = [
            row.split("|")[1].strip(" `") for row in text[text.index("| `error.cause`") :].split("\n\n")[0].splitlines()
        ]
        assert list(get_args(ReauthorizationCause)) == rows[2:]


class TestRowStore:
    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", QUICK)
    async def test_keeps_the_contract_where_nothing_waits(self, name: str, tmp_path: Any) -> None:
        """The page's store passes what does not wait for time."""
        store = row_store()["RowStore"]
        await getattr(TokenStoreContract(), name)(lambda: store(str(tmp_path / "grants.db"), "acme"))

    def test_the_page_runs_the_contract(self) -> None:
        """What the page shows is a class of that contract, with nothing taken out of it."""
        shown = row_store()["TestRowStore"]
        assert (TokenStoreContract,) == shown.__bases__
        assert ["open_store"] == [name for name in vars(shown) if not name.startswith("__")]

    @pytest.mark.soak
    def test_keeps_the_whole_contract(self, tmp_path: Any) -> None:
        """The two blocks are a test module as they stand, and every test of the contract passes in it."""
        blocks = [f.text for f in of(PAGE, "python") if "class RowStore" in f.text or "class TestRowStore" in f.text]
        module = tmp_path / "test_row_store.py"
        module.write_text("\n".join(blocks))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, module]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert 0 == ended.returncode, ended.stdout + ended.stderr
        assert re.search(r"^\d\d passed in ", ended.stdout, re.MULTILINE), ended.stdout
