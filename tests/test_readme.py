"""README is true: its code runs, and its commands exist."""

from __future__ import annotations

import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from brex_accounting import Brex, Runtime
from tests import wire

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def script(httpx_mock: HTTPXMock) -> None:
    """Answers for everything that README asks."""

    def answer(url: str, value: Any, status: int = 200) -> None:
        pattern = re.compile(re.escape(f"https://api.brex.com{url}") + r"(\?.*)?$")
        httpx_mock.add_response(url=pattern, content=wire.dumps(value), status_code=status, is_reusable=True)

    records = [wire.record(1), wire.record(2)]
    answer("/v3/accounting/records", wire.page(records))
    answer("/v3/accounting/records/accr_abc123", records[0])
    answer("/v3/accounting/records/accr_404", {"error_code": "NOT_FOUND", "message": "no such record"}, 404)
    answer("/v3/accounting/records/export-results", {"updated_accounting_record_ids": ["accr_1", "accr_2"]})
    integration = {"integration_id": "int_1", "vendor": "ERP_A", "vendor_account_id": "42", "status": "ACTIVE"}
    answer("/v3/accounting/integration", {**integration, "created_at": "2026-01-01T00:00:00Z"})
    company = {"id": "cmp_1", "legal_name": "Acme", "mailing_address": {}, "accountType": "BREX_CLASSIC"}
    answer("/v2/company", company)


async def given_a_client(function: Any) -> None:
    """Run a coroutine function of README's with a client, and nothing for its other parameters."""
    async with Brex("bxt_token", account="acme", runtime=Runtime()) as brex:
        await function(brex, *[None] * (len(inspect.signature(function).parameters) - 1))


class TestReadme:
    @pytest.mark.httpx_mock(
        assert_all_responses_were_requested=False, should_mock=lambda request: request.url.host != "127.0.0.1"
    )
    @pytest.mark.parametrize("block", BLOCKS, ids=[f"block{number}" for number in range(1, len(BLOCKS) + 1)])
    def test_code_runs(self, block: str, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each Python block runs as it stands against scripted answers, and so does each coroutine that it defines."""
        script(httpx_mock)
        monkeypatch.chdir(ROOT)
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), names)
        for value in names.values():
            if (
                inspect.iscoroutinefunction(value)
                and value.__module__ == "readme"
                and inspect.signature(value).parameters
            ):
                asyncio.run(given_a_client(value))

    def test_there_are_blocks(self) -> None:
        """The blocks are found; an empty list would prove nothing."""
        assert len(BLOCKS) >= 4

    def test_commands_exist(self) -> None:
        """Each make target that README names is one of the Makefile's, and the other way round."""
        named = set(re.findall(r"`make ([a-z-]+)`", README)) | set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert phony is not None
        assert set(phony[1].split()) == named

    def test_links_lead_somewhere(self) -> None:
        """Each relative link names a file."""
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
            assert (ROOT / target).exists(), target
