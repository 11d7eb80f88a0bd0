"""A tenant's records, and what its finance people do to them."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Final

import msgspec

from ...errors import InvalidArgument
from ..clock import timestamp
from ..finance import REVIEW_STATUSES, find, move, recode
from ..published import document
from ..stored import StoredRecord
from ..tenant import Tenant
from .endpoint import Call, Endpoint, OfTenant, Unknown, named
from .reading import one_of, read

_NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class RecordsQuery(OfTenant, kw_only=True):
    """Which records to list."""

    review_status: str | None = None
    source_type: str | None = None
    type: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    after: int = -1


class Change(msgspec.Struct):
    """What to do to one record."""

    review_status: str | None = None
    recode: dict[str, Any] | None = None


class Recode(msgspec.Struct, kw_only=True):
    """Which value of an accounting field to choose, and on which line."""

    brex_field_id: _NonEmpty
    brex_field_value_id: _NonEmpty
    remote_field_value_id: str | None = None
    line_item_id: str | None = None


class Move(msgspec.Struct, kw_only=True):
    """Which records to move to which stage."""

    review_status: str
    ids: list[str] | None = None
    from_status: str | None = None
    count: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Line(msgspec.Struct):
    """What the control API shows of a line item: what a recoding changes."""

    id: str
    accounting_field_values: list[dict[str, Any]]


_lines = msgspec.json.Decoder(list[_Line])


def list_records(call: Call) -> dict[str, Any]:
    """One page of records, by position."""
    query: RecordsQuery = call.query
    wanted = {
        name: one_of(name, value, choices)
        for name, value, choices in (
            ("review_status", query.review_status, REVIEW_STATUSES),
            ("source_type", query.source_type, _published("SourceType")),
            ("type", query.type, _published("AccountingRecordType")),
        )
        if value is not None
    }
    fitting = (
        record
        for record in call.tenant.records.all()
        if record.position > query.after and all(getattr(record, name) == value for name, value in wanted.items())
    )
    page = list(islice(fitting, query.limit))
    is_last = next(fitting, None) is None
    return {"records": [_outline(record) for record in page], "next": None if is_last else page[-1].position}


def show_record(call: Call) -> dict[str, Any]:
    """One record with its lines."""
    return _whole(_found(call))


def change_record(call: Call) -> dict[str, Any]:
    """Recode a record, move it, or both."""
    body: Change = call.body
    tenant, record = call.tenant, _found(call)
    if body.review_status is None and body.recode is None:
        message = "body: expected review_status, recode or both"
        raise InvalidArgument(message)
    if body.review_status is not None:
        one_of("review_status", body.review_status, REVIEW_STATUSES)
    # From here only the recoding can fail, and it comes first: it is both or nothing.
    if body.recode is not None:
        wanted: Recode = read(body.recode, Recode, within="recode")
        with named():
            record = recode(tenant, record.id, **msgspec.structs.asdict(wanted))
    if body.review_status is not None:
        record = move(tenant, record.id, body.review_status)
    return _whole(record)


def move_records(call: Call) -> dict[str, Any]:
    """Move several records; all of them or none."""
    body: Move = call.body
    tenant = call.tenant
    one_of("review_status", body.review_status, REVIEW_STATUSES)
    ids = _chosen(tenant, body)
    for record_id in ids:
        move(tenant, record_id, body.review_status)
    return {"moved": ids}


def _chosen(tenant: Tenant, body: Move) -> list[str]:
    """The ids of the records to move, each once."""
    if (body.ids is None) == (body.from_status is None):
        message = "body: expected ids or from_status, and not both"
        raise InvalidArgument(message)
    if body.ids is None:
        status = one_of("from_status", body.from_status or "", REVIEW_STATUSES)
        standing = (record.id for record in tenant.records.all() if record.review_status == status)
        return list(islice(standing, body.count))
    if body.count is not None:
        message = "count: it goes with from_status only; leave it out, or give fewer ids"
        raise InvalidArgument(message)
    ids = list(dict.fromkeys(body.ids))
    unknown = [record_id for record_id in ids if tenant.records.get(record_id) is None]
    if unknown:
        message = f"ids: there are no records {', '.join(map(repr, unknown))}"
        raise Unknown(message)
    return ids


def _found(call: Call) -> StoredRecord:
    with named():
        return find(call.tenant, call.path["id"])


def _outline(record: StoredRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "position": record.position,
        "type": record.type,
        "source_type": record.source_type,
        "review_status": record.review_status,
        "version": record.version,
        "updated_at": timestamp(record.updated_at),
        "amount": f"{record.amount:f}",
        "currency": record.currency,
        "expense_id": record.expense_id,
    }


def _whole(record: StoredRecord) -> dict[str, Any]:
    return _outline(record) | {"line_items": _lines.decode(b"[" + record.lines + b"]")}


def _published(schema: str) -> tuple[str, ...]:
    """The constants that the accounting API's document lists."""
    return tuple(document("accounting_api")["components"]["schemas"][schema]["enum"])


ENDPOINTS: Final = (
    Endpoint("GET", "/records", "Its records by position; give next as after for more", list_records, RecordsQuery),
    Endpoint(
        "POST", "/records/move", "Move records by ids, or so many from a stage; all or none", move_records, body=Move
    ),
    Endpoint("GET", "/records/{id}", "One record with what its lines are coded as", show_record),
    Endpoint("PATCH", "/records/{id}", "A finance user moves or recodes it", change_record, body=Change),
)

__all__ = ["ENDPOINTS"]
