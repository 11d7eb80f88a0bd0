"""Reporting what became of an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..answers import Answer, Refusal, json_answer
from ..stored import StoredRecord
from .call import Call


def report_results(call: Call) -> Answer:
    """``reportAccountingExportResults``."""
    tenant, results = call.tenant, call.body["results"]
    if tenant.variants["inactive_integration"] == "refuses" and not any(
        integration.status == "ACTIVE" for integration in tenant.integrations.values()
    ):
        message = "the account has no active integration"
        raise Refusal(422, "INTEGRATION_NOT_ACTIVE", message)
    refusal, refused = _refusal(call, results)
    for result in results:
        record = tenant.records.get(result["accounting_record_id"])
        if record is not None:
            success, now = "success" in result, tenant.now()
            tenant.history.reported(record, success=success, at=now, client=call.client, key=call.key)
    if refusal is None:
        updated = [_settle(call, result) for result in results]
        if tenant.variants["report_200"] == "subset":
            updated = [record_id for index, record_id in enumerate(updated) if index % 3 != 2]
        return json_answer({"updated_accounting_record_ids": updated}, committed=True)
    if tenant.variants["report_422"] == "partial":
        for result in results:
            if result["accounting_record_id"] not in refused:
                _settle(call, result)
                refusal.committed = True
    raise refusal


def _refusal(call: Call, results: Sequence[Mapping[str, Any]]) -> tuple[Refusal | None, set[str]]:
    """What refuses the request, and every record that some rule refuses."""
    ids = [result["accounting_record_id"] for result in results]
    twice = [record_id for record_id, count in Counter(ids).items() if count > 1]
    unknown = [record_id for record_id in dict.fromkeys(ids) if call.tenant.records.get(record_id) is None]
    unready = [record_id for record_id in dict.fromkeys(ids) if not _ready(call, record_id)]
    refused = {*twice, *unknown, *unready}
    if twice:
        details = {"duplicate_accounting_record_ids": twice}
        return Refusal(422, "DUPLICATE_ACCOUNTING_RECORD_IDS", "records are named twice", details=details), refused
    if unknown:
        details = {"not_found_export_entry_source_ids": unknown}
        return Refusal(404, "NOT_FOUND", "some records do not exist", details=details), refused
    if unready:
        details = {"not_ready_for_export_accounting_record_ids": unready}
        message = "some records are not ready for export"
        return Refusal(422, "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT", message, details=details), refused
    return None, refused


def _ready(call: Call, record_id: str) -> bool:
    record = call.tenant.records.get(record_id)
    if record is None:
        return True  # another rule refuses it
    if record.source_type == "BILL" and call.tenant.variants["bill_ready"] == "never":
        return record.review_status in ("REVIEW", "READY_FOR_EXPORT")
    return record.review_status == "READY_FOR_EXPORT"


def _settle(call: Call, result: Mapping[str, Any]) -> str:
    tenant = call.tenant
    record = tenant.records.get(result["accounting_record_id"])
    if record is None:
        message = f"{result['accounting_record_id']} was there a moment ago"
        raise AssertionError(message)
    stage = record.review_status
    if "success" in result:
        stage = "EXPORTED"
        tenant.history.exported(record.id, client=call.client, key=call.key)
        _mark_expense(call, record)
    elif tenant.variants["failure_result"] == "moves":
        stage = "PREPARE"
    tenant.changed(record, quietly=tenant.variants["report_moves"] == "nothing", review_status=stage)
    return record.id


def _mark_expense(call: Call, record: StoredRecord) -> None:
    """An exported record's expense says when it was exported."""
    if record.expense_id is not None:
        call.tenant.change_expense(record.expense_id, exported_at=call.tenant.timestamp())


__all__ = ["report_results"]
