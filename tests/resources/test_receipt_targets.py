"""Targets of downloads: paths and writers of every kind, and those that fail."""

from __future__ import annotations

import asyncio
import errno
import io
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from brex_accounting import ClientStateError, InvalidArgument, ReceiptNotWritten
from tests.resources.receipt_host import BODY, Host, Sips, ask, get, left, raised, sized


class Broken:
    """A writer that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def write(self, data: bytes) -> int:
        raise self.error


class _BytesPath:
    def __fspath__(self) -> bytes:
        return b"a"


class TestTargets:
    @pytest.mark.parametrize(
        ("path", "number"),
        [
            ("missing/a", errno.ENOENT),
            ("file/a", errno.ENOTDIR),
            ("folder", errno.EISDIR),
            ("a" * 300, errno.ENAMETOOLONG),
        ],
    )
    def test_no_place(self, path: str, number: int, tmp_path: Path) -> None:
        """Where no file can be, nothing is asked of anybody, and the system's reason is told."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").write_bytes(b"")
        host = Host()
        error = raised(lambda: get(host, tmp_path / path), ReceiptNotWritten)
        assert ([], ["file", "folder"]) == (host.script.sent, left(tmp_path))
        assert f"download receipt: the receipt could not be written: {os.strerror(number)} (account acme). " in str(
            error
        )
        assert number == error.__cause__.errno
        assert isinstance(error, OSError)

    @pytest.mark.parametrize("name", ["fsync", "replace"])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.ETIMEDOUT])
    def test_system_says_no(self, name: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that fails at the end leaves what was there, and the download is not made again."""

        def no(*_: Any) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, no)
        (tmp_path / "a").write_bytes(b"old")
        host = Host()
        error = raised(lambda: get(host, tmp_path / "a"), ReceiptNotWritten)
        assert os.strerror(number) in str(error)
        assert (["a"], b"old", 1) == (left(tmp_path), (tmp_path / "a").read_bytes(), len(host.asked))

    @pytest.mark.parametrize("to", ["path", "writer"])
    def test_full(self, to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that the system allows no more bytes for is given up in the middle of the download."""
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        host, plain = Host(sized(BODY * 40)), io.BytesIO()
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        try:
            error = raised(
                lambda: get(host, tmp_path / "a" if to == "path" else plain, max_bytes=10**7), ReceiptNotWritten
            )
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert os.strerror(errno.EFBIG) in str(error)
        assert ([], b"", 1) == (left(tmp_path), plain.getvalue(), len(host.asked))

    def test_writer_raises(self) -> None:
        """What a writer raises is the cause, and its words are its own."""
        problem = ValueError("words")
        error = raised(lambda: get(Host(), Broken(problem)), ReceiptNotWritten)
        assert problem is error.__cause__
        assert "the writer raised ValueError" in str(error)
        assert "words" not in str(error)

    @pytest.mark.parametrize("problem", [TimeoutError(), OSError(errno.ENOSPC, "full"), ClientStateError("x")])
    def test_writer_raises_ours(self, problem: Exception) -> None:
        """Even what looks like an end of ours is the writer's."""
        assert problem is raised(lambda: get(Host(), Broken(problem)), ReceiptNotWritten).__cause__

    @pytest.mark.parametrize("problem", [asyncio.CancelledError(), KeyboardInterrupt()])
    def test_writer_is_interrupted(self, problem: BaseException) -> None:
        """What is no failure passes."""
        with pytest.raises(type(problem)):
            get(Host(), Broken(problem))

    def test_writer_takes_nothing(self) -> None:
        """A writer that takes no byte is not asked for ever."""
        assert "takes no more bytes" in str(raised(lambda: get(Host(), Sips(0)), ReceiptNotWritten))

    @pytest.mark.parametrize(
        "to",
        [
            None,
            1,
            b"bytes",
            "",
            "a\0b",
            "a\ud800",
            object(),
            io.StringIO(),
            io.BytesIO,
            ["a"],
            _BytesPath(),
        ],
    )
    def test_no_target(self, to: Any) -> None:
        """What is neither a path of text nor takes bytes is refused by name."""
        host = Host()
        assert str(raised(lambda: get(host, to), InvalidArgument)).startswith("to: ")
        assert [] == host.script.sent

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("record_id", ("", "rcpt_1", 1)),
            ("record_id", (None, "rcpt_1", 1)),
            ("receipt_id", ("accr_1", " ", 1)),
            ("receipt_id", ("accr_1", "\ud800", 1)),
            ("max_bytes", ("accr_1", "rcpt_1", 0)),
            ("max_bytes", ("accr_1", "rcpt_1", 1.5)),
            ("max_bytes", ("accr_1", "rcpt_1", True)),
            ("max_bytes", ("accr_1", "rcpt_1", None)),
        ],
    )
    def test_arguments(self, name: str, arguments: tuple[Any, Any, Any]) -> None:
        """Arguments are checked before anything happens."""
        record_id, receipt_id, most = arguments
        host = Host()
        call = lambda brex: brex.receipts.download(record_id, receipt_id, to=io.BytesIO(), max_bytes=most)  # noqa: E731
        assert str(raised(lambda: ask(host, call), InvalidArgument)).startswith(f"{name}: ")
        assert [] == host.script.sent
