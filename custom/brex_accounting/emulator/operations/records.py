"""Reading accounting records."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs

from ..answers import Answer, invalid, missing
from ..arguments import read_instant
from ..stores import RecordQuery
from ..walks import page_limit
from .call import Call
from .pages import cursor_members, page_answer, record_items

MOST_RECORDS: Final = 1000
DEFAULT_LIMIT: Final = 100
MOST_IDS: Final = 500


def get_record(call: Call) -> Answer:
    """``getAccountingRecord``."""
    record = call.tenant.records.get(call.arguments["record_id"])
    if record is None:
        message = "there is no accounting record with this id"
        raise missing(message)
    text = record_items(call, [record], single_entry=bool(call.arguments["single_entry"]))
    return Answer(200, text, records=(record.id,))


def query_records(call: Call) -> Answer:
    """``queryAccountingRecords``."""
    given, tenant = call.arguments, call.tenant
    variants = tenant.variants
    query = _query(call)
    limit = page_limit(given["limit"], most=MOST_RECORDS, default=DEFAULT_LIMIT, variants=variants)
    matches = (
        tenant.records.matching(query, query.fits)
        if query.ids is None
        else tenant.records.by_ids(query.ids, query.fits)
    )
    page = tenant.walks.page(
        matches,
        tenant.records.get,
        cursor=given["cursor"],
        limit=limit,
        query=(attrs.evolve(query, ids=None), sorted(query.ids or ())),  # a set is not always written the same way
        variants=variants,
        now=tenant.now(),
    )
    items = record_items(call, page.items, single_entry=bool(given["single_entry"]))
    members: dict[str, Any] = {"total_count": page.total if variants["total_count"] == "sent" else None}
    members |= cursor_members(call, page.next_cursor)
    has_next = {"true": True, "false": False}.get(variants["has_next_page"], page.next_cursor is not None)
    return page_answer(call, page.items, items, {**members, "has_next_page": has_next})


def _query(call: Call) -> RecordQuery:
    given = call.arguments
    ids, review_status, source_type = given["ids"], given["review_status"], given["source_type"]
    if ids is not None and len(ids) > MOST_IDS:
        message = f"ids holds {len(ids)} ids, at most {MOST_IDS} are allowed"
        raise invalid(message)
    bills_by_status = call.tenant.variants["bill_ready"] == "reaches"
    if review_status is not None and source_type == "BILL":
        message = "review_status is not supported for source_type BILL"
        raise invalid(message)
    bounds: dict[str, datetime] = {
        key: read_instant(f"updated_at[{key}]", value) for key, value in given["updated_at"].items()
    }
    return RecordQuery(
        ids=None if ids is None else frozenset(ids),
        review_status=review_status,
        source_type=source_type,
        bills_by_status=bills_by_status,
        **bounds,
    )


__all__ = ["DEFAULT_LIMIT", "MOST_IDS", "MOST_RECORDS", "get_record", "query_records"]
