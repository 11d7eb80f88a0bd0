"""Receipts of accounting records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from attrs import frozen

from ..checks import count, text
from ..errors import ClientClosed, ClientStateError
from ..transport.call import Call
from ..transport.caller import Caller
from ..transport.deadline import exceeded, within
from ..transport.download import Arrived, Download, Missed
from .receipt_addresses import Reading, ReceiptAddresses
from .receipt_target import PathTarget, ReceiptFile, ReceiptWriter, WriterTarget, a_target

OPERATION: Final = "download receipt"
"""What errors and events call a download."""

MAX_BYTES: Final = 50_000_000
"""The most bytes that a receipt may have by default."""

_MOST_READS: Final = 2
"""How often a download reads the record: for an address, and for another one if that is refused."""

_MOST_ROUNDS: Final = 3
"""The same, and once with an address that was remembered."""

_SHOWN_IDS: Final = 20


@frozen(kw_only=True)
class DownloadedReceipt:
    """A receipt that has been downloaded, whole.

    Attributes:
        record_id: The record.
        receipt_id: The receipt.
        path: Where it is, as the caller said; None for a writer.
        content_type: Its media type as the file host names it, such as ``application/pdf``; None where it names none.
        size: Bytes.
        sha256: The SHA-256 of its bytes in hexadecimal.
    """

    record_id: str
    receipt_id: str
    path: Path | None
    content_type: str | None
    size: int
    sha256: str


@frozen
class _Order:
    """What a caller wants, and where."""

    record_id: str
    receipt_id: str
    target: PathTarget | WriterTarget


class ReceiptsResource:
    """``brex.receipts``: download receipts."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._addresses = ReceiptAddresses(caller)

    async def download(
        self,
        record_id: str,
        receipt_id: str,
        *,
        to: str | os.PathLike[str] | ReceiptWriter,
        max_bytes: int = MAX_BYTES,
    ) -> DownloadedReceipt:
        """Download a receipt to a path or a writer, which see nothing of it before all of it has come.

        The record is read for the receipt's address, which is good for some minutes: several receipts of one record
        cost one call of the API. ``deadline`` bounds all of it, ``timeout`` how long nothing may come. Of a receipt
        with several addresses the first is taken, and the next one where nothing can be had there.

        Args:
            record_id: The record, such as ``accr_abc123``.
            receipt_id: One of its receipts.
            to: A path, where a file that is there already is replaced in one step; or an object with a method
                ``write``, a coroutine function or not, that takes bytes. A plain one is called in the event loop.
            max_bytes: The most bytes that the receipt may have.

        Raises:
            InvalidArgument: An argument cannot be right.
            NotFound: There is no such record in this account.
            ReceiptNotFound: The record has no such receipt, or its file is gone.
            ReceiptTooLarge: It has more than ``max_bytes``.
            ReceiptNotWritten: It could not be written where it was to go.
            DownloadError: The file host does not give it.
            CallError: The record was not read, the time was over, or the client was closed.
        """
        order = _Order(text(record_id, "record_id"), text(receipt_id, "receipt_id"), a_target(to))
        most = count(max_bytes, "max_bytes")
        self._caller.session.check()
        call = self._call()
        call.begin()
        raised: BaseException | None = None
        try:
            file = order.target.file(call)
            arrived = await self._bounded(order, Download(self._caller, call, file, most), file)
            return DownloadedReceipt(
                record_id=order.record_id,
                receipt_id=order.receipt_id,
                path=order.target.path,
                content_type=arrived.content_type,
                size=file.size,
                sha256=file.sha256,
            )
        except BaseException as error:
            raised = error
            raise
        finally:
            call.end(raised, now=self._caller.clock.monotonic())
            call.last = None
            del raised

    def _call(self) -> Call:
        now = self._caller.clock.monotonic()
        return Call(
            number=self._caller.session.next_call(),
            operation=OPERATION,
            method="GET",
            account=self._caller.account,
            started=now,
            deadline=now + self._caller.options.deadline,
            observer=self._caller.observer,
        )

    async def _bounded(self, order: _Order, download: Download, file: ReceiptFile) -> Arrived:
        """Download it before the deadline, while the client is open; leave nothing behind otherwise."""
        scope = within(self._caller.options.deadline)
        closed = False
        try:
            async with scope, self._caller.session.waiting():
                try:
                    await order.target.check(download.call)
                    arrived = await self._arrived(order, download)
                    await order.target.deliver(file)
                finally:
                    await file.discard()
                return arrived
        except TimeoutError:
            if not scope.expired():
                raise
        except ClientStateError:
            closed = True
        # Outside the except block, or what the end of the time broke off would hang on the error as its context.
        if closed:
            summary, advice = "the client was closed before the download was over", "Download it with another client."
            raise ClientClosed(summary, advice=advice, **download.call.facts())
        raise exceeded(download.call, download.doing)

    async def _arrived(self, order: _Order, download: Download) -> Arrived:
        """Try the addresses that are known, and fresh ones where those are no good."""
        reading: Reading | None = None
        reads = rounds = 0
        while True:
            reading, read_now = await self._addresses.of(order.record_id, instead_of=reading)
            reads += read_now
            rounds += 1
            addresses = reading.addresses.get(order.receipt_id)
            result = await download.run(addresses) if addresses else _missing(reading, order.receipt_id)
            if isinstance(result, Arrived):
                return result
            again = reads < _MOST_READS if result.kind == "expired" else result.kind == "gone" and not read_now
            if not again or rounds == _MOST_ROUNDS:
                raise result.error(download.call)


def _missing(reading: Reading, receipt_id: str) -> Missed:
    """A receipt without an address; the id is not repeated, because somebody may have passed an address for it."""
    if receipt_id in reading.addresses:
        return Missed("gone", "Brex gives no address for this receipt")
    shown = [name for name in reading.addresses if name.isprintable() and len(name) <= 100][:_SHOWN_IDS]
    return Missed("gone", f"the record has no such receipt; it has {', '.join(shown) or 'none'}")


__all__ = ["DownloadedReceipt", "ReceiptsResource"]
