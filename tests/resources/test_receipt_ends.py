"""However a download ends, nothing of it is left over."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

from brex_accounting import Brex, ClientClosed, ClientStateError
from tests import virtual
from tests.resources.receipt_host import BODY, SECRET, THRICE, Host, Later, ask, left, sized
from tests.test_secrets import assert_silent, surfaces_of
from tests.transport.scripted import Answer, Drip, Script, client


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
