"""Refreshes across processes: real ones, with a real file between them, against the emulator's issuer."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import random
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from brex_accounting import FileTokenStore
from brex_accounting.auth.grant_state import GrantState, from_bytes, to_bytes
from brex_accounting.emulator import EmulatorServer, Fault, Tenant, TenantPlan, World, serve_in_thread
from tests.auth.fleet import Fleet, Worker, freeze, holder
from tests.soak import SOAK

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


SCOPES = ("companies.readonly", "offline_access")
OWN_FILES = {"main.json", "main.json.lock"}

LOST = (
    Fault(effect="drop", operation="token", phase="after", probability=0.05, seed=1),
    Fault(effect="drop", operation="token", phase="before", probability=0.02, seed=2),
    Fault(effect="reset", operation="token", phase="after", probability=0.02, seed=3),
    Fault(effect="drop", operation="getCompany", phase="after", probability=0.01, seed=4),
)


class Bank:
    """An emulated account or two, with a grant of each in a file, and workers that use it.

    Args:
        world: What is served.
        server: Where.
        folder: Where the files are.
        expiries: How many access tokens have been ended that were good until then, by tenant.
    """

    def __init__(self, world: World, server: EmulatorServer, folder: Path, expiries: Counter[str]) -> None:
        self.world = world
        self.folder = folder
        self.expiries = expiries
        self._url = server.control_url
        self.plan: dict[str, Any] = {
            "base_url": server.base_url,
            "issuer": world.issuer_url,
            "client_id": world.issuer.client_id,
            "client_secret": world.issuer.client_secret,
            "accounts": {name: str(self.path(name)) for name in world.tenants},
        }

    @property
    def tenant(self) -> Tenant:
        return self.world.tenant()

    def path(self, name: str = "main") -> Path:
        return self.folder / f"{name}.json"

    def state(self, name: str = "main") -> GrantState:
        """What the store holds, and that it can be read."""
        stored = asyncio.run(FileTokenStore(self.path(name)).load())
        assert stored is not None
        return from_bytes(stored.content)

    def requests(self, name: str = "main") -> list[Any]:
        """The requests for tokens that the issuer has had."""
        return [entry for entry in list(self.world.tenant(name).journal) if entry.operation == "token"]

    def under_way(self) -> bool:
        """Whether a request for tokens is under way whose tokens have been made."""
        return any(entry.ended == "under way" and entry.committed for entry in self.requests())

    def rotations(self, name: str = "main") -> int:
        """How many refresh tokens have been used up."""
        tokens = list(self.world.issuer._grants._refresh.values())
        return sum(token.used for token in tokens if token.grant.tenant == name)

    def fired(self, effect: str, operation: str) -> int:
        """How many requests a kind of fault has struck."""
        standing = self.tenant.faults.all(now=self.tenant.now())
        return sum(rule.fired for rule in standing if (rule.fault.effect, rule.fault.operation) == (effect, operation))

    def control(self, path: str, **body: Any) -> None:
        """Change something through the control API."""
        request = urllib.request.Request(
            self._url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert 200 <= answer.status < 300

    def check(self, *, expiries: int | None = None, name: str = "main") -> None:
        """Nobody is locked out, each expiry has cost one rotation at most, and the store is tidy."""
        for replay in self.world.issuer.replays:
            assert (True, False) == (replay.within_grace, replay.revoked_family)
        assert not any(grant.ended for grant in self.world.issuer._grants._grants)
        # Workers may go on meanwhile: what is looked at first has happened before what is looked at later.
        rotations = self.rotations(name)
        # The one that was stored at the start has expired too.
        assert rotations <= 1 + (self.expiries[name] if expiries is None else expiries)
        used = {token.value for token in list(self.world.issuer._grants._refresh.values()) if token.used}
        state = self.state(name)
        assert state.dead is None
        assert state.intent is not None or state.refresh_token not in used


@contextmanager
def bank(folder: Path, *faults: Fault, tenants: tuple[str, ...] = ("main",), grace: str = "30s") -> Iterator[Bank]:
    """Serve accounts whose access tokens have all expired.

    Args:
        folder: Where their grants are kept.
        faults: What goes wrong in the first account.
        tenants: Their names.
        grace: How long the issuer repeats an answer.
    """
    world = World(
        TenantPlan(records=1, rate_limit=None, variants={"grace": grace, "rotation": "on", "reuse": "revokes"})
    )
    for name in tenants[1:]:
        world.add(name)
    expiries: Counter[str] = Counter()
    issuer, expire = world.issuer, world.issuer.expire

    def counted(token: str) -> None:
        found = issuer._grants.access_token(token)
        if found is not None and not found.ended:
            expiries[found.grant.tenant] += 1
        expire(token)

    issuer.expire = counted  # type: ignore[method-assign]
    given = {name: issuer.grant(name, SCOPES) for name in tenants}
    for fault in faults:
        world.tenant().add_fault(fault)
    grants = folder / "grants"
    grants.mkdir()
    with serve_in_thread(world) as server:
        made = Bank(world, server, grants, expiries)
        for name, tokens in given.items():
            expire(tokens.access_token)
            long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
            state = GrantState(
                issuer=world.issuer_url,
                client_id=issuer.client_id,
                access_token=tokens.access_token,
                refresh_token=tokens.refresh_token,
                scopes=SCOPES,
                granted_at=long_ago,
                refresh_token_at=long_ago,
                refreshed_at=long_ago,
                expires_at=long_ago + datetime.timedelta(hours=1),
            )
            asyncio.run(store(made.path(name), state))
        yield made
    assert [] == world.bugs


async def store(path: Path, state: GrantState) -> None:
    found = FileTokenStore(path)
    async with found.lock(lease=10, wait=10) as fence:
        assert await found.compare_and_swap(None, to_bytes(state), fence=fence) is not None


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "said").mkdir()
    return tmp_path


def fleet(bank: Bank, **plan: Any) -> Fleet:
    return Fleet(bank.folder.parent / "said", {**bank.plan, **plan})


def succeeded(workers: Fleet) -> int:
    return sum(line["succeeded"] for line in workers.heard("calls"))


class TestManyProcesses:
    PROCESSES = 8
    TASKS = 50
    CALLS = 20 if SOAK else 2
    PAUSE = 2.0 if SOAK else 1.0
    # Each expiry costs every task that is about to call a request, which counts too.
    EXPIRY = Fault(effect="expired_token", operation="getCompany", every=100)

    def test_lost_answers(self, folder: Path) -> None:
        """Answers are lost and tokens expire every few requests: each call succeeds, at one rotation an expiry."""
        with (
            bank(folder, self.EXPIRY, *LOST) as served,
            fleet(served, tasks=self.TASKS, calls=self.CALLS, pause=self.PAUSE) as workers,
        ):
            for _ in range(self.PROCESSES):
                workers.start()
            workers.done(seconds=600 if SOAK else 60)
            assert [] == workers.heard("failed")
            assert self.PROCESSES * self.TASKS * self.CALLS == succeeded(workers)
            served.check()
            refreshed = workers.heard("refreshed")
            # Each rotation was told by whoever stored its tokens, and there was something to prove.
            assert served.rotations() == len(refreshed)
            assert served.rotations() > 2
            assert served.fired("drop", "token") + served.fired("reset", "token") > 0
            assert {path.name for path in served.folder.iterdir()} == OWN_FILES

    def test_expired_for_all(self, folder: Path) -> None:
        """All tasks of all processes find the token expired: one refresh is made for them."""
        with bank(folder) as served, fleet(served, tasks=self.TASKS) as workers:
            for _ in range(self.PROCESSES):
                workers.start()
            workers.done()
            assert [] == workers.heard("failed")
            assert (1, 1) == (served.rotations(), len(served.requests()))


class TestKills:
    PROCESSES = 8 if SOAK else 4
    ROUNDS = 100 if SOAK else 5

    def test_at_random_instants(self, folder: Path) -> None:
        """Workers are killed at random instants, half of them with the lock in hand: whoever comes next goes on."""
        dice = random.Random(5)
        counted: Counter[str] = Counter()
        faults = (
            Fault(effect="expired_token", operation="getCompany", every=15),
            # So that an instant is likely to be one of a refresh.
            Fault(effect="latency", operation="token", phase="after", delay=0.02),
            *LOST,
        )
        with bank(folder, *faults) as served, fleet(served, tasks=2, calls=None, pause=0.1) as workers:
            for _ in range(self.PROCESSES):
                workers.start()
            workers.until(lambda: all(worker.heard("first call") for worker in workers.workers), "first calls")
            for _ in range(self.ROUNDS):
                fresh: list[Worker] = []
                for choose in (self._any, self._holder):
                    time.sleep(dice.uniform(0, 0.1))
                    victim = choose(served, workers, dice)
                    self._kill(served, victim, counted)
                    # The victim may be one that has just been started.
                    fresh = [*(worker for worker in fresh if worker is not victim), workers.start()]
                self._until_calling(workers, fresh)
                served.check()
                assert {path.name for path in served.folder.iterdir()} <= OWN_FILES | {"main.json.new"}
            for worker in workers.alive:
                worker.kill()
            last = workers.start(calls=1, tasks=1)
            workers.done(last)
            assert [] == workers.heard("failed")
            served.check()
            recovered = sum(line["recovered"] for line in workers.heard("refreshed"))
            counted |= Counter(rotations=served.rotations(), expiries=served.expiries["main"], recovered=recovered)
            (folder / "counted.json").write_text(json.dumps(counted))  # for whoever wants to know
            assert counted["with lock"] > 0

    def _until_calling(self, workers: Fleet, fresh: list[Worker]) -> None:
        def all_calling() -> bool:
            assert [] == [line for worker in workers.alive for line in worker.heard("failed")], workers.story()
            assert all(worker.is_alive for worker in fresh), workers.story()
            return all(worker.heard("first call") for worker in fresh)

        workers.until(all_calling, "a fresh process makes a call")

    def _any(self, served: Bank, workers: Fleet, dice: random.Random) -> Worker:
        return dice.choice(workers.alive)

    def _holder(self, served: Bank, workers: Fleet, dice: random.Random) -> Worker:
        """Whoever refreshes the tokens, a moment after it has begun."""
        lock = served.path().with_name("main.json.lock")
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            pid = holder(lock)
            if pid is not None:
                time.sleep(dice.uniform(0, 0.02))
                return next(worker for worker in workers.alive if worker.pid == pid)
        return self._any(served, workers, dice)

    def _kill(self, served: Bank, worker: Worker, counted: Counter[str]) -> None:
        """Kill a worker, and count what it was about to do."""
        freeze(worker)  # for the count: what it is about to do does not change before it is gone
        with_lock = holder(served.path().with_name("main.json.lock")) == worker.pid
        counted["kills"] += 1
        counted["with lock"] += with_lock
        counted["with intent"] += with_lock and served.state().pending
        worker.kill()


def lost(**facts: Any) -> Fault:
    """The answer to the first request for tokens is lost, after the old ones have been used up."""
    return Fault(effect="hang", operation="token", phase="after", times=1, **facts)


def slow(seconds: float) -> Fault:
    """The answer to the first request for tokens takes its time."""
    return Fault(effect="latency", operation="token", phase="after", times=1, delay=seconds)


class TestAnswerLost:
    def test_no_grace(self, folder: Path) -> None:
        """An issuer that repeats nothing: all processes say why, one event says it once, other accounts go on."""
        drop = Fault(effect="drop", operation="token", phase="after", times=1)
        with (
            bank(folder, drop, tenants=("main", "other"), grace="0s") as served,
            fleet(served, tasks=2, calls=2, pause=0.2) as workers,
        ):
            for _ in range(3):
                workers.start()
            workers.done()
            self._check(served, workers, calls=12)
            workers.done(workers.start())
            self._check(served, workers, calls=16)
            assert [("other", 16)] == [item for item in self._succeeded(workers).items() if item[1]]

    def test_killed_and_started_too_late(self, folder: Path) -> None:
        """A worker is killed before its answer comes, and the next one starts after the issuer has forgotten it."""
        with bank(folder, lost()) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            first.kill()
            assert served.state().pending
            served.control("/clock?tenant=main", advance=31)
            for calls in (1, 2):
                workers.done(workers.start())
                self._check(served, workers, calls=calls)

    def test_killed_and_started_in_time(self, folder: Path) -> None:
        """The same before that: the next worker is given the same tokens."""
        with bank(folder, lost()) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            first.kill()
            served.control("/clock?tenant=main", advance=25)
            workers.done(workers.start())
            served.check()
            assert [True] == [line["recovered"] for line in workers.heard("refreshed")]
            assert (1, 2) == (served.rotations(), len(served.requests()))

    def _check(self, served: Bank, workers: Fleet, *, calls: int) -> None:
        """So many calls have failed for the reason, which was told once, and one request was refused."""
        failed = Counter((line["account"], line["error"], line["cause"]) for line in workers.heard("failed"))
        assert {("main", "ReauthorizationRequired", "answer lost"): calls} == failed
        assert [("main", "answer lost")] == [
            (line["account"], line["cause"]) for line in workers.heard("reauthorization needed")
        ]
        # Two requests in all: the one whose answer was lost, and its repetition.
        assert [None, 400] == [entry.status for entry in served.requests()]
        dead = served.state().dead
        assert dead is not None
        assert "answer lost" == dead.cause

    def _succeeded(self, workers: Fleet) -> Counter[str]:
        counted: Counter[str] = Counter()
        for line in workers.heard("calls"):
            counted[line["account"]] += line["succeeded"]
        return counted


class TestSignals:
    def test_term(self, folder: Path) -> None:
        """SIGTERM ends a worker in the middle of a refresh: the next one brings it to its end."""
        with bank(folder, lost()) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            first.send(signal.SIGTERM)
            assert -signal.SIGTERM == first.wait()
            assert served.state().pending
            workers.done(workers.start())
            served.check()
            assert 1 == served.rotations()

    def test_term_with_a_handler(self, folder: Path) -> None:
        """Where a handler cancels the main task, the client waits for the refresh, and its tokens are stored."""
        with bank(folder, slow(0.5)) as served, fleet(served) as workers:
            first = workers.start(on_term="close")
            workers.until(served.under_way, "the tokens are on their way")
            first.send(signal.SIGTERM)
            workers.done(first)
            assert 1 == len(first.heard("cancelled"))
            self._check_settled(served, workers)

    def test_interrupt(self, folder: Path) -> None:
        """So it is with Ctrl-C."""
        with bank(folder, slow(0.5)) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            first.send(signal.SIGINT)
            assert -signal.SIGINT == first.wait()
            self._check_settled(served, workers)

    def test_impatient_interrupt(self, folder: Path) -> None:
        """A second Ctrl-C breaks the wait off: the tokens are stored, or the next worker is given the same."""
        with bank(folder, lost()) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            first.send(signal.SIGINT)
            time.sleep(0.2)
            first.send(signal.SIGINT)
            assert -signal.SIGINT == first.wait()
            workers.done(workers.start())
            served.check()
            assert 1 == served.rotations()

    def _check_settled(self, served: Bank, workers: Fleet) -> None:
        """The new tokens are stored, with nothing under way, and the next worker needs no others."""
        state = served.state()
        assert (None, None) == (state.intent, state.dead)
        workers.done(workers.start())
        served.check()
        assert (1, 1) == (served.rotations(), len(served.requests()))


class TestOneProcess:
    def test_two_event_loops(self, folder: Path) -> None:
        """Two event loops in two threads refresh as two processes do, and beside another process."""
        expiry = Fault(effect="expired_token", operation="getCompany", every=15)
        with bank(folder, expiry, *LOST) as served, fleet(served, tasks=4, calls=5, pause=0.3) as workers:
            workers.start(threads=2)
            workers.start()
            workers.done()
            assert [] == workers.heard("failed")
            assert 3 * 4 * 5 == succeeded(workers)
            served.check()
            assert served.rotations() > 1

    def test_fork(self, folder: Path) -> None:
        """A process that is forked in the middle of a refresh goes on, and its child waits for the same tokens."""
        with bank(folder, slow(0.5)) as served, fleet(served, forks="calls") as workers:
            workers.start()
            workers.done()
            assert [0] == [line["status"] for line in workers.heard("child")]
            assert [] == workers.heard("failed")
            assert 2 == succeeded(workers)
            served.check()
            assert (1, 1) == (served.rotations(), len(served.requests()))

    def test_child_without_parent(self, folder: Path) -> None:
        """A child that was forked in the middle of a refresh does not keep the lock of a parent that is killed."""
        with bank(folder, lost()) as served, fleet(served, refresh_timeout=2.0) as workers:
            first = workers.start(forks="idles")
            workers.until(served.under_way, "the tokens are on their way")
            (line,) = workers.until(lambda: first.heard("forked"), "the process has forked")
            try:
                first.kill()
                workers.done(workers.start())
                assert [] == workers.heard("failed")
            finally:
                os.kill(line["pid"], signal.SIGKILL)
            served.check()


class TestStopped:
    def test_with_the_lock(self, folder: Path) -> None:
        """A process stands still with the lock in hand: others wait for so long and say so, and it does no harm."""
        with bank(folder, slow(0.3)) as served, fleet(served) as workers:
            first = workers.start()
            workers.until(served.under_way, "the tokens are on their way")
            freeze(first)
            try:
                second = workers.start(refresh_timeout=0.25)
                workers.done(second)
            finally:
                first.send(signal.SIGCONT)
            (failed,) = second.heard("failed")
            assert "TokenStoreError" == failed["error"]
            assert "its lock is held by somebody else for more than 1 s" in failed["text"]
            workers.done(first, workers.start())
            assert [failed] == workers.heard("failed")
            served.check()
            assert 1 == served.rotations()


class TestWrongClock:
    def test_hours_off(self, folder: Path) -> None:
        """Clocks two hours ahead and behind cost some refreshes more, and nobody is locked out."""
        expiry = Fault(effect="expired_token", operation="getCompany", every=15)
        with bank(folder, expiry, *LOST) as served, fleet(served, tasks=2, calls=10, pause=0.2) as workers:
            for ahead in (0, 7200, -7200):
                workers.start(ahead=ahead)
            workers.done()
            assert [] == workers.heard("failed")
            assert 3 * 2 * 10 == succeeded(workers)
            # What one of them stores looks expired to those whose clocks are ahead of its own: two at most.
            served.check(expiries=3 * served.expiries["main"] + 2)
