"""Grants among whatever else a process has: other applications and loops, cancel scopes, full pools, slow issuers."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from brex_accounting import (
    Brex,
    FileTokenStore,
    InvalidArgument,
    MemoryTokenStore,
    OAuthApp,
    OAuthRefused,
    RefreshFailed,
    TokenStoreError,
)
from brex_accounting.auth.grant import Grant
from brex_accounting.auth.grant_state import to_bytes
from brex_accounting.auth.store import Stored
from brex_accounting.events import TokensRefreshed
from tests import virtual
from tests.emulator import serving
from tests.resources.receipt_host import BODY, Host, Stall, ask, sized

from .faulty_store import FaultyStore, Place, waiting
from .scripted_issuer import (
    HOUR,
    IssuerTransport,
    Scene,
    Truth,
    expired,
    late,
    on_a_socket,
    told,
)
from .test_authorization import begun
from .test_renewal_sweep import SteppedLoop

MOST_TURNS = 3000


def not_busy(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something in a loop that may turn a few times only: one that is busy would never see its time pass."""

    def turned(turns: int) -> None:
        assert turns < MOST_TURNS, "the event loop is busy"

    loop = SteppedLoop(0.0)
    loop.on_step = turned
    try:
        loop.run_until_complete(main())
    finally:
        loop.on_step = lambda _: None
        loop.close()


async def async_hook(_: object) -> None:
    """What nobody would wait for."""


class TestArguments:
    """What cannot be right is refused where it is passed, by its name."""

    @pytest.mark.parametrize("hook", ["x", 5, async_hook])
    def test_on_unsaved(self, hook: Any) -> None:
        """A last chance that nobody could call, or wait for, is none."""
        with pytest.raises(InvalidArgument, match=r"^on_unsaved"):
            Scene().process(on_unsaved=hook)

    def test_runtime(self) -> None:
        """It has to be one."""
        with pytest.raises(InvalidArgument, match=r"^runtime"):
            OAuthApp(client_id="a", client_secret="b", runtime="x")  # type: ignore[arg-type]

    @pytest.mark.parametrize("store", [FileTokenStore, MemoryTokenStore, FaultyStore, None, "tokens/acme.json"])
    def test_store(self, store: Any) -> None:
        """A class of stores is no store."""
        with pytest.raises(InvalidArgument, match=r"^store"):
            Scene().process().app.grant(store)

    def test_credentials(self) -> None:
        """The class of grants is no grant."""
        with pytest.raises(InvalidArgument, match=r"^credentials"):
            Brex(Grant, account="acme")  # type: ignore[arg-type]

    @pytest.mark.parametrize("age", [10**400, -(10**400), float("nan")])
    def test_age(self, age: Any) -> None:
        """A number that no float holds is none of seconds."""

        async def main() -> None:
            with pytest.raises(InvalidArgument, match=r"^age"):
                await Scene().process().grant.refresh_if_older_than(age)

        virtual.run(main())

    def test_path_that_cannot_be_written(self) -> None:
        """Half of a surrogate pair has no place in a file system."""
        with pytest.raises(InvalidArgument, match=r"^path"):
            FileTokenStore("/tmp/\udcff\ud800.json")

    @pytest.mark.parametrize("name", ["acme.lock", "acme.new", "acme.json.lock", "acme.json.new"])
    def test_path_of_another_store_s_side_file(self, tmp_path: Path, name: str) -> None:
        """A store must not be what another one replaces or locks."""
        with pytest.raises(InvalidArgument, match=r"^path"):
            FileTokenStore(tmp_path / name)


class TestTwoApplications:
    """Two applications with one client id, and one store."""

    def test_each_asks_in_its_own_way(self) -> None:
        """Whoever begins a refresh does it with his own secret, transport and hooks."""

        async def main() -> None:
            scene, process = await expired()
            transport = IssuerTransport(scene.world)
            events: list[Any] = []
            old = scene.process(runtime=process.runtime, client_secret="old", on_event=events.append)
            new = OAuthApp(
                client_id=process.app.client_id,
                client_secret=scene.world.issuer.client_secret,
                issuer=process.app.issuer,
                transport=transport,
                runtime=process.runtime,
                on_event=process.events.append,
            )
            store = old.store
            with pytest.raises(OAuthRefused):
                await old.app.grant(store).access_token()
            await asyncio.sleep(1.3)
            assert scene.accepts(await new.grant(store).access_token())
            assert [post.form["client_secret"] for post in scene.issuer.posts] == ["old"]
            assert [post.form["client_secret"] for post in transport.posts] == [scene.world.issuer.client_secret]
            assert len(told(process, TokensRefreshed)) == 1
            assert not any(isinstance(event, TokensRefreshed) for event in events)

        virtual.run(main())


