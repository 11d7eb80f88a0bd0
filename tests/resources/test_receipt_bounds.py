"""Bounds of a download: its bytes, its silence, its deadline."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from brex_accounting import Brex, DeadlineExceeded, DownloadError, ReceiptTooLarge
from tests.resources.receipt_host import BODY, SHA256, Host, Stall, ask, get, left, raised, sized
from tests.transport.scripted import Answer, Cut, Drip, Hang, Script


class TestBounds:
    def test_announced(self, tmp_path: Path) -> None:
        """A length beyond the limit refuses the file before its body is read or a file made."""
        host = Host(Cut(200, b"", headers=[("content-length", "1001")], error=AssertionError("the body was read")))
        error = raised(lambda: get(host, tmp_path / "a", max_bytes=1000), ReceiptTooLarge)
        assert (1, []) == (len(host.asked), left(tmp_path))
        assert "the receipt has more than 1000 bytes (account acme, attempts 1). Allow more with max_bytes=." in str(
            error
        )

    @pytest.mark.parametrize("size", [1001, 100_000])
    def test_counted(self, size: int, tmp_path: Path) -> None:
        """Without a length the bytes are counted."""
        host = Host(Answer(200, bytes(size), headers={"transfer-encoding": "chunked"}))
        raised(lambda: get(host, tmp_path / "a", max_bytes=1000), ReceiptTooLarge)
        assert (1, []) == (len(host.asked), left(tmp_path))

    def test_just_right(self) -> None:
        """As many bytes as allowed are allowed."""
        assert len(BODY) == get(Host(), io.BytesIO(), max_bytes=len(BODY)).size

    def test_slow_and_steady(self) -> None:
        """A file may take longer than ``timeout`` as long as something comes."""
        body = BODY[:10]
        assert 10 == get(Host(sized(body, kind=Drip, pause=29.0)), io.BytesIO(), retry=None).size

    def test_silence(self) -> None:
        """A body that stops coming is given up after ``timeout``, and tried again."""
        stalled = Stall(200, BODY[:100], headers=[("content-length", str(len(BODY)))])
        host = Host(sized(BODY[:10], kind=Drip, pause=31.0), stalled)
        assert SHA256 == get(host, io.BytesIO()).sha256
        assert [30.0, 30.0] == pytest.approx(
            [sent.closed_at - sent.at for sent in host.script.sent[1:3] if sent.closed_at]
        )
        assert 3 == len(host.asked)

    def test_deadline(self, tmp_path: Path) -> None:
        """The whole of a download ends with ``deadline``, and leaves nothing behind."""
        host = Host(sized(BODY[:100], kind=Drip, pause=29.0))
        error = raised(lambda: get(host, tmp_path / "a", deadline=100.0), DeadlineExceeded)
        assert ("attempt", 1, []) == (error.cause, error.attempts, left(tmp_path))
        assert 100.0 == host.script.sent[-1].closed_at

    def test_deadline_of_timeouts(self, tmp_path: Path) -> None:
        """Timeout and deadline at the same instant are the deadline."""
        host = Host(Hang())
        error = raised(lambda: get(host, tmp_path / "a", deadline=30.0, timeout=30.0), DeadlineExceeded)
        assert ("download receipt", 1) == (error.operation, error.attempts)

    def test_deadline_in_a_wait(self) -> None:
        """A wait that would end after the deadline is not begun; what it would have been for is the cause."""
        host = Host(sized(b"", 503, headers=[("retry-after", "50")]))
        error = raised(lambda: get(host, io.BytesIO(), deadline=40.0), DeadlineExceeded)
        assert ("back-off", 503, [0.0, 0.0]) == (error.cause, error.status_code, host.script.times)
        assert isinstance(error.__cause__, DownloadError)

    def test_deadline_in_the_queue(self) -> None:
        """So does one that waits for its turn."""
        host = Host(*[Hang()] * 8)

        async def call(brex: Brex) -> BaseException:
            downloads = [
                asyncio.ensure_future(brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())) for _ in range(9)
            ]
            results = await asyncio.gather(*downloads, return_exceptions=True)
            return results[-1]  # type: ignore[return-value]

        error = ask(host, call, deadline=10.0)
        assert (DeadlineExceeded, "connection", 0) == (type(error), error.cause, error.attempts)

    def test_deadline_in_the_record(self) -> None:
        """The read of the record is part of it."""
        host = Host()
        host.script = Script(Hang())
        assert (5.0 == raised(lambda: get(host, io.BytesIO(), deadline=5.0), DeadlineExceeded) and 5.0) or 5.0
