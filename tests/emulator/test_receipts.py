"""Receipts of the emulator's records, from its file host, over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from brex_accounting import BrexError, CallError, DownloadError, NotFound, ReceiptNotFound, ReceiptTooLarge, ServerError
from brex_accounting.emulator import Fault, TenantPlan
from brex_accounting.emulator.files import sample
from brex_accounting_client.models import AccountingRecord
from tests import virtual

from . import serving
from .serving import Served, served, until_idle

GET, FILE = "getAccountingRecord", "downloadReceipt"


async def with_receipts(here: Served) -> list[AccountingRecord]:
    """Records all of whose receipts can be had, those with several of them first."""
    found = [record async for record in here.brex.records.iter(page_size=100) if record.receipts]
    found = [record for record in found if all(receipt.download_uris for receipt in record.receipts or ())]
    return sorted(found, key=lambda record: -len(record.receipts or ()))


async def first(here: Served) -> tuple[str, str]:
    """A record and one of its receipts, which has one address."""
    for record in await with_receipts(here):
        for receipt in record.receipts or ():
            if len(receipt.download_uris or ()) == 1:
                return record.id, receipt.id
    raise AssertionError


def asked(here: Served, operation: str) -> list[int | None]:
    """The statuses of an operation."""
    return [entry.status for entry in here.tenant.journal if entry.operation == operation]


def run(ask: Callable[[Served, str, str], Awaitable[Any]], *faults: Fault, **options: Any) -> Any:
    """What a coroutine function gives that gets a record and one of its receipts, with these faults in force."""

    async def main() -> Any:
        async with served(TenantPlan(records=60, seed=7), **options) as here:
            record_id, receipt_id = await first(here)
            for fault in faults:
                here.tenant.add_fault(fault)
            return await ask(here, record_id, receipt_id)

    return serving.run(main())


def download(folder: Path) -> Callable[[Served, str, str], Awaitable[list[int | None]]]:
    """Downloads a receipt, holds it against the sample, and gives the statuses of the file host."""

    async def ask(here: Served, record_id: str, receipt_id: str) -> list[int | None]:
        got = await here.brex.receipts.download(record_id, receipt_id, to=folder / "a")
        body = (folder / "a").read_bytes()
        assert (len(body), hashlib.sha256(body).hexdigest()) == (got.size, got.sha256)
        assert (got.content_type, body) in {sample(receipt_id, f"a.{kind}") for kind in ("pdf", "png", "jpg")}
        await until_idle(here.tenant, seconds=40.0)
        return asked(here, FILE)

    return ask


PASSING: dict[str, tuple[Fault, int]] = {
    "status 500": (Fault(effect="status", status=500, operation=FILE, times=2), 3),
    "status 503, Retry-After": (Fault(effect="status", retry_after=30, operation=FILE, times=2), 3),
    "status 429": (Fault(effect="status", status=429, operation=FILE, times=2), 3),
    "status 403": (Fault(effect="status", status=403, operation=FILE, times=1), 2),
    "status 400": (Fault(effect="status", status=400, operation=FILE, times=1), 2),
    "html": (Fault(effect="html", operation=FILE, times=2), 3),
    "drop": (Fault(effect="drop", operation=FILE, times=2), 3),
    "drop after": (Fault(effect="drop", phase="after", operation=FILE, times=2), 3),
    "reset": (Fault(effect="reset", operation=FILE, times=2), 3),
    "cut_body": (Fault(effect="cut_body", operation=FILE, times=2), 3),
    "cut_body, nothing kept": (Fault(effect="cut_body", keep=0.0, operation=FILE, times=2), 3),
    "cut_body, chunked": (Fault(effect="cut_body", chunked=True, operation=FILE, times=2), 3),
    "hang": (Fault(effect="hang", operation=FILE, times=2), 3),
    "latency": (Fault(effect="latency", delay=20.0, operation=FILE), 1),
    "latency, too much": (Fault(effect="latency", delay=40.0, operation=FILE, times=2), 3),
    "slow_body": (Fault(effect="slow_body", pieces=5, delay=20.0, operation=FILE), 1),
    "slow_body, too slow": (Fault(effect="slow_body", pieces=5, delay=40.0, operation=FILE, times=2), 3),
}
"""Faults in spite of which the file comes, and after how many requests."""

RAISED: dict[str, tuple[Fault, type[CallError], int]] = {
    "status 500": (Fault(effect="status", status=500, operation=FILE), DownloadError, 3),
    "status 429": (Fault(effect="status", status=429, operation=FILE), DownloadError, 3),
    "status 429, Retry-After": (Fault(effect="status", status=429, retry_after=500, operation=FILE), DownloadError, 1),
    "status 403": (Fault(effect="status", status=403, operation=FILE), DownloadError, 2),
    "status 404": (Fault(effect="status", status=404, operation=FILE), ReceiptNotFound, 1),
    "status 302": (Fault(effect="status", status=302, operation=FILE), DownloadError, 1),
    "drop": (Fault(effect="drop", operation=FILE), DownloadError, 3),
    "reset": (Fault(effect="reset", operation=FILE), DownloadError, 3),
    "cut_body": (Fault(effect="cut_body", operation=FILE), DownloadError, 3),
    "cut_body, chunked": (Fault(effect="cut_body", chunked=True, operation=FILE), DownloadError, 3),
    "hang": (Fault(effect="hang", operation=FILE), DownloadError, 3),
    "slow_body": (Fault(effect="slow_body", pieces=5, delay=40.0, operation=FILE), DownloadError, 3),
    "the record": (Fault(effect="status", operation=GET), ServerError, 0),
    "the record is gone": (Fault(effect="status", status=404, operation=GET), NotFound, 0),
}
"""Faults that do not end, with the error that they become, and after how many requests for the file."""


class TestDownload:
    def test_fifteen_records(self, tmp_path: Path) -> None:
        """All receipts of fifteen records come at once, each the file that its name says, with one read a record."""

        async def main() -> None:
            async with served() as here:
                records = (await with_receipts(here))[:15]
                wanted = [(record, receipt) for record in records for receipt in record.receipts or ()]
                assert len(wanted) > 15
                results = await asyncio.gather(
                    *(
                        here.brex.receipts.download(record.id, receipt.id, to=tmp_path / receipt.id)
                        for record, receipt in wanted
                    )
                )
                for got, (_, receipt) in zip(results, wanted, strict=True):
                    address = (receipt.download_uris or [""])[0]
                    content_type, body = sample(receipt.id, urlsplit(address).path.rpartition("/")[2])
                    assert (content_type, body) == (got.content_type, (tmp_path / receipt.id).read_bytes())
                assert [200] * 15 == asked(here, GET)
                assert [200] * len(wanted) == asked(here, FILE)

        serving.run(main())

    def test_too_large(self) -> None:
        """The limit holds against the file host too."""

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            writer = io.BytesIO()
            with pytest.raises(ReceiptTooLarge):
                await here.brex.receipts.download(record_id, receipt_id, to=writer, max_bytes=10)
            assert b"" == writer.getvalue()

        run(ask)

    def test_no_such_receipt(self) -> None:
        """A receipt of another record is none of this one's."""

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            records = await with_receipts(here)
            own = {receipt.id for record in records if record.id == record_id for receipt in record.receipts or ()}
            other = next(receipt.id for record in records for receipt in record.receipts or () if receipt.id not in own)
            with pytest.raises(ReceiptNotFound, match=receipt_id):
                await here.brex.receipts.download(record_id, other, to=io.BytesIO())
            with pytest.raises(NotFound):
                await here.brex.receipts.download("accr_none", receipt_id, to=io.BytesIO())

        run(ask)


