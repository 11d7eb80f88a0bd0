"""The index of the books: what is written to it is there whole, or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.export.beancount.index import Index


class TestWriting:
    def test_a_commit_that_fails_is_rolled_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be committed, since somebody was reading, does not come in with what is written next."""
        connect: Any = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, **{**options, "timeout": 0.0}))
        index = Index(tmp_path / "books.index")
        index.open()
        reader = sqlite3.connect(tmp_path / "books.index", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM segments").fetchone()
        with pytest.raises(sqlite3.OperationalError, match="locked"), index.writing():
            index.seal(0, 5, b"first")
        reader.execute("COMMIT")
        with index.writing():
            index.seal(0, 7, b"second")
        assert [(0, 7, b"second")] == reader.execute("SELECT * FROM segments").fetchall()
        reader.close()
        index.close()
