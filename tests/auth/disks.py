"""Disks that fail, and machines that end, at an operation of the test's choice."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from brex_accounting.auth.durable_file import FileOperations

T = TypeVar("T")


class Crash(BaseException):
    """The process ends here: nothing of it runs any more, what it holds is let go."""


class ScriptedDisk(FileOperations):
    """Counts its operations, and spoils one of them.

    Args:
        at: Which operation, from 0; None spoils nothing.
        how: ``before`` it, ``half`` of what it writes, or ``after`` it.
        error: What is raised there. After a Crash no operation has any effect.
    """

    def __init__(self, at: int | None = None, how: str = "before", error: BaseException | None = None) -> None:
        self.steps: list[str] = []
        self.modes: list[int] = []
        self.opened: set[int] = set()
        self.most_at_once = 1 << 30
        self._at = at
        self._how = how
        self._error = error or Crash()
        self._dead = False

    def on_step(self, step: int) -> None:
        """Called before each operation."""

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        def act() -> int:
            descriptor = super(ScriptedDisk, self).open(path, flags, mode)
            self.opened.add(descriptor)
            if flags & os.O_CREAT:
                self.modes.append(mode)
            return descriptor

        return self._step("open", act)

    def read(self, descriptor: int, most: int) -> bytes:
        return self._step("read", lambda: super(ScriptedDisk, self).read(descriptor, min(most, self.most_at_once)))

    def write(self, descriptor: int, data: bytes) -> int:
        def act(part: bytes = data[: self.most_at_once]) -> int:
            return super(ScriptedDisk, self).write(descriptor, part)

        return self._step("write", act, lambda: act(data[: len(data) // 2]))

    def rewind(self, descriptor: int) -> None:
        self._step("rewind", lambda: super(ScriptedDisk, self).rewind(descriptor))

    def fsync(self, descriptor: int) -> None:
        self._step("fsync", lambda: super(ScriptedDisk, self).fsync(descriptor))

    def close(self, descriptor: int) -> None:
        def act() -> None:
            self.opened.discard(descriptor)
            super(ScriptedDisk, self).close(descriptor)

        self._step("close", act)

    def replace(self, source: Path, target: Path) -> None:
        self._step("replace", lambda: super(ScriptedDisk, self).replace(source, target))

    def unlink(self, path: Path) -> None:
        self._step("unlink", lambda: super(ScriptedDisk, self).unlink(path))

    def mkdir(self, path: Path) -> None:
        self._step("mkdir", lambda: super(ScriptedDisk, self).mkdir(path))

    def bury(self) -> None:
        """What the operating system does with a process that has ended."""
        for descriptor in self.opened:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.opened.clear()

    def _step(self, name: str, act: Callable[[], T], half: Callable[[], object] = lambda: None) -> T:
        if self._dead:
            raise Crash
        step = len(self.steps)
        self.steps.append(name)
        self.on_step(step)
        if step != self._at:
            return act()
        self._dead = isinstance(self._error, Crash)
        if self._how == "after":
            act()
        elif self._how == "half":
            half()
        raise self._error


class CachingDisk(ScriptedDisk):
    """Keeps in memory what nobody flushes: a power cut takes it, or takes some of it."""

    def __init__(self, at: int | None = None, how: str = "before") -> None:
        super().__init__(at, how)
        self._names: dict[int, Path] = {}
        self._unflushed: set[Path] = set()
        self._before: dict[Path, bytes | None] = {}

    def open(self, path: Path, flags: int, mode: int = 0o600) -> int:
        descriptor = super().open(path, flags, mode)
        self._names[descriptor] = path
        if flags & os.O_CREAT:
            self._unflushed.add(path)
        return descriptor

    def fsync(self, descriptor: int) -> None:
        super().fsync(descriptor)
        path = self._names[descriptor]
        self._unflushed.discard(path)
        if path.is_dir():
            self._before.clear()

    def replace(self, source: Path, target: Path) -> None:
        old = target.read_bytes() if target.exists() else None
        flushed = source not in self._unflushed
        self._before.setdefault(target, old)
        self._unflushed.add(target)
        if flushed:
            self._unflushed.discard(target)
        super().replace(source, target)

    def cut_power(self, *, names_survive: bool) -> None:
        """Leave on the disk what a careless file system would."""
        self.bury()
        for path in self._unflushed:
            if path.exists():
                path.write_bytes(b"\0" * path.stat().st_size)
        if names_survive:
            return
        for path, old in self._before.items():
            path.unlink(missing_ok=True)
            if old is not None:
                path.write_bytes(old)
