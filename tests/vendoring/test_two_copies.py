"""Two versions of the package in one process, each in a project of its own, do not know of each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from brex_accounting.vendoring.source import Source
from brex_accounting.vendoring.update import create

PARTS = ("export", "emulator")


@pytest.fixture(scope="module")
def found(made: Callable[..., Path], running: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process found that imports both."""
    root = made(*PARTS)
    text = running.files["brex_accounting/version.py"].replace(b'"0.1.0"', b'"0.2.0"')
    newer = evolve(running, files={**running.files, "brex_accounting/version.py": text}, version="0.2.0")
    create(root / "globex_erp" / "third_party", source=newer, parts=PARTS)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("two_copies.py"), tmp_path_factory.mktemp("files")],
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


class TestTwoCopies:
    def test_are_two(self, found: dict[str, Any]) -> None:
        """Both versions are loaded, and the original is not."""
        assert ["0.1.0", "0.2.0"] == found["versions"]
        assert ["acme_erp._vendor", "globex_erp.third_party"] == found["ours"]

    def test_errors(self, found: dict[str, Any]) -> None:
        """``except BrexError`` of one catches its own errors and not those of the other."""
        assert {"0 by 0": True, "1 by 1": True, "0 by 1": False, "1 by 0": False} == found["errors"]

    def test_pickles(self, found: dict[str, Any]) -> None:
        """Errors, models, enum values that nobody knows and settings come back as what they were of their own copy."""
        assert [True] * 10 == found["pickles"]

    def test_loggers(self, found: dict[str, Any]) -> None:
        """Each logs under its own name, and a handler of one hears nothing of the other."""
        assert {
            "names": ["acme_erp._vendor.brex_accounting", "globex_erp.third_party.brex_accounting"],
            "heard": ["acme_erp._vendor.brex_accounting"],
        } == found["loggers"]

    def test_limiters(self, found: dict[str, Any]) -> None:
        """A limit that one has used up is all there for the other, for the same account too."""
        assert {
            "same runtime": False,
            "calls of acme_erp._vendor": "answered at once",
            "calls of globex_erp.third_party": "answered at once",
            "second call": "DeadlineExceeded",
        } == found["limiters"]

    def test_contexts(self, found: dict[str, Any]) -> None:
        """What one notes and marks for its task, the other does not see; requests of neither are logged whole."""
        assert {
            "unknown values noted": [1, 0],
            "ours": [True, False],
            "shown": [
                "HTTP Request: GET https://api.brex.com/v3/accounting/records 200",
                "HTTP Request: GET https://api.brex.com/v3/accounting/records 200",
                "HTTP Request: GET https://example.com/?theirs=1 200",
            ],
        } == found["contexts"]

    def test_files(self, found: dict[str, Any]) -> None:
        """What is on the disk is one: a token file is locked for both, with rising fences, a row claimed by one."""
        assert {
            "token store": "locked once",
            "fences": True,
            "stored": "{}",
            "claims": [["accr_1"], []],
        } == found["files"]

    def test_together(self, found: dict[str, Any]) -> None:
        """In one event loop the client of each reads all records from the emulator of the other."""
        assert [20, 20] == found["together"]