class TestClosedLoop:
    """An event loop that is closed in the middle of a refresh."""

    def test_another_one_goes_on(self, tmp_path: Path) -> None:
        """What the first left does not keep the file's lock, and the next loop ends what it began."""
        scene = Scene()
        process = scene.process()
        state = scene.consented()
        store = FileTokenStore(tmp_path / "acme.json", clock=process.clock)
        grant = process.app.grant(store)

        async def begin() -> str:
            async with store.lock(lease=5.0, wait=5.0) as fence:
                assert await store.compare_and_swap(None, to_bytes(state), fence=fence) is not None
            token = await grant.access_token()
            await asyncio.sleep(HOUR - 100.0)  # due, and not over
            assert await grant.access_token() == token
            await asyncio.sleep(1.0)
            return token

        async def go_on() -> tuple[bool, str]:
            begun_at = process.clock.monotonic()
            refreshed = await grant.refresh_if_older_than(1.0)
            assert process.clock.monotonic() - begun_at < 1.0
            return refreshed, await grant.access_token()

        scene.issuer.script = [late(5.0)]
        loop = virtual.VirtualLoop()
        old = loop.run_until_complete(begin())
        assert len(scene.issuer.posts) == 1
        now = loop.time()
        loop.close()
        refreshed, token = virtual.run(go_on(), start=now)
        assert refreshed
        assert token != old
        assert scene.accepts(token)
        assert scene.issuer.rotations == 1
        assert len(scene.world.issuer.replays) == 1  # the answer that the closed loop has not read, given again
        del loop
        gc.collect()


