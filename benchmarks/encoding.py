"""Writing the records of the page."""

from __future__ import annotations

import json
from collections.abc import Callable

from brex_accounting_client import encode, to_dict

from .clock import medians
from .decoding import Read, read_ours
from .page import RECORDS
from .table import Row, milliseconds

ROUNDS = 40


def rows(page: bytes, stock: Read) -> list[Row]:
    """Compare with json.dumps of ready dicts, and with stock, which makes them from its models first as we do."""
    items = read_ours(page).items
    plain = to_dict(items)
    stock_items = stock(page).items
    contenders: dict[str, Callable[[], object]] = {
        "encode": lambda: encode(items),
        "dumps": lambda: json.dumps(plain, default=str),
        "stock": lambda: json.dumps([item.to_dict() for item in stock_items]),
    }
    seconds = medians(contenders, ROUNDS)
    ours, dumps, stock_seconds = seconds["encode"], seconds["dumps"], seconds["stock"]
    return [
        Row(
            f"encode, {RECORDS} records (json.dumps of ready dicts: {milliseconds(dumps)})",
            milliseconds(ours),
            f"{ours / dumps:.2f} × json.dumps",
            figures={"seconds": ours, "json.dumps": dumps, "ratio": ours / dumps},
        ),
        Row(
            "stock, the same from its models: to_dict and json.dumps",
            milliseconds(stock_seconds),
            f"ours takes {ours / stock_seconds:.2f} ×",
            figures={"seconds": stock_seconds, "ratio": ours / stock_seconds},
        ),
    ]
