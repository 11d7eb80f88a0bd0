"""The client: its life, its views, its settings, and what it says about itself."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import platform
import re
import ssl
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from brex_accounting import (
    Brex,
    ClientStateError,
    DeadlineExceeded,
    Event,
    InvalidArgument,
    NotFound,
    RateLimit,
    RetryPolicy,
    Runtime,
    Waiting,
    __version__,
)
from brex_accounting.auth.user_token import UserToken
from brex_accounting.client import BASE_URL
from brex_accounting.transport.settings import HttpSettings
from tests import virtual, wire
from tests.server import RawServer, Reply, Request
from tests.transport.scripted import COMPANY, INTEGRATION, Answer, Hang, Script, client, play, runtime

CANARY = "bxt_canary"
ERROR = {"error_code": "NOT_FOUND", "message": "no such thing"}


def company(_request: httpx.Request) -> Answer:
    return Answer(200, COMPANY)


def served(_request: Request, reply: Reply) -> Coroutine[Any, Any, None]:
    return reply.json(COMPANY)


class OtherTokens:
    """A source of tokens that is no user token."""

    client_id: str | None = "client_1"

    def token_at_hand(self) -> str | None:
        return None

    async def access_token(self) -> str:
        return "granted"

    async def refused(self, token: str) -> bool:
        return False


ASKS: dict[str, Callable[[Brex], Coroutine[Any, Any, Any]]] = {
    "get": lambda brex: brex.company.get(),
    "query": lambda brex: brex.records.query(),
    "iter": lambda brex: anext(brex.records.iter()),
    "iter without prefetch": lambda brex: anext(brex.records.iter(prefetch=0)),
    "post": lambda brex: brex.integrations.ensure(vendor="ERP_A", vendor_account_id="42"),
    "delete": lambda brex: brex.webhooks.delete("wh_1"),
    "view": lambda brex: brex.with_options(deadline=1.0).company.get(),
    "other account": lambda brex: brex.for_account("globex", "bxt_2").company.get(),
}
every_ask = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


class TestLife:
    @every_ask
    def test_before_entering(self, ask: Callable[[Brex], Coroutine[Any, Any, Any]]) -> None:
        """A client that was not entered sends nothing, and says how to enter it."""
        script = Script(company)

        async def main() -> None:
            with pytest.raises(ClientStateError, match=r"not open; use it inside `async with Brex"):
                await ask(client(script))

        virtual.run(main())
        assert [] == script.sent

    @every_ask
    def test_after_closing(self, ask: Callable[[Brex], Coroutine[Any, Any, Any]]) -> None:
        """A closed client sends nothing, and says that another one is needed."""
        script = Script(company)

        async def main() -> None:
            async with client(script) as brex:
                pass
            with pytest.raises(ClientStateError, match="closed; make another one"):
                await ask(brex)

        virtual.run(main())
        assert [] == script.sent

    def test_entered_twice(self) -> None:
        """A client is entered once: neither while it is open nor after it was closed."""

        async def main() -> None:
            async with client(Script(company)) as brex:
                with pytest.raises(ClientStateError, match="open already; make another one"):
                    await brex.__aenter__()
                await brex.company.get()
            with pytest.raises(ClientStateError, match="closed; make another one"):
                await brex.__aenter__()

        virtual.run(main())

    @every_ask
    def test_second_event_loop(self, ask: Callable[[Brex], Coroutine[Any, Any, Any]]) -> None:
        """In another loop than the one it was entered in, a client says that each loop needs its own."""
        script = Script(company)
        with asyncio.Runner(loop_factory=virtual.VirtualLoop) as first:
            brex = first.run(client(script).__aenter__())

            async def elsewhere() -> None:
                with pytest.raises(ClientStateError, match="another event loop; make one in each"):
                    await ask(brex)
                with pytest.raises(ClientStateError, match="another event loop"):
                    await brex.aclose()

            virtual.run(elsewhere())
            assert [] == script.sent
            first.run(brex.company.get())
            first.run(brex.aclose())
        assert 1 == len(script.sent)

    def test_closing_again_and_unopened(self) -> None:
        """Closing is harmless before entering and a second time; what was closed unopened stays closed."""

        async def main() -> None:
            brex = client(Script(company))
            await brex.aclose()
            await brex.aclose()
            with pytest.raises(ClientStateError, match="closed"):
                await brex.__aenter__()

        virtual.run(main())

    def test_asyncio_run_twice(self) -> None:
        """Two runs in one process work, each with a client of its own on the process's runtime."""

        async def main() -> str:
            async with Brex("bxt_token", transport=Script(company), account="asyncio-run-twice") as brex:
                return (await brex.company.get()).id

        assert ["cmp_1", "cmp_1"] == [asyncio.run(main()), asyncio.run(main())]

    def test_limiter_survives_the_loop(self) -> None:
        """What the first run sent still counts in the second one, because the runtime is shared."""
        shared = runtime()
        limit = RateLimit(requests=3, seconds=60)

        async def main(calls: int) -> tuple[float, list[float]]:
            script = Script(company)
            async with client(script, account="acme", runtime=shared, rate_limit=limit) as brex:
                for _ in range(calls):
                    await brex.company.get()
            return asyncio.get_running_loop().time(), script.times

        end, times = virtual.run(main(3))
        assert [0.0] * 3 == times
        _, times = virtual.run(main(2), start=end + 10)
        assert all(60 <= time < 61 for time in times)

    def test_waiter_of_a_dead_loop(self) -> None:
        """A loop that ended while a call waited for its turn does not block the next loop for ever."""
        shared = runtime()
        limit = RateLimit(requests=1, seconds=60)

        async def first() -> None:
            async with client(Script(company), account="acme", runtime=shared, rate_limit=limit) as brex:
                await brex.company.get()
                task = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1)
                task.cancel()

        async def second() -> float:
            async with client(Script(company), account="acme", runtime=shared, rate_limit=limit) as brex:
                await brex.company.get()
                return asyncio.get_running_loop().time()

        virtual.run(first())
        assert 60 <= virtual.run(second(), start=2) < 61

    def test_closed_while_a_call_waits(self) -> None:
        """A call that backs off while its client is closed ends with a state error instead of another attempt."""
        script = Script(lambda _: Answer(503))

        async def main() -> None:
            brex = await client(script, retry=RetryPolicy(attempts=50, backoff=10)).__aenter__()
            call = asyncio.create_task(brex.company.get())
            await asyncio.sleep(0.001)
            await brex.aclose()
            with pytest.raises(ClientStateError, match="closed"):
                await call

        virtual.run(main())
        assert 1 == len(script.sent)


