"""The operating system's lock on a token file, held once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from .durable_file import DurableFile, explained

# Always as long: where a crash leaves the first digits of a number and the last ones of that before it, the mixture is
# not below that before it.
_DIGITS = 20


class FileHold:
    """One hold of the lock: attempted until it works, left once.

    The file beside the token file holds the last fence that was given. It is not flushed: it outlasts a process; a
    power cut ends all holders, and the fences that were used are in the token file.

    Args:
        file: The token file.
        highest_used: Says the highest fence that anything was stored with.
    """

    def __init__(self, file: DurableFile, highest_used: Callable[[], int]) -> None:
        self.fence: int = 0
        self._file = file
        self._highest_used = highest_used
        self._descriptor = -1
        self._path = file.path.with_name(file.path.name + ".lock")
        # A lock that is no lock of the system (``fallback_to_soft``) would survive its process, and one whose file is
        # removed at the end (Windows, without ``preserve_lock_file``) would lose the fence.
        self._lock = FileLock(
            self._path,
            mode=0o600,
            thread_local=False,
            blocking=False,
            fallback_to_soft=False,
            preserve_lock_file=True,
            on_acquired=self._draw_fence,
        )
        self._mutex = threading.Lock()
        self._turn = threading.Lock()
        self._writes = 0
        self._left = False

    def attempt(self) -> bool:
        """Take the lock if it is free; nobody waits.

        Raises:
            OSError: The lock file cannot be made or written.
        """
        try:
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            advice = "without a lock nothing is stored; the folder must be writable for the user of this process"
            raise explained(error, self._path, advice) from error
        return True

    def leave(self) -> None:
        """Let the next one in, at once or when the write that is under way has ended."""
        # A process that was forked under the lock has a copy of this object and no lock.
        if not self._lock.is_locked:
            return
        with self._mutex:
            self._left = True
            if self._writes:
                return
        self._lock.release()

    @contextmanager
    def writing(self) -> Generator[bool]:
        """Keep the lock for the block, whoever leaves meanwhile; one block runs at a time.

        Yields:
            Whether the lock is still held; where it is not, the block must not write.
        """
        if not self._enter():
            yield False
            return
        try:
            with self._turn:
                yield self._guards_the_name()
        finally:
            self._exit()

    def _enter(self) -> bool:
        if not self._lock.is_locked:
            return False
        with self._mutex:
            if self._left:
                return False
            self._writes += 1
            return True

    def _exit(self) -> None:
        with self._mutex:
            self._writes -= 1
            last = self._left and not self._writes
        if last:
            self._lock.release()

    def _guards_the_name(self) -> bool:
        """Whether nobody has removed the lock file, so that another one could be made and locked."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _draw_fence(self, descriptor: int) -> None:
        operations = self._file.operations
        operations.rewind(descriptor)
        found = self._file.contents(descriptor, _DIGITS)[:_DIGITS]
        last_given = int(found) if found.isdigit() else 0
        fence = max(last_given, self._highest_used()) + 1
        operations.rewind(descriptor)
        self._file.write(descriptor, b"%0*d" % (_DIGITS, fence))
        self._descriptor = descriptor
        self.fence = fence


__all__ = ["FileHold"]