class TestSlowIssuer:
    """An issuer that needs almost all of the time for a request."""

    @pytest.mark.parametrize("seconds", [6.5, 8.0, 9.9])
    def test_exchange(self, seconds: float) -> None:
        """A code is sent once, and its answer waited for."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            scene.issuer.always = late(seconds)
            grant = await process.app.exchange(scene.callback(request), request, store=process.store)
            assert scene.accepts(await grant.access_token())
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    @pytest.mark.parametrize("seconds", [6.5, 8.0, 9.9])
    def test_refresh_that_is_begun_already(self, seconds: float) -> None:
        """The answer to a token that may be used up is waited for from the first attempt on."""

        async def main() -> None:
            scene = Scene()
            state = scene.consent(expired=True)
            process = scene.process()
            scene.place.put(state.intending(process.clock.now()))
            scene.issuer.always = late(seconds)
            assert scene.accepts(await process.grant.access_token())
            assert len(scene.issuer.posts) == 1

        virtual.run(main())


class TestCancelScopes:
    """anyio's scopes cancel again and again until what they cancelled has ended, and know their own cancellation."""

    def test_around_a_refresh(self) -> None:
        """The scope ends in time, and the refresh goes on."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(4.0)]
            async with Brex(process.grant, account="acme", runtime=process.runtime, transport=scene.issuer) as brex:
                begun_at = process.clock.monotonic()
                with anyio.move_on_after(1.0) as scope:
                    await brex.company.get()
                assert scope.cancelled_caught
                assert process.clock.monotonic() - begun_at < 1.1
                await asyncio.sleep(5.0)
                assert scene.accepts(str(scene.place.state.access_token))
            assert len(scene.issuer.posts) == 1

        not_busy(main)

    def test_around_closing_a_client(self) -> None:
        """Closing while a refresh is under way may be left; the refresh goes on."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(4.0)]
            task = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(0.5)
            with anyio.move_on_after(1.0) as scope:
                await process.grant.settled()
            assert scope.cancelled_caught
            assert scene.accepts(await task)

        not_busy(main)

    def test_around_a_revocation(self) -> None:
        """It is revoked and stored all the same."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            process.store.before["compare_and_swap"] = waiting(process.clock, 4.0)
            with anyio.move_on_after(1.0) as scope:
                await process.grant.revoke()
            assert scope.cancelled_caught
            await asyncio.sleep(10.0)
            assert scene.place.state.access_token is None
            assert scene.place.holder is None

        not_busy(main)

    def test_around_an_exchange(self) -> None:
        """What the code was good for is stored."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            scene.issuer.script = [late(4.0)]
            with anyio.move_on_after(1.0) as scope:
                await process.app.exchange(scene.callback(request), request, store=process.store)
            assert scope.cancelled_caught
            await asyncio.sleep(10.0)
            assert scene.accepts(str(scene.place.state.access_token))

        not_busy(main)

    def test_around_a_download(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A step on the disk that has begun comes to its end, and the scope knows its own cancellation."""
        going_on = threading.Event()

        async def download(brex: Brex) -> bool:
            loop = asyncio.get_running_loop()
            scope = anyio.CancelScope()

            def cancel() -> None:
                scope.cancel()
                loop.call_soon(loop.call_soon, going_on.set)  # once it was cancelled, and still waits

            def slow(_: int) -> None:
                loop.call_soon_threadsafe(cancel)
                assert going_on.wait(10.0)

            monkeypatch.setattr("os.fsync", slow)
            with scope:
                await brex.receipts.download("accr_1", "rcpt_1", to=tmp_path / "receipt.pdf")
            return scope.cancelled_caught

        assert ask(Host(), download)
        assert [tmp_path / "receipt.pdf"] == list(tmp_path.iterdir())
        assert BODY == (tmp_path / "receipt.pdf").read_bytes()

    def test_around_a_download_that_stalls(self, tmp_path: Path) -> None:
        """The scope ends in time, and nothing is left in the folder."""

        async def download(brex: Brex) -> tuple[bool, float]:
            loop = asyncio.get_running_loop()
            before = loop.time()
            with anyio.move_on_after(1.0) as scope:
                await brex.receipts.download("accr_1", "rcpt_1", to=tmp_path / "receipt.pdf")
            return scope.cancelled_caught, loop.time() - before

        caught, seconds = ask(Host(sized(kind=Stall)), download)
        assert caught
        assert seconds < 1.1
        assert [] == list(tmp_path.iterdir())


class TestClosing:
    """The end of a client, and stores that never answer."""

    def test_before_anything_was_sent(self) -> None:
        """A refresh that waits for the lock is ended at once."""

        async def main() -> None:
            scene, process = await expired()
            scene.place.holder, scene.place.until = 99, 1e9
            brex = Brex(process.grant, account="acme", runtime=process.runtime, transport=scene.issuer)
            await brex.__aenter__()
            task = asyncio.create_task(brex.company.get())
            await asyncio.sleep(0.3)
            before = process.clock.monotonic()
            await brex.aclose()
            assert process.clock.monotonic() - before < 0.1
            with pytest.raises(Exception, match="closed"):
                await task
            assert scene.issuer.posts == []

        virtual.run(main())

    @pytest.mark.parametrize("operation", ["load", "compare_and_swap", "lock"])
    def test_with_a_store_that_hangs(self, operation: Any) -> None:
        """What hangs for ever is a failure of the store once the lock's lease is over, and closing is bounded."""

        async def main() -> None:
            scene, process = await expired()
            process.store.before[operation] = waiting(process.clock, 1e6)
            before = process.clock.monotonic()
            with pytest.raises(TokenStoreError):
                await process.grant.access_token()
            assert process.clock.monotonic() - before <= 71.0
            await asyncio.sleep(60.0)
            task = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            before = process.clock.monotonic()
            await process.grant.settled()
            assert process.clock.monotonic() - before < 1.0
            task.cancel()
            await asyncio.wait({task})
            assert scene.issuer.posts == []

        virtual.run(main())

    def test_with_a_store_that_hangs_on_new_tokens(self) -> None:
        """Closing gives up after a lease or so; the tokens stay in memory, and are given out."""

        async def main() -> None:
            scene, process = await expired()

            def hang() -> Awaitable[None] | None:
                return process.clock.sleep(1e6) if scene.issuer.posts else None

            process.store.before["compare_and_swap"] = hang
            task = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            before = process.clock.monotonic()
            await process.grant.settled()
            assert process.clock.monotonic() - before <= 41.0
            assert len(process.unsaved) == 1
            with pytest.raises(TokenStoreError):
                await task

        virtual.run(main())


class TestFullPool:
    """The event loop's own threads are all taken by work that waits for us."""

    def test_refresh_goes_on(self, tmp_path: Path) -> None:
        """A file store needs none of them."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            store = FileTokenStore(tmp_path / "acme.json", clock=process.clock)
            async with store.lock(lease=5.0, wait=5.0) as fence:
                content = to_bytes(scene.consent(expired=True))
                assert await store.compare_and_swap(None, content, fence=fence) is not None
            pool, done = ThreadPoolExecutor(1), threading.Event()
            asyncio.get_running_loop().set_default_executor(pool)
            job = pool.submit(done.wait, 5.0)
            try:
                assert scene.accepts(await process.app.grant(store).access_token())
                assert not job.done()
            finally:
                done.set()

        virtual.run(main())


class TestManyGrants:
    """Two hundred customers whose tokens are over at the same instant."""

    def test_are_refreshed_in_turn(self) -> None:
        """One look-up of the issuer, at most 32 requests for tokens at once, and a token for each."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            under_way, most = 0, 0

            async def slow(truth: Truth) -> httpx.Response:
                nonlocal under_way, most
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.5)
                under_way -= 1
                return truth()

            async def slowly(truth: Truth) -> httpx.Response:
                await asyncio.sleep(1.0)
                return truth()

            scene.issuer.always, scene.issuer.discovery = slow, slowly
            grants: list[Grant] = []
            for _ in range(200):
                place = Place()
                state = scene.consent(expired=True)
                place.put(state)
                grants.append(process.app.grant(FaultyStore(place, process.clock)))
            tokens = await asyncio.gather(*(grant.access_token() for grant in grants))
            assert len(set(tokens)) == 200
            assert all(map(scene.accepts, tokens))
            assert len(scene.issuer.posts) == 200
            assert most == 32
            assert sum("well-known" in path for path in scene.issuer.others) == 1

        virtual.run(main())

    def test_discovery_that_hangs(self) -> None:
        """They wait for it once, together."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()

            async def hanging(_: Truth) -> httpx.Response:
                await asyncio.sleep(1e6)
                raise AssertionError

            scene.issuer.discovery = hanging
            grants: list[Grant] = []
            for _ in range(50):
                place = Place()
                place.put(scene.consent(expired=True))
                grants.append(process.app.grant(FaultyStore(place, process.clock)))
            tokens = await asyncio.gather(*(grant.access_token() for grant in grants))
            assert all(map(scene.accepts, tokens))
            assert process.clock.monotonic() < 7.0
            assert sum("well-known" in path for path in scene.issuer.others) == 1

        virtual.run(main())


class TestNoConnection:
    """A connection that never comes about has carried no token."""

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a full backlog refuses")
    def test_leaves_no_intent(self) -> None:
        """The refresh failed before it was sent: nobody has to recover anything, and a code is still good."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiters = [socket.socket() for _ in range(4)]
        for waiter in waiters:
            waiter.setblocking(False)
            waiter.connect_ex(listener.getsockname())

        async def main() -> None:
            scene = Scene()
            scene.world.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            scene.consent(expired=True)
            process = scene.process(transport=None)
            with pytest.raises(RefreshFailed, match="ConnectTimeout"):
                await process.grant.access_token()
            assert any(state.pending for state in scene.place.history)
            assert not scene.place.state.pending
            request = begun(process)
            with pytest.raises(RefreshFailed, match="code exchange"):
                await process.app.exchange(scene.callback(request), request, store=process.store)

        try:
            serving.run(main())
        finally:
            for end in (listener, *waiters):
                end.close()


class TestViews:
    """Another view of a client."""

    def test_hears_of_its_refreshes(self) -> None:
        """The hook of ``with_options`` is told of a refresh that a call of the view began."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process), scene.brex(process) as brex:
                events: list[Any] = []
                await brex.with_options(on_event=events.append).company.get()
                assert len([event for event in events if isinstance(event, TokensRefreshed)]) == 1
                assert told(process, TokensRefreshed) == []

        serving.run(main())


class TestTravel:
    """What holds tokens."""

    @pytest.mark.parametrize("travel", [pickle.dumps, copy.copy, copy.deepcopy])
    def test_refuses(self, travel: Callable[[Any], Any]) -> None:
        """Neither what a store holds nor the state of a grant can be pickled or copied."""
        state = Scene().consented()
        for found in (state, Stored(1, to_bytes(state))):
            with pytest.raises(TypeError, match="do not travel"):
                travel(found)
            assert str(state.access_token) not in repr(found)
