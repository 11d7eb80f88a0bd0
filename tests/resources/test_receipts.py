"""``brex.receipts``: files from signed addresses, whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from brex_accounting import AttemptEnded, Brex, CallEnded, CallError, DownloadError, Event, RateLimit, RetryPolicy
from brex_accounting.resources.receipts import DownloadedReceipt
from tests import virtual, wire
from tests.resources.receipt_host import (
    BODY,
    SECRET,
    SHA256,
    THRICE,
    TYPE,
    Host,
    Later,
    Sips,
    ask,
    cut,
    get,
    left,
    raised,
    sized,
)
from tests.server import RawServer, Reply, Request
from tests.test_secrets import assert_silent, everything_logged
from tests.transport.scripted import Answer, Cut, Drip, Script, Step, runtime


class TestDownload:
    def test_to_a_path(self, tmp_path: Path) -> None:
        """The file is there, and the result says what it is; nothing else is in the folder."""
        to = tmp_path / "receipt.pdf"
        got = get(Host(), to)
        expected = DownloadedReceipt(
            record_id="accr_1",
            receipt_id="rcpt_1",
            path=to,
            content_type="application/pdf",
            size=len(BODY),
            sha256=SHA256,
        )
        assert (expected, BODY, ["receipt.pdf"]) == (got, to.read_bytes(), left(tmp_path))

    def test_what_the_host_gets(self, tmp_path: Path) -> None:
        """The file host gets a plain GET: no token, cookie, key, or leave to encode, and no more than it needs."""
        host = Host(sized(headers=[*TYPE, ("set-cookie", f"a={SECRET}")]))
        get(host, tmp_path / "a", times=2)
        for sent in host.script.sent[1:]:
            assert ("GET", b"", "identity") == (sent.method, sent.content, sent.headers["accept-encoding"])
            assert {"host", "accept", "accept-encoding", "connection", "user-agent"} == set(sent.headers)

    def test_text_and_relative_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A relative path means the folder in which the process is when the download begins."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "elsewhere").mkdir()

        async def call(brex: Brex) -> Any:
            task = asyncio.ensure_future(brex.receipts.download("accr_1", "rcpt_1", to="receipt.pdf"))
            await asyncio.sleep(0.5)
            os.chdir(tmp_path / "elsewhere")
            return await task

        assert Path("receipt.pdf") == ask(Host(sized(after=1.0)), call).path
        assert BODY == (tmp_path / "receipt.pdf").read_bytes()

    def test_another_file(self, tmp_path: Path) -> None:
        """A file that is there already stays as it is until all of the other one is there."""
        to = tmp_path / "receipt.pdf"
        to.write_bytes(b"old")
        seen: list[tuple[bytes, int]] = []

        async def call(brex: Brex) -> None:
            task = asyncio.ensure_future(brex.receipts.download("accr_1", "rcpt_1", to=to))
            while not task.done():
                seen.append((to.read_bytes(), len(left(tmp_path))))
                await asyncio.sleep(0.3)
            await task

        body = BODY[:20]
        ask(Host(sized(body, kind=Drip, pause=0.5)), call)
        assert {(b"old", 1), (b"old", 2)} == set(seen)
        assert (body, ["receipt.pdf"]) == (to.read_bytes(), left(tmp_path))

    def test_the_mode_is_the_usual_one(self, tmp_path: Path) -> None:
        """The file is as readable as any that this process makes."""
        (tmp_path / "usual").write_bytes(b"")
        get(Host(), tmp_path / "receipt.pdf")
        assert (tmp_path / "usual").stat().st_mode == (tmp_path / "receipt.pdf").stat().st_mode

    def test_to_a_writer(self) -> None:
        """A writer gets all bytes, whether it takes them at once, later, or a few at a time; it is not closed."""
        big = BODY * 40
        plain, later, sips = io.BytesIO(), Later(), Sips()
        for writer in (plain, later, sips):
            got = get(Host(sized(big)), writer, max_bytes=len(big))
            assert (None, len(big), hashlib.sha256(big).hexdigest()) == (got.path, got.size, got.sha256)
        assert (big, big, big) == (plain.getvalue(), later.taken, sips.taken)

    def test_a_writer_sees_nothing_before(self) -> None:
        """A writer sees nothing of attempts that failed."""
        plain = io.BytesIO()
        get(Host(cut(20_000), sized(BODY + b"longer", kind=Cut), sized()), plain)
        assert BODY == plain.getvalue()

    def test_a_shorter_file(self, tmp_path: Path) -> None:
        """Nothing of an attempt that got further is left in the file."""
        longer = Cut(200, BODY * 30, headers=[("content-length", str(len(BODY) * 31))])
        get(Host(longer), tmp_path / "a")
        assert BODY == (tmp_path / "a").read_bytes()

    def test_empty(self, tmp_path: Path) -> None:
        """A file without a byte is one."""
        got = get(Host(sized(b"")), tmp_path / "a")
        assert (0, hashlib.sha256().hexdigest(), b"") == (got.size, got.sha256, (tmp_path / "a").read_bytes())

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("image/png", "image/png"),
            ("Application/PDF; charset=x; name=Ada.pdf", "application/pdf"),
            (" text/plain ;", "text/plain"),
            ("application/vnd.a+xml", "application/vnd.a+xml"),
            ("", None),
            ("Ada Quill", None),
            ("a/b c", None),
            ("a/b/c", None),
            ("<b>/x", None),
            (f"a/{'b' * 200}", None),
            ("a/\u00fc", None),
        ],
    )
    def test_content_type(self, value: str, expected: str | None) -> None:
        """Only the media type of a Content-Type is kept, and only if it is one."""
        headers = [("content-type", value.encode())] if value else []
        assert expected == get(Host(sized(headers=headers)), io.BytesIO()).content_type

    def test_no_slot(self) -> None:
        """A download takes no turn at the account's limiter; only the record does."""

        async def call(brex: Brex) -> float:
            for _ in range(5):
                await brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())
            return asyncio.get_running_loop().time()

        assert 0.0 == ask(Host(), call, rate_limit=RateLimit(requests=1, seconds=60))

    def test_a_burst(self, tmp_path: Path) -> None:
        """Fifteen records with two receipts each: fifteen reads, thirty files, at most eight of them under way."""
        host = Host()
        under_way: list[int] = []

        def answer(request: httpx.Request) -> Step:
            if request.url.host == "api.brex.com":
                return Answer(200, host.record(request.url.path.rpartition("/")[2]))
            files = [sent for sent in host.script.sent if sent.url.host != "api.brex.com" and sent.closed_at is None]
            under_way.append(len(files))
            return sized(after=1.0)

        host.script = Script(answer, one_by_one=False)

        async def call(brex: Brex) -> None:
            wanted = [(f"accr_{number}", receipt) for number in range(15) for receipt in host.receipts]
            downloads = (
                brex.receipts.download(record, receipt, to=tmp_path / f"{record}-{receipt}")
                for record, receipt in wanted
            )
            await asyncio.gather(*downloads)

        ask(host, call)
        assert (15, 30, 8) == (host.reads, len(left(tmp_path)), max(under_way))
        assert {BODY} == {path.read_bytes() for path in tmp_path.iterdir()}

    def test_all_accounts_of_a_client(self) -> None:
        """The bound is the client's, whatever accounts its views are for."""
        host = Host(*(sized(after=1.0) for _ in range(16)))

        async def call(brex: Brex) -> float:
            views = [brex.for_account(f"a{number}", "bxt_other") for number in range(16)]
            await asyncio.gather(*(view.receipts.download("accr_1", "rcpt_1", to=io.BytesIO()) for view in views))
            return asyncio.get_running_loop().time()

        assert 2.0 == ask(host, call)

    def test_events(self) -> None:
        """A download tells of itself as a call does, without a word about where the file is."""
        events: list[Event] = []
        get(Host(sized(status=503), sized()), io.BytesIO(), on_event=events.append)
        told = [event for event in events if event.operation == "download receipt"]
        assert ["CallStarted", "AttemptEnded", "Waiting", "AttemptEnded", "CallEnded"] == [
            type(event).__name__ for event in told
        ]
        assert [("answered", 503), ("answered", 200)] == [
            (event.outcome, event.status_code) for event in told if isinstance(event, AttemptEnded)
        ]
        assert [(None, 2)] == [(event.error, event.attempts) for event in told if isinstance(event, CallEnded)]
        assert_silent("events", repr(events), (SECRET, "example"))


