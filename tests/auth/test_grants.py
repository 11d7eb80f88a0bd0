"""Grants: one refresh for everybody, in time, and stored before it is used."""

from __future__ import annotations

import asyncio
import gc
import random
from typing import Any

import attrs
import pytest

from brex_accounting import (
    InvalidArgument,
    MemoryTokenStore,
    OAuthApp,
    OAuthRefused,
    ReauthorizationRequired,
    RefreshFailed,
    Runtime,
    TokensNotSaved,
    TokenStoreError,
    Unauthorized,
)
from brex_accounting.auth.grant_state import to_bytes
from brex_accounting.emulator.faults import Fault
from brex_accounting.errors import ClientStateError
from brex_accounting.events import RefreshDelayed, TokensRefreshed
from tests import virtual
from tests.emulator import serving

from .faulty_store import FaultyStore, failing, waiting
from .scripted_issuer import (
    HOUR,
    Scene,
    expired,
    late,
    on_a_socket,
    saying,
    told,
    unreachable,
)


class TestSingleFlight:
    """One refresh for everybody who waits."""

    def test_fifty_tasks(self) -> None:
        """Fifty tasks that find the token expired make one refresh and get the same token."""

        async def main() -> None:
            scene, process = await expired()
            tokens = await asyncio.gather(*(process.grant.access_token() for _ in range(50)))
            assert len(set(tokens)) == 1
            assert scene.accepts(tokens[0])
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_fifty_calls_on_a_socket(self) -> None:
        """The same with whole calls, as the issuer counts them."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process), scene.brex(process) as brex:
                await asyncio.gather(*(brex.company.get() for _ in range(50)))
                assert [entry.committed for entry in scene.token_posts] == [True]

        serving.run(main())

    def test_error_is_shared_by_value(self) -> None:
        """All who wait get an error of their own, with their own label, from one request."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.always = saying(400, {"error": "invalid_client"})
            grants = [process.grant.named(f"account {number}", process.grant._asker().observer) for number in range(10)]
            errors = await asyncio.gather(*(grant.access_token() for grant in grants), return_exceptions=True)
            assert [error.account for error in errors] == [f"account {number}" for number in range(10)]  # type: ignore[union-attr]
            assert {type(error) for error in errors} == {OAuthRefused}
            assert len(scene.issuer.posts) == 1
            for number, error in enumerate(errors):
                assert f"account {number}" in str(error)

        virtual.run(main())

    def test_one_who_waits_is_cancelled(self) -> None:
        """The others get their token all the same."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(2.0)]
            tasks = [asyncio.create_task(process.grant.access_token()) for _ in range(3)]
            await asyncio.sleep(1.0)
            tasks[0].cancel()
            tokens = await asyncio.gather(*tasks[1:])
            assert scene.accepts(tokens[0])
            assert tasks[0].cancelled()
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_all_who_wait_are_cancelled(self) -> None:
        """The refresh goes on, and its tokens are stored."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(2.0)]
            tasks = [asyncio.create_task(process.grant.access_token()) for _ in range(3)]
            await asyncio.sleep(1.0)
            for task in tasks:
                task.cancel()
            await asyncio.sleep(5.0)
            token = scene.place.state.access_token
            assert token is not None
            assert scene.accepts(token)
            assert await process.grant.access_token() == token
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_everybody_is_gone(self) -> None:
        """A refresh goes on although nobody holds the grant any more."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(2.0)]
            task = asyncio.create_task(process.grant.access_token())
            await asyncio.sleep(1.0)
            task.cancel()
            await asyncio.wait({task})
            del process, task
            gc.collect()
            await asyncio.sleep(5.0)
            assert scene.accepts(str(scene.place.state.access_token))
            assert not scene.place.state.pending

        virtual.run(main())

    def test_a_timeout_of_the_caller_does_not_end_it(self) -> None:
        """A caller with less patience than the issuer loses nothing."""

        async def main() -> None:
            scene, process = await expired()
            scene.issuer.script = [late(2.0)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await process.grant.access_token()
            assert scene.accepts(await process.grant.access_token())
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_closing_the_client_waits_for_it(self) -> None:
        """A client that is closed during a refresh ends its calls, and returns when the tokens are stored."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process):
                scene.world.tenant().faults.add(
                    Fault(effect="latency", operation="token", delay=2.0, phase="after"), now=virtual.EPOCH
                )
                before = scene.place.state.access_token
                brex = scene.brex(process)
                await brex.__aenter__()
                call = asyncio.create_task(brex.company.get())
                await asyncio.sleep(1.0)
                await brex.__aexit__(None, None, None)
                assert scene.place.state.access_token != before
                assert not scene.place.state.pending
                with pytest.raises(ClientStateError):
                    await call
                async with scene.brex(process) as another:
                    await another.company.get()
                assert len(scene.token_posts) == 1

        serving.run(main())

    def test_two_clients_on_one_grant(self) -> None:
        """They share the refresh, also when one of them is closed meanwhile."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process):
                async with scene.brex(process) as one, scene.brex(process, "the same") as other:
                    calls = [asyncio.create_task(client.company.get()) for client in (one, other)]
                    await asyncio.gather(*calls)
                assert len(scene.token_posts) == 1

        serving.run(main())

    def test_two_applications_on_one_store(self) -> None:
        """Grants of the same client, issuer and store are one, whoever made them."""

        async def main() -> None:
            scene, process = await expired()
            iss = scene.world.issuer
            app = OAuthApp(
                client_id=iss.client_id,
                client_secret=iss.client_secret,
                issuer=scene.world.issuer_url,
                transport=scene.issuer,
                runtime=process.runtime,
            )
            grants = [process.grant, process.app.grant(process.store), app.grant(process.store)]
            tokens = await asyncio.gather(*(grant.access_token() for grant in grants))
            assert len(set(tokens)) == 1
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_two_handles_of_one_place(self) -> None:
        """Two store objects that do not know of each other refresh one after the other: one rotation."""

        async def main() -> None:
            scene, process = await expired()
            other = process.app.grant(FaultyStore(scene.place, process.clock))
            tokens = await asyncio.gather(process.grant.access_token(), other.access_token())
            assert len(set(tokens)) == 1
            assert scene.issuer.rotations == len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_views_have_tokens_of_their_own(self) -> None:
        """A view for another account refreshes its own grant, and its errors bear its own label."""

        async def main() -> None:
            async with on_a_socket() as (scene, process), scene.brex(process) as brex:
                store = MemoryTokenStore(clock=process.clock)
                view = brex.for_account("globex", process.app.grant(store))
                with pytest.raises(ReauthorizationRequired) as caught:
                    await view.company.get()
                assert (caught.value.account, caught.value.cause) == ("globex", "no grant")
                assert caught.value.operation == "GET /v2/company"
                scene.consent(expired=True)
                other = scene.place.state
                scene.consent(expired=True)
                async with store.lock(lease=30.0, wait=0.0) as fence:
                    await store.compare_and_swap(None, to_bytes(other), fence=fence)
                process.grant._keeper.forget()
                await asyncio.gather(*(client.company.get() for client in (brex, view) for _ in range(5)))
                assert len(scene.token_posts) == 2

        serving.run(main())

    def test_a_store_that_cannot_be_told_apart(self) -> None:
        """A store that does not hash is refused in our words."""

        @attrs.define
        class Unhashable(MemoryTokenStore):
            name: str = ""

        app = OAuthApp(client_id="c", client_secret="s", runtime=Runtime(clock=virtual.VirtualClock()))
        with pytest.raises(InvalidArgument, match="store"):
            app.grant(Unhashable())
        with pytest.raises(InvalidArgument, match="store"):
            app.grant("tokens.json")  # type: ignore[arg-type]


class TestAhead:
    """The refresh before the end."""

    def test_nobody_waits_for_it(self) -> None:
        """Minutes before the end a call begins the refresh and goes on with the old token; the next has the new one."""

        async def main() -> None:
            scene = Scene()
            old = scene.consent().access_token
            process = scene.process()
            scene.issuer.script = [late(5.0)]
            await asyncio.sleep(HOUR - 200)
            before = process.clock.monotonic()
            assert await process.grant.access_token() == old
            assert await process.grant.access_token() == old
            assert process.clock.monotonic() == before
            await asyncio.sleep(6.0)
            new = process.grant.token_at_hand()
            assert new not in {None, old}
            assert scene.place.state.access_token == new
            assert len(scene.issuer.posts) == 1
            assert len(told(process, TokensRefreshed)) == 1

        virtual.run(main())

    def test_processes_do_not_come_at_once(self) -> None:
        """Each draws a moment between 300 and 240 seconds before the end."""

        async def begins(seed: int) -> float:
            scene = Scene()
            scene.consent()
            clock = virtual.VirtualClock()
            process = scene.process(runtime=Runtime(clock=clock, random=random.Random(seed)))
            await process.grant.access_token()
            await asyncio.sleep(HOUR - 310)
            while not scene.issuer.posts:
                await process.grant.access_token()
                await asyncio.sleep(1.0)
            return HOUR - scene.issuer.posts[0].at

        moments = [virtual.run(begins(seed)) for seed in range(12)]
        assert all(239 <= moment <= 301 for moment in moments)
        assert len({round(moment) for moment in moments}) > 6

    def test_failure_leaves_calls_working_until_the_end(self) -> None:
        """While the issuer fails, calls go on with the old token, and it is asked ever less often; then they fail."""

        async def main() -> None:
            scene = Scene()
            old = scene.consent().access_token
            process = scene.process()
            scene.issuer.always = unreachable
            await process.grant.access_token()
            await asyncio.sleep(HOUR - 240)
            for _ in range(225):
                assert await process.grant.access_token() == old
                await asyncio.sleep(1.0)
            delayed = told(process, RefreshDelayed)
            assert 5 <= len(delayed) <= 10
            assert [event.seconds for event in delayed][:7] == [1, 2, 4, 8, 16, 32, 60]
            assert len(scene.issuer.posts) == 4 * len(delayed)
            await asyncio.sleep(20.0)
            with pytest.raises(RefreshFailed) as caught:
                await process.grant.access_token()
            assert "httpx" not in repr(caught.value.__cause__)
            scene.issuer.always = None
            await asyncio.sleep(61.0)
            assert scene.accepts(await process.grant.access_token())
            assert scene.issuer.rotations == 1

        virtual.run(main())

    def test_a_grant_without_refresh_token_works_to_its_end(self) -> None:
        """It is used up, without asking the store for each call; then the customer has to consent again."""

        async def main() -> None:
            scene = Scene()
            scene.place.put(attrs.evolve(scene.consented(), refresh_token=None))
            process = scene.process()
            await asyncio.sleep(HOUR - 240)
            for _ in range(100):
                assert scene.accepts(await process.grant.access_token())
                await asyncio.sleep(0.01)
            assert process.store.calls.count("load") < 5
            await asyncio.sleep(241.0)
            with pytest.raises(ReauthorizationRequired) as caught:
                await process.grant.access_token()
            assert caught.value.cause == "no refresh token"
            assert scene.issuer.posts == []

        virtual.run(main())


class TestRefused:
    """A token that Brex answers 401 to."""

    def test_fifty_refusals_make_one_refresh(self) -> None:
        """Fifty calls that are refused at once are all sent again with one new token."""

        async def main() -> None:
            async with on_a_socket() as (scene, process), scene.brex(process) as brex:
                await brex.company.get()
                scene.world.issuer.expire(str(scene.place.state.access_token))
                await asyncio.gather(*(brex.company.get() for _ in range(50)))
                assert [entry.committed for entry in scene.token_posts] == [True]

        serving.run(main())

    def test_second_refusal_is_raised(self) -> None:
        """A new token that is refused too is Unauthorized, after one refresh."""

        async def main() -> None:
            async with on_a_socket() as (scene, process), scene.brex(process) as brex:
                scene.world.tenant().faults.add(
                    Fault(effect="expired_token", operation="getCompany"), now=virtual.EPOCH
                )
                with pytest.raises(Unauthorized):
                    await brex.company.get()
                assert len(scene.token_posts) == 1

        serving.run(main())

    def test_a_token_that_is_replaced_already(self) -> None:
        """A refusal of the token before the one at hand is no reason to refresh."""

        async def main() -> None:
            scene, process = await expired()
            old = str(scene.place.state.access_token)
            new = await process.grant.access_token()
            assert await process.grant.refused(old)
            assert await process.grant.access_token() == new
            assert len(scene.issuer.posts) == 1

        virtual.run(main())

    def test_a_token_that_a_sibling_has_replaced(self) -> None:
        """The sibling's token is adopted from the store, and nobody is asked."""

        async def main() -> None:
            scene, process = await expired()
            old = await scene.process().grant.access_token()  # whoever it is, the store has it
            assert len(scene.issuer.posts) == 1
            sibling = scene.process()
            assert await sibling.grant.access_token() == old
            scene.world.issuer.expire(old)
            new = await process.grant.access_token()
            assert new == old
            assert await sibling.grant.refused(old)
            assert await process.grant.refused(old)
            assert await process.grant.access_token() == await sibling.grant.access_token() != old
            assert len(scene.issuer.posts) == 2

        virtual.run(main())

    def test_while_another_refresh_is_under_way(self) -> None:
        """A refusal that joins a refresh which finds nothing to do has one of its own."""

        async def main() -> None:
            scene = Scene()
            scene.consent()
            process = scene.process()
            token = await process.grant.access_token()
            scene.place.put(attrs.evolve(scene.place.state, refreshed_at=virtual.EPOCH))
            keeper = process.grant._keeper
            process.store.before["load"] = waiting(process.clock, 1.0)
            idle = asyncio.create_task(keeper.renewed(process.grant._asker(), lambda _: False))
            await asyncio.sleep(0.5)
            assert await process.grant.refused(token)
            await idle
            assert len(scene.issuer.posts) == 1

        virtual.run(main())