class TestClosing:
    @pytest.mark.asyncio
    async def test_nothing_stays_behind(self) -> None:
        """Closing ends the fetch that runs ahead of a stream and closes all connections."""

        def handler(request: Request, reply: Reply) -> Coroutine[Any, Any, None]:
            if ("cursor", "c1") in request.query:
                return reply.hang()
            return reply.json(wire.page([wire.record(1)], next_cursor="c1", has_next_page=True))

        async with RawServer(handler) as server:
            before = asyncio.all_tasks()
            async with asyncio.timeout(5), Brex("bxt_token", base_url=server.url, runtime=Runtime()) as brex:
                stream = brex.records.iter()
                assert "accr_1" == (await anext(stream)).id
                await server.until(requests=2, in_flight=1)
            ours = {task for task in asyncio.all_tasks() - before if "brex_accounting" in repr(task.get_coro())}
            assert set() == ours
            await server.until(in_flight=0, connections=0)

    @pytest.mark.asyncio
    async def test_call_in_flight(self) -> None:
        """A call that another task has under way when the client closes ends at once, with one of our errors."""
        async with RawServer(lambda _, reply: reply.hang()) as server:
            brex = await Brex("bxt_token", base_url=server.url, runtime=Runtime(), timeout=20).__aenter__()
            call = asyncio.create_task(brex.company.get())
            await server.until(in_flight=1)
            await brex.aclose()
            async with asyncio.timeout(2):
                with pytest.raises(ClientStateError, match="closed"):
                    await call
            await server.until(in_flight=0, connections=0)

    def test_failing_body(self) -> None:
        """What the block raises comes out as it was, and the client is closed."""

        async def main() -> Brex:
            brex = client(Script(company))
            with pytest.raises(KeyError, match="mine"):
                async with brex:
                    raise KeyError(*["mine"])
            return brex

        assert repr(virtual.run(main())).endswith("closed>")


