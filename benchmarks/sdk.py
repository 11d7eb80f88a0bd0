"""``Brex`` against what users would write without it: over loopback, with the server in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from brex_accounting import Brex

from . import loopback
from .clock import medians_awaited
from .stock import stock_calls
from .table import Row, milliseconds
from .walking import GET_ROUNDS, PAGES, TOKEN, WALK_ROUNDS, callers

PAUSE = 0.05
"""Seconds that server and consumer take for each page where fetching ahead is measured."""
PAUSED_PAGES = 20
PAUSED_ROUNDS = 3
LONG_PAGES = 1000
VIEWS = 2000

_GROWTH_GOAL = 10_000_000
_VIEW_GOAL = 200e-6


def rows(root: Path) -> list[Row]:
    """Measure walks, single calls, fetching ahead, memory and views."""
    with loopback.serving() as port, stock_calls(root) as stock:
        return [*asyncio.run(_calls(port, stock)), *asyncio.run(_ahead(port)), _memory(port), *asyncio.run(_views())]


async def _calls(port: int, stock: Any) -> list[Row]:
    base_url = loopback.base_url(port, PAGES)
    async with callers(port, stock) as contenders, Brex(TOKEN, base_url=base_url, rate_limit=None) as brex:
        walks = {**contenders["walk"], "ours": lambda: _walk(brex, 1), "ours, prefetch=0": lambda: _walk(brex, 0)}
        walked = await medians_awaited(walks, WALK_ROUNDS, warm_up=1)
        gets = {**contenders["get"], "ours": lambda: brex.records.get("accr_1")}
        got = await medians_awaited(gets, GET_ROUNDS)
    page = {name: seconds / PAGES for name, seconds in walked.items()}
    to_httpx, to_stock = page["ours"] / page["httpx"], page["stock"] / page["ours"]
    here = page["ours, prefetch=0"]
    get = got["ours"] / got["httpx"]
    return [
        Row(
            f"a page of iter() in a walk over {PAGES}, against httpx and json.loads ({milliseconds(page['httpx'])})",
            milliseconds(page["ours"]),
            f"{to_httpx:.2f} ×",
            "≤ 1.0 ×",
            to_httpx <= 1.0,
            {"seconds": page["ours"], "httpx": page["httpx"], "ratio": to_httpx},
        ),
        Row("… with prefetch=0", milliseconds(here), f"{here / page['httpx']:.2f} ×", figures={"seconds": here}),
        Row(
            f"… against the stock client ({milliseconds(page['stock'])})",
            milliseconds(page["ours"]),
            f"{to_stock:.2f} × as fast",
            "≥ 3 ×",
            to_stock >= 3,
            {"seconds": page["ours"], "stock": page["stock"], "ratio": to_stock},
        ),
        Row(
            f"records.get(), against httpx and json.loads ({milliseconds(got['httpx'])})",
            milliseconds(got["ours"]),
            f"{get:.2f} ×",
            "≤ 1.2 ×",
            get <= 1.2,
            {"seconds": got["ours"], "httpx": got["httpx"], "stock": got["stock"], "ratio": get},
        ),
    ]


async def _ahead(port: int) -> list[Row]:
    base_url = loopback.base_url(port, PAUSED_PAGES, PAUSE * 1000)
    async with Brex(TOKEN, base_url=base_url, rate_limit=None) as brex:

        async def both() -> None:
            async for _ in brex.records.pages(prefetch=1):
                await asyncio.sleep(PAUSE)

        async def server() -> None:
            async for _ in brex.records.pages(prefetch=0):
                pass

        async def consumer() -> None:
            for _ in range(PAUSED_PAGES):
                await asyncio.sleep(PAUSE)

        taken = await medians_awaited({"both": both, "server": server, "consumer": consumer}, PAUSED_ROUNDS, warm_up=1)
    larger = max(taken["server"], taken["consumer"])
    ratio = taken["both"] / larger
    what = f"prefetch=1, server and consumer {PAUSE * 1000:.0f} ms a page each, against the slower of them alone"
    figures = {**taken, "ratio": ratio}
    return [
        Row(f"{what} ({larger:.2f} s)", f"{taken['both']:.2f} s", f"{ratio:.2f} ×", "≤ 1.1 ×", ratio <= 1.1, figures)
    ]


def _memory(port: int) -> Row:
    command = [sys.executable, "-m", "benchmarks.flat", loopback.base_url(port, LONG_PAGES)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    found = json.loads(done.stdout)
    growth = found["end"] - found["settled"]
    what = f"growth of the process over {found['records']:,} records of iter()"
    return Row(what, f"{growth / 1e6:.1f} MB", "", "< 10 MB", growth < _GROWTH_GOAL, found)


async def _views() -> list[Row]:
    made: list[Row] = []
    async with Brex(TOKEN, base_url="http://127.0.0.1") as brex:
        for name, view in (
            ("with_options()", lambda _: brex.with_options(deadline=5.0)),
            ("for_account()", lambda number: brex.for_account(f"account-{number}", TOKEN)),
        ):
            started = time.perf_counter()
            for number in range(VIEWS):
                view(number)
            each = (time.perf_counter() - started) / VIEWS
            figures = {"seconds": each}
            row = Row(
                f"a view by {name}",
                f"{each * 1e6:.0f} µs, {1 / each:,.0f} a second",
                "",
                "< 200 µs",
                each < _VIEW_GOAL,
                figures,
            )
            made.append(row)
    return made


async def _walk(brex: Brex, prefetch: int) -> int:
    found = 0
    async for _ in brex.records.iter(prefetch=prefetch):
        found += 1
    return found
