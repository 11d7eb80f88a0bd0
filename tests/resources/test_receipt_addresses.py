"""Addresses of receipts: how long one is used, when the record is read again, and what is no address."""

from __future__ import annotations

import asyncio
import datetime
import io
import pickle
from typing import Any

import httpx
import pytest

from brex_accounting import Brex, DownloadError, NotFound, ReceiptNotFound
from brex_accounting.resources.receipts import DownloadedReceipt
from tests import virtual, wire
from tests.resources.receipt_host import FILES, SECRET, Host, ask, get, raised, sized
from tests.test_secrets import assert_silent
from tests.transport.scripted import Answer, Raise, Script, Step, runtime


class Other(Host):
    """A host whose record is what a test says."""

    def __init__(self, receipts: Any, *steps: Step) -> None:
        super().__init__(*steps)
        self._receipts = receipts

    def record(self, record_id: str) -> dict[str, Any]:
        return {**wire.record(1), "receipts": self._receipts}


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
