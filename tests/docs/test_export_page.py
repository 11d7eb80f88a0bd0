"""export.md is true: its worker exports at once what webhooks name, and its decisions are ones that the loop takes."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, get_args
from unittest import mock

import pytest

from brex_accounting import AccountingRecordReadyForExport, WebhookEvent
from brex_accounting.emulator import move
from brex_accounting.export import ExportLoop, Resolution
from tests import virtual
from tests.docs.fences import ROOT
from tests.docs.test_blocks import executed
from tests.emulator.serving import run, served
from tests.export.doubles import MemoryErp

PAGE = ROOT / "docs" / "export.md"


class TestPage:
    def test_a_worker_exports(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The block about exports exports what it finds at the start, and at once what a webhook names later."""
        monkeypatch.chdir(tmp_path)
        names = executed(PAGE)
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

    def test_decisions_are_those_of_the_loop(self) -> None:
        """The page's decisions have the arguments and words that ``ExportLoop`` takes."""
        loop = mock.create_autospec(ExportLoop, instance=True)
        asyncio.run(executed(PAGE)["decide"](loop))
        assert [("accr_1", "posted"), ("accr_2", "keep")] == [call.args for call in loop.resolve.await_args_list]
        assert {"posted", "keep"} <= set(get_args(Resolution))
        assert [mock.call(["accr_3"])] == loop.retry.await_args_list