class TestStoredBeforeUse:
    """New tokens are durable before anybody has them."""

    def test_no_request_carries_one_that_is_not_stored(self) -> None:
        """With a store that takes its time, no request leaves before the new tokens are in it."""

        async def main() -> None:
            async with on_a_socket(expired=True) as (scene, process), scene.brex(process) as brex:
                process.store.before["compare_and_swap"] = waiting(process.clock, 3.0)
                process.store.after["compare_and_swap"] = waiting(process.clock, 3.0)
                calls = [asyncio.create_task(brex.company.get()) for _ in range(10)]
                new: float | None = None
                while not all(call.done() for call in calls):
                    await asyncio.sleep(0.1)
                    asked = [entry for entry in scene.world.tenant().journal if entry.operation == "getCompany"]
                    if new is None and len(scene.place.history) == 3:
                        new = process.clock.monotonic()
                    assert new is not None or not asked
                assert new is not None
                first = min(entry.at for entry in scene.world.tenant().journal if entry.operation == "getCompany")
                assert (first - virtual.EPOCH).total_seconds() >= new
                assert [state.pending for state in scene.place.history] == [False, True, False]

        serving.run(main())

    def test_the_intent_is_durable_before_the_request(self) -> None:
        """When the issuer is asked, the store says so already."""

        async def main() -> None:
            scene, process = await expired()
            seen: list[bool] = []

            async def look(truth: Any) -> Any:
                seen.append(scene.place.state.pending)
                return truth()

            scene.issuer.always = look
            await process.grant.access_token()
            assert seen == [True]
            assert not scene.place.state.pending

        virtual.run(main())

    def test_an_intent_that_cannot_be_stored(self) -> None:
        """Without it the issuer is not asked."""

        async def main() -> None:
            scene, process = await expired()
            process.store.before["compare_and_swap"] = failing()
            with pytest.raises(TokenStoreError) as caught:
                await process.grant.access_token()
            assert not isinstance(caught.value, TokensNotSaved)
            assert isinstance(caught.value.__cause__, OSError)
            assert scene.issuer.posts == []
            process.store.before.clear()
            await asyncio.sleep(2.0)
            assert scene.accepts(await process.grant.access_token())

        virtual.run(main())
