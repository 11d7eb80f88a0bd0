"""What SQLite and the disk raise, as errors that name the file and the remedy."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from ..errors import JournalError

_HELD: Final = (
    "another process has held the file for too long",
    "End what holds it, or try again; nothing was changed.",
)
_BY_CODE: Final = {
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_PROTOCOL: _HELD,  # after ten seconds: somebody was stopped in the middle of a write
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room and run it again; nothing was changed."),
    sqlite3.SQLITE_READONLY: (
        "the file cannot be written",
        "Let the user of this process write the file and its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened",
        "Name a file in a folder that exists and that the user of this process can write.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "the file is no journal",
        "Name the right file, or one that does not exist yet; nothing was changed.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the file is damaged",
        "Restore it from a backup, or move it away: a new journal is built by asking the ERP first.",
    ),
}
_OTHERWISE: Final = ("the disk failed", "Look after the disk and run it again; what was written before is kept.")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the file.

    Args:
        error: What SQLite raised.
    """
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)


def explained(error: sqlite3.Error | OSError, *, path: Path, operation: str, account: str | None) -> JournalError:
    """The error to raise instead.

    Args:
        error: What was raised.
        path: The file.
        operation: What was being done.
        account: The account label.
    """
    if isinstance(error, sqlite3.Error):
        summary, advice = _BY_CODE.get(_code(error), _OTHERWISE)
    elif error.errno == errno.ENOSPC:
        summary, advice = _BY_CODE[sqlite3.SQLITE_FULL]
    else:
        summary, advice = _BY_CODE[sqlite3.SQLITE_CANTOPEN]
    return refusal(summary, path=path, operation=operation, account=account, advice=advice)


def refusal(summary: str, *, path: Path, operation: str, account: str | None, advice: str) -> JournalError:
    """An error about a journal's file.

    Args:
        summary: What is wrong.
        path: The file.
        operation: What was being done.
        account: The account label.
        advice: What to do next.
    """
    return JournalError(f"{path}: {summary}", operation=operation, account=account, advice=advice)


def _code(error: sqlite3.Error) -> int:
    # SQLite tells the details in the upper bits; errors of the module itself have no code.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


__all__ = ["explained", "is_busy", "refusal"]
