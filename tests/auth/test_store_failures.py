"""Refreshes whose store fails."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from brex_accounting import (
    TokensNotSaved,
    TokenStoreError,
)
from brex_accounting.auth.grant_state import from_bytes
from tests import virtual

from .faulty_store import SayNone, failing, nth, waiting
from .scripted_issuer import (
    HOUR,
    Scene,
    expired,
)


class TestStoreThatFails:
    """A store that does not take the new tokens."""

    @pytest.mark.parametrize("error", [OSError, TimeoutError, KeyError, SayNone])
    def test_raises_hands_out_and_recovers(self, error: type[Exception]) -> None:
        """Everybody is told, the hook has what would be saved, and saving goes on until it works."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.before["compare_and_swap"] = lambda: (
                None if not scene.issuer.posts else failing(error=error)()
            )
            errors = await asyncio.gather(*(process.grant.access_token() for _ in range(3)), return_exceptions=True)
            assert {type(found) for found in errors} == {TokensNotSaved}
            assert len(process.unsaved) == 1
            assert process.unsaved[0].store is process.store
            state = from_bytes(process.unsaved[0].content)
            assert scene.accepts(str(state.access_token))
            assert not state.pending
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            process.store.before.clear()
            await asyncio.sleep(40.0)
            assert scene.place.state == state
            assert await process.grant.access_token() == state.access_token
            assert len(scene.issuer.posts) == 1
            assert len(process.unsaved) == 1

        virtual.run(main())

    @pytest.mark.parametrize("how", ["raises", "None", "raises after storing", "lock is lost", "version moved"])
    def test_once_is_no_matter(self, how: str) -> None:
        """One failure while new tokens are saved is made good before anybody hears of it."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            if how == "raises":
                process.store.before["compare_and_swap"] = nth(2, failing())
            elif how == "None":
                process.store.before["compare_and_swap"] = nth(2, failing(error=SayNone))
            elif how == "raises after storing":
                process.store.after["compare_and_swap"] = nth(2, failing())
            elif how == "version moved":
                process.store.before["compare_and_swap"] = nth(2, lambda: scene.place.put(scene.place.state))
            else:

                def lose() -> None:
                    scene.place.fence += 1
                    scene.place.holder = None

                process.store.before["compare_and_swap"] = nth(2, lose)
            token = await process.grant.access_token()
            assert scene.accepts(token)
            assert scene.place.state.access_token == token
            assert len(scene.issuer.posts) == 1
            assert process.unsaved == []

        virtual.run(main())

    def test_what_the_hook_was_given_is_as_good_as_saved(self) -> None:
        """Written into the store by hand it is a working grant, for another process and for this one."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.before["compare_and_swap"] = lambda: failing()() if scene.issuer.posts else None
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            scene.place.keep(process.unsaved[0].content)
            heir = scene.process()
            token = await heir.grant.access_token()
            assert scene.accepts(token)
            process.store.before.clear()
            await asyncio.sleep(40.0)
            assert await process.grant.access_token() == token
            await asyncio.sleep(HOUR)
            assert scene.accepts(await process.grant.access_token())
            assert len(scene.issuer.posts) == 2

        virtual.run(main())

    def test_closing_makes_one_more_try(self) -> None:
        """A client that is closed while tokens are unsaved tries once more, and does not hang."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.before["compare_and_swap"] = lambda: failing()() if scene.issuer.posts else None
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            process.store.before.clear()
            before = process.clock.monotonic()
            await process.grant.settled()
            assert process.clock.monotonic() - before < 1.0
            assert scene.place.state == from_bytes(process.unsaved[0].content)

        virtual.run(main())

    def test_closing_in_vain_keeps_them_for_the_next_client(self) -> None:
        """The process keeps the tokens although all clients are gone; the next one saves and uses them."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.before["compare_and_swap"] = lambda: failing()() if scene.issuer.posts else None
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            await process.grant.settled()
            process.store.before.clear()
            del process.grant
            gc.collect()
            assert scene.accepts(await process.app.grant(process.store).access_token())
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_hook_that_raises(self) -> None:
        """It changes nothing."""

        async def main() -> None:
            scene = Scene(grace="0s")
            scene.consent()

            def hook(_: Any) -> None:
                raise RuntimeError

            process = scene.process(on_unsaved=hook)
            await asyncio.sleep(HOUR + 1)
            process.store.before["compare_and_swap"] = lambda: failing()() if scene.issuer.posts else None
            with pytest.raises(TokensNotSaved):
                await process.grant.access_token()
            process.store.before.clear()
            await asyncio.sleep(40.0)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    @pytest.mark.parametrize("operation", ["load", "compare_and_swap", "lock"])
    def test_hanging_for_a_while(self, operation: Any) -> None:
        """A store that takes eight seconds for something is waited for."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.before[operation] = waiting(process.clock, 8.0)
            assert scene.accepts(await process.grant.access_token())
            assert scene.issuer.rotations == len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_so_slow_that_the_lock_is_gone(self) -> None:
        """Where loading and the intent took longer than the lease leaves, the issuer is not asked."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            process.store.after["load"] = waiting(process.clock, 25.0)
            with pytest.raises(TokenStoreError):
                await process.grant.access_token()
            assert scene.issuer.posts == []

        virtual.run(main())

    @pytest.mark.parametrize("operation", ["load", "compare_and_swap"])
    def test_that_answers_nonsense(self, operation: str) -> None:
        """A store that does not keep to its protocol is the store's failure, and costs no tokens."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            true, asked = getattr(process.store, operation), scene.issuer.posts

            async def nonsense(*args: Any, **named: Any) -> Any:
                return await true(*args, **named) if not asked and operation == "compare_and_swap" else True

            setattr(process.store, operation, nonsense)
            with pytest.raises(TokenStoreError):
                await process.grant.access_token()
            setattr(process.store, operation, true)
            await asyncio.sleep(60.0)
            assert scene.accepts(await process.grant.access_token())
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_that_always_cancels_at_the_end_of_the_loop(self) -> None:
        """A store that answers with cancellation only does not keep the loop from ending."""

        scene = Scene(grace="0s")
        scene.consent()
        process = scene.process()
        cancelled = [0]

        def cancel() -> None:
            if scene.issuer.posts:
                cancelled[0] += 1
                if cancelled[0] > 1000:
                    raise OSError
                raise asyncio.CancelledError

        async def main() -> None:
            process.store.before["compare_and_swap"] = cancel
            task = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(0.5)
            task.cancel()

        virtual.run(main(), start=HOUR + 1)
        assert 1 < cancelled[0] < 20
        assert len(process.unsaved) == 1

    @pytest.mark.parametrize("number", [1, 2])
    def test_hanging_for_longer_than_the_lease(self, number: int) -> None:
        """A sibling that gets in meanwhile goes on; both end with the same token, from one rotation."""

        async def main() -> None:
            scene, process = await expired()
            process.store.before["compare_and_swap"] = nth(number, waiting(process.clock, 25.0))
            sibling = scene.process()
            one = asyncio.create_task(process.grant.access_token())
            token = await sibling.grant.access_token()
            assert scene.accepts(token)
            try:
                assert await one == token
            except TokenStoreError:  # of an intent that came too late; the next call looks again
                await asyncio.sleep(2.0)
                assert await process.grant.access_token() == token
            assert scene.issuer.rotations == 1
            assert all(replay.within_grace for replay in scene.world.issuer.replays)
            assert process.unsaved == []

        virtual.run(main())

    def test_lock_held_by_a_process_that_hangs(self) -> None:
        """The wait for the lock ends, with a word on why."""

        async def main() -> None:
            scene, process = await expired()
            scene.place.holder, scene.place.until = 99, 1e9
            before = process.clock.monotonic()
            with pytest.raises(TokenStoreError, match="held by somebody else"):
                await process.grant.access_token()
            assert process.clock.monotonic() - before <= 41.0
            assert scene.issuer.posts == []

        virtual.run(main())
