"""The demo in ``examples``: what it makes of its environment, and how it shows how far it is."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys

import pytest
from rich.progress import Progress

from brex_accounting.export import ExportProgress
from tests.cli.exported import ROOT

PATH = ROOT / "examples" / "export_account.py"


class TestRecords:
    @pytest.mark.parametrize("text", ["many", "-1", "1.5", "", "1000001", "9" * 5000])
    def test_no_number(self, text: str) -> None:
        """What is no number of records is one line, and the exit status 2; nothing is begun."""
        environment = {**os.environ, "RECORDS": text}
        done = subprocess.run([sys.executable, PATH], check=False, capture_output=True, text=True, env=environment)
        assert (2, "") == (done.returncode, done.stdout)
        assert f"RECORDS: expected a whole number from 0 to 1,000,000, got {text!r}\n" == done.stderr


class TestBars:
    def test_none_exceeds_its_total(self) -> None:
        """What was read twice, and reports of refusals, do not make more than all."""
        bar = Progress(disable=True)
        counting = runpy.run_path(str(PATH), run_name="example")["Counting"](bar)
        for seen, expected, posted, reported in ((0, None, 0, 0), (9, 5, 3, 4), (9, 20, 5, 2)):
            counting.on_export(
                ExportProgress(stage="x", seen=seen, expected=expected, posted=posted, reported=reported)
            )
            assert [] == [task for task in bar.tasks if task.total is not None and task.completed > task.total]
