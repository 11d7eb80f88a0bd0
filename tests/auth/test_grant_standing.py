"""How a grant stands, how old it is, how it ends, and begins anew."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import attrs
import pytest

from brex_accounting import (
    InvalidArgument,
    ReauthorizationRequired,
    RefreshFailed,
    TokenStoreError,
)
from brex_accounting.events import GrantAging
from tests import virtual

from .scripted_issuer import (
    Scene,
    expired,
    hanging,
    lost_after,
    told,
)

DAY = 86_400.0


class TestRelogin:
    """A customer who consents again."""

    def test_is_noticed_by_a_running_client(self) -> None:
        """A dead grant comes to life with ``exchange`` into the same store: here at once, elsewhere in a second."""

        async def main() -> None:
            scene, process = await expired(grace="0s")
            sibling = scene.process()
            scene.issuer.script = [lost_after]
            for running in (process, sibling):
                with pytest.raises(ReauthorizationRequired):
                    await running.grant.access_token()
            request = process.app.authorization_request(
                redirect_uri=scene.world.issuer.redirect_uris[0], scopes=["accounting.record.read", "offline_access"]
            )
            callback = scene.callback(request)
            await process.app.exchange(callback, request, store=process.store)
            assert scene.accepts(await process.grant.access_token())
            await asyncio.sleep(1.0)
            assert await sibling.grant.access_token() == await process.grant.access_token()

        virtual.run(main())


class TestRevoke:
    """The end of a grant."""

    def test_ends_it_at_the_issuer_and_here(self) -> None:
        """The tokens are refused by Brex, gone from the store, and every call says why; twice is no matter."""

        async def main() -> None:
            scene, process = await expired()
            token = await process.grant.access_token()
            await process.grant.revoke()
            assert not scene.accepts(token)
            state = scene.place.state
            assert (state.access_token, state.refresh_token) == (None, None)
            assert state.dead is not None
            posts = len(scene.issuer.posts)
            with pytest.raises(ReauthorizationRequired) as caught:
                await process.grant.access_token()
            assert caught.value.cause == "revoked here"
            await process.grant.revoke()
            status = await process.grant.status()
            assert (status.reauthorization, status.since) == ("revoked here", state.dead.since)
            assert status.refresh_token_at is None
            sibling = scene.process()
            with pytest.raises(ReauthorizationRequired):
                await sibling.grant.access_token()
            assert len(scene.issuer.posts) == posts

        virtual.run(main())

    def test_a_cancelled_one_goes_on(self) -> None:
        """A revocation whose caller is cancelled comes to its end; that it failed does not stop the next one."""

        async def main() -> None:
            _, process = await expired()

            async def late_failure() -> None:
                await asyncio.sleep(1.0)
                raise OSError

            process.store.before["compare_and_swap"] = late_failure
            task = asyncio.create_task(process.grant.revoke())
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            await process.grant.settled()
            process.store.before.clear()
            assert (await process.grant.status()).reauthorization is None
            await process.grant.revoke()
            assert (await process.grant.status()).reauthorization == "revoked here"

        virtual.run(main())


class TestStatus:
    """What a grant tells of itself."""

    def test_without_tokens(self) -> None:
        """It has times and scopes, of what is stored."""

        async def main() -> None:
            scene, process = await expired()
            status = await process.grant.status()
            state = scene.place.state
            assert status.granted_at == status.refreshed_at == status.refresh_token_at == virtual.EPOCH
            assert status.expires_at == state.expires_at
            assert (status.reauthorization, status.since, status.refresh_begun_at) == (None, None, None)
            assert status.scopes == state.scopes
            assert str(state.access_token) not in repr(status)
            scene.issuer.always = hanging
            call = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            assert (await process.grant.status()).refresh_begun_at == virtual.EPOCH + datetime.timedelta(seconds=3601)
            with pytest.raises(RefreshFailed):
                await call

        virtual.run(main())

    def test_of_an_empty_store(self) -> None:
        """Nothing stored means that the customer has to consent."""

        async def main() -> None:
            process = Scene().process()
            for ask in (process.grant.status, process.grant.access_token):
                with pytest.raises(ReauthorizationRequired) as caught:
                    await ask()
                assert (caught.value.cause, caught.value.since) == ("no grant", None)

        virtual.run(main())

    @pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"format": 99}', b"\xff"])
    def test_of_a_store_with_something_else(self, content: bytes) -> None:
        """It is the store's failure, and nothing is overwritten."""

        async def main() -> None:
            scene = Scene()
            scene.place.keep(content)
            process = scene.process()
            with pytest.raises(TokenStoreError):
                await process.grant.access_token()
            assert scene.place.stored is not None
            assert scene.place.stored.content == content

        virtual.run(main())

    def test_of_another_client(self) -> None:
        """A grant of another client or issuer is not used."""

        async def main() -> None:
            scene = Scene()
            scene.place.put(attrs.evolve(scene.consented(), client_id="somebody else"))
            process = scene.process()
            with pytest.raises(TokenStoreError, match="another client"):
                await process.grant.access_token()
            assert scene.issuer.posts == []

        virtual.run(main())


class TestAges:
    """Grants that grow old."""

    def test_idle_grants_are_kept_alive(self) -> None:
        """A grant is refreshed if its last refresh is older than asked; asked every day it outlives 90 days."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            asked = []
            for _ in range(100):
                asked.append(await process.grant.refresh_if_older_than(datetime.timedelta(days=30)))
                await asyncio.sleep(DAY)
            assert [day for day, refreshed in enumerate(asked) if refreshed] == [30, 60, 90]
            assert len(scene.issuer.posts) == 3
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())

    @pytest.mark.parametrize("age", ["30", None, -1.0, float("nan"), True])
    def test_ages_that_are_none(self, age: Any) -> None:
        """Only a time span will do."""
        process = Scene().process()
        with pytest.raises(InvalidArgument, match="age"):
            virtual.run(process.grant.refresh_if_older_than(age))

    def test_of_a_dead_grant(self) -> None:
        """A dead grant is not asked for."""

        async def main() -> None:
            scene, process = await expired()
            await process.grant.revoke()
            with pytest.raises(ReauthorizationRequired):
                await process.grant.refresh_if_older_than(0.5)
            assert scene.issuer.posts == []

        virtual.run(main())

    def test_warned_of_once_each(self) -> None:
        """A grant in daily use is warned of at 75 and 85 days, and a refresh token that never rotates too."""

        async def main() -> None:
            scene = Scene(rotation="off")
            scene.consent()
            process = scene.process()
            for _ in range(88):
                await process.grant.access_token()
                await asyncio.sleep(DAY)
            assert [(event.what, round(event.days)) for event in told(process, GrantAging)] == [
                ("grant", 75),
                ("refresh token", 75),
                ("grant", 85),
                ("refresh token", 85),
            ]

        virtual.run(main())

    def test_idle_ones_are_warned_of_when_they_are_looked_at(self) -> None:
        """An idle grant that is kept alive is warned of on the day, not with its next refresh."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            for _ in range(88):
                await process.grant.refresh_if_older_than(30 * DAY)
                await asyncio.sleep(DAY)
            assert [(event.what, round(event.days)) for event in told(process, GrantAging)] == [
                ("grant", 75),
                ("grant", 85),
            ]

        virtual.run(main())
