"""The client against the emulator: a real socket between them, and an event loop that never sleeps around both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from brex_accounting import Brex, Event, RetryPolicy, Runtime
from brex_accounting.emulator import EmulatorServer, Tenant, TenantPlan, World
from tests import virtual

T = TypeVar("T")

RETRY = RetryPolicy(attempts=3, backoff=0.5)
_PACE = 0.005


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop that jumps over waits, but not over bytes that are on their way to a socket."""
    return virtual.run(main, pace=_PACE)


async def until_idle(tenant: Tenant, *, seconds: float) -> None:
    """Let so much time pass that every request which is under way has come to its end."""
    await asyncio.sleep(seconds)
    assert all(entry.ended != "under way" for entry in tenant.journal)


class Served:
    """An emulator that is being served, and a client of its default tenant."""

    def __init__(self, world: World, server: EmulatorServer, brex: Brex, events: list[Event]) -> None:
        self.world = world
        self.server = server
        self.brex = brex
        self.events = events

    @property
    def tenant(self) -> Tenant:
        return self.world.tenant()


@asynccontextmanager
async def served(plan: TenantPlan | None = None, **options: Any) -> AsyncIterator[Served]:
    """Serve a world of 250 records, every answer held against its document whole; afterwards it has no bugs.

    Args:
        plan: What the tenant starts with.
        **options: For ``Brex``, before what is usual here.
    """
    world = World(plan or TenantPlan(records=250, seed=7))
    events: list[Event] = []
    usual = {"account": "acme", "retry": RETRY, "on_event": events.append, "rate_limit": None}
    usual["runtime"] = Runtime(clock=virtual.VirtualClock())
    async with (
        EmulatorServer(world, whole=True) as server,
        Brex(world.issuer.user_token("main"), base_url=server.base_url, **{**usual, **options}) as brex,
    ):
        yield Served(world, server, brex, events)
    assert [] == world.bugs
