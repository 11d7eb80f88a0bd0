"""A whole export against only reading the same records, and the memory that it takes.

``python -m benchmarks.export BASE_URL TOKEN`` exports once, in a process of its own, and says how
long it took and how much the process has grown on the way.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path
from typing import Any

from brex_accounting import Brex
from brex_accounting.export import (
    RECORD_TYPES,
    BeancountLedger,
    ExportEvent,
    ExportLoop,
    ExportPolicy,
    ExportProgress,
    SqliteJournal,
)

from .clock import medians_reported
from .emulator import running
from .table import Row

ROUNDS = 3
RECORDS = 10_000
MANY = 100_000

GOAL = 3.0
GROWTH_GOAL = 20e6

_ROOT = Path(__file__).parent.parent
_PATIENCE = 600.0


def rows() -> list[Row]:
    """Measure both."""
    return [_time_row(), _memory_row()]


def _time_row() -> Row:
    with running(RECORDS) as (ready, _):

        def export() -> float:
            _make_ready(ready["control_url"])
            return float(_exported(ready, RECORDS)["seconds"])

        def read() -> float:
            return asyncio.run(_read(ready))

        read()
        taken = medians_reported({"export": export, "read": read}, ROUNDS)
    ratio = taken["export"] / taken["read"]
    return Row(
        f"{RECORDS:,} records into books in plain text and reported, against only reading them ({taken['read']:.2f} s)",
        f"{taken['export']:.2f} s",
        f"{ratio:.2f} ×",
        f"≤ {GOAL:.0f} ×",
        ratio <= GOAL,
        {**taken, "ratio": ratio},
    )


def _memory_row() -> Row:
    with running(MANY) as (ready, _):
        _make_ready(ready["control_url"])
        found = _exported(ready, MANY)
    growth = found["end"] - found["settled"]
    return Row(
        f"the same with {MANY:,} records ({found['seconds']:.0f} s): after {RECORDS:,} the peak "
        f"({found['end'] / 1e6:.0f} MB) grows by",
        f"{growth / 1e6:.1f} MB",
        "",
        f"< {GROWTH_GOAL / 1e6:.0f} MB",
        growth < GROWTH_GOAL,
        {name: float(value) for name, value in found.items()},
    )


def _make_ready(control_url: str) -> None:
    """Set the account back to its start, and let its finance team approve everything."""
    _ask(control_url, "/reset", {})
    for stage in ("PREPARE", "REVIEW", "EXPORTED"):
        _ask(control_url, "/records/move", {"from_status": stage, "review_status": "READY_FOR_EXPORT"})


def _ask(control_url: str, path: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(
        control_url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE):
        pass


def _exported(ready: dict[str, Any], records: int) -> dict[str, float]:
    """Export in a process of its own, and make sure that it has exported everything."""
    command = [sys.executable, "-m", "benchmarks.export", ready["base_url"], ready["user_token"]]
    ended = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    found: dict[str, float] = json.loads(ended.stdout)
    if found["exported"] != records:
        message = f"{found['exported']} of {records} records are exported"
        raise ValueError(message)
    return found


async def _read(ready: dict[str, Any]) -> float:
    found = 0
    async with Brex(ready["user_token"], base_url=ready["base_url"], rate_limit=None) as brex:
        started = time.perf_counter()
        async for _ in brex.records.iter(page_size=1000):
            found += 1
        seconds = time.perf_counter() - started
    if found != RECORDS:
        message = f"{found} records are read"
        raise ValueError(message)
    return seconds


async def _export(base_url: str, token: str) -> dict[str, float]:
    settled = 0

    def on_event(event: ExportEvent) -> None:
        nonlocal settled
        if not settled and isinstance(event, ExportProgress) and event.posted >= RECORDS:
            settled = _peak()

    mapping = _ROOT / "examples" / "beancount.toml"
    policy = ExportPolicy(basis="accrual", record_types=frozenset(RECORD_TYPES), bills="arrival")
    with tempfile.TemporaryDirectory() as folder:
        books = BeancountLedger(Path(folder) / "books.beancount", mapping=_mapping(mapping))
        journal = SqliteJournal(Path(folder) / "export.db")
        async with (
            Brex(token, base_url=base_url, rate_limit=None) as brex,
            books,
            ExportLoop(brex, books, journal, policy, on_event=on_event) as loop,
        ):
            started = time.perf_counter()
            summary = await loop.run_once()
            seconds = time.perf_counter() - started
    return {"seconds": seconds, "exported": summary.exported, "settled": settled or _peak(), "end": _peak()}


def _mapping(path: Path) -> dict[str, Any]:
    """The example's mapping, with accounts for lines that nobody has coded."""
    mapping = tomllib.loads(path.read_text())
    mapping["default"] = {"debit": "Expenses:Uncategorized", "credit": "Expenses:Uncategorized"}
    return mapping


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_export(*sys.argv[1:3]))))
