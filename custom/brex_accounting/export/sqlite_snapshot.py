"""A copy of a journal's file that leaves the file and its folder as they are."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

_BESIDE: Final = ("", "-wal", "-journal")
"""What a database is made of when nobody has it open."""

_TURNS: Final = 20


def snapshot(path: Path, *, patience: float) -> sqlite3.Connection:
    """A database of one's own that holds what the file holds now, and is gone when it is closed.

    SQLite makes files beside a database that it only reads, and leaves them there. They exist already where a process
    has the journal open, or was killed; anywhere else a copy is read.

    Args:
        path: The file; where there is none the database is empty.
        patience: The most seconds to wait for another process.

    Raises:
        OSError: The file cannot be read, or changes all the time.
        sqlite3.Error: It is no database.
    """
    copy = sqlite3.connect("", isolation_level=None)  # SQLite's name for a temporary file that has none
    try:
        _fill(copy, path, patience)
    except BaseException:
        copy.close()
        raise
    return copy


def _fill(copy: sqlite3.Connection, path: Path, patience: float) -> None:
    for _ in range(_TURNS):
        if not path.exists():
            return
        if all(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-shm")):
            _back_up(copy, f"{path.as_uri()}?mode=ro", patience)
            return
        # The files are read directly only here, where nobody has them open: closing them would end the locks that
        # SQLite holds on them elsewhere in this process.
        before = _state(path)
        with tempfile.TemporaryDirectory(prefix="brex-journal-") as folder:
            target = Path(folder) / "journal"
            for suffix in _BESIDE:
                part = path.with_name(path.name + suffix)
                if part.exists():
                    shutil.copyfile(part, target.with_name(target.name + suffix))
            if before == _state(path):
                _back_up(copy, target.as_uri(), patience)
                return
    message = "the file changed whenever it was being read"
    raise OSError(message)


def _back_up(copy: sqlite3.Connection, address: str, patience: float) -> None:
    with closing(sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)) as source:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # waits here, and from now on for nobody
        source.backup(copy)


def _state(path: Path) -> list[tuple[int, int, int] | None]:
    found: list[tuple[int, int, int] | None] = []
    for suffix in (*_BESIDE, "-shm"):
        try:
            stat = path.with_name(path.name + suffix).stat()
        except FileNotFoundError:
            found.append(None)
        else:
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return found


__all__ = ["snapshot"]
