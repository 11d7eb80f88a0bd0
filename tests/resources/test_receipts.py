"""``brex.receipts``: files from signed addresses, whole or not at all."""

from __future__ import annotations

import asyncio
import datetime
import errno
import hashlib
import io
import os
import pickle
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting import (
    AttemptEnded,
    Brex,
    BrexError,
    CallEnded,
    CallError,
    ClientClosed,
    ClientStateError,
    DeadlineExceeded,
    DownloadError,
    Event,
    InvalidArgument,
    NotFound,
    RateLimit,
    ReceiptNotFound,
    ReceiptNotWritten,
    ReceiptTooLarge,
    RetryPolicy,
    Waiting,
)
from brex_accounting.resources.receipts import DownloadedReceipt
from tests import virtual, wire
from tests.server import RawServer, Reply, Request
from tests.test_secrets import assert_silent, everything_logged, surfaces_of
from tests.transport.scripted import Answer, Cut, Drip, Hang, Raise, Script, Step, client, runtime

SECRET = "canarysecret"
FILES = "https://files.example.com"
BODY = b"%PDF-1.4 " + bytes(range(256)) * 100
SHA256 = hashlib.sha256(BODY).hexdigest()
TYPE = [("content-type", "application/pdf")]
THRICE = RetryPolicy(attempts=3, backoff=0.5)


def sized(
    body: bytes = BODY, status: int = 200, headers: Any = TYPE, kind: type[Answer] = Answer, **more: Any
) -> Answer:
    """An answer that says how long it is."""
    return kind(status, body, headers=[("content-length", str(len(body))), *headers], **more)


def cut(keep: int) -> Cut:
    """An answer that breaks off."""
    return Cut(200, BODY[:keep], headers=[("content-length", str(len(BODY)))])