class TestExpiry:
    @pytest.mark.parametrize(("seconds", "statuses"), [(890, [200, 200]), (901, [200, 403, 200])])
    def test_on_the_tenants_clock(self, seconds: float, statuses: list[int]) -> None:
        """An address that has expired at the host, and not here, is replaced by a fresh one."""

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            here.tenant.clock.freeze()
            await here.brex.receipts.download(record_id, receipt_id, to=io.BytesIO())
            here.tenant.clock.advance(seconds)
            await here.brex.receipts.download(record_id, receipt_id, to=io.BytesIO())
            assert statuses == asked(here, FILE)
            assert [200] * (len(statuses) - 1) == asked(here, GET)

        run(ask)

    def test_on_ours(self) -> None:
        """An address of more than ten minutes is not even tried."""

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            await here.brex.receipts.download(record_id, receipt_id, to=io.BytesIO())
            virtual.block(601)
            await here.brex.receipts.download(record_id, receipt_id, to=io.BytesIO())
            assert ([200, 200], [200, 200]) == (asked(here, FILE), asked(here, GET))

        run(ask)

    def test_expires_between_attempts(self) -> None:
        """An address that expires while a download waits for its next attempt is replaced as well."""

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            task = asyncio.ensure_future(here.brex.receipts.download(record_id, receipt_id, to=io.BytesIO()))
            await asyncio.sleep(50)
            here.tenant.clock.advance(901)
            await task
            assert ([503, 403, 200], [200, 200]) == (asked(here, FILE), asked(here, GET))

        run(ask, Fault(effect="status", retry_after=100, operation=FILE, times=1))


class TestFaults:
    @pytest.mark.parametrize("name", PASSING)
    def test_recovery(self, name: str, tmp_path: Path) -> None:
        """The file comes whole, after as many requests as it takes."""
        fault, requests = PASSING[name]
        assert requests == len(run(download(tmp_path), fault))
        assert ["a"] == [path.name for path in tmp_path.iterdir()]

    @pytest.mark.parametrize("name", RAISED)
    def test_errors(self, name: str, tmp_path: Path) -> None:
        """A fault that does not end is told, and leaves nothing behind."""
        fault, expected, requests = RAISED[name]

        async def ask(here: Served, record_id: str, receipt_id: str) -> None:
            with pytest.raises(BrexError) as caught:
                await here.brex.receipts.download(record_id, receipt_id, to=tmp_path / "a")
            assert expected is type(caught.value)
            await until_idle(here.tenant, seconds=90.0)
            assert requests == len(asked(here, FILE))
            shown = f"{caught.value!r} {caught.value} {vars(caught.value)!r} {here.events!r}"
            assert "signature=" not in shown
            assert here.server.base_url.rpartition(":")[2] not in shown

        run(ask, fault)
        assert [] == list(tmp_path.iterdir())

    def test_both_fail(self, tmp_path: Path) -> None:
        """Record and file may fail in one download."""
        faults = (
            Fault(effect="status", operation=GET, times=2),
            Fault(effect="status", status=403, operation=FILE, times=1),
            Fault(effect="cut_body", operation=FILE, skip=1, times=2),
        )
        assert 4 == len(run(download(tmp_path), *faults))
