"""What the SDKs of openai, Square, Stripe and Merge get wrong, one test for each defect, held against ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from collections.abc import Coroutine
from random import Random
from typing import Any

import httpx
import pytest

from brex_accounting import (
    Brex,
    CursorRepeated,
    DeadlineExceeded,
    Event,
    RateLimit,
    RateLimited,
    RetryPolicy,
    Runtime,
    ServerError,
    Waiting,
)
from tests import virtual, wire
from tests.server import RawServer, Reply, Request, client_tls, server_tls
from tests.transport.scripted import COMPANY, INTEGRATION, Answer, Raise, Script, client, play

LOST = Raise(httpx.ReadError("reset"))


def page(*numbers: int, cursor: str | None = None) -> Answer:
    return Answer(
        200, wire.page([wire.record(n) for n in numbers], next_cursor=cursor, has_next_page=cursor is not None)
    )


async def all_ids(brex: Brex, **arguments: Any) -> list[str]:
    return [record.id async for record in brex.records.iter(**arguments)]


class TestPaging:
    def test_stops_silently_at_an_empty_page_that_still_has_a_cursor(self) -> None:
        """openai, Square, Stripe: an empty page with a cursor ends the list. Ours follows it, several in a row too."""
        script = Script(page(1, cursor="c1"), page(cursor="c2"), page(cursor="c3"), page(2))
        assert ["accr_1", "accr_2"] == play(script, all_ids)
        assert 4 == len(script.sent)

    def test_starts_with_an_empty_page(self) -> None:
        """The same where the first page is the empty one."""
        assert ["accr_1"] == play(Script(page(cursor="c1"), page(1)), all_ids)

    @pytest.mark.parametrize("period", [1, 2, 3])
    def test_loops_for_ever_on_a_repeated_cursor(self, period: int) -> None:
        """Square: a cursor that comes again is followed for ever. Ours raises once it is back where it was."""
        script = Script(lambda _: page(len(script.sent), cursor=f"c{len(script.sent) % period}"))
        found: list[str] = []

        async def ask(brex: Brex) -> CursorRepeated:
            with pytest.raises(CursorRepeated) as caught:
                await keep(brex.records.iter(prefetch=0), found)
            return caught.value

        error = play(script, ask)
        assert period + 1 == len(script.sent) == len(found)
        assert error.checkpoint

    def test_has_no_checkpoint(self) -> None:
        """All of them: a worker that dies starts at the first page. Ours goes on at the item that was in hand."""
        script = Script(page(1, 2, cursor="c1"), page(3, 4, cursor="c2"), page(3, 4, cursor="c2"), page(5))

        async def ask(brex: Brex) -> list[str]:
            async with brex.records.iter(prefetch=0) as stream:
                for _ in range(3):
                    await anext(stream)
                checkpoint = stream.checkpoint
            return await all_ids(brex, resume=checkpoint)

        assert ["accr_3", "accr_4", "accr_5"] == play(script, ask)
        assert [None, "c1", "c1", "c2"] == [sent.url.params.get("cursor") for sent in script.sent]

    def test_has_no_prefetch(self) -> None:
        """All of them: server and consumer wait for each other. Ours fetches the next page meanwhile."""
        pages = 10

        def answer(request: httpx.Request) -> Answer:
            number = int(request.url.params.get("cursor", "0"))
            step = page(number, cursor=None if number == pages - 1 else str(number + 1))
            return Answer(200, step.body, after=0.05)

        async def ask(brex: Brex) -> float:
            async for _ in brex.records.iter():
                await asyncio.sleep(0.05)
            return asyncio.get_running_loop().time()

        seconds = play(Script(answer), ask)
        assert 0.05 * (pages + 1) == pytest.approx(seconds)

    def test_sends_an_unset_or_default_limit(self) -> None:
        """Square: a limit that nobody asked for is sent, and breaks when the server lowers its own. Ours sends none."""
        script = Script(page(1, cursor="c1"), page(2))
        play(script, all_ids)
        assert [{}, {"cursor": "c1"}] == [dict(sent.url.params) for sent in script.sent]
        script = Script(page(1))
        play(script, lambda brex: brex.records.query())
        assert b"" == script.sent[0].url.query

    def test_loses_filters_after_page_1(self) -> None:
        """Some: only the first page is filtered. Ours sends all filters with every page."""
        script = Script(page(1, cursor="c1"), page(2, cursor="c2"), page(3))
        filters = {"review_status": "READY_FOR_EXPORT", "updated_at_gte": "2025-01-01", "single_entry": True}
        play(script, lambda brex: all_ids(brex, **filters, page_size=10))
        first, *others = [dict(sent.url.params) for sent in script.sent]
        assert {
            "review_status": "READY_FOR_EXPORT",
            "updated_at[gte]": "2025-01-01",
            "single_entry": "true",
            "limit": "10",
        } == first
        assert [{**first, "cursor": "c1"}, {**first, "cursor": "c2"}] == others


async def keep(stream: Any, found: list[str]) -> None:
    async for record in stream:
        found.append(record.id)  # noqa: PERF401 - a comprehension would lose what came before an error


class TestRetries:
    @pytest.mark.parametrize("failure", [Answer(503), LOST, Raise(httpx.ConnectError("refused"))])
    def test_retries_a_post_without_its_idempotency_key(self, failure: Any) -> None:
        """openai: a POST is sent again without the key. Ours sends the one key of the call with every attempt."""
        script = Script(failure, failure, Answer(200, INTEGRATION))
        play(script, lambda brex: brex.integrations.create(vendor="ERP_A", vendor_account_id="42"))
        keys = [sent.key for sent in script.sent]
        assert 3 == len(keys)
        assert 1 == len(set(keys))
        assert keys[0]

    @pytest.mark.parametrize("error", [TypeError("mine"), KeyError("mine"), AttributeError("mine"), ValueError("mine")])
    def test_retries_a_type_error(self, error: Exception) -> None:
        """openai: whatever is raised is tried again. Ours lets an error of programming pass, untouched, at once."""
        script = Script(lambda _: Raise(error))
        with pytest.raises(type(error), match="mine") as caught:
            play(script, lambda brex: brex.company.get())
        assert caught.value is error
        assert 1 == len(script.sent)

    @pytest.mark.parametrize("attempts", [1, 2, 4, 7])
    @pytest.mark.parametrize("failure", [Answer(500), Answer(429), LOST], ids=["500", "429", "lost"])
    def test_retries_never_happen_although_configured(self, attempts: int, failure: Any) -> None:
        """Merge: retries are an option and no request is ever repeated. Ours makes as many attempts as it was told."""
        script = Script(lambda _: failure)
        with pytest.raises(Exception, match=f"attempts {attempts}") as caught:
            play(script, lambda brex: brex.company.get(), retry=RetryPolicy(attempts=attempts, backoff=0.01))
        assert attempts == len(script.sent) == caught.value.attempts

    def test_never_retries_429(self) -> None:
        """Stripe: 429 is raised at once. Ours waits as long as it was told, and asks again."""
        script = Script(Answer(429, headers={"Retry-After": "7"}), Answer(200, COMPANY))
        assert "cmp_1" == play(script, lambda brex: brex.company.get()).id
        assert 2 == len(script.sent)
        assert 7 <= script.times[1] < 8

    def test_raises_429_with_the_wait_in_the_end(self) -> None:
        """And when attempts run out the caller learns for how long."""
        script = Script(lambda _: Answer(429, headers={"Retry-After": "7"}))
        with pytest.raises(RateLimited) as caught:
            play(script, lambda brex: brex.company.get(), retry=RetryPolicy(attempts=2))
        assert (7.0, 2) == (caught.value.retry_after, caught.value.attempts)

    def test_has_no_deadline_over_all_attempts(self) -> None:
        """All of them: a timeout for each attempt, none for the call. Ours ends in time, whatever goes on."""
        script = Script(lambda _: Answer(503, after=1.0))

        async def ask(brex: Brex) -> float:
            with pytest.raises((DeadlineExceeded, ServerError)) as caught:
                await brex.company.get()
            assert isinstance(caught.value, DeadlineExceeded)
            return asyncio.get_running_loop().time()

        policy = RetryPolicy(attempts=100, backoff=0.1, max_backoff=0.1)
        seconds = play(script, ask, timeout=30.0, deadline=5.0, retry=policy)
        assert 4 <= seconds <= 5
        assert 4 <= len(script.sent) <= 5

    def test_has_no_deadline_over_a_body(self) -> None:
        """A body that drips keeps a timeout for each read alive. Ours ends it with the attempt."""

        async def handler(request: httpx.Request) -> httpx.Response:
            async def body() -> Any:
                while True:
                    await asyncio.sleep(0.9)
                    yield b" "

            return httpx.Response(200, content=body())

        async def main() -> float:
            async with client(httpx.MockTransport(handler), timeout=1.0, deadline=3.0) as brex:
                with pytest.raises(DeadlineExceeded):
                    await brex.company.get()
                return asyncio.get_running_loop().time()

        assert 2 <= virtual.run(main()) <= 3


class CountingServer:
    """Sees each request at an arbitrary instant between its send and its answer."""

    def __init__(self) -> None:
        self._random = Random(7)
        self.seen: list[float] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._random.choice([0.0, 0.01, self._random.uniform(0, 1)]))
        self.seen.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._random.choice([0.0, 0.01, self._random.uniform(0, 1)]))
        return httpx.Response(200, content=wire.dumps(COMPANY))

    def most_in_any(self, seconds: float) -> int:
        seen = sorted(self.seen)
        return max(bisect_right(seen, start + seconds) - place for place, start in enumerate(seen))


class TestRateLimit:
    def test_has_no_rate_limiter(self) -> None:
        """All of them: 1,100 calls at once are 1,100 requests at once. Ours never shows more than 1,000 in 60 s."""
        server = CountingServer()
        waits: list[Event] = []

        async def main() -> float:
            transport = httpx.MockTransport(server)
            async with client(transport, account="acme", on_event=waits.append) as brex:
                views = [brex, brex.with_options(timeout=25.0), brex.for_account("acme", "bxt_token")]
                calls = [views[number % 3].company.get() for number in range(1100)]
                assert 1100 == len(await asyncio.gather(*calls))
                return asyncio.get_running_loop().time()

        seconds = virtual.run(main())
        assert 1100 == len(server.seen)
        assert 1000 == server.most_in_any(60.0)
        assert 60 <= seconds < 70
        assert {"rate limit"} == {event.cause for event in waits if isinstance(event, Waiting)}

    def test_two_clients_one_limit(self) -> None:
        """Two client objects of one account are one account at Brex, and share its limit."""
        server = CountingServer()

        async def main() -> None:
            transport, shared = httpx.MockTransport(server), Runtime(clock=virtual.VirtualClock())
            options = {"account": "acme", "runtime": shared, "rate_limit": RateLimit(requests=100, seconds=60)}
            async with client(transport, **options) as one, client(transport, **options) as two:
                await asyncio.gather(*(brex.company.get() for brex in (one, two) for _ in range(55)))

        virtual.run(main())
        assert 110 == len(server.seen)
        assert 100 == server.most_in_any(60.0)


@contextlib.contextmanager
def debug_log() -> Any:
    lines: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.args!r} {vars(record)!r}")
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in ("", "httpx", "httpcore", "brex_accounting")}
    root.addHandler(handler)
    for name in before:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


class TestSecrets:
    def test_shows_the_token_in_its_repr(self) -> None:
        """Some: repr of a client, or of its settings, prints the token. Ours does not."""
        brex = Brex("bxt_canary", account="acme", runtime=Runtime())
        for thing in (
            brex,
            brex.with_options(),
            brex.for_account("globex", "bxt_canary"),
            brex.records,
            brex._caller._tokens,
        ):
            assert "canary" not in f"{thing!r} {thing}"

    def test_logs_secrets_of_the_environment(self) -> None:
        """Some: at DEBUG the headers are logged, or the variables. Ours logs neither, whoever turns DEBUG on."""

        async def main(url: str) -> None:
            environment = {"BREX_ACCESS_TOKEN": "bxt_canary", "BREX_BASE_URL": url, "BREX_ACCOUNT": "acme"}
            async with Brex.from_env(environment, runtime=Runtime(), retry=None) as brex:
                await brex.company.get()
                with pytest.raises(ServerError):
                    await brex.company.get()

        async def served() -> list[str]:
            steps = [lambda _, reply: reply.json(COMPANY), lambda _, reply: reply.send(500)]
            async with RawServer(steps) as server:
                with debug_log() as lines:
                    await main(server.url)
                assert ["Bearer bxt_canary"] * 2 == [request.headers["authorization"] for request in server.requests]
            return lines

        lines = asyncio.run(served())
        assert any("brex_accounting" in line for line in lines)
        assert any("httpcore" in line for line in lines)
        assert [] == [line for line in lines if "canary" in line]


class TestProxy:
    @pytest.mark.asyncio
    async def test_an_own_transport_drops_https_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An SDK that builds its own transport goes past HTTPS_PROXY without a word. Ours goes through it."""
        for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        def tunnel(request: Request, reply: Reply) -> Coroutine[Any, Any, None]:
            return reply.tunnel("127.0.0.1", int(request.target.rpartition(":")[2]))

        async with (
            RawServer(lambda _, reply: reply.json(COMPANY), ssl_context=server_tls()) as brex_com,
            RawServer(tunnel) as proxy,
        ):
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            settings = {"ssl_context": client_tls(), "runtime": Runtime()}
            async with Brex("bxt_token", base_url=brex_com.url, **settings) as brex:
                assert "cmp_1" == (await brex.company.get()).id
            assert ["CONNECT"] == [request.method for request in proxy.requests]
            assert 1 == len(brex_com.requests)
