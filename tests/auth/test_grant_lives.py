"""Lives of grants: random programs of calls, expiry, lost answers, crashes, store failures and consents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from brex_accounting import (
    OAuthRefused,
    ReauthorizationRequired,
    RefreshFailed,
    TokenStoreError,
)

from .faulty_store import failing
from .scripted_issuer import Process, Scene, Truth, hanging, hanging_after, lost_after, lost_before, saying, unreachable
from .test_renewal_sweep import SteppedLoop, bury, drive, end_tasks

Step = tuple[str, Any]

FAULTS: dict[str, Any] = {
    "lost before": lost_before,
    "lost after": lost_after,
    "hanging": hanging,
    "hanging after": hanging_after,
    "500": saying(500),
    "invalid_client": saying(401, {"error": "invalid_client"}),
    "unreachable": unreachable,
}

steps = st.one_of(
    st.tuples(st.just("call"), st.integers(1, 5)),
    st.tuples(st.just("call and crash"), st.integers(1, 60)),
    st.tuples(st.just("call and end"), st.integers(1, 60)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 20.0, 70.0, 1000.0, 3400.0, 3700.0])),
    st.tuples(st.just("expire"), st.none()),
    st.tuples(st.just("fault"), st.tuples(st.sampled_from(sorted(FAULTS)), st.integers(1, 6))),
    st.tuples(st.just("store fails"), st.integers(1, 8)),
    st.tuples(st.just("revoke"), st.none()),
    st.tuples(st.just("consent"), st.none()),
)


class Life:
    """One customer's grant, one living process at a time, and what must be true of them."""

    def __init__(self, variants: dict[str, str]) -> None:
        self.scene = Scene(**variants)
        self.scene.consent()
        self.scene.issuer.always = self.act
        self.grace = self.scene.world.tenant().variants.seconds("grace")
        self.now = 0.0
        self.faults: list[Any] = []
        self.troubled_at = -1e9
        self.revoked = False
        self.graves: list[tuple[Process, SteppedLoop]] = []
        self.process = self.scene.process()

    async def act(self, truth: Truth) -> httpx.Response:
        """The issuer; nothing is rotated that is still good."""
        state = self.scene.place.state
        left = (state.expires_at - self.scene.truth.now()).total_seconds()
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            self.troubled_at = self.scene.truth.monotonic()
        rotations = self.scene.issuer.rotations
        response = truth() if fault is None else await fault(truth)
        if self.scene.issuer.rotations > rotations:
            assert left <= 300 or not self.good
        return response

    @property
    def good(self) -> bool:
        """Whether the stored access token works."""
        token = self.scene.place.state.access_token
        return token is not None and self.scene.accepts(token)

    def locked_out(self) -> bool:
        """Whether nobody could do anything about it: the consent is gone, or a used token is stored for too long."""
        sent = self.scene.place.state.refresh_token
        used = [
            post.at for post in self.scene.issuer.posts if post.committed and post.form.get("refresh_token") == sent
        ]
        return self.revoked or (bool(used) and self.now - used[0] >= self.grace - 10.0)

    def run(self, ask: Callable[[], Any], stop_at: int = -1) -> tuple[SteppedLoop, asyncio.Task[Any], bool]:
        loop = SteppedLoop(self.now)
        task = loop.create_task(ask())
        stopped = drive(loop, task, stop_at)
        self.now = loop.time()
        return loop, task, stopped

    def close(self, loop: SteppedLoop) -> None:
        end_tasks(loop)
        self.now = loop.time()
        loop.close()

    async def use(self) -> None:
        """What a client does for one call."""
        grant = self.process.grant
        token = await grant.access_token()
        if not self.scene.accepts(token):
            assert await grant.refused(token)
            token = await grant.access_token()
            assert self.scene.accepts(token)

    def outcome(self, task: asyncio.Task[Any]) -> None:
        """A call may fail where there is a reason."""
        error = None if task.cancelled() else task.exception()
        recent = self.now - self.troubled_at < 320.0
        match error:
            case None:
                pass
            case ReauthorizationRequired():
                assert self.locked_out(), error
            case RefreshFailed() | OAuthRefused() | TokenStoreError() if recent:
                pass
            case _:
                raise error

    # ---- steps --------------------------------------------------------------------------------------------------

    def call(self, tasks: int) -> None:
        async def ask() -> list[Any]:
            return await asyncio.gather(*(self.use() for _ in range(tasks)))

        loop, task, _ = self.run(ask)
        self.outcome(task)
        self.close(loop)

    def call_and_crash(self, step: int) -> None:
        loop, task, stopped = self.run(self.use, step)
        if not stopped:
            self.outcome(task)
        self.process.store.crash()
        self.graves.append((self.process, loop))
        self.process = self.scene.process()

    def call_and_end(self, step: int) -> None:
        loop, task, stopped = self.run(self.use, step)
        self.close(loop)
        if not stopped:
            self.outcome(task)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        # The clock of the emulator is that of the loop that runs.
        loop, _, _ = self.run(lambda: asyncio.sleep(0))
        self.close(loop)

    def expire(self, _: None) -> None:
        token = self.scene.place.state.access_token
        if token is not None:
            self.scene.world.issuer.expire(token)

    def fault(self, kind: tuple[str, int]) -> None:
        self.faults = [FAULTS[kind[0]]] * kind[1]

    def store_fails(self, times: int) -> None:
        hook = failing(times)

        def fail() -> None:
            try:
                hook()
            except OSError:
                self.troubled_at = self.scene.truth.monotonic()
                raise

        self.process.store.before["compare_and_swap"] = fail

    def revoke(self, _: None) -> None:
        self.scene.world.issuer.revoke_tenant("main")
        self.revoked = True

    def consent(self, _: None) -> None:
        scene, process, self.faults = self.scene, self.process, []
        process.store.before.clear()

        async def ask() -> None:
            request = process.app.authorization_request(
                redirect_uri=scene.world.issuer.redirect_uris[0], scopes=["accounting.record.read", "offline_access"]
            )
            self.scene.issuer.always = None
            await process.app.exchange(scene.callback(request), request, store=process.store)
            self.scene.issuer.always = self.act

        loop, task, _ = self.run(ask)
        task.result()
        self.close(loop)
        self.revoked = False

    def end(self) -> None:
        """When all trouble is over, the grant works, or it could not be helped."""
        self.faults = []
        self.process.store.before.clear()
        self.wait(400.0)
        self.call(3)
        if not self.locked_out():
            assert self.good
            assert not self.scene.place.state.pending
        for process, loop in self.graves:
            bury(self.scene, process, loop)


