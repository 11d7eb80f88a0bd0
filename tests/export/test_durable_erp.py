"""The ERP in a file is as dishonest as it says and no more: processes share it, and a killed one tears nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from brex_accounting.testing import make_posting
from tests.export.doubles import DurableErp
from tests.test_readme import ROOT

WORKER = """
import asyncio, sys
from pathlib import Path
from brex_accounting.testing import make_posting
from tests.export.doubles import DurableErp

async def main():
    erp = DurableErp(Path(sys.argv[1]), lag=0.0)
    first, batches = int(sys.argv[2]), int(sys.argv[3])
    for batch in range(batches):
        numbers = range(first + 5 * batch, first + 5 * batch + 5)
        await erp.post([make_posting(number) for number in numbers])
        print(batch, flush=True)

asyncio.run(main())
"""


def worker(path: Path, first: int, batches: int) -> subprocess.Popen[str]:
    """A process that posts five new keys at a time, and says so after each batch."""
    command = [sys.executable, "-c", WORKER, str(path), str(first), str(batches)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


class TestSeveralProcesses:
    def test_lose_nothing(self, tmp_path: Path) -> None:
        """Two processes that post at once are both in the books, with references of their own."""
        path = tmp_path / "books.db"
        processes = [worker(path, first, 20) for first in (0, 1000)]
        assert [0, 0] == [process.wait(60) for process in processes]
        for process in processes:
            process.communicate()
        documents = DurableErp(path).documents
        assert 200 == len(documents) == len({document.reference for document in documents})
        assert [] == DurableErp(path).duplicates()

    @pytest.mark.parametrize("said", [1, 3])
    def test_one_that_is_killed_leaves_a_truth(self, tmp_path: Path, said: int) -> None:
        """After ``kill -9`` all that was acknowledged is there, at most a part of one batch more, and others go on."""
        path = tmp_path / "books.db"
        process = worker(path, 0, 100_000)
        assert process.stdout is not None
        for _ in range(said):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        with process.stdout as rest:  # some of it has been read already, where communicate would not look
            acknowledged = 5 * (said + len(rest.readlines()))
        process.wait(60)
        with closing(sqlite3.connect(path)) as connection:
            assert [("ok",)] == connection.execute("pragma integrity_check").fetchall()
        erp = DurableErp(path)
        expected = [make_posting(number).key for number in range(len(erp.documents))]
        assert acknowledged <= len(expected) <= acknowledged + 5
        assert expected == [document.key for document in erp.documents]
        asyncio.run(erp.post([make_posting(10**6)]))
        assert len(expected) + 1 == len(erp.documents)
