"""Steps that are not broken off: a refresh that has left must come to its end, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """The step itself was cancelled, as ``asyncio.run`` cancels every task at its end; internal."""


class Unbroken:
    """Runs steps in spite of cancellation, and remembers that there was one.

    ``asyncio.run`` cancels all tasks at its end and then waits for them, so a task that goes on after its cancellation
    still gets to its end.
    """

    def __init__(self) -> None:
        self._cancelled: asyncio.CancelledError | None = None

    @property
    def cancelled(self) -> bool:
        """Whether somebody wanted to cancel what goes on."""
        return self._cancelled is not None

    async def run(self, step: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a step to its end.

        Args:
            step: Makes the coroutine.

        Raises:
            Interrupted: The step was cancelled from outside; it may be run again.
        """
        task = asyncio.get_running_loop().create_task(step())
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                self._cancelled = error
        if task.cancelled():
            raise Interrupted
        return task.result()

    def finish(self) -> None:
        """Be cancelled now, if somebody wanted that on the way.

        Raises:
            CancelledError: Somebody did.
        """
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise cancelled  # the very same: whoever cancelled may know it by its looks


__all__ = ["Interrupted", "Unbroken"]