class TestViews:
    def test_share_the_pool(self) -> None:
        """Views send over their parent's transport, and leaving a view's block closes nothing."""
        script = Script(company)

        async def main() -> None:
            async with client(script) as brex:
                async with brex.with_options(deadline=5.0) as urgent:
                    await urgent.company.get()
                async with brex.for_account("globex", "bxt_2") as other:
                    await other.company.get()
                await urgent.aclose()
                await urgent.company.get()
                await other.with_options(timeout=1.0).company.get()
                await brex.company.get()

        virtual.run(main())
        assert ["bxt_token", "bxt_2", "bxt_token", "bxt_2", "bxt_token"] == [sent.token for sent in script.sent]

    @pytest.mark.asyncio
    async def test_share_connections(self) -> None:
        """Views of other accounts use the one kept-alive connection of their parent."""
        async with RawServer(served) as server:
            async with Brex("bxt_token", base_url=server.url, runtime=Runtime()) as brex:
                for number in range(5):
                    await brex.for_account(f"tenant-{number}", f"bxt_{number}").company.get()
                    assert 1 == server.connections
            await server.until(connections=0)
        assert [f"Bearer bxt_{n}" for n in range(5)] == [
            request.headers["authorization"] for request in server.requests
        ]

    def test_live_as_long_as_the_parent(self) -> None:
        """A view made before its parent is entered works while the parent is open, and not after."""

        async def main() -> None:
            parent = client(Script(company))
            view = parent.for_account("globex", "bxt_2").with_options(deadline=5.0)
            with pytest.raises(ClientStateError, match="not open"):
                await view.company.get()
            with pytest.raises(ClientStateError, match="not open"):
                await view.__aenter__()
            async with parent:
                await view.company.get()
            with pytest.raises(ClientStateError, match="closed"):
                await view.company.get()
            with pytest.raises(ClientStateError, match="closed"):
                await view.__aenter__()

        virtual.run(main())

    def test_keep_the_pool_alive(self) -> None:
        """A view is all that somebody needs to hold: the connections do not go when the parent object does."""

        async def main() -> None:
            view = (await client(Script(company)).__aenter__()).for_account("globex", "bxt_2")
            gc.collect()
            assert "cmp_1" == (await view.company.get()).id

        virtual.run(main())

    def test_own_account(self) -> None:
        """A view of another account has its own label on itself, on events and on errors."""
        events: list[Event] = []

        async def main() -> tuple[NotFound, NotFound]:
            async with client(Script(lambda _: Answer(404, ERROR)), account="acme", on_event=events.append) as brex:
                other = brex.for_account("globex", "bxt_2")
                assert ("acme", "globex", "acme") == (brex.account, other.account, brex.with_options().account)
                with pytest.raises(NotFound) as mine:
                    await brex.company.get()
                with pytest.raises(NotFound) as others:
                    await other.company.get()
                return mine.value, others.value

        mine, others = virtual.run(main())
        assert ("acme", "globex") == (mine.account, others.account)
        assert "account acme" in str(mine)
        assert "account globex" in str(others)
        assert ["acme"] * 3 + ["globex"] * 3 == [event.account for event in events]

    def test_own_limiter(self) -> None:
        """One account at its limit does not make another one wait; two views of one account share a limit."""
        waits: list[tuple[str | None, float]] = []

        def note(event: Event) -> None:
            if isinstance(event, Waiting):
                waits.append((event.account, asyncio.get_running_loop().time()))

        async def main() -> float:
            limit = RateLimit(requests=2, seconds=60)
            async with client(Script(company), account="acme", rate_limit=limit, on_event=note) as brex:
                for _ in range(2):
                    await brex.with_options(timeout=9.0).company.get()
                for _ in range(2):
                    await brex.for_account("globex", "bxt_2").company.get()
                assert 0.0 == asyncio.get_running_loop().time()
                await brex.with_options(deadline=100.0).company.get()
                await brex.for_account("globex", "bxt_2").company.get()
                return asyncio.get_running_loop().time()

        assert 60 <= virtual.run(main()) < 61
        assert ["acme"] == [account for account, _ in waits]

    def test_own_options(self) -> None:
        """A view changes what it names and keeps the rest; retry and on_event can be turned off with None."""
        events: list[Event] = []
        script = Script(lambda _: Answer(503))

        async def main() -> None:
            once = RetryPolicy(attempts=2, backoff=0.1)
            async with client(script, account="acme", on_event=events.append, retry=once) as brex:
                for view, sent in (
                    (brex, 2),
                    (brex.with_options(retry=None), 1),
                    (brex.with_options(retry=RetryPolicy(attempts=3, backoff=0.1)), 3),
                    (brex.with_options(timeout=1.0).with_options(deadline=9.0), 2),
                    (brex.with_options(retry=None).with_options(timeout=2.0), 1),
                ):
                    before = len(script.sent)
                    with pytest.raises(Exception, match="503"):
                        await view.company.get()
                    assert sent == len(script.sent) - before
                heard = len(events)
                with pytest.raises(Exception, match="503"):
                    await brex.with_options(on_event=None).company.get()
                assert heard == len(events)

        virtual.run(main())

    def test_own_deadline(self) -> None:
        """A view's deadline is its own: the parent goes on with its own."""

        async def main() -> tuple[float, float]:
            loop = asyncio.get_running_loop()
            async with client(Script(lambda _: Hang()), deadline=7.0, retry=None, timeout=100.0) as brex:
                with pytest.raises(DeadlineExceeded):
                    await brex.with_options(deadline=2.0).company.get()
                first = loop.time()
                with pytest.raises(DeadlineExceeded):
                    await brex.company.get()
                return first, loop.time() - first

        assert (2.0, 7.0) == virtual.run(main())

    @pytest.mark.parametrize("account", ["", "  ", None, 7])
    def test_need_a_label(self, account: Any) -> None:
        """Another account needs a label that says something."""
        with pytest.raises(InvalidArgument, match="account: expected"):
            client(Script(company)).for_account(account, "bxt_2")

    @pytest.mark.parametrize("option", [{"timeout": 0}, {"deadline": -1}, {"retry": 3}, {"on_event": "x"}])
    def test_bad_options(self, option: dict[str, Any]) -> None:
        """A view's options are checked as a client's, and the error names the one."""
        with pytest.raises(InvalidArgument, match=f"^{next(iter(option))}: expected"):
            client(Script(company)).with_options(**option)

    @pytest.mark.parametrize("base_url", [f"{BASE_URL}/", "https://API.brex.com", "https://api.brex.com:443"])
    def test_limit_counts_hosts(self, base_url: str) -> None:
        """Two spellings of one host are one host: clients of one account share their limit on it."""

        async def main() -> float:
            shared, limit = runtime(), RateLimit(requests=1, seconds=60)
            for url in (BASE_URL, base_url):
                async with client(
                    Script(company), account="acme", base_url=url, runtime=shared, rate_limit=limit
                ) as brex:
                    await brex.company.get()
            return asyncio.get_running_loop().time()

        assert virtual.run(main()) >= 60


