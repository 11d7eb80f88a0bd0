"""A refresh that is cancelled, torn down or killed at every single step of its event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from brex_accounting import ReauthorizationRequired
from tests import virtual

from .faulty_store import Operation, nth, waiting
from .scripted_issuer import HOUR, Act, Process, Scene, late, lost_after, lost_before, unreachable

MOST_STEPS = 400


class SteppedLoop(virtual.VirtualLoop):
    """Calls something after each of its turns: between two turns everything waits for something."""

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self.steps = 0
        self.on_step: Callable[[int], None] = lambda _: None

    def _run_once(self) -> None:
        super()._run_once()  # type: ignore[misc]
        self.steps += 1
        self.on_step(self.steps)


def scene(script: list[Act], slow: Operation | None, **variants: str) -> tuple[Scene, Process]:
    """A process with an expired access token."""
    made = Scene(**variants)
    made.consent()
    made.issuer.script = list(script)
    process = made.process()
    if slow is not None:
        process.store.before[slow] = process.store.after[slow] = waiting(process.clock, 1.0)
    return made, process


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """What ``asyncio.run`` does at its end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))


def bury(made: Scene, process: Process, loop: SteppedLoop) -> None:
    """Clear away what a process left that was killed; nothing of it takes effect any more."""
    loop.on_step = lambda _: None
    process.store.crash()
    made.issuer.script, made.issuer.always = [], unreachable
    end_tasks(loop)
    loop.close()


def drive(loop: SteppedLoop, call: asyncio.Task[Any], stop_at: int) -> bool:
    """Run until the call is over or the loop has made so many turns; whether it was stopped."""

    driven = True

    def stop(_: object) -> None:
        if driven:  # it may be on its way already when the loop stops, and come in the next run
            loop.stop()

    call.add_done_callback(stop)
    loop.on_step = lambda step: loop.stop() if step == stop_at else None
    loop.run_forever()
    driven = False
    loop.on_step = lambda _: None
    call.remove_done_callback(stop)
    return not call.done()


def check(made: Scene, token: str) -> None:
    """No customer is locked out, and nothing was done twice."""
    assert made.accepts(token)
    assert made.issuer.rotations == 1
    assert [replay for replay in made.world.issuer.replays if not replay.within_grace] == []
    assert not made.place.state.pending
    assert made.place.state.access_token == token
    assert made.place.holder is None


WAYS: dict[str, tuple[list[Act], Operation | None]] = {
    "plain": ([], None),
    "slow issuer": ([late(0.5)], None),
    "slow loads": ([], "load"),
    "slow swaps": ([], "compare_and_swap"),
    "slow lock": ([], "lock"),
    "answer lost": ([lost_after], None),
    "requests lost": ([lost_before, lost_before], None),
    "twice lost, slow swaps": ([lost_after, lost_after], "compare_and_swap"),
}
ways = pytest.mark.parametrize(("script", "slow"), WAYS.values(), ids=list(WAYS))
WHOLE = [name for name, (script, _) in WAYS.items() if not script]
whole_ways = pytest.mark.parametrize("slow", [WAYS[name][1] for name in WHOLE], ids=WHOLE)
"""Those in which nothing is lost on the way: without a window a lost answer is the end, cancelled or not."""


def sweep(one: Callable[[int], bool]) -> int:
    """Do something at step 1, 2 and so on, until it is no longer reached; how many steps there were."""
    for step in range(1, MOST_STEPS):
        if not one(step):
            return step
    message = f"still not over after {MOST_STEPS} steps"
    raise AssertionError(message)


