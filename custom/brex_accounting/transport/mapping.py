"""What came back, as a model or as one of our errors."""

from __future__ import annotations

import datetime
from typing import Any, TypeVar, cast

import brex_accounting_client as low
from brex_accounting_client import Client, Operation
from brex_accounting_client.errors import trace_id_of
from brex_accounting_client.json_text import parse_json
from brex_accounting_client.models import AccountingError, AccountingErrorCode, AccountingErrorDetails
from brex_accounting_client.types import OnBadRecord

from .. import errors
from ..errors import CallError, StatusError
from .call import Call
from .http import Response
from .retry_after import retry_after
from .send_failed import SendFailed

T = TypeVar("T")

# Reading needs of a client nothing but its choice about bad records.
_READERS: dict[OnBadRecord, Client] = {
    "raise": Client(base_url="https://localhost"),
    "collect": Client(base_url="https://localhost", on_bad_record="collect"),
}

_BY_STATUS: dict[int, type[StatusError]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    422: errors.Unprocessable,
    429: errors.RateLimited,
}

_BY_CODE: dict[tuple[int, str], type[StatusError]] = {
    (409, "ACTIVE_INTEGRATION_EXISTS"): errors.ActiveIntegrationExists,
    (409, "INTEGRATION_NOT_ACTIVE"): errors.IntegrationNotActive,
    (409, "VENDOR_ACCOUNT_ID_MISMATCH"): errors.VendorAccountIdMismatch,
    (422, "DUPLICATE_ACCOUNTING_RECORD_IDS"): errors.DuplicateRecords,
    (422, "ACCOUNTING_RECORD_NOT_READY_FOR_EXPORT"): errors.RecordsNotReadyForExport,
}

_ADVICE: dict[type[StatusError], str] = {
    errors.BadRequest: "Brex's own words are on error.message.",
    errors.Unauthorized: "Check the token; Brex answers 401 also where a token lacks a permission.",
    errors.Forbidden: "The token lacks a scope that this operation needs; have it granted at Brex.",
    errors.NotFound: "Check the id, and that it belongs to this account.",
    errors.RecordsNotFound: "error.record_ids lists those that Brex does not know.",
    errors.Conflict: "Brex's own words are on error.message.",
    errors.ActiveIntegrationExists: "Disconnect error.existing_integration_id first, if it is yours to disconnect.",
    errors.VendorAccountIdMismatch: "Disconnect error.existing_integration_id first, or use its vendor account.",
    errors.IntegrationNotActive: "There is nothing to disconnect; reactivate or ensure it instead.",
    errors.Unprocessable: "Brex's own words are on error.message.",
    errors.DuplicateRecords: "error.record_ids lists those that Brex rejects.",
    errors.RecordsNotReadyForExport: "error.record_ids lists those that are not in READY_FOR_EXPORT.",
    errors.RateLimited: "Wait error.retry_after seconds if it is set; other processes may share this account's limit.",
    errors.ServerError: "Try again later, and give the trace id to Brex support if it stays.",
    errors.UnexpectedStatus: "Check base_url, and what stands between here and Brex.",
}

_LIST_DETAILS = (
    "duplicate_accounting_record_ids",
    "not_ready_for_export_accounting_record_ids",
    "not_found_export_entry_source_ids",
)
_TEXT_DETAILS = (
    "existing_integration_id",
    "existing_vendor",
    "requested_vendor",
    "integration_id",
    "current_status",
)

_FAILED: dict[str, tuple[type[CallError], str, str]] = {
    "not sent": (
        errors.ConnectionFailed,
        "no connection",
        "Check base_url, proxy and certificates if it stays.",
    ),
    "answer lost": (errors.AnswerLost, "the answer was lost", "Try again later."),
    "timed out": (errors.AttemptTimedOut, "no whole answer in time", "Give attempts more time with timeout=."),
}


