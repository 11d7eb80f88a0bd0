"""Threads for disk operations that somebody waits for under a lock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_own_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call something that blocks, in a thread that nobody else uses.

    ``asyncio.to_thread`` takes the event loop's pool, which the caller may have filled with work that waits for us.

    Args:
        function: What to call.
        *args: Its arguments.
        **kwargs: The same.
    """
    call = partial(copy_context().run, partial(function, *args, **kwargs))
    thread = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, call)
    finally:
        thread.shutdown(wait=False)


__all__ = ["in_own_thread"]