class TestAccountsAreForgotten:
    VIEWS = 2000

    def test_after_the_idle_time(self) -> None:
        """Thousands of accounts that were used once are gone some time later, and not within Brex's window."""
        shared = runtime()

        async def main() -> None:
            async with client(Script(company), account="parent", runtime=shared) as brex:
                states = []
                for number in range(self.VIEWS):
                    view = brex.for_account(f"tenant-{number}", "bxt_2")
                    if number < 20:
                        await view.company.get()
                    states.append(weakref.ref(view._caller._shared))
                del view
                gc.collect()
                await asyncio.sleep(60.5)
                await brex.company.get()
                gc.collect()
                assert self.VIEWS == sum(state() is not None for state in states)
                await asyncio.sleep(240)
                await brex.company.get()
                gc.collect()
                assert 0 == sum(state() is not None for state in states)
                assert 1 == len(shared._accounts) == len(shared._recent)

        virtual.run(main())

    def test_limit_outlives_the_view(self) -> None:
        """A view that is dropped and made again within the window finds its requests still counted."""

        async def main() -> list[float]:
            times = []
            async with client(Script(company), rate_limit=RateLimit(requests=1, seconds=60)) as brex:
                for pause in (0, 59, 0):
                    await asyncio.sleep(pause)
                    await brex.for_account("globex", "bxt_2").company.get()
                    gc.collect()
                    times.append(asyncio.get_running_loop().time())
            return times

        first, second, third = virtual.run(main())
        assert 0 == first
        assert 60 <= second < 60.1
        assert 120 <= third < 120.1

    def test_held_accounts_stay(self) -> None:
        """An account whose view somebody holds keeps its state however long it is idle."""

        async def main() -> None:
            async with client(Script(company), account="parent") as brex:
                view = brex.for_account("globex", "bxt_2")
                state = view._caller._shared
                await asyncio.sleep(10_000)
                await brex.company.get()
                assert state is brex.for_account("globex", "bxt_2")._caller._shared

        virtual.run(main())

    def test_long_windows_are_remembered(self) -> None:
        """A limit over a longer window than Brex's usual one is remembered for that window."""

        async def main() -> float:
            async with client(Script(company), account="parent", rate_limit=None) as parent:
                shared, limit = parent._runtime, RateLimit(requests=1, seconds=600)
                for pause in (0, 200):
                    await asyncio.sleep(pause)
                    await parent.company.get()
                    gc.collect()
                    async with client(Script(company), account="a", runtime=shared, rate_limit=limit) as brex:
                        await brex.company.get()
                    del brex
                    gc.collect()
                return asyncio.get_running_loop().time()

        assert virtual.run(main()) >= 600

    def test_pauses_are_remembered(self) -> None:
        """A Retry-After longer than the idle time still holds for a view that is made again before it is over."""
        script = Script(
            lambda request: (
                Answer(429, headers={"Retry-After": "900"})
                if request.headers["Authorization"] == "Bearer bxt_2" and len(script.sent) == 1
                else Answer(200, COMPANY)
            )
        )

        async def main() -> float:
            async with client(script, account="parent", retry=RetryPolicy(max_retry_after=1000)) as brex:
                with pytest.raises(DeadlineExceeded):
                    await brex.for_account("globex", "bxt_2").company.get()
                for _ in range(2):
                    gc.collect()
                    await asyncio.sleep(200)
                    await brex.company.get()
                await brex.for_account("globex", "bxt_2").with_options(deadline=2000.0).company.get()
                return asyncio.get_running_loop().time()

        assert 900 <= virtual.run(main()) < 901


