"""Where a receipt goes: a path or a writer, which see nothing of it before all of it is there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import inspect
import io
import os
import stat
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar, cast, runtime_checkable

from ..errors import InvalidArgument, ReceiptNotWritten
from ..transport.call import Call
from ..transport.send_failed import system_reason

T = TypeVar("T")

_AnyPath = str | os.PathLike[str] | os.PathLike[bytes]

_PIECE: Final = 262_144
"""Bytes that are written or read at once."""


@runtime_checkable
class ReceiptWriter(Protocol):
    """Takes the bytes of a receipt, at once or when it is awaited, as files that are open for writing do."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes; an int that it gives says how many of them it took."""
        ...


class ReceiptFile:
    """A temporary file that a receipt comes into.

    Args:
        folder: Where to make it, None for the system's place.
        call: The caller's call, for the facts of errors.

    All that may block is done in a thread, step by step. A step that has begun is waited for even by a caller that is
    cancelled: what it leaves behind could not be cleaned up otherwise.
    """

    def __init__(self, folder: Path | None, call: Call) -> None:
        self._folder = folder
        self._call = call
        self._file: IO[bytes] | None = None
        self._path: Path | None = None
        self._pending = bytearray()
        self._digest = hashlib.sha256()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self._size

    @property
    def sha256(self) -> str:
        """Their SHA-256 in hexadecimal, once the file has been delivered."""
        return self._digest.hexdigest()

    async def begin(self) -> None:
        """Begin with nothing, whatever came in before."""
        self._pending.clear()
        self._digest = hashlib.sha256()
        self._size = 0
        await self._step(self._opened)

    async def write(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        self._pending += chunk
        self._size += len(chunk)
        if len(self._pending) >= _PIECE:
            await self._step(self._flushed)

    async def move_to(self, path: Path) -> None:
        """Put the whole file in the place of another one, or where there was none."""

        def moved() -> None:
            file = self._flushed()
            os.fsync(file.fileno())
            file.close()
            os.replace(cast("Path", self._path), path)  # noqa: PTH105 - in one step, on every system
            self._file = self._path = None

        await self._step(moved)

    async def copy_to(self, writer: ReceiptWriter) -> None:
        """Give the whole file to a writer."""

        def rewound() -> IO[bytes]:
            file = self._flushed()
            file.seek(0)
            return file

        file = await self._step(rewound)
        while piece := await self._step(lambda: file.read(_PIECE)):
            while piece:
                piece = piece[await self._taken(writer, piece) :]

    async def discard(self) -> None:
        """Leave nothing behind; a file that has been moved is nobody's to discard."""
        if self._file is not None:
            await self._step(self._discarded)

    # ---- steps in a thread --------------------------------------------------------------------------------------

    def _opened(self) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
        elif self._folder is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - discard closes it
        else:
            path = self._folder / f".brex-receipt-{uuid.uuid4().hex}.part"
            self._file = path.open("xb")
            self._path = path

    def _flushed(self) -> IO[bytes]:
        file = self._file
        if file is None:  # pragma: no cover - begin comes first
            raise AssertionError
        self._digest.update(self._pending)
        file.write(self._pending)
        self._pending.clear()
        file.flush()
        return file

    def _discarded(self) -> None:
        with suppress(OSError):  # bytes that the disk had no room for
            cast("IO[bytes]", self._file).close()
        self._file = None
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    async def _step(self, step: Callable[[], T]) -> T:
        try:
            return await _in_thread(step)
        except OSError as error:
            raise _not_written(self._call, f"the receipt could not be written{system_reason(error)}") from error

    async def _taken(self, writer: ReceiptWriter, piece: bytes) -> int:
        """How many bytes the writer took."""
        try:
            taken: Any = writer.write(piece)
            if inspect.isawaitable(taken):
                taken = await taken
        except Exception as error:
            raise _not_written(self._call, f"the writer raised {type(error).__name__}") from error
        if isinstance(taken, bool) or not isinstance(taken, int) or taken >= len(piece):
            return len(piece)
        if taken <= 0:
            raise _not_written(self._call, "the writer takes no more bytes")
        return taken


class PathTarget:
    """A path; what is there stays until the receipt is whole.

    Args:
        path: As the caller gave it.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path | None = path
        self._absolute = path.absolute()  # the process may change its folder meanwhile

    async def check(self, call: Call) -> None:
        """Make sure, before anything is asked of anybody, that a file can be there."""
        try:
            await _in_thread(self._checked)
        except OSError as error:
            raise _not_written(call, f"the receipt could not be written{system_reason(error)}") from error

    def file(self, call: Call) -> ReceiptFile:
        """What the receipt comes into."""
        return ReceiptFile(self._absolute.parent, call)

    async def deliver(self, file: ReceiptFile) -> None:
        """Put the whole receipt there."""
        await file.move_to(self._absolute)

    def _checked(self) -> None:
        folder = self._absolute.parent
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        if self._absolute.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._absolute))


class WriterTarget:
    """A writer.

    Args:
        writer: As the caller gave it.
    """

    def __init__(self, writer: ReceiptWriter) -> None:
        self.path: Path | None = None
        self._writer = writer

    async def check(self, call: Call) -> None:
        """There is nothing to know about it before it is used."""

    def file(self, call: Call) -> ReceiptFile:
        """What the receipt comes into."""
        return ReceiptFile(None, call)

    async def deliver(self, file: ReceiptFile) -> None:
        """Give the whole receipt to it."""
        await file.copy_to(self._writer)


def a_target(to: object) -> PathTarget | WriterTarget:
    """Where a receipt goes.

    Raises:
        InvalidArgument: It is neither a path of text nor a writer of bytes.
    """
    if isinstance(to, str | os.PathLike):
        return PathTarget(_a_path(cast("_AnyPath", to)))
    if isinstance(to, ReceiptWriter) and callable(to.write) and not isinstance(to, io.TextIOBase | type):
        return WriterTarget(to)
    message = "to: expected a path, or an object with a method write that takes bytes, such as a file opened with 'wb'"
    raise InvalidArgument(message)


def _a_path(to: _AnyPath) -> Path:
    named = os.fspath(to)
    if not isinstance(named, str) or not named or "\0" in named:
        message = "to: expected a path of text that is not empty and holds no NUL"
        raise InvalidArgument(message)
    try:
        os.fsencode(named)
    except UnicodeEncodeError:
        pass
    else:
        return Path(named)
    message = "to: this path cannot be written in the encoding of the file system"
    raise InvalidArgument(message)


def _not_written(call: Call, summary: str) -> ReceiptNotWritten:
    """The error of a receipt that could not be written."""
    return ReceiptNotWritten(
        summary, **call.facts(), advice="Make it writable, or choose another place, and download the receipt again."
    )


async def _in_thread(step: Callable[[], T]) -> T:
    """Run a step that may block to its end, whoever is cancelled meanwhile."""
    work = asyncio.get_running_loop().run_in_executor(None, step)
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        work.exception()  # seen, and of no interest to whoever is cancelled
        raise cancelled  # the very same: whoever cancelled may know it by its looks
    return work.result()


__all__ = ["PathTarget", "ReceiptFile", "ReceiptWriter", "WriterTarget", "a_target"]
