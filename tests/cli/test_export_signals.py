"""``brex-accounting export`` in processes of its own: signals, readers that go away, runs for ever."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from brex_accounting.emulator import TenantPlan
from brex_accounting.export import State
from brex_accounting.export.states import UNKNOWN
from tests.cli.exported import LABEL, READY, ROOT, Account
from tests.cli.served import Served, serve
from tests.export.durable_erp import DurableErp

COMMAND = (sys.executable, "-c", "import sys; from brex_accounting.cli import main; sys.exit(main())")
JSONL = ("--output", "jsonl")
PATIENCE = 30.0

# A batch is in the books, and the answer waits for the test: that is the middle of a run.
ADAPTER = """
import asyncio
from pathlib import Path
from tests.export.durable_erp import DurableErp

class Held(DurableErp):
    async def post(self, postings):
        outcomes = await super().post(postings)
        Path("posted").touch()
        for _ in range(3000):
            if Path("go").exists():
                return outcomes
            await asyncio.sleep(0.01)
        raise TimeoutError

def make():
    return Held(Path("books.db"), batch_size=10)
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Served]:
    with serve(TenantPlan(records=120, seed=7, variants={"bill_ready": "reaches"})) as found:
        yield found


@pytest.fixture
def account(emulator: Served, tmp_path: Path) -> Account:
    emulator.reset()
    (tmp_path / "held.py").write_text(ADAPTER)
    return Account(emulator, tmp_path)