variants = st.fixed_dictionaries(
    {
        "grace": st.sampled_from(["30s", "0s", "300s"]),
        "rotation": st.sampled_from(["on", "on", "off", "silent"]),
        "reuse": st.sampled_from(["revokes", "refused"]),
        "expires_in": st.sampled_from(["sent", "absent"]),
    }
)


class TestLives:
    """Any program."""

    @given(variants, st.lists(steps, max_size=14))
    @example({"grace": "30s"}, [("expire", None), ("fault", ("lost after", 2)), ("call", 5)])
    @example({"grace": "30s"}, [("wait", 3700.0), ("call and crash", 20), ("wait", 20.0), ("call", 3)])
    @example({"grace": "30s"}, [("wait", 3700.0), ("store fails", 8), ("call", 3), ("wait", 20.0), ("call", 3)])
    @example(
        {"grace": "0s"}, [("wait", 3700.0), ("fault", ("lost after", 1)), ("call", 3), ("consent", None), ("call", 1)]
    )
    def test_nobody_is_locked_out(self, chosen: dict[str, str], program: list[Step]) -> None:
        """Unless it cannot be helped there is always a token that works, and nothing is rotated that is still good."""
        life = Life(chosen)
        for name, argument in program:
            getattr(life, name.replace(" ", "_"))(argument)
        life.end()
