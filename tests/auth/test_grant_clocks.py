"""Grants in spite of clocks that jump, and in several event loops."""

from __future__ import annotations

import asyncio
import datetime
import threading

import attrs
import pytest

from brex_accounting import (
    MemoryTokenStore,
    OAuthApp,
    Runtime,
)
from brex_accounting.auth.grant_state import to_bytes
from tests import virtual

from .scripted_issuer import (
    HOUR,
    Scene,
)

DAY = 86_400.0


class TestClocks:
    """Clocks that jump."""

    @pytest.mark.parametrize("jump", [-365 * DAY, -HOUR, HOUR, 365 * DAY])
    @pytest.mark.parametrize("moment", [0.0, 1800.0, 3500.0, 3700.0])
    def test_wall_clock(self, jump: float, moment: float) -> None:
        """Whatever the wall clock does, there is a token that works, in this process and in the next one."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            await process.grant.access_token()
            await asyncio.sleep(moment)
            process.clock.offset += jump
            for _ in range(8):
                token = await process.grant.access_token()
                if not scene.accepts(token):
                    assert await process.grant.refused(token)
                    token = await process.grant.access_token()
                assert scene.accepts(token)
                heir = scene.process()
                heir.clock.offset = process.clock.offset
                found = await heir.grant.access_token()
                if not scene.accepts(found):
                    assert await heir.grant.refused(found)
                    found = await heir.grant.access_token()
                assert scene.accepts(found)
                await asyncio.sleep(900.0)
            assert scene.issuer.rotations <= 5
            assert scene.world.issuer.replays == ()

        virtual.run(main())

    def test_sleep_of_the_machine(self) -> None:
        """A monotonic clock that stood still does not make an expired token good."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            old = await process.grant.access_token()
            process.clock.offset += 2 * HOUR
            scene.world.tenant().clock.advance(2 * HOUR)
            assert process.grant.token_at_hand() is None
            token = await process.grant.access_token()
            assert token != old
            assert scene.accepts(token)

        virtual.run(main())

    def test_wall_clock_that_is_behind(self) -> None:
        """A process whose clock is a day behind believes no token for longer than it was to last."""

        async def main() -> None:
            scene = Scene()
            old = scene.consent().access_token
            process = scene.process()
            process.clock.offset -= 24 * HOUR
            assert await process.grant.access_token() == old
            await asyncio.sleep(HOUR + 1)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    def test_wall_clock_that_is_set_back_does_not_stretch_a_token(self) -> None:
        """The process counts on, whatever the wall clock says."""

        async def main() -> None:
            scene = Scene()
            old = scene.consent().access_token
            process = scene.process()
            await process.grant.access_token()
            process.clock.offset -= 10 * HOUR
            await asyncio.sleep(HOUR + 1)
            token = await process.grant.access_token()
            assert token != old
            assert scene.accepts(token)

        virtual.run(main())


class TestLoops:
    """Several event loops."""

    def test_one_after_the_other(self) -> None:
        """A grant outlives its loop."""
        scene = Scene()
        scene.consent()
        process = scene.process()
        tokens = [virtual.run(process.grant.access_token(), start=number * (HOUR + 10)) for number in range(4)]
        assert len(set(tokens)) == 4
        assert scene.issuer.rotations == 3

    def test_two_in_two_threads(self) -> None:
        """Two loops that refresh one grant at once get the same token from one rotation."""
        scene = Scene()
        scene.consent()
        runtime = Runtime()
        iss = scene.world.issuer
        app = OAuthApp(
            client_id=iss.client_id,
            client_secret=iss.client_secret,
            issuer=scene.world.issuer_url,
            transport=scene.issuer,
            runtime=runtime,
        )
        store = MemoryTokenStore()
        now = datetime.datetime.now(datetime.UTC)
        state = attrs.evolve(
            scene.consented(),
            refreshed_at=now - datetime.timedelta(hours=2),
            expires_at=now - datetime.timedelta(hours=1),
        )

        async def begin() -> None:
            async with store.lock(lease=5.0, wait=0.0) as fence:
                await store.compare_and_swap(None, to_bytes(state), fence=fence)

        asyncio.run(begin())
        grant = app.grant(store)
        tokens: list[str] = []
        barrier = threading.Barrier(2)

        async def ask() -> None:
            barrier.wait(5.0)
            tokens.extend(await asyncio.gather(*(grant.access_token() for _ in range(10))))

        threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20.0)
        assert len(tokens) == 20
        assert len(set(tokens)) == 1
        assert scene.issuer.rotations == len(scene.issuer.posts) == 1
