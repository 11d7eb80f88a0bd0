"""The lock of the books for those who only read them: shared, and never made by them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import filelock

if sys.platform != "win32":
    import fcntl

_POLL: Final = 0.01


@contextlib.contextmanager
def reading_lock(path: Path, wait: float) -> Generator[None]:
    """Keep writers away while the block runs, where there is a lock to do that with.

    Nothing is made or changed. Where there is no file to lock, or none that this user may open, the block runs without
    one: what a writer has under way then looks like what a dead one has left, and is not counted.

    Args:
        path: The file that writers lock.
        wait: The most seconds to wait for one.

    Raises:
        filelock.Timeout: A writer holds the lock for longer.
    """
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
    if descriptor is None:
        yield
        return
    try:
        _share(descriptor, path, wait)
        yield
    finally:
        os.close(descriptor)


if sys.platform != "win32":

    def _share(descriptor: int, path: Path, wait: float) -> None:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise filelock.Timeout(str(path)) from None
                time.sleep(_POLL)
            except OSError:  # a file system without locks
                return
            else:
                return

else:

    def _share(descriptor: int, path: Path, wait: float) -> None:
        """Only one can hold a lock there, so readers take none."""


__all__ = ["reading_lock"]