class TestCrash:
    """A process that is killed."""

    @ways
    @pytest.mark.parametrize("delay", [0.0, 15.0])
    def test_at_every_step(self, script: list[Act], slow: Operation | None, delay: float) -> None:
        """Whenever a process dies, the next one goes on within the replay window, and has a token that works."""

        def one(step: int) -> bool:
            made, victim = scene(script, slow)
            loop = SteppedLoop(HOUR + 1)
            stopped = drive(loop, loop.create_task(victim.grant.access_token()), step)
            if stopped:
                victim.store.crash()
            made.issuer.script = []
            heir = made.process()
            token = virtual.run(heir.grant.access_token(), start=loop.time() + delay)
            check(made, token)
            bury(made, victim, loop)
            return stopped

        assert sweep(one) > 15

    @whole_ways
    @pytest.mark.parametrize("variants", [{"grace": "0s"}, {"grace": "5s", "reuse": "refused"}])
    def test_and_the_next_one_comes_too_late(self, slow: Operation | None, variants: dict[str, str]) -> None:
        """After the window there is a token that works, or one ReauthorizationRequired that says why; no more POSTs."""
        outcomes: set[str] = set()

        def one(step: int) -> bool:
            made, victim = scene([], slow, **variants)
            loop = SteppedLoop(HOUR + 1)
            stopped = drive(loop, loop.create_task(victim.grant.access_token()), step)
            if stopped:
                victim.store.crash()
            heir = made.process()
            start = loop.time() + 60.0
            try:
                token = virtual.run(heir.grant.access_token(), start=start)
            except ReauthorizationRequired:
                outcomes.add("locked out")
                assert made.place.state.dead is not None
                assert made.place.state.dead.cause == "answer lost"
                posts = len(made.issuer.posts)
                for process in (heir, made.process()):
                    with pytest.raises(ReauthorizationRequired, match="the answer to that was lost"):
                        virtual.run(process.grant.access_token(), start=start + 100.0)
                assert len(made.issuer.posts) == posts
                assert len(made.world.issuer.replays) == 1
            else:
                outcomes.add("token")
                check(made, token)
            bury(made, victim, loop)
            return stopped

        sweep(one)
        assert outcomes == {"token", "locked out"}

    @whole_ways
    def test_whose_lock_ends_with_its_lease(self, slow: Operation | None) -> None:
        """Where nobody frees the lock of the dead, the next one gets in by the lease, still within the window."""

        def one(step: int) -> bool:
            made, victim = scene([], slow)
            loop = SteppedLoop(HOUR + 1)
            stopped = drive(loop, loop.create_task(victim.grant.access_token()), step)
            victim.store.dead = True
            token = virtual.run(made.process().grant.access_token(), start=loop.time())
            assert made.accepts(token)
            assert made.issuer.rotations == 1
            assert all(replay.within_grace for replay in made.world.issuer.replays)
            bury(made, victim, loop)
            return stopped

        assert sweep(one) > 15


class TestCancellation:
    """A refresh whose task is cancelled."""

    @ways
    def test_of_the_refresh_at_every_step(self, script: list[Act], slow: Operation | None) -> None:
        """Whoever waits gets a token all the same, and so does the next call."""

        def one(step: int) -> bool:
            made, process = scene(script, slow)
            loop = SteppedLoop(HOUR + 1)
            call = loop.create_task(process.grant.access_token())
            stopped = drive(loop, call, step)
            for task, _ in process.grant._keeper._renewals.values():
                task.cancel()
            token = loop.run_until_complete(call)
            check(made, token)
            assert loop.run_until_complete(process.grant.access_token()) == token
            loop.run_until_complete(process.grant.settled())
            loop.close()
            return stopped

        assert sweep(one) > 15

    @ways
    def test_of_everything_at_every_step(self, script: list[Act], slow: Operation | None) -> None:
        """After ``asyncio.run`` has cancelled all tasks, the same grant works in the next one, and in a new process."""

        def one(step: int) -> bool:
            made, process = scene(script, slow)
            loop = SteppedLoop(HOUR + 1)
            stopped = drive(loop, loop.create_task(process.grant.access_token()), step)
            end_tasks(loop)
            assert made.place.holder is None
            made.issuer.script = []
            loop.close()
            token = virtual.run(process.grant.access_token(), start=loop.time() + 10.0)
            check(made, token)
            assert virtual.run(made.process().grant.access_token(), start=loop.time() + 10.0) == token
            return stopped

        assert sweep(one) > 15

    @whole_ways
    def test_of_the_refresh_without_a_window(self, slow: Operation | None) -> None:
        """Where nothing is lost on the way, cancellation at any step locks nobody out even if nothing is replayed."""

        def one(step: int) -> bool:
            made, process = scene([late(0.5)], slow, grace="0s")
            loop = SteppedLoop(HOUR + 1)
            call = loop.create_task(process.grant.access_token())
            stopped = drive(loop, call, step)
            for task, _ in process.grant._keeper._renewals.values():
                task.cancel()
            loop.run_until_complete(call)
            token = loop.run_until_complete(process.grant.access_token())
            check(made, token)
            loop.close()
            return stopped

        assert sweep(one) > 15


class TestStoreThatFailsOnce:
    """A store that fails at one operation, each in its turn."""

    @pytest.mark.parametrize("operation", ["load", "compare_and_swap", "lock", "unlock"])
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_and_the_next_call_goes_on(self, operation: Operation, when: str, number: int) -> None:
        """Wherever a store fails once, a call a moment later has a token that works, and is not locked out."""

        def fail() -> None:
            raise OSError

        async def main() -> None:
            made, process = scene([], None, grace="0s")
            await asyncio.sleep(HOUR + 1)
            getattr(process.store, when)[operation] = nth(number, fail)
            try:
                await process.grant.access_token()
            except Exception as error:  # noqa: BLE001 - looked at below
                assert type(error).__name__ == "TokenStoreError"  # noqa: PT017
            await asyncio.sleep(5.0)
            check(made, await process.grant.access_token())
            assert process.unsaved == []

        virtual.run(main())
