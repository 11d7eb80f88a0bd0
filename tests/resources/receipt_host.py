"""A host of receipts in a script, and downloads from it."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting import Brex, BrexError, RetryPolicy
from brex_accounting.resources.receipts import DownloadedReceipt
from tests import virtual, wire
from tests.test_secrets import assert_silent, surfaces_of
from tests.transport.scripted import Answer, Cut, Script, Step, client

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
