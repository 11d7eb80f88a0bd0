"""Walking through pages, and getting one record, over the network: what the client adds to the server's time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx

from . import loopback
from .page import RECORDS
from .stock import StockCalls

PAGES = 100
WALK_ROUNDS = 5
GET_ROUNDS = 300

TOKEN = "bxt_benchmark"

Call = Callable[[], Awaitable[Any]]

_RECORDS_PATH = "/v3/accounting/records"


@asynccontextmanager
async def callers(port: int, stock: StockCalls, delay_ms: float = 0) -> AsyncIterator[dict[str, dict[str, Call]]]:
    """Give what can ``walk`` through all pages, and what can ``get`` one record, each with a connection kept open.

    A walk gives the number of its records, and each contender has walked once to show that it finds all: to time
    walks, ``warm_up`` can be 0.
    """
    base_url = loopback.base_url(port, PAGES, delay_ms)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False) as http,
        stock.client(base_url=base_url, token=TOKEN, httpx_args={"trust_env": False}) as client,
    ):
        contenders: dict[str, dict[str, Call]] = {
            "walk": {"httpx": partial(walk_httpx, http), "stock": partial(walk_stock, stock, client)},
            "get": {"httpx": partial(get_httpx, http), "stock": partial(stock.get, "accr_1", client=client)},
        }
        for name, walk in contenders["walk"].items():
            if (found := await walk()) != PAGES * RECORDS:
                message = f"{name} finds {found} records"
                raise ValueError(message)
        yield contenders


async def walk_httpx(http: httpx.AsyncClient) -> int:
    """Follow the cursors with httpx and json.loads, and nothing else."""
    found = 0
    query: dict[str, str | int] = {"limit": RECORDS}
    while True:
        response = await http.get(_RECORDS_PATH, params=query)
        page = json.loads(response.raise_for_status().content)
        found += len(page["items"])
        if not page["has_next_page"]:
            return found
        query["cursor"] = page["next_cursor"]


async def walk_stock(stock: StockCalls, client: Any) -> int:
    """Follow the cursors as a user of the stock client has to."""
    found = 0
    query: dict[str, Any] = {"limit": RECORDS}
    while True:
        page = await stock.query(client=client, **query)
        found += len(page.items)
        if not page.has_next_page:
            return found
        query["cursor"] = page.next_cursor


async def get_httpx(http: httpx.AsyncClient) -> Any:
    """Get one record as plain values."""
    response = await http.get(f"{_RECORDS_PATH}/accr_1")
    return json.loads(response.raise_for_status().content)
