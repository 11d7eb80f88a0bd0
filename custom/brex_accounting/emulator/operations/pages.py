"""Pages as JSON text, made by joining the texts of their items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..answers import Answer
from ..contract import check_item
from ..stored import FILE_HOST, StoredRecord
from .call import Call


def page_answer(call: Call, records: Sequence[StoredRecord], items: bytes, members: Mapping[str, Any]) -> Answer:
    """The answer that holds one page of records, each of which has been held against its schema.

    Args:
        call: What asks for it.
        records: The records.
        items: The records as JSON, with commas in between.
        members: What stands beside ``items``.
    """
    rest = msgspec.json.encode(members)
    rest = b"]" + (b"," + rest[1:] if members else rest[1:])
    frame = None if call.whole else b'{"items":[' + rest
    body = b"".join((b'{"items":[', items, rest))
    return Answer(200, body, frame=frame, records=tuple(record.id for record in records))


def cursor_members(call: Call, next_cursor: str | None) -> dict[str, Any]:
    """``next_cursor`` as the tenant's variant writes it."""
    if next_cursor is not None:
        return {"next_cursor": next_cursor}
    match call.tenant.variants["last_cursor"]:
        case "absent":
            return {}
        case "string":
            return {"next_cursor": "null"}
        case _:
            return {"next_cursor": None}


def record_items(call: Call, records: Sequence[StoredRecord], *, single_entry: bool) -> bytes:
    """Records as JSON with commas in between, stand-ins filled in.

    A state that has not been served before is held against its schema first.

    Args:
        call: What asks for them.
        records: The records.
        single_entry: Whether the lines that balance are left out.
    """
    tenant = call.tenant
    store = tenant.records
    fill_in = tenant.signer.filler(call.file_url, tenant.now())
    pieces: list[bytes] = []
    for record in records:
        facts = record.facts if FILE_HOST not in record.facts else fill_in(record.facts)
        if pieces:
            pieces.append(b",")
        pieces += record.pieces(facts, single_entry=single_entry)
        if store.unchecked(record):
            check_item("accounting_api", "AccountingRecord", b"".join(record.pieces(facts, single_entry=False)))
            store.check_off(record)
    return b"".join(pieces)


__all__ = ["cursor_members", "page_answer", "record_items"]
