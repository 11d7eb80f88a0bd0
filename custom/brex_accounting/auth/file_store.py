"""A grant in a file that several processes, threads and event loops of one machine share."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, cast

from ..checks import seconds
from ..clock import Clock, SystemClock
from ..errors import InvalidArgument
from .durable_file import DurableFile, FileOperations, explained
from .file_hold import FileHold
from .own_thread import in_own_thread
from .store import Stored
from .stored_document import MOST_BYTES, StoredDocument, decode, encode
from .waiting import patience, until


class FileTokenStore:
    """Keeps one grant in one file, across processes, ``kill -9`` and power cuts.

    The file is JSON, for its owner only (mode 0600), and is replaced as a whole: whoever reads it finds one state or
    the next. Two files are beside it: ``….lock``, which may stay there and must not be removed while a worker runs, and
    for a moment ``….new``. The lock is the operating system's. It ends with its process, so after a crash the next
    worker comes in at once, and no lease has to be waited for.

    The path is resolved once, here: a relative one does not move with the working directory, and where it is a
    symbolic link the store works on the file that the link names now, and leaves the link alone. A folder that does
    not exist is made at the first ``lock``, for its owner only (mode 0700). Stores of the same file are equal.

    All processes must run on one machine, or on a shared file system that really locks between machines.

    Args:
        path: The file; it need not exist.
        clock: Time and sleep.
        random: Draws the intervals at which a waiter looks again.
        operations: What is done to the disk; a test passes its own.

    Raises:
        InvalidArgument: The path cannot be one of a file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        operations: FileOperations | None = None,
    ) -> None:
        self._file = DurableFile(_resolved(path), operations or FileOperations())
        self._clock: Clock = clock or SystemClock()
        self._random: Random = random or Random()  # noqa: S311 - jitter is no secret
        self._holds: dict[int, FileHold] = {}

    @property
    def path(self) -> Path:
        """The file, absolute and with symbolic links followed."""
        return self._file.path

    async def load(self) -> Stored | None:
        """What is stored now, None where there is no file.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is not a whole document of this store. The text names the file and the remedy.
        """
        document = await in_own_thread(self._document)
        return None if document is None else Stored(document.version, document.content)

    async def compare_and_swap(self, expected: int | None, content: bytes, *, fence: int) -> Stored | None:
        """Store this if nobody else has stored anything meanwhile; it is on the disk when this returns.

        Whoever is cancelled meanwhile cannot know whether it is stored, and ``load`` says so once the lock is given
        again: the lock is not left before the write has ended.

        Args:
            expected: The version that is to be replaced, None where there is none yet.
            content: What to store: UTF-8 text.
            fence: The number that the lock of this object gave.

        Returns:
            What is stored now; None where another version is stored or the lock is no longer held by this object, and
            nothing has changed.

        Raises:
            OSError: It could not be stored; the text says what is there now.
            ValueError: The content is not a grant, or the file is not a whole document of this store: such a file is
                never overwritten.
        """
        hold = self._holds.get(fence)
        if hold is None:
            return None
        return await in_own_thread(self._swap, hold, expected, content)

    @asynccontextmanager
    async def lock(self, *, lease: float, wait: float) -> AsyncGenerator[int]:
        """The only holder of the lock, in all processes, for the block.

        Args:
            lease: Seconds; this lock outlasts it, as it ends with its holder's process.
            wait: The most seconds to wait for it; 0 for a single attempt.

        Yields:
            The fence: a number higher than all that were given before.

        Raises:
            InvalidArgument: ``lease`` or ``wait`` is no such number.
            OSError: The folder or the lock file cannot be made or written.
            TimeoutError: Somebody else holds it for so long.
        """
        seconds(lease, "lease")
        wait = patience(wait)
        await in_own_thread(self._file.make_folder)
        hold = FileHold(self._file, self._highest_fence_used)
        try:
            if not await until(hold.attempt, wait=wait, clock=self._clock, random=self._random):
                message = f"{self.path.name}: another worker held the lock for {wait:g} s"
                raise TimeoutError(message)
            self._holds[hold.fence] = hold
            yield hold.fence
        finally:
            if self._holds.get(hold.fence) is hold:
                del self._holds[hold.fence]
            hold.leave()

    def _swap(self, hold: FileHold, expected: int | None, content: bytes) -> Stored | None:
        with hold.writing() as still_held:
            if not still_held:
                return None
            document = self._document()
            current = None if document is None else document.version
            # A lock file that was removed guards nothing: then a higher fence in the file tells that others came in.
            if current != expected or (document is not None and document.fence > hold.fence):
                return None
            new = StoredDocument((current or 0) + 1, hold.fence, bytes(content))
            self._file.replace(encode(new))
            return Stored(new.version, new.content)

    def _document(self) -> StoredDocument | None:
        try:
            data = self._file.read(MOST_BYTES)
        except OSError as error:
            raise explained(error, self.path, "the token file must be readable for the user of this process") from error
        return None if data is None else decode(data, self.path.name)

    def _highest_fence_used(self) -> int:
        try:
            document = self._document()
        except ValueError:  # nothing will be stored in such a file; who holds the lock finds out
            return 0
        return 0 if document is None else document.fence

    def __eq__(self, other: object) -> bool:
        return self._place() == other._place() if isinstance(other, FileTokenStore) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._place())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def _place(self) -> str:
        return os.path.normcase(self.path)


def _resolved(path: Any) -> Path:
    text = cast("Any", os.fspath(path) if hasattr(path, "__fspath__") else path)
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        message = "path: expected the path of a token file, as str or PathLike"
        raise InvalidArgument(message)
    try:
        os.fsencode(text)
        found = Path(text).resolve()
        folder = found.is_dir() or text.endswith(("/", os.sep))
    except (OSError, RuntimeError, UnicodeEncodeError) as error:  # a loop of links, or a working directory that is gone
        message = f"path: {text!r} cannot be resolved; pass one that leads to a file"
        raise InvalidArgument(message) from error
    if found.name.endswith((".lock", ".new")):
        message = (
            f"path: {text!r} could be the lock or the new file of another store; name it otherwise, e.g. acme.json"
        )
        raise InvalidArgument(message)
    if folder:
        message = f"path: {text!r} is a folder; name a file in it, e.g. acme.json"
        raise InvalidArgument(message)
    return found


__all__ = ["FileTokenStore"]
