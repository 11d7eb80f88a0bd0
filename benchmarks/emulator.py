"""The emulator as a process of its own: pages a second, start-up, memory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import loopback
from .clock import medians_reported
from .table import Row

PAGES = 1000
PAGE_ROUNDS = 5
START_ROUNDS = 5
STARTED_WITH = 5000
LARGE = 100_000

PAGES_GOAL = 1000.0
START_GOAL = 1.0
_CONNECTIONS = 2
_PATIENCE = 60.0


def rows() -> list[Row]:
    """Measure all three."""
    return [*_page_rows(), _start_row(), _memory_row()]


def _page_rows() -> list[Row]:
    with running(LARGE) as (ready, pid), loopback.serving() as port:
        target = "/v3/accounting/records?limit=100"
        bare = f"/walk/{PAGES}/0{target}"
        busy: list[float] = []

        def emulator() -> float:
            before = _processor_seconds(pid)
            seconds = asyncio.run(_load(ready["base_url"], target, ready["user_token"]))
            busy.append(_processor_seconds(pid) - before)
            return seconds

        def stand_in() -> float:
            return asyncio.run(_load(f"http://127.0.0.1:{port}", bare, "token"))

        taken = medians_reported({"emulator": emulator, "bare": stand_in}, PAGE_ROUNDS)
    rate, on_one_core = PAGES / taken["emulator"], PAGES / statistics.median(busy)
    ratio = taken["emulator"] / taken["bare"]
    figures = {"a_second": rate, "a_processor_second": on_one_core, "ratio": ratio}
    return [
        Row(
            f"pages of 100 records from the emulator, against a server of ready bytes ({PAGES / taken['bare']:,.0f})",
            f"{rate:,.0f} a second",
            f"{ratio:.2f} ×",
            f"≥ {PAGES_GOAL:,.0f} a second",
            rate >= PAGES_GOAL,
            figures,
        ),
        Row("… for each second of its processor", f"{on_one_core:,.0f}", figures=figures),
    ]


def _start_row() -> Row:
    def start() -> float:
        started = time.perf_counter()
        with running(STARTED_WITH) as (ready, _):
            asyncio.run(_load(ready["base_url"], "/_emulator/health", ready["user_token"], requests=1))
            return time.perf_counter() - started

    seconds = medians_reported({"start": start}, START_ROUNDS)["start"]
    what = f"start of the emulator with {STARTED_WITH:,} records, until it answers"
    return Row(what, f"{seconds:.2f} s", "", f"< {START_GOAL:.0f} s", seconds < START_GOAL, {"seconds": seconds})


def _memory_row() -> Row:
    with running(0) as (_, pid):
        empty = _resident(pid)
    with running(LARGE) as (_, pid):
        full = _resident(pid)
    figures = {"bytes": full, "empty": empty}
    return Row(
        f"memory of the emulator with {LARGE:,} records ({empty / 1e6:.0f} MB without any)",
        f"{full / 1e6:.0f} MB",
        f"{(full - empty) / LARGE / 1e3:.1f} kB a record",
        figures=figures,
    )


@contextmanager
def running(records: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Start it, and give what its ready file says and its process id."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "brex_accounting.emulator", "--port", "0", "--ready-file", str(ready)]
        command += ["--records", str(records), "--no-rate-limit"]
        # bytecode is kept, as it is for users; the first start writes it
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ) as process:
            try:
                deadline = time.monotonic() + _PATIENCE
                while not ready.exists():
                    if process.poll() is not None or time.monotonic() > deadline:
                        message = "the emulator does not start"
                        raise RuntimeError(message)
                    time.sleep(0.005)
                yield json.loads(ready.read_text()), process.pid
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(10)


async def _load(base_url: str, target: str, token: str, requests: int = PAGES) -> float:
    """Send requests over a few connections, each one when the answer before it is there."""
    address = urlsplit(base_url)
    head = f"GET {target} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    left = iter(range(requests))

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**22)
        for _ in left:
            writer.write(head)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                message = answer.splitlines()[0].decode()
                raise RuntimeError(message)
            length = next(line for line in answer.lower().splitlines() if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()
        await writer.wait_closed()

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(_CONNECTIONS)))
    return time.perf_counter() - started


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
