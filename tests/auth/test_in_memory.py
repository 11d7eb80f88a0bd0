"""Tokens that are in memory only: whoever comes next in this process saves and uses them."""

from __future__ import annotations

import asyncio
import datetime
import gc
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from brex_accounting import RefreshFailed, TokensNotSaved, TokenStoreError
from brex_accounting.auth.grant_state import from_bytes
from tests import virtual

from .faulty_store import failing, nth
from .scripted_issuer import HOUR, Process, Scene, Truth, expired, late, saying
from .test_authorization import begun


def fails_after_tokens(scene: Scene, process: Process) -> None:
    """Let the store take everything but new tokens."""

    def fail() -> Awaitable[None] | None:
        return failing()() if scene.issuer.posts else None

    process.store.before["compare_and_swap"] = fail


class TwoLoops:
    """A grant without replay window whose refresh one event loop has begun, while another waits for its lock."""

    def __init__(self) -> None:
        self.scene = Scene(grace="0s")
        self.scene.consent(expired=True)
        self.scene.issuer.script = [late(2.0)]
        self.process = self.scene.process()
        fails_after_tokens(self.scene, self.process)
        self.one, self.other = virtual.VirtualLoop(), virtual.VirtualLoop()
        self.first = self.one.create_task(self.process.grant.access_token())
        self.one.run_until_complete(asyncio.sleep(1.0))
        assert len(self.scene.issuer.posts) == 1
        self.second = self.other.create_task(self.process.app.grant(self.process.store).access_token())
        self.other.run_until_complete(asyncio.sleep(1.5))
        with pytest.raises(TokensNotSaved):
            self.one.run_until_complete(self.first)

    def close(self) -> None:
        """End both loops."""
        for loop in (self.one, self.other):
            loop.run_until_complete(self.process.grant.settled())
            loop.close()


class TestTwoEventLoops:
    """Two event loops in one process; one of them has new tokens and cannot save them."""

    def test_who_waited_for_the_lock_saves_them(self) -> None:
        """The store is good again, and the other loop saves the tokens and never sends the used one."""
        loops = TwoLoops()
        scene, process = loops.scene, loops.process
        loops.one.run_until_complete(process.grant.settled())  # its client is closed, and the lock free
        process.store.before.clear()
        token = loops.other.run_until_complete(loops.second)
        loops.close()
        assert scene.accepts(token)
        assert scene.place.state == from_bytes(process.unsaved[0].content)
        assert len(scene.issuer.posts) == 1

    def test_who_waited_for_the_lock_fails_as_well(self) -> None:
        """While the store is broken the other loop is told, sends nothing, and saves them when it can."""
        loops = TwoLoops()
        scene, process = loops.scene, loops.process
        loops.one.run_until_complete(process.grant.settled())
        with pytest.raises(TokensNotSaved):
            loops.other.run_until_complete(loops.second)
        process.store.before.clear()
        loops.other.run_until_complete(asyncio.sleep(40.0))
        assert scene.accepts(str(scene.place.state.access_token))
        token = loops.one.run_until_complete(process.grant.access_token())
        loops.close()
        assert scene.accepts(token)
        assert len(scene.issuer.posts) == 1

    def test_the_lock_outlives_its_lease(self) -> None:
        """The first loop stands still; its lease ends, and the other loop saves what it had."""
        loops = TwoLoops()
        scene, process = loops.scene, loops.process
        process.store.before.clear()
        token = loops.other.run_until_complete(loops.second)
        assert scene.accepts(token)
        assert scene.place.state.access_token == token
        loops.one.run_until_complete(asyncio.sleep(60.0))  # and the first one finds it saved
        loops.close()
        assert scene.place.state.access_token == token
        assert len(scene.issuer.posts) == 1


class TestExchange:
    """The store does not take what a code was good for."""

    @pytest.mark.parametrize("older", ["none", "stored", "stored meanwhile"])
    def test_is_saved_by_a_later_use(self, older: str) -> None:
        """The caller and the hook are told; the next use of the store's grant in this process saves it and works."""

        async def main() -> None:
            scene = Scene()
            if older == "stored":
                scene.consent()
            process = scene.process()
            request = begun(process)
            process.store.before["compare_and_swap"] = failing()
            with pytest.raises(TokensNotSaved):
                await process.app.exchange(scene.callback(request), request, store=process.store)
            await process.grant.settled()
            assert {unsaved.store for unsaved in process.unsaved} == {process.store}
            new = from_bytes(process.unsaved[0].content)
            if older == "stored meanwhile":
                scene.consent()
            del process.grant
            gc.collect()
            process.store.before.clear()
            token = await process.app.grant(process.store).access_token()
            assert token == new.access_token
            assert scene.accepts(token)
            assert scene.place.state == new
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_goes_on_by_itself(self) -> None:
        """While the process lives, saving is tried again without anybody's call."""

        async def main() -> None:
            scene = Scene()
            process = scene.process()
            request = begun(process)
            process.store.before["compare_and_swap"] = failing()
            with pytest.raises(TokensNotSaved):
                await process.app.exchange(scene.callback(request), request, store=process.store)
            process.store.before.clear()
            await asyncio.sleep(40.0)
            assert scene.accepts(str(scene.place.state.access_token))

        virtual.run(main())