@attrs.frozen
class Parts(Answer):
    """An answer that comes in ten parts, and breaks off after some of them."""

    most: int = attrs.field(default=10, kw_only=True)

    async def parts(self) -> AsyncIterator[bytes]:
        size = -(-len(self.body) // 10)
        for number in range(self.most):
            await asyncio.sleep(0.01)
            yield self.body[number * size : (number + 1) * size]
        if self.most < 10:
            message = "reset"
            raise httpx.ReadError(message)


@attrs.frozen
class Stall(Answer):
    """An answer that stops coming, without an end."""

    async def parts(self) -> AsyncIterator[bytes]:
        yield self.body
        await asyncio.get_running_loop().create_future()


class Host:
    """Brex and a file host in one script: each read of a record gives addresses of a new generation.

    Args:
        *steps: What the file host does in turn; afterwards it gives the file.
        receipts: The receipts of each record.
    """

    def __init__(self, *steps: Step, receipts: tuple[str, ...] = ("rcpt_1", "rcpt_2")) -> None:
        self.steps = list(steps)
        self.receipts = receipts
        self.script = Script(self._answer, one_by_one=False)
        self.generation = 0
        self.under_way = 0
        self.most_under_way = 0

    @property
    def reads(self) -> int:
        """How often a record was read."""
        return sum(sent.url.host == "api.brex.com" for sent in self.script.sent)

    @property
    def asked(self) -> list[str]:
        """What the file host was asked for."""
        return [f"{sent.url}".removeprefix(FILES) for sent in self.script.sent if sent.url.host != "api.brex.com"]

    def record(self, record_id: str) -> dict[str, Any]:
        self.generation += 1
        return {
            **wire.record(1),
            "id": record_id,
            "receipts": [
                {"id": name, "download_uris": [f"{FILES}/{record_id}/{name}?v={self.generation}&s={SECRET}"]}
                for name in self.receipts
            ],
        }

    def _answer(self, request: httpx.Request) -> Step:
        if request.url.host == "api.brex.com":
            return Answer(200, self.record(request.url.path.rpartition("/")[2]))
        return self.steps.pop(0) if self.steps else sized()


class Other(Host):
    """A host whose record is what a test says."""

    def __init__(self, receipts: Any, *steps: Step) -> None:
        super().__init__(*steps)
        self._receipts = receipts

    def record(self, record_id: str) -> dict[str, Any]:
        return {**wire.record(1), "receipts": self._receipts}


def ask(host: Host, call: Callable[[Brex], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """What a call gives, on a virtual loop."""

    async def main() -> Any:
        async with client(host.script, **{"account": "acme", "retry": THRICE, **options}) as brex:
            return await call(brex)

    return virtual.run(main())


def get(host: Host, to: Any, times: int = 1, max_bytes: int = 1_000_000, **options: Any) -> DownloadedReceipt:
    """Download the first receipt so many times."""

    async def call(brex: Brex) -> Any:
        for _ in range(times):
            got = await brex.receipts.download("accr_1", "rcpt_1", to=to, max_bytes=max_bytes)
        return got

    return ask(host, call, **options)


def raised(call: Callable[[], Any], expected: type[BrexError]) -> Any:
    with pytest.raises(BrexError) as caught:
        call()
    assert expected is type(caught.value), repr(caught.value)
    for name, shown in surfaces_of(caught.value):
        assert_silent(name, shown, (SECRET,))
    return caught.value


def left(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class Clock(virtual.VirtualClock):
    """The time of the loop, and hands that a test can move."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = 0.0
        self.steady = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.steady

    def now(self) -> datetime.datetime:
        return virtual.EPOCH + datetime.timedelta(seconds=super().monotonic() + self.wall)


class Later:
    """A writer that takes bytes when it is awaited."""

    def __init__(self) -> None:
        self.taken = b""

    async def write(self, data: bytes) -> int:
        await asyncio.sleep(0.01)
        self.taken += data
        return len(data)


class Sips(io.RawIOBase):
    """A writer that takes a few bytes at a time, as unbuffered files may."""

    def __init__(self, most: int = 1000) -> None:
        self.taken = b""
        self.most = most

    def write(self, data: Any) -> int:
        self.taken += bytes(data[: self.most])
        return min(self.most, len(data))


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


class TestAddresses:
    def test_one_read_for_several_receipts(self) -> None:
        """Several receipts of one record cost one read, also when they are asked for at once."""
        host = Host()

        async def call(brex: Brex) -> None:
            downloads = (brex.receipts.download("accr_1", name, to=io.BytesIO()) for name in host.receipts * 3)
            await asyncio.gather(*downloads)
            await brex.receipts.download("accr_1", "rcpt_2", to=io.BytesIO())

        ask(host, call)
        assert (1, 7) == (host.reads, len(host.asked))

    @pytest.mark.parametrize(
        ("waited", "steady", "wall", "reads"),
        [
            (599.0, 0.0, 0.0, 1),
            (600.0, 0.0, 0.0, 2),
            (1.0, 600.0, 0.0, 2),
            (1.0, 0.0, 600.0, 2),
            (1.0, 0.0, -2.0, 2),
            (900.0, -800.0, 0.0, 2),
            (900.0, 0.0, -800.0, 2),
            (1.0, 0.0, -1.0, 1),
        ],
    )
    def test_age(self, waited: float, steady: float, wall: float, reads: int) -> None:
        """An address is used for ten minutes, by both clocks: one of them may jump, or stand still in a sleep."""
        host, clock = Host(), Clock()

        async def call(brex: Brex) -> None:
            await brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())
            await asyncio.sleep(waited)
            clock.steady, clock.wall = steady, wall
            await brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())

        ask(host, call, runtime=runtime(clock=clock))
        assert reads == host.reads

    def test_a_slow_read_makes_old_addresses(self) -> None:
        """The age counts from when the record was asked for; what is old is still used for what it was read for."""
        host = Host()
        inner = host._answer

        def slow(request: httpx.Request) -> Step:
            step = inner(request)
            return Answer(200, step.body, after=700.0) if request.url.host == "api.brex.com" else step  # type: ignore[union-attr]

        host.script = Script(slow, one_by_one=False)
        get(host, io.BytesIO(), times=2, timeout=1000.0, deadline=5000.0)
        assert (2, 2) == (host.reads, len(host.asked))

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_remembered_and_refused(self, status: int) -> None:
        """A remembered address that is refused makes the record be read again, once."""
        host = Host(sized(), sized(status=status))
        get(host, io.BytesIO(), times=2)
        assert (2, ["1", "1", "2"]) == (host.reads, [address.split("=")[1][0] for address in host.asked])

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_fresh_and_refused(self, status: int) -> None:
        """So does a fresh one."""
        host = Host(sized(status=status))
        get(host, io.BytesIO())
        assert (2, 2) == (host.reads, len(host.asked))

    def test_refused_for_good(self) -> None:
        """Fresh addresses that are refused twice are an error that says so; nothing is waited for."""
        host = Host(*(sized(b"<Error>", 403) for _ in range(9)))
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert (2, 2, 403, 2) == (host.reads, len(host.asked), error.status_code, error.attempts)
        assert (
            "download receipt: the file host answered 403 to fresh addresses too (account acme, attempts 2). "
            in str(error)
        )
        assert [0.0] * 4 == host.script.times

    def test_remembered_and_refused_for_good(self) -> None:
        """A remembered one makes it three tries and two more reads."""
        host = Host(sized(), *(sized(b"", 403) for _ in range(9)))
        raised(lambda: get(host, io.BytesIO(), times=2), DownloadError)
        assert (3, 4) == (host.reads, len(host.asked))

    def test_many_refused_at_once(self) -> None:
        """Downloads that are refused at once share the read for fresh addresses."""
        host = Host(*(sized() for _ in range(8)), *(sized(status=403, after=1.0) for _ in range(8)))

        async def call(brex: Brex) -> None:
            for _ in range(2):
                downloads = (brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO()) for _ in range(8))
                await asyncio.gather(*downloads)

        ask(host, call)
        assert (2, 24) == (host.reads, len(host.asked))

    def test_a_failed_read_is_not_remembered(self) -> None:
        """A record that could not be read is read again by the next download, and by those that wait for it."""
        host = Host()
        inner, failing = host._answer, [Answer(404), Answer(404)]
        host.script = Script(lambda request: failing.pop() if failing else inner(request), one_by_one=False)

        async def call(brex: Brex) -> list[Any]:
            downloads = (brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO()) for _ in range(4))
            return await asyncio.gather(*downloads, return_exceptions=True)

        results = ask(host, call)
        assert [NotFound, NotFound, DownloadedReceipt, DownloadedReceipt] == [type(result) for result in results]
        assert 3 == host.reads

    def test_a_receipt_that_came_later(self) -> None:
        """A receipt that a remembered record does not have is looked for in a fresh one."""
        host = Host(receipts=("rcpt_1",))

        async def call(brex: Brex) -> None:
            await brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())
            host.receipts = ("rcpt_1", "rcpt_9")
            await brex.receipts.download("accr_1", "rcpt_9", to=io.BytesIO())

        ask(host, call)
        assert (2, 2) == (host.reads, len(host.asked))

    @pytest.mark.parametrize("status", [404, 410])
    def test_gone(self, status: int) -> None:
        """A file that is gone at a fresh address is not found; a remembered address gets a second chance."""
        host = Host(sized(status=status))
        error = raised(lambda: get(host, io.BytesIO()), ReceiptNotFound)
        assert (1, 1, status) == (host.reads, len(host.asked), error.status_code)
        host = Host(sized(), sized(status=status))
        get(host, io.BytesIO(), times=2)
        assert (2, 3) == (host.reads, len(host.asked))

    def test_no_such_receipt(self) -> None:
        """A receipt that the record does not have is named by those that it has, and never by what was asked for."""

        async def call(brex: Brex) -> None:
            await brex.receipts.download("accr_1", f"{FILES}/?s={SECRET}", to=io.BytesIO())

        host = Host()
        error = raised(lambda: ask(host, call), ReceiptNotFound)
        assert (
            "download receipt: the record has no such receipt; it has rcpt_1, rcpt_2 (account acme). "
            "Read the record again to see which receipts it has."
        ) == str(error)
        assert (1, None, 0) == (host.reads, error.status_code, error.attempts)

    @pytest.mark.parametrize("receipts", [None, []])
    def test_no_receipts(self, receipts: Any) -> None:
        """A record may have none."""
        assert "it has none" in str(raised(lambda: get(Other(receipts), io.BytesIO()), ReceiptNotFound))

    @pytest.mark.parametrize("more", [{}, {"download_uris": None}, {"download_uris": []}])
    def test_no_address(self, more: Any) -> None:
        """A receipt may have no address."""
        error = raised(lambda: get(Other([{"id": "rcpt_1", **more}]), io.BytesIO()), ReceiptNotFound)
        assert "Brex gives no address for this receipt" in str(error)

    def test_no_such_record(self) -> None:
        """A record that is not there is not found, as ever."""
        host = Host()
        host.script = Script(Answer(404, {"error_code": "NOT_FOUND", "message": "no"}))
        assert "GET /v3/accounting/records/{id}" == raised(lambda: get(host, io.BytesIO()), NotFound).operation.replace(
            "record_id", "id"
        )

    @pytest.mark.parametrize(
        "step", [sized(status=404), sized(status=302), Raise(httpx.ReadError("x")), sized(b"", 500)]
    )
    def test_the_next_address(self, step: Step) -> None:
        """Where nothing can be had at the first address of a receipt, the next one is tried."""
        two = [{"id": "rcpt_1", "download_uris": [f"{FILES}/1?s={SECRET}", f"{FILES}/2?s={SECRET}"]}]
        host = Other(two, *[step] * (3 if isinstance(step, Raise) or step == sized(b"", 500) else 1))
        get(host, io.BytesIO())
        assert (1, "/2", {"/1"}) == (
            host.reads,
            host.asked[-1].partition("?")[0],
            {asked.partition("?")[0] for asked in host.asked[:-1]},
        )

    def test_which_failure_is_told(self) -> None:
        """Of several addresses the failure is told after which it is worth coming back."""
        two = [{"id": "rcpt_1", "download_uris": [f"{FILES}/1?s={SECRET}", f"{FILES}/2?s={SECRET}"]}]
        host = Other(two, sized(status=404), *[sized(status=503)] * 3)
        assert 503 == raised(lambda: get(host, io.BytesIO()), DownloadError).status_code

    @pytest.mark.parametrize(
        "address",
        [
            f"http://files.example.com/?s={SECRET}",
            f"https://user:{SECRET}@files.example.com/",
            f"file:///etc/passwd?{SECRET}",
            f"//files.example.com/{SECRET}",
            SECRET,
        ],
    )
    def test_not_private(self, address: str) -> None:
        """An address that is not one of https is not gone to."""
        host = Other([{"id": "rcpt_1", "download_uris": [address]}])
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert "the address in the record is not one of https" in str(error)
        assert (1, 0) == (len(host.script.sent), error.attempts)

    def test_bounded_memory(self) -> None:
        """Of five hundred records the addresses are remembered, of the others not."""
        host = Host()

        async def call(brex: Brex) -> list[int]:
            async def reads(first: int, end: int) -> int:
                before = host.reads
                for number in range(first, end):
                    await brex.receipts.download(f"accr_{number}", "rcpt_1", to=io.BytesIO())
                return host.reads - before

            return [await reads(0, 501), await reads(1, 3), await reads(0, 1)]

        assert [501, 0, 1] == ask(host, call, rate_limit=None)

    def test_shown(self) -> None:
        """Nothing that holds addresses shows them, and none of it can be pickled."""

        async def call(brex: Brex) -> str:
            await brex.receipts.download("accr_1", "rcpt_1", to=io.BytesIO())
            found = brex.receipts._addresses
            with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
                pickle.dumps(brex.receipts)
            return f"{brex!r} {brex.receipts!r} {found!r} {found._readings!r} {vars(found)!r}"

        assert_silent("repr", ask(Host(), call), (SECRET, "files.example"))


class TestRetries:
    @pytest.mark.parametrize(
        "step",
        [
            *(sized(b"", status) for status in (408, 429, 500, 502, 503, 504, 520)),
            cut(0),
            cut(9_000),
            Answer(200, BODY[:-1], headers=[("content-length", str(len(BODY)))]),
            Raise(httpx.ConnectError("refused")),
            Raise(httpx.RemoteProtocolError("no answer")),
            Hang(),
        ],
    )
    def test_from_the_start(self, step: Step, tmp_path: Path) -> None:
        """What may be better next time is tried again, from the start."""
        host = Host(step, step)
        got = get(host, tmp_path / "a")
        assert (SHA256, 3, 1, ["a"]) == (got.sha256, len(host.asked), host.reads, left(tmp_path))

    @pytest.mark.parametrize(
        ("step", "status", "text"),
        [
            (sized(b"", 503), 503, "the file host answered 503"),
            (cut(5), None, "the file host gave no whole file (ReadError)"),
            (Raise(httpx.ConnectError("x")), None, "the file host gave no whole file (ConnectError)"),
            (Hang(), None, "nothing came from the file host for 30 s"),
        ],
    )
    def test_no_more(self, step: Step, status: int | None, text: str, tmp_path: Path) -> None:
        """When the policy allows no more, the last failure is told, and nothing is left behind."""
        host = Host(*[step] * 9)
        (tmp_path / "a").write_bytes(b"old")
        error = raised(lambda: get(host, tmp_path / "a"), DownloadError)
        assert (3, 3, status) == (len(host.asked), error.attempts, error.status_code)
        assert f"download receipt: {text} (account acme, attempts 3). Try again later." == str(error)
        assert (["a"], b"old") == (left(tmp_path), (tmp_path / "a").read_bytes())

    def test_none(self) -> None:
        """A client without retries makes one attempt."""
        host = Host(sized(status=503))
        raised(lambda: get(host, io.BytesIO(), retry=None), DownloadError)
        assert 1 == len(host.asked)

    @pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 307, 402, 405, 418, 451, 501])
    def test_refused(self, status: int) -> None:
        """Any other status is told at once, and where a redirect leads is not."""
        host = Host(sized(b"", status, headers=[("location", f"https://a/{SECRET}")]))
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert (1, status) == (len(host.asked), error.status_code)
        assert f"the file host answered {status}" in str(error)

    def test_retry_after(self) -> None:
        """What the host asks for is waited for, and for more than that at the first times."""
        events: list[Event] = []
        host = Host(sized(b"", 503, headers=[("retry-after", "20")]))
        get(host, io.BytesIO(), on_event=events.append)
        (waited,) = [event for event in events if isinstance(event, Waiting)]
        assert 20.0 <= waited.seconds <= 20.5
        assert ("retry-after", waited.seconds) == (waited.cause, host.script.times[-1])

    def test_too_long_a_wait(self) -> None:
        """A longer wait than the policy allows is told at once."""
        host = Host(sized(b"", 429, headers=[("retry-after", "121")]))
        error = raised(lambda: get(host, io.BytesIO()), DownloadError)
        assert (429, 121.0, 1) == (error.status_code, error.retry_after, error.attempts)

    def test_back_off(self) -> None:
        """The waits are those of the policy."""
        host = Host(*[sized(b"", 503)] * 5)
        get(host, io.BytesIO(), retry=RetryPolicy(attempts=6, backoff=1.0, max_backoff=4.0))
        waits = [after - before for before, after in zip(host.script.times[1:], host.script.times[2:], strict=False)]
        assert all(0 < wait <= most for wait, most in zip(waits, (1, 2, 4, 4, 4), strict=True))

    def test_no_end(self) -> None:
        """A body of which nobody could tell that it is whole is not taken."""
        error = raised(lambda: get(Host(Answer(200, BODY)), io.BytesIO()), DownloadError)
        assert "does not say where the file ends" in str(error)

    def test_record_and_file_fail(self) -> None:
        """Record and file have their attempts, each for itself."""
        host = Host(sized(status=503), cut(10))
        inner, failing = host._answer, [Answer(503), Answer(503)]

        def answer(request: httpx.Request) -> Step:
            return failing.pop() if failing else inner(request)

        host.script = Script(answer, one_by_one=False)
        assert SHA256 == get(host, io.BytesIO()).sha256
        assert (3, 3) == (host.reads, len(host.asked))


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


class Broken:
    """A writer that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, data: bytes) -> int:
        raise self.error


class _BytesPath:
    def __fspath__(self) -> bytes:
        return b"a"


class TestTargets:
    @pytest.mark.parametrize(
        ("path", "number"),
        [
            ("missing/a", errno.ENOENT),
            ("file/a", errno.ENOTDIR),
            ("folder", errno.EISDIR),
            ("a" * 300, errno.ENAMETOOLONG),
        ],
    )
    def test_no_place(self, path: str, number: int, tmp_path: Path) -> None:
        """Where no file can be, nothing is asked of anybody, and the system's reason is told."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").write_bytes(b"")
        host = Host()
        error = raised(lambda: get(host, tmp_path / path), ReceiptNotWritten)
        assert ([], ["file", "folder"]) == (host.script.sent, left(tmp_path))
        assert f"download receipt: the receipt could not be written: {os.strerror(number)} (account acme). " in str(
            error
        )
        assert number == error.__cause__.errno
        assert isinstance(error, OSError)

    @pytest.mark.parametrize("name", ["fsync", "replace"])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.ETIMEDOUT])
    def test_system_says_no(self, name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that fails at the end leaves what was there, and the download is not made again."""

        def no(*_: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, no)
        (tmp_path / "a").write_bytes(b"old")
        host = Host()
        error = raised(lambda: get(host, tmp_path / "a"), ReceiptNotWritten)
        assert os.strerror(number) in str(error)
        assert (["a"], b"old", 1) == (left(tmp_path), (tmp_path / "a").read_bytes(), len(host.asked))

    @pytest.mark.parametrize("to", ["path", "writer"])
    def test_full(self, to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that the system allows no more bytes for is given up in the middle of the download."""
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        host, plain = Host(sized(BODY * 40)), io.BytesIO()
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        try:
            error = raised(
                lambda: get(host, tmp_path / "a" if to == "path" else plain, max_bytes=10**7), ReceiptNotWritten
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert os.strerror(errno.EFBIG) in str(error)
        assert ([], b"", 1) == (left(tmp_path), plain.getvalue(), len(host.asked))

    def test_writer_raises(self) -> None:
        """What a writer raises is the cause, and its words are its own."""
        problem = ValueError("words")
        error = raised(lambda: get(Host(), Broken(problem)), ReceiptNotWritten)
        assert problem is error.__cause__
        assert "the writer raised ValueError" in str(error)
        assert "words" not in str(error)

    @pytest.mark.parametrize("problem", [TimeoutError(), OSError(errno.ENOSPC, "full"), ClientStateError("x")])
    def test_writer_raises_ours(self, problem: Exception) -> None:
        """Even what looks like an end of ours is the writer's."""
        assert problem is raised(lambda: get(Host(), Broken(problem)), ReceiptNotWritten).__cause__

    @pytest.mark.parametrize("problem", [asyncio.CancelledError(), KeyboardInterrupt()])
    def test_writer_is_interrupted(self, problem: BaseException) -> None:
        """What is no failure passes."""
        with pytest.raises(type(problem)):
            get(Host(), Broken(problem))

    def test_writer_takes_nothing(self) -> None:
        """A writer that takes no byte is not asked for ever."""
        assert "takes no more bytes" in str(raised(lambda: get(Host(), Sips(0)), ReceiptNotWritten))

    @pytest.mark.parametrize(
        "to",
        [
            None,
            1,
            b"bytes",
            "",
            "a\0b",
            "a\ud800",
            object(),
            io.StringIO(),
            io.BytesIO,
            ["a"],
            _BytesPath(),
        ],
    )
    def test_no_target(self, to: Any) -> None:
        """What is neither a path of text nor takes bytes is refused by name."""
        host = Host()
        assert str(raised(lambda: get(host, to), InvalidArgument)).startswith("to: ")
        assert [] == host.script.sent

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("record_id", ("", "rcpt_1", 1)),
            ("record_id", (None, "rcpt_1", 1)),
            ("receipt_id", ("accr_1", " ", 1)),
            ("receipt_id", ("accr_1", "\ud800", 1)),
            ("max_bytes", ("accr_1", "rcpt_1", 0)),
            ("max_bytes", ("accr_1", "rcpt_1", 1.5)),
            ("max_bytes", ("accr_1", "rcpt_1", True)),
            ("max_bytes", ("accr_1", "rcpt_1", None)),
        ],
    )
    def test_arguments(self, name: str, arguments: tuple[Any, Any, Any]) -> None:
        """Arguments are checked before anything happens."""
        record_id, receipt_id, most = arguments
        host = Host()
        call = lambda brex: brex.receipts.download(record_id, receipt_id, to=io.BytesIO(), max_bytes=most)  # noqa: E731
        assert str(raised(lambda: ask(host, call), InvalidArgument)).startswith(f"{name}: ")
        assert [] == host.script.sent


class _CancelAt:
    """Runs a coroutine, and cancels the task that runs it just as it waits for the n-th time, and some times more."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], number: int, times: int) -> None:
        self._coroutine = coroutine
        self._numbers = range(number, number + times)
        self.struck = False

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        count, value, error = 0, None, None
        while True:
            try:
                waits_for = inner.send(value) if error is None else inner.throw(error)
            except StopIteration as stop:
                return stop.value
            if count in self._numbers:
                self.struck = True
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            count += 1
            value, error = None, None
            try:
                value = yield waits_for
            except BaseException as thrown:  # noqa: BLE001 - handed on
                error = thrown


def _in_time(to: str, tmp_path: Path) -> tuple[Any, Callable[[], bytes]]:
    if to == "path":
        (tmp_path / "a").write_bytes(b"old")
        return tmp_path / "a", (tmp_path / "a").read_bytes
    writer = Later()
    return writer, lambda: writer.taken


class TestEnds:
    @pytest.mark.parametrize("times", [1, 2])
    @pytest.mark.parametrize("to", ["path", "writer"])
    def test_cancelled_at_every_await(
        self, to: str, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Wherever a download is cancelled, no temporary file is left, and the path holds the old file or the new."""
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        body = BODY * 30
        states: list[tuple[bool, bool]] = []
        number = 0
        while True:
            target, content = _in_time(to, tmp_path)
            host = Host(sized(body, kind=Parts, most=7), sized(body, kind=Parts))

            async def call(brex: Brex, number: int = number, target: Any = target) -> tuple[bool, bool]:
                sweep = _CancelAt(brex.receipts.download("accr_1", "rcpt_1", to=target), number, times)

                async def run() -> None:
                    await sweep

                (result,) = await asyncio.gather(asyncio.ensure_future(run()), return_exceptions=True)
                assert result is None or isinstance(result, asyncio.CancelledError)
                return sweep.struck, result is None

            struck, done = ask(host, call)
            assert all(sent.closed_at is not None for sent in host.script.sent)
            assert (["a"] if to == "path" else []) == left(tmp_path)
            found = content()
            assert found in ((b"old", body) if to == "path" else (b"", body[: len(found)]))
            assert struck or (done and found == body)
            states.append((struck, found == body))
            if not struck:
                break
            number += 1
        assert number > 25
        assert states == sorted(states, key=lambda state: (not state[0], state[1]))  # once it is there, it stays

    @pytest.mark.parametrize("when", [0.5, 1.5, 2.5])
    def test_closed(self, when: float, tmp_path: Path) -> None:
        """Closing the client ends downloads at once: in the record, the queue, the body or a back-off."""
        asleep = sized(b"", 503, headers=[("retry-after", "99")])
        host = Host(*[sized(BODY[:9], kind=Drip, pause=1.0)] * 4, *[asleep] * 3, *[sized(BODY, after=5.0)] * 9)
        inner = host._answer
        host.script = Script(
            lambda request: (
                Answer(200, inner(request).body, after=1.0)  # type: ignore[union-attr]
                if request.url.host == "api.brex.com"
                else inner(request)
            ),
            one_by_one=False,
        )

        async def main() -> list[Any]:
            brex = client(host.script, account="acme", retry=THRICE)
            await brex.__aenter__()
            downloads = [
                asyncio.ensure_future(brex.receipts.download("accr_1", "rcpt_1", to=tmp_path / f"{number}"))
                for number in range(14)
            ]
            await asyncio.sleep(when)
            await brex.aclose()
            results = await asyncio.gather(*downloads, return_exceptions=True)
            assert when == asyncio.get_running_loop().time()
            return results

        results = virtual.run(main())
        assert {ClientClosed} == {type(result) for result in results}
        assert {"download receipt"} == {result.operation for result in results}
        assert [] == left(tmp_path)
        for result in results:
            for name, shown in surfaces_of(result):
                assert_silent(name, shown, (SECRET,))

    def test_not_open(self) -> None:
        """A client that is not open downloads nothing."""

        async def main() -> None:
            await client(Host().script).receipts.download("accr_1", "rcpt_1", to=io.BytesIO())

        with pytest.raises(ClientStateError):
            virtual.run(main())


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
