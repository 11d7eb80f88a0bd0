"""README is true: its code runs, and its commands exist."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from brex_accounting import AccountingRecordReadyForExport, Brex, OAuthApp, Runtime, WebhookEvent
from brex_accounting.emulator import move
from brex_accounting.export import ExportLoop
from tests import virtual, wire
from tests.emulator.serving import run, served
from tests.export.doubles import MemoryErp

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def script(httpx_mock: HTTPXMock) -> None:
    """Answers for everything that README asks."""

    def answer(url: str, value: Any, status: int = 200) -> None:
        pattern = re.compile(re.escape(f"https://api.brex.com{url}") + r"(\?.*)?$")
        httpx_mock.add_response(url=pattern, content=wire.dumps(value), status_code=status, is_reusable=True)

    receipts = [{"id": "rcpt_1", "download_uris": ["https://files.example.com/rcpt_1"]}]
    records = [wire.record(1, receipts=receipts), wire.record(2)]
    httpx_mock.add_response(url="https://files.example.com/rcpt_1", content=b"%PDF", is_reusable=True)
    answer("/v3/accounting/records", wire.page(records))
    answer("/v3/accounting/records/accr_abc123", records[0])
    answer("/v3/accounting/records/accr_1", records[0])
    answer("/v3/accounting/records/accr_404", {"error_code": "NOT_FOUND", "message": "no such record"}, 404)
    answer("/v3/accounting/records/export-results", {"updated_accounting_record_ids": ["accr_1", "accr_2"]})
    integration = {"integration_id": "int_1", "vendor": "ERP_A", "vendor_account_id": "42", "status": "ACTIVE"}
    answer("/v3/accounting/integration", {**integration, "created_at": "2026-01-01T00:00:00Z"})
    company = {"id": "cmp_1", "legal_name": "Acme", "mailing_address": {}, "accountType": "BREX_CLASSIC"}
    answer("/v2/company", company)


async def given_a_client(function: Any, folder: Path) -> None:
    """Run a coroutine function of README's with a client, and something for its other parameters."""
    given: dict[str, Any] = {"headers": {}, "body": b"{}", "folder": folder, "saved": None}
    async with Brex("bxt_token", account="acme", runtime=Runtime()) as brex:
        await function(brex, *[given[name] for name in list(inspect.signature(function).parameters)[1:]])


class TestReadme:
    @pytest.mark.httpx_mock(
        assert_all_responses_were_requested=False, should_mock=lambda request: request.url.host != "127.0.0.1"
    )
    @pytest.mark.parametrize("block", BLOCKS, ids=[f"block{number}" for number in range(1, len(BLOCKS) + 1)])
    def test_code_runs(
        self, block: str, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Each Python block runs as it stands against scripted answers, and so does each coroutine that it defines."""
        script(httpx_mock)
        (tmp_path / "examples").symlink_to(ROOT / "examples")
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), names)
        for value in names.values():
            if (
                inspect.iscoroutinefunction(value)
                and value.__module__ == "readme"
                and next(iter(inspect.signature(value).parameters), None) == "brex"
                and value.__name__ != "worker"  # it works for ever, and has a test of its own
            ):
                asyncio.run(given_a_client(value, tmp_path))

    def test_customers_grant_access(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The block about grants takes a customer through consent, in two processes' worth of state, to a call."""
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(next(block for block in BLOCKS if "OAuthApp(" in block), "README.md", "exec"), names)

        async def play() -> None:
            async with served() as found:
                issuer = found.world.issuer
                names["app"] = OAuthApp(
                    client_id=issuer.client_id,
                    client_secret=issuer.client_secret,
                    issuer=found.world.issuer_url,
                    runtime=Runtime(clock=virtual.VirtualClock()),
                )
                session: dict[str, Any] = {}
                url = await names["connect"](session)
                async with httpx.AsyncClient() as browser:
                    came_back = (await browser.get(url)).headers["location"]
                await names["callback"](json.loads(json.dumps(session)), came_back, "acme")
                options = {"base_url": found.server.base_url, "runtime": Runtime(clock=virtual.VirtualClock())}
                company = await names["sync"]("acme", **options)
                assert (await found.brex.company.get()).id == company
                issuer.revoke_tenant("main")
                assert "acme has to consent again: revoked or expired" == await names["sync"]("acme", **options)

        run(play())

    def test_a_worker_exports(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The block about exports exports what it finds at the start, and at once what a webhook names later."""
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {"__name__": "readme"}
        exec(compile(next(block for block in BLOCKS if "async def worker" in block), "README.md", "exec"), names)
        clock = virtual.VirtualClock()
        made: list[ExportLoop] = []

        def loop(*args: Any, **options: Any) -> ExportLoop:
            made.append(ExportLoop(*args, **options, clock=clock))
            return made[-1]

        names["ExportLoop"] = loop

        async def play() -> None:
            async with served() as found:
                erp = MemoryErp(clock=clock)
                deliveries: asyncio.Queue[WebhookEvent] = asyncio.Queue()
                task = asyncio.create_task(names["worker"](found.brex, erp, deliveries))
                await asyncio.sleep(600)
                exported = {document.key for document in erp.documents}
                assert exported
                late = next(r for r in found.tenant.records.all() if r.source_type == "CARD" and r.id not in exported)
                move(found.tenant, late.id, "READY_FOR_EXPORT")
                event = AccountingRecordReadyForExport(
                    event_type="ACCOUNTING_RECORD_READY_FOR_EXPORT",
                    webhook_id="msg_1",
                    sent_at=virtual.EPOCH,
                    company_id="company",
                    accounting_record_ids=(late.id,),
                    raw=b"{}",
                )
                deliveries.put_nowait(event)
                await asyncio.sleep(60)  # long before the next hour
                assert {document.key for document in erp.documents} - exported == {late.id}
                assert [] == erp.duplicates()
                made[0].stop()
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        run(play())

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
