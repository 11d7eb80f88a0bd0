"""What the customer's finance people do to records in Brex, behind the back of whoever exports them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..errors import InvalidArgument
from .stored import StoredRecord
from .tenant import Tenant

REVIEW_STATUSES: Final = ("PREPARE", "REVIEW", "READY_FOR_EXPORT", "EXPORTED")


def move(tenant: Tenant, record_id: str, review_status: str) -> StoredRecord:
    """Move a record to another stage.

    Args:
        tenant: The account.
        record_id: The record.
        review_status: The new stage.

    Raises:
        InvalidArgument: There is no such record or stage.
    """
    if review_status not in REVIEW_STATUSES:
        message = f"review_status: expected one of {', '.join(REVIEW_STATUSES)}, got {review_status!r}"
        raise InvalidArgument(message)
    record = tenant.changed(find(tenant, record_id), review_status=review_status)
    tenant.history.moved(record, at=record.updated_at)
    return record


def recode(
    tenant: Tenant,
    record_id: str,
    *,
    brex_field_id: str,
    brex_field_value_id: str,
    remote_field_value_id: str | None = None,
    line_item_id: str | None = None,
) -> StoredRecord:
    """Choose another value of an accounting field on a record's lines.

    Args:
        tenant: The account.
        record_id: The record.
        brex_field_id: The field; it is added where a line does not have it.
        brex_field_value_id: Its new value.
        remote_field_value_id: The value's id in the accounting system, if it is mapped.
        line_item_id: Only on this line; None for all lines of the single-entry view.

    Raises:
        InvalidArgument: There is no such record or line.
    """
    record = find(tenant, record_id)
    lines: list[dict[str, Any]] = _decoder.decode(b"[" + record.lines + b"]")
    chosen = [line for line in lines if line_item_id in (None, line["id"])]
    if not chosen:
        message = f"line_item_id: {record_id} has no such line in its single-entry view"
        raise InvalidArgument(message)
    for line in chosen:
        values = [value for value in line["accounting_field_values"] if value["brex_field_id"] == brex_field_id]
        if not values:
            values = [{"brex_field_id": brex_field_id, "remote_field_id": None}]
            line["accounting_field_values"] += values
        for value in values:
            value["brex_field_value_id"] = brex_field_value_id
            value["remote_field_value_id"] = remote_field_value_id
    text = b",".join(msgspec.json.encode(line, enc_hook=_Number.raw) for line in lines)
    return tenant.changed(record, lines=text)


def find(tenant: Tenant, record_id: str) -> StoredRecord:
    """A record by its id.

    Raises:
        InvalidArgument: There is no such record.
    """
    record = tenant.records.get(record_id)
    if record is None:
        message = f"record_id: there is no record {record_id!r}"
        raise InvalidArgument(message)
    return record


class _Number:
    """A number that keeps its digits from text to text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def raw(self) -> msgspec.Raw:
        """The digits as JSON."""
        return msgspec.Raw(self._text.encode())


_decoder = msgspec.json.Decoder(list[dict[str, Any]], float_hook=_Number)

__all__ = ["REVIEW_STATUSES", "find", "move", "recode"]