def environment(account: Account) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BREX_")}
    # An interpreter without buffers would hide that lines are written at once.
    more = {"BREX_ACCOUNT": LABEL, "PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "", "PYTHONPATH": str(ROOT)}
    return kept | account.served.environment | more


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(account: Account) -> Iterator[Start]:
    """Starts a command; it is killed if the test leaves it running."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> subprocess.Popen[str]:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a child inherits deafness
        try:
            process = subprocess.Popen(
                [*COMMAND, "export", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(account),
                cwd=account.folder,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        processes.append(process)
        return process

    yield started
    for process in processes:
        with process:
            process.kill()


def held(account: Account) -> tuple[str, ...]:
    return ("--erp", "python:held:make", *account.journal, "--basis", "accrual")


def until(account: Account, name: str, process: subprocess.Popen[str]) -> None:
    """Wait for a file of the process."""
    give_up = time.monotonic() + PATIENCE
    while not (account.folder / name).exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up, f"{name} is not there"
        time.sleep(0.01)


def ended(process: subprocess.Popen[str]) -> tuple[int, list[Any], str]:
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def finish(account: Account, start: Start, wanted: Sequence[str]) -> None:
    """Another run does the rest: each record is in the books once, and exported."""
    (account.folder / "go").touch()
    status, (summary,), _ = ended(start("run", *held(account), *JSONL))
    assert (0, "complete") == (status, summary["ended"])
    erp = DurableErp(account.folder / "books.db")
    assert [] == erp.duplicates()
    assert wanted == sorted(document.key for document in erp.documents)
    assert [] == account.wanted(READY)
    assert [] == account.served.server.world.violations(account.tenant)


def release(account: Account) -> None:
    """Let half a minute pass for the claims of a worker that is dead: until then it could be alive."""
    with closing(sqlite3.connect(account.path)) as connection, connection:
        connection.execute("UPDATE entries SET lease_until = since WHERE lease_until IS NOT NULL")


class TestSignals:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
    def test_in_the_middle_of_a_run(self, number: int, status: int, account: Account, start: Start) -> None:
        """The batch in hand is finished and written down, what came of it is printed, and the next run goes on."""
        wanted = account.wanted(READY)
        process = start("run", *held(account), *JSONL)
        until(account, "posted", process)
        process.send_signal(number)
        assert process.stderr is not None
        assert "stopping after the batch in hand; another signal ends it at once\n" == process.stderr.readline()
        (account.folder / "go").touch()
        found, (summary,), err = ended(process)
        assert (status, "") == (found, err)
        assert ["stopped", 10, 0] == [summary[name] for name in ("ended", "posted", "exported")]
        rows = account.rows().values()
        assert 10 == sum(row.state is State.POSTED for row in rows)
        assert not any(row.state in UNKNOWN for row in rows)
        finish(account, start, wanted)

    @pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
    def test_a_second_signal(self, numbers: tuple[int, int], account: Account, start: Start) -> None:
        """A second signal ends it at once, and the next run finds out what became of the batch."""
        wanted = account.wanted(READY)
        process = start("run", *held(account), *JSONL)
        until(account, "posted", process)
        process.send_signal(numbers[0])
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(numbers[1])
        status, lines, _ = ended(process)
        assert (-numbers[1], []) == (status, lines)
        assert 10 == sum(row.state is State.POSTING for row in account.rows().values())
        release(account)
        finish(account, start, wanted)

    def test_killed(self, account: Account, start: Start) -> None:
        """A process that is killed in the middle of a run loses nothing and doubles nothing."""
        wanted = account.wanted(READY)
        process = start("run", *held(account), *JSONL)
        until(account, "posted", process)
        process.kill()
        process.wait(PATIENCE)
        release(account)
        finish(account, start, wanted)

    @pytest.mark.parametrize("command", ["plan", "reconcile"])
    def test_ctrl_c_while_reading(self, command: str, account: Account, start: Start) -> None:
        """What only reads ends quietly at Ctrl-C."""
        (account.folder / "go").touch()
        if command == "reconcile":
            ended(start("run", *held(account), *JSONL))
        before = account.served.requests
        account.served.fault("hang", "queryAccountingRecords")
        process = start(command, *held(account))
        give_up = time.monotonic() + PATIENCE
        while account.served.requests == before:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert (130, [], "") == ended(process)


class TestForEver:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
    def test_stopped_between_runs(self, number: int, status: int, account: Account, start: Start) -> None:
        """Each run is one line, there at once; a signal while nothing is to be done ends the wait."""
        process = start("run", *account.options, "--every", "1h")
        assert process.stdout is not None
        line = process.stdout.readline()
        assert " complete: " in line
        assert f"{len(account.entries())} exported (" in line
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert (status, "") == (process.returncode, out)
        assert "stopping after the batch in hand; another signal ends it at once\n" == err

    def test_one_run_after_the_other(self, account: Account, start: Start) -> None:
        """The second run comes when its time has come, and finds nothing new."""
        process = start("run", *account.options, "--every", "1s", *JSONL)
        assert process.stdout is not None
        first, second = (json.loads(process.stdout.readline()) for _ in range(2))
        assert first["exported"] == len(account.entries()) > 0
        assert ["complete", 0, 0] == [second[name] for name in ("ended", "posted", "exported")]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert 0 == process.returncode

    def test_a_run_that_fails(self, account: Account, start: Start) -> None:
        """A run that Brex fails is told, and the next one does its work."""
        account.served.fault("status", "queryAccountingRecords", status=400, times=6)
        process = start("run", *account.options, "--every", "1s", *JSONL)
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline())]
        assert {"kind": "run", "ended": "error", "error": "BadRequest"} == lines[0]
        while lines[-1]["ended"] == "error":
            lines.append(json.loads(process.stdout.readline()))
        assert "complete" == lines[-1]["ended"]
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)
        assert 0 == process.returncode
        assert "warning: a run of account acme failed: GET /v3/accounting/records" in err
        assert "Traceback" not in err


class TestReaders:
    @pytest.mark.parametrize(
        "arguments", [["run"], ["run", *JSONL], ["run", "--every", "1s"], ["plan"], ["plan", *JSONL], ["reconcile"]]
    )
    def test_the_reader_goes_away(self, arguments: list[str], account: Account, start: Start) -> None:
        """Whoever reads the output may stop: there is no traceback, and a shell's usual exit status."""
        if arguments == ["reconcile"]:
            start("run", *account.options).communicate(timeout=PATIENCE)
        process = start(arguments[0], *account.options, *arguments[1:])
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "" == process.stderr.read()
        assert 141 == process.wait(PATIENCE)
        if arguments[0] == "run":
            assert account.entries()
            assert not any(row.state in UNKNOWN for row in account.rows().values())
