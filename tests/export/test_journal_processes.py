"""The journal in SQLite across processes: what it said is there survives ``kill -9``, and nobody claims a row twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.export.journal import Change, Entry
from brex_accounting.export.sqlite_journal import SqliteJournal
from brex_accounting.export.states import State
from tests import virtual
from tests.export.journal_worker import BATCH, START
from tests.soak import SOAK

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0
ROUNDS = 30 if SOAK else 3
ROWS = 2000 if SOAK else 300


@contextmanager
def workers(what: str, path: Path, count: int) -> Generator[list[subprocess.Popen[str]]]:
    """Processes that are gone when the block is left."""
    command = [sys.executable, "-m", "tests.export.journal_worker", what, str(path)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    timer = threading.Timer(PATIENCE, lambda: [process.kill() for process in started])
    timer.start()
    try:
        yield started
    finally:
        timer.cancel()
        for process in started:
            process.kill()
            process.communicate(timeout=PATIENCE)


def looked(path: Path) -> tuple[dict[str, Entry], dict[str, list[State]]]:
    """All rows, and what the history tells of each."""

    async def main() -> Any:
        journal = SqliteJournal(path)
        await journal.open("acme")
        rows = await journal.entries(limit=10**6)
        told = {row.record_id: [event.state for event in await journal.history(row.record_id)] for row in rows}
        await journal.aclose()
        return {row.record_id: row for row in rows}, told

    return virtual.run(main())


class TestKill:
    @pytest.mark.parametrize("seed", range(ROUNDS))
    def test_takes_nothing_that_was_written(self, tmp_path: Path, seed: int) -> None:
        """Workers killed at any instant: each batch that they were told of is there, and no batch is there in part."""
        path = tmp_path / "export.db"
        with workers("write", path, 2) as started:
            said = [process.stdout.readline() for process in started if process.stdout]
            time.sleep(random.Random(seed).uniform(0, 0.3))
            for process in started:
                process.kill()
            said += [line for process in started for line in process.communicate(timeout=PATIENCE)[0].splitlines(True)]
        rows, told = looked(path)
        acknowledged = {tuple(line.split()) for line in said if line.endswith("\n")}
        assert acknowledged
        batches: dict[tuple[str, str], list[Entry]] = {}
        for row in rows.values():
            name, number, _ = row.record_id.split("-")
            batches.setdefault((name, number), []).append(row)
        assert acknowledged <= batches.keys()
        assert {BATCH} == {len(batch) for batch in batches.values()}
        for (name, number), batch in batches.items():
            followed = (name, f"{int(number) + 1}") in batches
            states = [State.READY, State.POSTING] if followed else [State.READY]
            assert {(states[-1], len(states))} == {(row.state, row.revision) for row in batch}
            assert all(states == told[row.record_id] for row in batch)


class TestClaims:
    def test_of_several_processes_share_the_rows(self, tmp_path: Path) -> None:
        """Processes that claim at once never get the same row, nothing is left over, and none is turned away."""
        path = tmp_path / "export.db"
        ids = [f"r{number:05}" for number in range(ROWS)]

        async def fill() -> None:
            journal = SqliteJournal(path)
            await journal.open("acme")
            rows = [Entry(record_id=record_id, state=State.READY, since=START, due=START) for record_id in ids]
            await journal.write([Change(entry=row) for row in rows])
            await journal.aclose()

        virtual.run(fill())
        with workers("claim", path, 3) as started:
            assert ["ready\n"] * 3 == [process.stdout.readline() for process in started if process.stdout]
            for process in started:
                assert process.stdin
                process.stdin.write("\n")
                process.stdin.flush()
            taken = [process.communicate(timeout=PATIENCE)[0].split() for process in started]
            assert [0] * 3 == [process.returncode for process in started]
        assert ids == sorted(record_id for some in taken for record_id in some)
        rows, _ = looked(path)
        assert {2} == {row.revision for row in rows.values()}

    def test_of_a_new_file_are_made_by_several_processes(self, tmp_path: Path) -> None:
        """Processes that open a file at once that does not exist yet all get it, of the newest schema."""
        with workers("claim", tmp_path / "export.db", 4) as started:
            assert ["ready\n"] * 4 == [process.stdout.readline() for process in started if process.stdout]
            for process in started:
                process.communicate("\n", timeout=PATIENCE)
            assert [0] * 4 == [process.returncode for process in started]
        assert ({}, {}) == looked(tmp_path / "export.db")