class TestFromEnv:
    def test_token(self) -> None:
        """A user token is enough; account and host take their defaults."""
        brex = Brex.from_env({"BREX_ACCESS_TOKEN": "bxt_token"}, runtime=Runtime())
        assert brex.account is None
        assert BASE_URL in repr(brex)

    def test_token_is_sent(self) -> None:
        """The token of the environment is what requests carry."""
        script = Script(company)

        async def main() -> None:
            async with Brex.from_env({"BREX_ACCESS_TOKEN": "bxt_env"}, transport=script, runtime=runtime()) as brex:
                await brex.company.get()

        virtual.run(main())
        assert ["bxt_env"] == [sent.token for sent in script.sent]

    def test_account_and_host(self) -> None:
        """BREX_ACCOUNT and BREX_BASE_URL are taken, and an argument comes before them; empty ones are not set."""
        found = {
            "BREX_ACCESS_TOKEN": "bxt_token",
            "BREX_ACCOUNT": "acme",
            "BREX_BASE_URL": "https://api-staging.brex.com",
        }
        brex = Brex.from_env(found, runtime=Runtime())
        assert ("acme", True) == (brex.account, "api-staging.brex.com" in repr(brex))
        brex = Brex.from_env(found, account="other", base_url=BASE_URL, runtime=Runtime())
        assert ("other", False) == (brex.account, "staging" in repr(brex))
        brex = Brex.from_env({**found, "BREX_ACCOUNT": "", "BREX_BASE_URL": ""}, runtime=Runtime())
        assert (None, True) == (brex.account, BASE_URL in repr(brex))

    def test_process_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an argument the process's own environment is read, when the method is called."""
        for name in ("BREX_CLIENT_ID", "BREX_CLIENT_SECRET", "BREX_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("BREX_ACCESS_TOKEN", "bxt_token")
        monkeypatch.setenv("BREX_ACCOUNT", "from-env")
        assert "from-env" == Brex.from_env(runtime=Runtime()).account

    @pytest.mark.parametrize(
        "names", [("BREX_CLIENT_ID",), ("BREX_CLIENT_SECRET",), ("BREX_CLIENT_ID", "BREX_CLIENT_SECRET")]
    )
    def test_token_and_client_credentials(self, names: tuple[str, ...]) -> None:
        """A token and client credentials at once are refused: both variables are named, neither value is."""
        found = {"BREX_ACCESS_TOKEN": CANARY, **dict.fromkeys(names, CANARY)}
        with pytest.raises(InvalidArgument, match="both set: keep a user token, or a grant") as caught:
            Brex.from_env(found)
        assert all(name in str(caught.value) for name in ("BREX_ACCESS_TOKEN", *names))
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize("found", [{}, {"BREX_ACCESS_TOKEN": ""}, {"BREX_ACCOUNT": "acme"}])
    def test_nothing_set(self, found: dict[str, str]) -> None:
        """Without a token the error names the variable to set."""
        with pytest.raises(InvalidArgument, match="BREX_ACCESS_TOKEN"):
            Brex.from_env(found)

    def test_client_credentials_only(self) -> None:
        """Client credentials alone are named in an error that repeats no value."""
        with pytest.raises(InvalidArgument, match="BREX_CLIENT_ID and BREX_CLIENT_SECRET") as caught:
            Brex.from_env({"BREX_CLIENT_ID": CANARY, "BREX_CLIENT_SECRET": CANARY})
        assert CANARY not in str(caught.value)

    @pytest.mark.parametrize("token", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}ü", "   "])
    def test_bad_token(self, token: str) -> None:
        """A token that cannot stand in a header is refused at once, without being repeated."""
        with pytest.raises(InvalidArgument, match=r"^token: expected") as caught:
            Brex.from_env({"BREX_ACCESS_TOKEN": token})
        assert CANARY not in str(caught.value)

    def test_bad_host(self) -> None:
        """A host that is none is refused by the option's name, without a password in it being repeated."""
        with pytest.raises(InvalidArgument, match=r"^base_url: expected") as caught:
            Brex.from_env({"BREX_ACCESS_TOKEN": "bxt_token", "BREX_BASE_URL": f"https://user:{CANARY}@api.brex.com"})
        assert CANARY not in str(caught.value)


BAD_ARGUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("credentials", {"credentials": None}),
    ("credentials", {"credentials": CANARY.encode()}),
    ("credentials", {"credentials": {"token": CANARY}}),
    ("token", {"credentials": ""}),
    ("token", {"credentials": f"{CANARY}\r\nX-Evil: 1"}),
    ("token", {"credentials": f"{CANARY}\u2028"}),
    ("account", {"account": ""}),
    ("account", {"account": 7}),
    ("account", {"account": b"acme"}),
    ("base_url", {"base_url": ""}),
    ("base_url", {"base_url": None}),
    ("base_url", {"base_url": "api.brex.com"}),
    ("base_url", {"base_url": "ftp://api.brex.com"}),
    ("base_url", {"base_url": f"https://{CANARY}@api.brex.com"}),
    ("base_url", {"base_url": f"https://u:{CANARY}@api.brex.com"}),
    ("base_url", {"base_url": f"https://api.brex.com?key={CANARY}"}),
    ("base_url", {"base_url": f"https://api.brex.com#{CANARY}"}),
    ("base_url", {"base_url": "https://api.brex.com:port"}),
    ("base_url", {"base_url": "https://api.brex.com:0"}),
    ("timeout", {"timeout": 0}),
    ("timeout", {"timeout": float("inf")}),
    ("timeout", {"timeout": float("nan")}),
    ("timeout", {"timeout": True}),
    ("timeout", {"timeout": httpx.Timeout(5)}),
    ("deadline", {"deadline": -1}),
    ("deadline", {"deadline": None}),
    ("deadline", {"deadline": "10"}),
    ("retry", {"retry": 3}),
    ("rate_limit", {"rate_limit": 1000}),
    ("proxy", {"proxy": f"u:{CANARY}@proxy.example.com"}),
    ("proxy", {"proxy": f"ftp://u:{CANARY}@proxy.example.com"}),
    ("proxy", {"proxy": f"http://u:{CANARY}@proxy.example.com:port"}),
    ("proxy", {"proxy": 3128}),
    ("user_agent", {"user_agent": ""}),
    ("user_agent", {"user_agent": f"acme/1\r\nX-Evil: {CANARY}"}),
    ("user_agent", {"user_agent": "acmé/1"}),
    ("user_agent", {"user_agent": 2.1}),
    ("transport", {"transport": "https"}),
    ("transport", {"transport": httpx.HTTPTransport}),
    ("transport", {"transport": Script(company), "proxy": f"http://u:{CANARY}@proxy.example.com"}),
    ("transport", {"transport": Script(company), "ssl_context": ssl.create_default_context()}),
    ("on_event", {"on_event": "print"}),
    ("on_event", {"on_event": OtherTokens().refused}),
    ("account", {"credentials": OtherTokens()}),
]
UNCHECKED: list[tuple[str, dict[str, Any]]] = [
    ("ssl_context", {"ssl_context": "ca.pem"}),
    ("ssl_context", {"ssl_context": False}),
    ("ssl_context", {"ssl_context": True}),
    ("runtime", {"runtime": "default"}),
    ("runtime", {"runtime": 0}),
]


