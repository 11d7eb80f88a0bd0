"""Refreshes whose answers are lost, refused or nonsense."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from brex_accounting import (
    OAuthRefused,
    ReauthorizationRequired,
    RefreshFailed,
)
from brex_accounting.emulator.faults import Fault
from brex_accounting.events import ReauthorizationNeeded, TokensRefreshed
from tests import virtual
from tests.emulator import serving

from .faulty_store import failing
from .scripted_issuer import (
    HOUR,
    Act,
    Scene,
    disfigured,
    expired,
    hanging,
    hanging_after,
    lost_after,
    lost_before,
    on_a_socket,
    saying,
    told,
    unreachable,
)

LOST: dict[str, Act] = {
    "before": lost_before,
    "after": lost_after,
    "500": saying(500),
    "503": saying(503),
    "429": saying(429, retry_after="1"),
    "html": saying(502, b"<html>"),
    "moved": saying(302, location="https://elsewhere.example"),
    "bad json": disfigured(lambda _: "{"),
    "no access token": disfigured(lambda found: {**found, "access_token": None}),
    "mac": disfigured(lambda found: {**found, "token_type": "mac"}),
    "hang": hanging,
    "hang after": hanging_after,
    "unreachable": unreachable,
}


class TestLostAnswers:
    """What is lost once is asked for again at once, under the same lock."""

    @pytest.mark.parametrize("act", LOST.values(), ids=list(LOST))
    def test_once(self, act: Act) -> None:
        """The caller gets a token that works, from one rotation."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [act]
            before = process.clock.monotonic()
            assert scene.accepts(await process.grant.access_token())
            assert process.clock.monotonic() - before <= 10.0
            assert scene.issuer.rotations == 1
            assert process.store.calls.count("lock") <= 1
            assert not scene.place.state.pending

        virtual.run(main())

    @pytest.mark.parametrize("act", LOST.values(), ids=list(LOST))
    def test_for_good(self, act: Act) -> None:
        """The refresh ends within ``refresh_timeout``, the grant is not given up, and a later call recovers."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.always = act
            before = process.clock.monotonic()
            with pytest.raises(RefreshFailed):
                await process.grant.access_token()
            assert process.clock.monotonic() - before <= 10.01
            assert scene.place.state.dead is None
            assert scene.place.holder is None
            scene.issuer.always = None
            await asyncio.sleep(2.0)
            token = await process.grant.access_token()
            assert scene.accepts(token)
            assert scene.issuer.rotations == 1
            assert told(process, TokensRefreshed)[0].rotated

        virtual.run(main())

    @pytest.mark.parametrize(
        ("effect", "phase"),
        [("drop", "before"), ("drop", "after"), ("reset", "before"), ("reset", "after"), ("cut_body", "after")],
    )
    def test_on_a_socket(self, effect: str, phase: Any) -> None:
        """The same with connections that really break."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process), scene.brex(process) as brex:
                scene.world.tenant().faults.add(
                    Fault(effect=effect, operation="token", phase=phase, times=1), now=virtual.EPOCH
                )
                await brex.company.get()
                assert len(scene.token_posts) == 2
                assert all(replay.within_grace for replay in scene.world.issuer.replays)

        serving.run(main())

    @pytest.mark.parametrize("reuse", ["revokes", "refused"])
    def test_without_a_window(self, reuse: str) -> None:
        """Then it is the end, once: the cause is named, marked, and no process asks again; other accounts go on."""

        async def main() -> None:
            scene, process = await expired(grace="0s", reuse=reuse)
            scene.issuer.script = [lost_after]
            other = Scene()
            other.world = scene.world
            other.issuer = scene.issuer
            other.consent()
            neighbour = other.process()
            errors = await asyncio.gather(*(process.grant.access_token() for _ in range(20)), return_exceptions=True)
            assert {type(error) for error in errors} == {ReauthorizationRequired}
            assert {error.cause for error in errors} == {"answer lost"}  # type: ignore[union-attr]
            posts = len(scene.issuer.posts)
            assert posts == 2
            assert scene.place.state.dead is not None
            assert scene.place.state.refresh_token is not None
            sibling = scene.process()
            for _ in range(5):
                await asyncio.sleep(100.0)
                for grant in (process.grant, sibling.grant):
                    with pytest.raises(ReauthorizationRequired) as caught:
                        await grant.access_token()
                    assert caught.value.cause == "answer lost"
                    assert caught.value.since == scene.place.state.dead.since
            assert len(scene.issuer.posts) == posts
            assert len(scene.world.issuer.replays) == 1
            assert len(told(process, ReauthorizationNeeded)) == 1
            assert scene.accepts(await neighbour.grant.access_token())

        virtual.run(main())

    def test_revoked_consent(self) -> None:
        """A refusal of a token that was sent once names another cause."""

        async def main() -> None:
            scene, process = await expired()
            scene.world.issuer.revoke_tenant("main")
            with pytest.raises(ReauthorizationRequired) as caught:
                await process.grant.access_token()
            assert caught.value.cause == "revoked or expired"
            assert (caught.value.status_code, caught.value.error_code) == (400, "invalid_grant")
            assert len(scene.issuer.posts) == 1
            assert scene.place.state.dead is not None

        virtual.run(main())

    def test_refused_application(self) -> None:
        """A wrong secret leaves the grant alone, and is not tried for each call."""

        async def main() -> None:
            scene, process = await expired()
            wrong = scene.process(client_secret="wrong")
            for _ in range(30):
                with pytest.raises(OAuthRefused) as caught:
                    await wrong.grant.access_token()
                assert caught.value.error_code == "invalid_client"
                await asyncio.sleep(1.0)
            assert len(scene.issuer.posts) <= 6
            assert scene.place.state.dead is None
            assert not scene.place.state.pending
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    def test_sibling_was_quicker(self) -> None:
        """On invalid_grant the store is read again, and a newer token in it is adopted."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            newer = scene.consented()

            async def meanwhile(_: Any) -> Any:
                scene.place.put(newer)
                return await saying(400, {"error": "invalid_grant"})(_)

            scene.issuer.script = [meanwhile]
            assert await process.grant.access_token() == newer.access_token
            assert scene.place.state == newer
            assert told(process, ReauthorizationNeeded) == []

        virtual.run(main())

    def test_a_store_that_does_not_take_the_mark(self) -> None:
        """A dead grant is not asked for again in this process, although the store does not say so."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            scene.issuer.script = [lost_after]
            process.store.before["compare_and_swap"] = lambda: None if not scene.issuer.posts else failing()()
            for _ in range(20):
                with pytest.raises(ReauthorizationRequired):
                    await process.grant.access_token()
                await asyncio.sleep(2.0)
            assert len(scene.issuer.posts) == 2
            newer = scene.consented()
            scene.place.put(newer)
            await asyncio.sleep(2.0)
            assert await process.grant.access_token() == newer.access_token

        virtual.run(main())

    def test_an_endless_retry_after(self) -> None:
        """What one answer asks for does not stop a grant for a day."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [saying(429, retry_after="86400")]
            with pytest.raises(RefreshFailed) as caught:
                await process.grant.access_token()
            assert caught.value.retry_after == 86400.0
            assert len(scene.issuer.posts) == 1
            await asyncio.sleep(600.0)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())


class TestRotation:
    """Every reading of rotation."""

    @pytest.mark.parametrize("rotation", ["on", "off", "silent"])
    @pytest.mark.parametrize("expires_in", ["sent", "absent"])
    def test_ten_hours(self, rotation: str, expires_in: str) -> None:
        """Hour by hour there is a token that works."""

        async def main() -> None:
            scene, process = await expired(rotation=rotation, expires_in=expires_in)
            for _ in range(10):
                assert scene.accepts(await process.grant.access_token())
                await asyncio.sleep(HOUR + 1)
            assert len(scene.issuer.posts) == 10
            assert {event.rotated for event in told(process, TokensRefreshed)} == {rotation == "on"}

        virtual.run(main())