def read_answer(
    operation: Operation[..., T],
    response: Response,
    call: Call,
    *,
    on_bad_record: OnBadRecord,
    now: datetime.datetime,
) -> T:
    """The model in an answer.

    Args:
        operation: What was asked.
        response: The answer, its body read.
        call: The call, for the facts of errors.
        on_bad_record: What to do with a page some of whose records cannot be read.
        now: The time, for a ``Retry-After`` that is a date.

    Raises:
        StatusError: The status is not 2xx.
        UnreadableAnswer: The body is not what the API's document says.
    """
    try:
        return operation.parse(client=_READERS[on_bad_record], response=response)
    except low.StatusError as failed:
        error: CallError = _status_error(failed, call, now)
    except low.BadRecords as failed:
        error = errors.UnreadableRecords(
            f"{len(failed.bad_records)} records of the page cannot be read "
            f"({', '.join(bad.label for bad in failed.bad_records[:5])}), the first at {failed.path}: {failed.reason}",
            bad_records=failed.bad_records,
            page=cast("low.Page[Any] | None", failed.page),
            advice="The others are on error.page.items; on_bad_record='collect' goes on without the broken ones.",
            **_unreadable(failed, response, call),
        )
    except low.Undecodable as failed:
        call.doubt()  # Brex said that it did it
        error = errors.UnreadableAnswer(
            f"answered {response.status_code} with a body that cannot be read at {failed.path}: {failed.reason}",
            advice="Brex may have changed its API, or something in front of it answered.",
            **_unreadable(failed, response, call),
        )
    # Outside the except blocks: the low-level error would only repeat this one.
    try:
        raise error
    finally:
        del error  # its traceback would hold this frame, and the frame the error


def failure(operation: Operation[..., Any], response: Response, call: Call, now: datetime.datetime) -> CallError:
    """The error that an answer outside 2xx stands for."""
    try:
        read_answer(operation, response, call, on_bad_record="raise", now=now)
    except CallError as error:
        return error
    message = f"an answer {response.status_code} is no failure"
    raise AssertionError(message)


def _status_error(failed: low.StatusError, call: Call, now: datetime.datetime) -> StatusError:
    """The error for a status: by its code where we know one, else by its number."""
    if failed.parsed is None:
        failed = _as_far_as_readable(failed)
    details = getattr(failed.parsed, "details", None)
    kind = _BY_CODE.get((failed.status_code, failed.error_code or ""))
    if kind is None:
        kind = _BY_STATUS.get(failed.status_code)
    if kind is errors.NotFound and details is not None and details.not_found_export_entry_source_ids:
        kind = errors.RecordsNotFound
    if kind is None:
        kind = errors.ServerError if 500 <= failed.status_code < 600 else errors.UnexpectedStatus
    code = "" if failed.error_code is None else f" {failed.error_code}"
    return kind(
        f"answered {failed.status_code}{code}",
        details=details,
        message=getattr(failed.parsed, "message", None),
        status_code=failed.status_code,
        error_code=failed.error_code,
        trace_id=failed.trace_id,
        retry_after=retry_after(failed.headers, now),
        advice=_ADVICE[kind],
        content=failed.content,
        **call.facts(),
    )


def send_error(failed: SendFailed, call: Call) -> CallError:
    """The error for a request without a whole answer."""
    kind, summary, advice = _FAILED[failed.outcome]
    return kind(f"{summary}: {failed.reason}", advice=advice, **call.facts())


def _as_far_as_readable(failed: low.StatusError) -> low.StatusError:
    """The same with what can be read of a body that no document knows: its code, and of its details what fits.

    A code that got lost with some odd field beside it would make another error of this one.
    """
    try:
        body = parse_json(failed.content)[0]
    except low.Undecodable:
        return failed
    found = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    codes = (found.get(name) for name in ("error_code", "type", "code"))
    code = next((code for code in codes if isinstance(code, str)), None)
    if code is None:
        return failed
    message = found.get("message")
    parsed = AccountingError(
        error_code=AccountingErrorCode(code),
        message=message if isinstance(message, str) else "",
        details=_details(found.get("details")),
    )
    return low.StatusError(
        operation=failed.operation,
        status_code=failed.status_code,
        headers=failed.headers,
        parsed=parsed,
        content=failed.content,
    )


def _details(found: object) -> AccountingErrorDetails | None:
    if not isinstance(found, dict):
        return None
    values = cast("dict[str, Any]", found)
    fitting: dict[str, Any] = {}
    for name in _TEXT_DETAILS:
        fitting[name] = values.get(name) if isinstance(values.get(name), str) else None
    for name in _LIST_DETAILS:
        listed = values.get(name)
        items = cast("list[object]", listed) if isinstance(listed, list) else []
        fitting[name] = [item for item in items if isinstance(item, str)] or None
    return AccountingErrorDetails(**fitting)


def _unreadable(failed: low.Undecodable, response: Response, call: Call) -> dict[str, Any]:
    return {
        "path": failed.path,
        "reason": failed.reason,
        "status_code": response.status_code,
        "trace_id": trace_id_of(response.headers),
        "content": failed.content,
        **call.facts(),
    }


__all__ = ["failure", "read_answer", "send_error"]