class TestArguments:
    @pytest.mark.parametrize(("name", "arguments"), BAD_ARGUMENTS)
    def test_bad_ones_are_named(self, name: str, arguments: dict[str, Any]) -> None:
        """An argument that cannot be right is refused when the client is made; the error names it and no secret."""
        with pytest.raises(InvalidArgument, match=f"^{name}: ") as caught:
            Brex(**{"credentials": "bxt_token", "runtime": Runtime(), **arguments})
        shown = repr((caught.value, caught.value.args, vars(caught.value), caught.value.__context__))
        assert CANARY not in shown

    @pytest.mark.parametrize(("name", "arguments"), UNCHECKED)
    def test_these_too(self, name: str, arguments: dict[str, Any]) -> None:
        """The same holds for every argument."""
        with pytest.raises(InvalidArgument, match=f"^{name}"):
            Brex(**{"credentials": "bxt_token", "runtime": Runtime(), **arguments})

    @pytest.mark.parametrize("budget", [0, 0.5])
    def test_a_policy_fits_or_is_none(self, budget: float) -> None:
        """What is wrong with a RetryPolicy is said where it is written, not where a client takes it."""
        with pytest.raises(InvalidArgument, match=r"^RetryPolicy\.budget: "):
            RetryPolicy(budget=budget)

    def test_good_ones(self) -> None:
        """What can be right is taken: a port, a path, IPv6, whole numbers, a context, a proxy with a password."""
        for options in (
            {"base_url": "http://localhost:8080"},
            {"base_url": "https://gateway.example.com/brex/"},
            {"base_url": "https://[::1]:8443"},
            {"timeout": 5, "deadline": 10},
            {"retry": None, "rate_limit": None},
            {"ssl_context": ssl.create_default_context()},
            {"proxy": "http://user:pass@proxy.example.com:3128"},
            {"user_agent": "acme-erp/2.1 (+https://acme.example.com)"},
        ):
            Brex("bxt_token", runtime=Runtime(), **options)

    def test_token_source_needs_a_label(self) -> None:
        """A source of tokens that is no user token needs an account label, and works with one."""
        with pytest.raises(InvalidArgument, match=r"account: expected a label, because .* must not mix"):
            Brex(OtherTokens(), runtime=Runtime())
        script = Script(company)
        assert "cmp_1" == play(script, lambda brex: brex.company.get(), OtherTokens(), account="acme").id
        assert ["granted"] == [sent.token for sent in script.sent]


