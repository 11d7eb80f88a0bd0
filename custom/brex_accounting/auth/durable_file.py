"""A file that is replaced as a whole, and stays replaced.

Every operation on the disk goes through ``FileOperations``, so that a test can fail, halve or end any of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from attrs import frozen

# Windows would otherwise change line ends, and only POSIX has the others.
_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: int | None = getattr(os, "O_DIRECTORY", None)

# What file systems say that cannot flush a folder.
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})


class FileOperations:
    """The operating system's, one method for each call."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        """A descriptor of the file."""
        return os.open(path, flags, mode)

    def read(self, descriptor: int, most: int) -> bytes:
        """At most so many bytes, none at the end."""
        return os.read(descriptor, most)

    def write(self, descriptor: int, data: bytes) -> int:
        """How many of the bytes were written."""
        return os.write(descriptor, data)

    def rewind(self, descriptor: int) -> None:
        """Read and write from the beginning."""
        os.lseek(descriptor, 0, os.SEEK_SET)

    def fsync(self, descriptor: int) -> None:
        """All of it is on the disk when this returns."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Give the descriptor back."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Give one file the name of the other, which is gone in the same instant."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a file; that there is none is fine."""
        path.unlink(missing_ok=True)

    def mkdir(self, path: Path) -> None:
        """Make a folder for its owner only; that there is one is fine."""
        path.mkdir(mode=0o700, exist_ok=True)


@frozen
class DurableFile:
    """One file, in a folder that its writer may write to.

    Attributes:
        path: Where it is; not a symbolic link.
        operations: The seam on the operating system.
    """

    path: Path
    operations: FileOperations

    def read(self, most: int) -> bytes | None:
        """The whole of it, or a little more than ``most`` bytes; None where there is no file.

        Raises:
            OSError: It cannot be read.
        """
        try:
            descriptor = self.operations.open(self.path, os.O_RDONLY | _BINARY)
        except FileNotFoundError:
            return None
        try:
            return self.contents(descriptor, most)
        finally:
            self.operations.close(descriptor)

    def contents(self, descriptor: int, most: int) -> bytes:
        """What can be read from here, or a little more than ``most`` bytes."""
        data = b""
        while len(data) <= most and (part := self.operations.read(descriptor, most + 1 - len(data))):
            data += part
        return data

    def write(self, descriptor: int, data: bytes) -> None:
        """All of it: the system may take less at a time."""
        while data:
            data = data[self.operations.write(descriptor, data) :]

    def replace(self, data: bytes) -> None:
        """Put this in the place of what is there, durably; only one at a time may.

        Raises:
            OSError: It did not work. What was there before is there still and whole, but for the last step: where only
                the flush of the folder failed, the new state can be read, and a power cut may bring back the old one.
        """
        # Always the same name: crashes leave one file behind, not one for each, and the next writer removes it.
        new = self.path.with_name(self.path.name + ".new")
        try:
            self.operations.unlink(new)
            self._write_new(new, data)
            self.operations.replace(new, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.operations.unlink(new)
            raise explained(error, self.path, "nothing was stored and the old state is whole") from error
        try:
            self._flush(self.path.parent)
        except OSError as error:
            raise explained(
                error, self.path, "the new state was stored, but a power cut may bring back the old one"
            ) from error

    def make_folder(self) -> None:
        """Make the folder, and those around it, for their owner only and durably.

        Raises:
            OSError: It cannot be made.
        """
        self._make(self.path.parent)

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make(folder.parent)
        self.operations.mkdir(folder)
        self._flush(folder.parent)

    def _write_new(self, new: Path, data: bytes) -> None:
        descriptor = self.operations.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY)
        try:
            self.write(descriptor, data)
            self.operations.fsync(descriptor)
        finally:
            self.operations.close(descriptor)

    def _flush(self, folder: Path) -> None:
        if _FOLDER is None:
            return
        descriptor = self.operations.open(folder, os.O_RDONLY | _FOLDER)
        try:
            self.operations.fsync(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_SYNC:
                raise
        finally:
            self.operations.close(descriptor)


def explained(error: OSError, path: Path, advice: str) -> OSError:
    """The same error, of the same class, with a file's name and more to say."""
    return OSError(error.errno, f"{error.strerror or type(error).__name__}; {advice}", error.filename or str(path))


__all__ = ["DurableFile", "FileOperations", "explained"]
