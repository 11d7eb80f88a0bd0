"""Read every record of a list from a server that behaves badly, and show what the client did about it.

The server is a function in this file. It answers 503, asks to wait, cuts an answer off, sends an empty page in the
middle and a record that cannot be read; behind ``transport=`` it stands where the network would be.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from brex_accounting import (
    AttemptEnded,
    Brex,
    Event,
    ExportFailure,
    ExportSuccess,
    PageReached,
    RetryPolicy,
    UnknownSeen,
    Waiting,
)
from brex_accounting_client import decode_page
from brex_accounting_client.models import AccountingRecordPage

BODY = (Path(__file__).parent / "records_page.json").read_bytes()
RAW = decode_page(BODY, AccountingRecordPage, on_bad_record="collect")


async def main() -> None:
    """Walk over the list, report the results, and print what happened."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    log = Table(title="What the client told on_event")
    log.add_column("event", no_wrap=True)
    log.add_column("what")

    def on_event(event: Event) -> None:
        if isinstance(event, AttemptEnded | Waiting | PageReached | UnknownSeen):
            log.add_row(type(event).__name__, escape(event.text()))

    results: list[ExportSuccess | ExportFailure] = []
    async with Brex(
        "bxt_demo",
        account="acme",
        transport=httpx.MockTransport(Server()),
        retry=RetryPolicy(backoff=0.05),
        on_event=on_event,
    ) as brex:
        async with brex.records.iter(review_status="READY_FOR_EXPORT", on_bad_record="collect") as stream:
            async for record in stream:
                if record.type.is_known:
                    results.append(ExportSuccess(record.id, reference_id=f"JE-{len(results) + 1}"))
                else:
                    results.append(ExportFailure(record.id, message=f"no account for {record.type}"))
        report = await brex.records.report(results, idempotency_key="demo-1")

    console.print(log)
    console.print(f"{len(results)} records read, each once; {len(report.updated)} updated at Brex")
    for refused in report.refused:
        console.print(f"Refused: {refused.accounting_record_id}, {refused.reason}")
    for bad in stream.bad_records:
        console.print(f"Needs a person: {bad.id} at {bad.path}: {bad.reason}")


class Server:
    """Serves the records of ``records_page.json`` two to a page."""

    def __init__(self) -> None:
        items = [(record.id, RAW.raw_item(index)) for index, record in enumerate(RAW.items)]
        items += [(bad.id or "", bad.raw) for bad in RAW.bad_records]
        self._pages = [items[start : start + 2] for start in range(0, len(items), 2)]
        self._pages.insert(1, [])
        self._ids = [record_id for record_id, _ in items]
        self._troubles = [
            httpx.Response(503),
            None,
            httpx.Response(429, headers={"Retry-After": "0.1"}),
            None,
            httpx.Response(200, headers={"Content-Length": "9999"}, stream=CutOff()),
        ]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, or make trouble first."""
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble is not None:
            return trouble
        return self._report(request) if request.method == "POST" else self._page(request)

    def _page(self, request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("cursor", "0"))
        more = at + 1 < len(self._pages)
        head = msgspec.json.encode({"has_next_page": more, "next_cursor": str(at + 1) if more else None})
        items = b",".join(raw for _, raw in self._pages[at])
        return httpx.Response(200, content=head[:-1] + b',"items":[' + items + b"]}")

    def _report(self, request: httpx.Request) -> httpx.Response:
        ids = [result["accounting_record_id"] for result in msgspec.json.decode(request.content)["results"]]
        if self._ids[0] in ids:
            details = {"not_ready_for_export_accounting_record_ids": [self._ids[0]]}
            code = "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT"
            return httpx.Response(422, json={"error_code": code, "message": "went back", "details": details})
        return httpx.Response(200, json={"updated_accounting_record_ids": ids})


class CutOff(httpx.AsyncByteStream):
    """A body that ends before its time."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"items":['
        message = "the connection was closed"
        raise httpx.RemoteProtocolError(message)


if __name__ == "__main__":
    asyncio.run(main())