SECRETS = {"token": "bxt_canary_token", "password": "canary_password"}


class TestSaysNothing:
    def things(self) -> list[object]:
        proxy = f"http://user:{SECRETS['password']}@proxy.example.com:3128"
        brex = Brex(SECRETS["token"], proxy=proxy, account="acme", runtime=Runtime())
        unlabelled = Brex(SECRETS["token"], proxy=proxy, runtime=Runtime())
        view = brex.for_account("globex", SECRETS["token"])
        found: list[object] = [brex, unlabelled, view, view.with_options(), UserToken(SECRETS["token"])]
        found += [HttpSettings(base_url=BASE_URL, user_agent="x", proxy=proxy)]
        for each in (brex, unlabelled, view):
            found += [each.records, each.records.iter(), each.expenses, each.integrations, each.webhooks, each.company]
            found += [each._caller, each._caller._attempts, each._session, each._session.settings, each._runtime]
            found += [each._caller._tokens, each._caller._shared]
        return found

    def test_in_reprs(self) -> None:
        """No repr of a client, a view, a resource, a stream or a setting holds the token or the proxy's password."""
        for thing in self.things():
            for shown in (repr(thing), str(thing), f"{thing}", "%s" % (thing,)):  # noqa: UP031
                assert not [name for name, secret in SECRETS.items() if secret in shown], type(thing).__name__

    def test_repr_is_useful(self) -> None:
        """A client's repr names its account, its host, and where it stands in its life."""

        async def main() -> list[str]:
            brex = client(Script(company), account="acme")
            shown = [repr(brex)]
            async with brex:
                shown += [repr(brex), repr(brex.for_account("globex", "bxt_2"))]
            return [*shown, repr(brex), repr(client(Script(company)))]

        expected = [
            f"<Brex account='acme' base_url='{BASE_URL}' new>",
            f"<Brex account='acme' base_url='{BASE_URL}' open>",
            f"<Brex account='globex' base_url='{BASE_URL}' open>",
            f"<Brex account='acme' base_url='{BASE_URL}' closed>",
            f"<Brex base_url='{BASE_URL}' new>",
        ]
        assert expected == virtual.run(main())

    @pytest.mark.parametrize("travel", [pickle.dumps, copy.copy, copy.deepcopy])
    def test_does_not_travel(self, travel: Callable[[object], object]) -> None:
        """Clients, views and tokens refuse pickles and copies, with words for why."""
        brex = Brex("bxt_token", account="acme", runtime=Runtime())
        for thing in (brex, brex.with_options(), brex.for_account("globex", "bxt_2"), UserToken("bxt_token")):
            with pytest.raises(TypeError, match="does not travel"):
                travel(thing)

    @pytest.mark.parametrize("travel", [pickle.dumps, copy.deepcopy])
    def test_resources_do_not_travel(self, travel: Callable[[object], object]) -> None:
        """Nothing that holds a token can be pickled or deeply copied by way of a resource."""
        brex = Brex("bxt_token", account="acme", runtime=Runtime())
        for thing in (brex.records, brex.expenses, brex.integrations, brex.webhooks, brex.company):
            with pytest.raises(TypeError):
                travel(thing)