class TestSockets:
    """The same over real sockets, where what breaks is TCP."""

    def test_table(self, tmp_path: Path) -> None:
        """Resets, cut bodies and chunks, gateways: tried again until the file is whole."""

        async def reset(_: Request, reply: Reply) -> None:
            reply.reset()

        async def half(_: Request, reply: Reply) -> None:
            await reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 25609\r\n\r\nhalf")
            reply.reset()

        faults: list[Callable[[Request, Reply], Awaitable[None]]] = [
            reset,
            half,
            lambda _, reply: reply.cut(200, BODY, keep=100),
            lambda _, reply: reply.chunked([BODY, BODY], keep=1),
            lambda _, reply: reply.send(502, body=b"<html>"),
            lambda _, reply: reply.raw(b"no HTTP at all\r\n\r\n"),
            lambda _, reply: reply.chunked([BODY[:100], BODY[100:]], headers=TYPE),
        ]
        got, requests = self.download(faults, tmp_path / "a", RetryPolicy(attempts=10, backoff=0.1))
        assert (SHA256, "application/pdf", BODY) == (got.sha256, got.content_type, (tmp_path / "a").read_bytes())
        assert (["a"], 7) == (left(tmp_path), len([request for request in requests if "/files" in request.target]))
        assert all(
            not {"authorization", "cookie", "idempotency-key"} & set(request.headers)
            for request in requests
            if "/files" in request.target
        )

    def test_logs(self, tmp_path: Path) -> None:
        """Not one log record at DEBUG, ours or httpx's, holds a part of the address's query."""
        faults: list[Callable[[Request, Reply], Awaitable[None]]] = [
            lambda _, reply: reply.send(403, [("location", f"https://a/{SECRET}")], f"<Error>{SECRET}".encode()),
            lambda _, reply: reply.cut(200, BODY, keep=100),
            lambda _, reply: reply.send(200, [("set-cookie", f"a={SECRET}"), *TYPE], BODY),
        ]
        with everything_logged() as records:
            self.download(faults, tmp_path / "a", THRICE)
        assert {"httpx", "httpcore.http11", "brex_accounting"} <= {name for name, _ in records.kept}
        for name, shown in records.kept:
            assert_silent(name, shown, (SECRET,))

    @staticmethod
    def download(
        faults: list[Callable[[Request, Reply], Awaitable[None]]], to: Path, retry: RetryPolicy
    ) -> tuple[DownloadedReceipt, list[Request]]:
        async def main() -> tuple[DownloadedReceipt, list[Request]]:
            def handle(request: Request, reply: Reply) -> Awaitable[None]:
                if request.path == "/files":
                    return faults.pop(0)(request, reply)
                receipts = [{"id": "rcpt_1", "download_uris": [f"{server.url}/files?s={SECRET}"]}]
                return reply.json(wire.record(1, receipts=receipts), headers=[("set-cookie", "a=b; Path=/")])

            async with (
                RawServer(handle) as server,
                Brex("bxt_token", base_url=server.url, account="acme", retry=retry, runtime=runtime()) as brex,
            ):
                got = await brex.receipts.download("accr_1", "rcpt_1", to=to)
                return got, server.requests

        return virtual.run(main(), pace=0.005)


class TestErrors:
    def test_facts(self) -> None:
        """Errors of downloads are errors of calls, travel, and say what to do."""
        host = Host(*[sized(b"", 503, headers=[("retry-after", "1")])] * 3)
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert isinstance(error, CallError)
        assert ("download receipt", "acme", 3, 503, 1.0, False, None) == (
            error.operation,
            error.account,
            error.attempts,
            error.status_code,
            error.retry_after,
            error.maybe_applied,
            error.content,
        )
        again = pickle.loads(pickle.dumps(error))
        assert (str(error), vars(error)) == (str(again), vars(again))
