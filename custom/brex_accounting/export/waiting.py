"""Waiting that somebody may end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from ..clock import Clock

T = TypeVar("T")


async def rest(clock: Clock, seconds: float, until: asyncio.Event) -> None:
    """Sleep, unless something happens first.

    Args:
        clock: Time and sleep.
        seconds: How long; nothing where it is not positive.
        until: What ends it.
    """
    if seconds <= 0:
        return
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Any]] = {loop.create_task(clock.sleep(seconds)), loop.create_task(until.wait())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Waited for, not awaited: their cancellation is not that of whoever waits.
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def unless(until: asyncio.Event, wanted: Awaitable[T]) -> T | None:
    """Wait for something, unless something else happens first: then it is called off.

    Args:
        until: What ends the waiting.
        wanted: What is waited for; calling it off must lose nothing.

    Returns:
        What was wanted, None where it was called off.
    """
    limit = asyncio.timeout(None)
    ending = asyncio.get_running_loop().create_task(_end(limit, until))
    try:
        async with limit:
            return await wanted
    except TimeoutError:
        if not limit.expired():
            raise
        return None
    finally:
        ending.cancel()
        await asyncio.wait({ending})


async def _end(limit: asyncio.Timeout, until: asyncio.Event) -> None:
    await until.wait()
    limit.reschedule(asyncio.get_running_loop().time())


__all__ = ["rest", "unless"]