class TestUserAgent:
    OWN = f"brex-accounting-client/{__version__} python/{platform.python_version()}"

    def agent(self, **options: Any) -> str:
        script = Script(company)
        play(script, lambda brex: brex.company.get(), **options)
        return script.sent[0].headers["User-Agent"]

    def test_own(self) -> None:
        """Without a product token it names the sdk and Python, each with its version."""
        assert self.OWN == self.agent()
        assert re.fullmatch(r"brex-accounting-client/\d+\.\d+\.\d+ python/3\.\d+\.\d+\S*", self.agent())

    def test_partner(self) -> None:
        """The partner's product token comes behind our own, as it was given."""
        assert f"{self.OWN} acme-erp/2.1" == self.agent(user_agent="acme-erp/2.1")

    def test_once(self) -> None:
        """Every method sends it once, views and writes included."""
        script = Script(
            lambda request: Answer(200, INTEGRATION if request.method == "POST" else COMPANY),
        )

        async def main() -> None:
            async with client(script, user_agent="acme-erp/2.1") as brex:
                await brex.for_account("globex", "bxt_2").company.get()
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")

        virtual.run(main())
        expected = [[f"{self.OWN} acme-erp/2.1"]] * 2
        assert expected == [sent.headers.get_list("User-Agent") for sent in script.sent]


class TestRuntime:
    def test_idempotency_keys(self) -> None:
        """The runtime makes the keys of calls that write: one for each call, a new one for the next."""
        numbers = iter(range(9))
        script = Script(lambda request: Answer(200, INTEGRATION))

        async def main() -> None:
            shared = runtime(idempotency_key=lambda: f"key-{next(numbers)}")
            async with client(script, runtime=shared) as brex:
                for _ in range(2):
                    await brex.integrations.create(vendor="ERP_A", vendor_account_id="42")
                await brex.integrations.create(vendor="ERP_A", vendor_account_id="42", idempotency_key="mine")

        virtual.run(main())
        assert ["key-0", "key-1", "mine"] == [sent.key for sent in script.sent]

    def test_default_is_shared(self) -> None:
        """Clients without a runtime of their own share the process's, and with it the limiter of their account."""
        first, second = (Brex("bxt_token", account="test-default-is-shared") for _ in range(2))
        assert first._caller._shared is second._caller._shared
        assert first._caller._shared is not Brex("bxt_token", account="other")._caller._shared

    def test_unlabelled_clients_of_one_token(self) -> None:
        """Without labels the token tells accounts apart, and the key of the state is not the token."""
        shared = Runtime()
        first, second, third = (Brex(token, runtime=shared) for token in ("bxt_1", "bxt_1", "bxt_2"))
        assert first._caller._shared is second._caller._shared
        assert first._caller._shared is not third._caller._shared
        assert "bxt_" not in repr(list(shared._recent))
