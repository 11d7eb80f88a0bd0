"""A client that is closed while calls are under way: they end at once, and say what may have come of them."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import httpx
import pytest

from brex_accounting import (
    Brex,
    BrexError,
    ClientClosed,
    ClientStateError,
    ExportSuccess,
    InvalidArgument,
    RateLimit,
    RetryPolicy,
    Runtime,
)
from tests import virtual
from tests.server import RawServer
from tests.transport.scripted import COMPANY, Answer, Hang, Raise, Script, client


def after_a_second(script: Script, ask: Any, **options: Any) -> tuple[BaseException, float]:
    """What a call raises whose client is closed a second after it began, and when it raises that."""

    async def main() -> tuple[BaseException, float]:
        brex = client(script, account="acme", **options)
        await brex.__aenter__()
        call = asyncio.create_task(ask(brex))
        await asyncio.sleep(1.0)
        await brex.aclose()
        (raised,) = await asyncio.gather(call, return_exceptions=True)
        assert isinstance(raised, BaseException)
        return raised, asyncio.get_running_loop().time()

    return virtual.run(main())


def create(brex: Any) -> Any:
    """A call that writes."""
    return brex.integrations.create(vendor="ERP_A", vendor_account_id="42")


class TestWaits:
    def test_back_off(self) -> None:
        """A back-off ends with the client, and not after the time that Brex asked for."""
        raised, when = after_a_second(
            Script(Answer(503, headers={"Retry-After": "100"})), lambda brex: brex.company.get()
        )
        assert isinstance(raised, ClientClosed)
        assert (1.0, 1, False) == (when, raised.attempts, raised.maybe_applied)
        assert "acme" in str(raised)
        assert "GET /v2/company" in str(raised)

    def test_turn_at_the_limiter(self) -> None:
        """So does the wait for a turn; a call that had none is no more than a client that is closed."""

        async def twice(brex: Any) -> None:
            await brex.company.get()
            await brex.company.get()

        raised, when = after_a_second(Script(Answer(200, COMPANY)), twice, rate_limit=RateLimit(requests=1))
        assert (ClientStateError, 1.0) == (type(raised), when)

    def test_place_among_the_requests(self) -> None:
        """So does the wait for a place, whoever holds the places."""

        async def many(brex: Any) -> None:
            calls = [asyncio.create_task(brex.company.get()) for _ in range(100)]
            await asyncio.sleep(0.5)
            try:
                await brex.company.get()
            finally:
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)

        raised, when = after_a_second(Script(lambda _: Hang(), one_by_one=False), many)
        assert (ClientStateError, 1.0) == (type(raised), when)

    def test_writes_say_what_may_have_come_of_them(self) -> None:
        """A write whose answer was lost before the client was closed may have taken effect, and says so."""
        raised, when = after_a_second(
            Script(Raise(httpx.ReadError("gone"))), create, retry=RetryPolicy(backoff=100, max_backoff=100)
        )
        assert isinstance(raised, ClientClosed)
        assert (1.0, True) == (when, raised.maybe_applied)
        assert isinstance(raised, ClientStateError)
        assert isinstance(raised, RuntimeError)

    def test_also_where_they_wait_for_their_next_turn(self) -> None:
        """The same holds where the next attempt was waiting at the limiter."""
        script = Script(Raise(httpx.ReadError("gone")))
        raised, when = after_a_second(script, create, rate_limit=RateLimit(requests=1))
        assert isinstance(raised, ClientClosed)
        assert (1.0, True, 1) == (when, raised.maybe_applied, raised.attempts)


class TestRequests:
    @pytest.mark.asyncio
    async def test_under_way(self) -> None:
        """A write whose request was under way is over at once, and may have taken effect."""
        async with RawServer(lambda _, reply: reply.hang()) as server:
            policy = RetryPolicy(backoff=100, max_backoff=100)
            brex = Brex("bxt_token", base_url=server.url, retry=policy, runtime=Runtime(random=Last()))
            await brex.__aenter__()
            call = asyncio.create_task(create(brex))
            await server.until(in_flight=1)
            async with asyncio.timeout(10):
                await brex.aclose()
                with pytest.raises(ClientClosed) as caught:
                    await call
        assert (1, True) == (caught.value.attempts, caught.value.maybe_applied)


class Last(Random):
    """Draws the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


class TestReports:
    def test_what_is_settled_stays_known(self) -> None:
        """A report that is interrupted by the end of the client tells what it had settled."""
        answer = Answer(200, b'{"updated_accounting_record_ids": ["accr_0", "accr_1"]}')
        script = Script(answer, Answer(503, headers={"Retry-After": "100"}))
        results = [ExportSuccess(f"accr_{number}") for number in range(6)]
        raised, _ = after_a_second(script, lambda brex: brex.records.report(results, batch_size=2))
        assert isinstance(raised, ClientClosed)
        assert raised.report is not None
        assert ("accr_0", "accr_1") == raised.report.updated
        assert ("accr_2", "accr_3") == raised.report.unknown
        assert ("accr_4", "accr_5") == raised.report.unsent


class TestClosing:
    def test_by_two_at_once(self) -> None:
        """Whoever closes a client that is being closed waits until it is."""

        class Slow(httpx.MockTransport):
            closed = False

            async def aclose(self) -> None:
                await asyncio.sleep(1.0)
                self.closed = True

        async def main() -> list[bool]:
            slow = Slow(lambda _: httpx.Response(200))
            brex = client(slow)
            await brex.__aenter__()
            first = asyncio.create_task(brex.aclose())
            await asyncio.sleep(0.5)
            first.cancel()  # nor does it matter that somebody stops waiting
            await asyncio.gather(first, return_exceptions=True)
            found = [slow.closed]
            await asyncio.gather(brex.aclose(), brex.aclose())
            return [*found, slow.closed]

        assert [False, True] == virtual.run(main())

    def test_in_a_hundred_calls(self) -> None:
        """Calls beyond those that can be under way raise our error and none of httpx's."""

        async def main() -> set[type[BaseException]]:
            brex = client(Script(lambda _: Answer(200, COMPANY, after=5.0), one_by_one=False))
            await brex.__aenter__()
            calls = [asyncio.create_task(brex.company.get()) for _ in range(130)]
            await asyncio.sleep(1.0)
            await brex.aclose()
            return {type(each) for each in await asyncio.gather(*calls, return_exceptions=True)} - {type(None)}

        kinds = virtual.run(main())
        assert all(issubclass(kind, BrexError) for kind in kinds if issubclass(kind, BaseException))


class TestUrls:
    @pytest.mark.parametrize(
        "ask",
        [
            lambda brex: brex.records.get("x" * 70_000),
            lambda brex: brex.expenses.query(user_id=[f"user_{number:040}" for number in range(3000)]),
            lambda brex: brex.records.query(cursor="c" * 70_000),
        ],
    )
    def test_too_long(self, ask: Any) -> None:
        """Arguments that make no URL raise our error before anything is sent, and hold no turn at the limiter."""
        script = Script()

        async def main() -> int:
            async with client(script, rate_limit=RateLimit(requests=5)) as brex:
                with pytest.raises(InvalidArgument, match="URL"):
                    await ask(brex)
                return int(brex._caller._shared.limiter._window.held)

        assert 0 == virtual.run(main())
        assert [] == script.sent