class TestRevoke:
    """The end of a grant whose store fails, or failed before."""

    def test_that_the_store_does_not_take(self) -> None:
        """The error names what happened, and no hook is given tokens that are of no more use."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            process.store.before["compare_and_swap"] = failing()
            with pytest.raises(TokenStoreError, match="the grant is revoked") as caught:
                await process.grant.revoke()
            assert not isinstance(caught.value, TokensNotSaved)
            assert process.unsaved == []
            assert not scene.accepts(str(scene.place.state.access_token))
            process.store.before.clear()
            await process.grant.revoke()
            assert scene.place.state.access_token is None

        virtual.run(main())

    def test_saves_first_what_is_unsaved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """New tokens are saved, and it is the new one that the issuer is asked to revoke."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            used = scene.place.state.refresh_token
            fails_after_tokens(scene, process)
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            await process.grant.settled()
            new = from_bytes(process.unsaved[0].content)
            process.store.before.clear()
            asked: list[str] = []
            revoke = scene.world.issuer.revoke

            def noted(form: Any, authorization: str | None) -> Any:
                asked.append(dict(form)["token"])
                return revoke(form, authorization)

            monkeypatch.setattr(scene.world.issuer, "revoke", noted)
            await process.grant.revoke()
            assert new.refresh_token != used
            assert asked == [new.refresh_token]
            assert new in scene.place.history
            assert not scene.accepts(str(new.access_token))
            assert scene.place.state.dead is not None
            assert len(scene.issuer.posts) == 1

        virtual.run(main())


class TestThrowAwayGrants:
    """A grant that is made anew for each job: what must outlive it does, and nothing more."""

    @pytest.mark.parametrize("answer", [saying(401, {"error": "invalid_client"}), saying(503)])
    def test_share_the_back_off(self, answer: Any) -> None:
        """Twenty jobs in ten seconds ask the issuer a few times, not twenty times."""

        async def main() -> None:
            scene, process = await expired()
            del process.grant
            gc.collect()
            scene.issuer.always = answer
            asking = 0
            for _ in range(20):
                before = len(scene.issuer.posts)
                with pytest.raises(Exception, match="token refresh"):
                    await process.app.grant(process.store).access_token()
                asking += len(scene.issuer.posts) > before
                await asyncio.sleep(0.5)
                gc.collect()
            assert 2 <= asking <= 4

        virtual.run(main())

    def test_are_let_go_after_success(self) -> None:
        """Once tokens are there, the process holds on to nothing."""

        async def main() -> None:
            scene, process = await expired()
            del process.grant
            gc.collect()
            scene.issuer.script = [saying(401, {"error": "invalid_client"})]
            with pytest.raises(Exception, match="invalid_client"):
                await process.app.grant(process.store).access_token()
            assert len(process.runtime._kept) == 1
            await asyncio.sleep(2.0)
            assert scene.accepts(await process.app.grant(process.store).access_token())
            assert process.runtime._kept == set()
            await asyncio.sleep(1.0)
            gc.collect()
            assert len(process.runtime._shared) == 0

        virtual.run(main())


class TestForeignErrors:
    """A transport of the caller's that raises what httpx would not."""

    def test_count_as_a_lost_answer(self) -> None:
        """It is a failed refresh with back-off; the token may be used up, and is sent again in time."""

        class Strange(Exception):
            pass

        async def raising(truth: Truth) -> httpx.Response:
            truth()
            raise Strange

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.always = raising
            for _ in range(50):
                with pytest.raises(RefreshFailed, match="Strange"):
                    await process.grant.access_token()
            assert len(scene.issuer.posts) == 4
            assert scene.place.state.pending
            scene.issuer.always = None
            await asyncio.sleep(1.1)
            assert scene.accepts(await process.grant.access_token())
            assert not scene.place.state.pending

        virtual.run(main())


class TestColdLoads:
    """A look at the store that ends after the grant was replaced, or revoked."""

    def test_does_not_win_over_an_exchange(self) -> None:
        """Everybody goes on with the new consent."""

        async def main() -> None:
            scene = Scene()
            old = scene.consent()
            process = scene.process()
            process.store.after["load"] = nth(1, lambda: asyncio.sleep(5.0))
            first = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            request = begun(process)
            exchanged = await process.app.exchange(scene.callback(request), request, store=process.store)
            assert not first.done()
            new = scene.place.state.access_token
            assert new not in (None, old.access_token)
            assert await first == new
            assert await exchanged.access_token() == new
            assert process.grant.token_at_hand() == new

        virtual.run(main())

    def test_does_not_win_over_a_revocation(self) -> None:
        """Nobody gets the revoked token."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            process.store.after["load"] = nth(1, lambda: asyncio.sleep(5.0))
            first = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            await process.grant.revoke()
            assert not first.done()
            for task in (first, asyncio.create_task(process.grant.access_token())):
                with pytest.raises(Exception, match="revoked by this client"):
                    await task
            assert process.grant.token_at_hand() is None

        virtual.run(main())


class TestClockThatRanAhead:
    """Instants in the future are no reason to leave an idle grant alone."""

    def test_counts_as_old(self) -> None:
        """Refreshed by a clock that was 200 days ahead, it is refreshed again once 30 days may have passed."""

        async def main() -> None:
            scene = Scene()
            scene.consent(expired=True)
            process = scene.process()
            process.clock.offset = 200 * 24 * HOUR
            await process.grant.access_token()
            process.clock.offset = 100 * 24 * HOUR
            before = scene.place.state.refreshed_at
            assert await process.grant.refresh_if_older_than(datetime.timedelta(days=30))
            assert scene.place.state.refreshed_at == before - datetime.timedelta(days=100)
            assert len(scene.issuer.posts) == 2
            assert not await process.grant.refresh_if_older_than(datetime.timedelta(days=30))

        virtual.run(main())
