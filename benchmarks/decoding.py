"""Reading the page: ours, plain dicts, the generator's stock models, pydantic and Structs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from brex_accounting_client import decode_page
from brex_accounting_client.models.accounting_record_page import AccountingRecordPage

from .clock import medians
from .page import RECORDS, in_ascii, with_offsets, with_whole_floats
from .table import Row, milliseconds
from .twins import pydantic_twin, same, struct_twin

ROUNDS = 150
VARIANT_ROUNDS = 40

Read = Callable[[bytes], Any]


def read_ours(data: bytes) -> AccountingRecordPage:
    """Read a page as a caller of the package does."""
    return decode_page(data, AccountingRecordPage)


def readers(page: bytes, stock: Read) -> dict[str, Read]:
    """Give everything that can read the page, after a look whether it does."""
    contenders: dict[str, Read] = {
        "ours": read_ours,
        "json.loads": json.loads,
        "stock": stock,
        "pydantic": pydantic_twin(AccountingRecordPage).model_validate_json,
        "Struct": msgspec.json.Decoder(struct_twin(AccountingRecordPage)).decode,
    }
    ours = read_ours(page)
    for name in ("pydantic", "Struct"):
        if not same(ours, contenders[name](page)):
            message = f"{name} reads other values than we do"
            raise ValueError(message)
    if len(stock(page).items) != len(ours.items):  # no more can be asked: its amounts are floats
        message = "stock reads other records than we do"
        raise ValueError(message)
    return contenders


def rows(page: bytes, contenders: Mapping[str, Read]) -> list[Row]:
    """Compare all readers on the page as it is, and ours with json.loads on the same page written otherwise."""
    seconds = medians({name: partial(read, page) for name, read in contenders.items()}, ROUNDS)
    ours, loads, stock = seconds["ours"], seconds["json.loads"], seconds["stock"]
    return [
        Row(
            f"decode_page, {RECORDS} records, {len(page) / 1000:.0f} kB (json.loads: {milliseconds(loads)})",
            f"{milliseconds(ours)}, {RECORDS / ours:,.0f} records/s",
            f"{ours / loads:.2f} × json.loads",
            "≤ 1.00 ×",
            ours <= loads,
            {"seconds": ours, "json.loads": loads, "ratio": ours / loads},
        ),
        *_variants(page),
        Row(
            "the generator's stock from_dict(json.loads(page)): ours reads more records/s",
            f"{milliseconds(stock)}, {RECORDS / stock:,.0f} records/s",
            f"{stock / ours:.2f} × stock's records/s",
            "≥ 5.00 ×",
            stock / ours >= 5,
            {"seconds": stock, "ratio": stock / ours},
        ),
        *(_other(name, seconds[name], ours) for name in ("pydantic", "Struct")),
    ]


def _other(name: str, theirs: float, ours: float) -> Row:
    what = {
        "pydantic": "pydantic, the same models: model_validate_json",
        "Struct": "msgspec.Struct, the same models: the limit",
    }
    figures = {"seconds": theirs, "ratio": ours / theirs}
    return Row(what[name], milliseconds(theirs), f"ours takes {ours / theirs:.2f} ×", figures=figures)


def _variants(page: bytes) -> list[Row]:
    """Read the page in other spellings; what leaves the fast path has no goal, but its price should be known."""
    pages = {
        "… in ASCII, \\u escapes for the rest": in_ascii(page),
        "… +00:00 for Z": with_offsets(page, b"+00:00"),
        "… +02:00 for Z": with_offsets(page, b"+02:00"),
        "… counts written as 3.0": with_whole_floats(page),
    }
    made = []
    for what, data in pages.items():
        pair: dict[str, Callable[[], object]] = {"ours": partial(read_ours, data), "loads": partial(json.loads, data)}
        seconds = medians(pair, VARIANT_ROUNDS)
        ours, loads = seconds["ours"], seconds["loads"]
        ratio = f"{ours / loads:.2f} × json.loads"
        figures = {"seconds": ours, "json.loads": loads, "ratio": ours / loads}
        made.append(Row(f"{what} (json.loads: {milliseconds(loads)})", milliseconds(ours), ratio, figures=figures))
    return made
