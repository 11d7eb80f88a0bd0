"""Waiting that somebody may end."""

from __future__ import annotations

import asyncio
from typing import Any

from ..clock import Clock


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


__all__ = ["rest"]
