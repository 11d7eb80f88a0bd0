"""Export reports in batches: every result ends up somewhere, whatever Brex answers.

Whether a refusal (404 or 422) of some results leaves the others of its request undone is not documented. So the others
are sent again by themselves, and if Brex refuses one of them then, the refusal says that the first request may have
taken effect.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence
from typing import cast

from attrs import frozen

from brex_accounting_client import UNSET, encode
from brex_accounting_client.api.accounting_records import report_accounting_export_results
from brex_accounting_client.models import (
    ExportFailureDetails,
    ExportSuccessDetails,
    FailedExportResult,
    ReportExportResultsRequest,
    SuccessfulExportResult,
)

from ..checks import text
from ..errors import (
    BadRequest,
    CallError,
    ClientStateError,
    DuplicateRecords,
    InvalidArgument,
    NotFound,
    RecordsNotFound,
    RecordsNotReadyForExport,
    Unprocessable,
)
from ..reports import ExportFailure, ExportReport, ExportResult, ExportSuccess, RefusalReason, RefusedResult
from ..transport.caller import Ask, Caller

_SAME_FATE = 3
"""After so many single results in a row that were refused without being named, it is not about the results."""

_NOT_ACTIVE = "INTEGRATION_NOT_ACTIVE"
"""Of the account: no result of any request would be taken."""


@frozen
class _Batch:
    """Results that are sent together; ``again`` where they went along with a refused request before."""

    results: tuple[ExportResult, ...]
    again: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(result.accounting_record_id for result in self.results)

    def body(self) -> ReportExportResultsRequest:
        return ReportExportResultsRequest(results=[_on_the_wire(result) for result in self.results])

    def part(self, ids: Sequence[str]) -> _Batch:
        wanted = frozenset(ids)
        return _Batch(tuple(result for result in self.results if result.accounting_record_id in wanted), again=True)


class Reporting:
    """One report, from its first batch to its last.

    Args:
        caller: Makes the calls.
        results: What to report, checked by ``checked``.
        batch_size: The most results in one request.
        idempotency_key: The caller's key. A single request carries it as it is; where there are several, each carries
            it with a digest of its content, so that a restarted worker with the same results repeats the same keys.
    """

    def __init__(
        self, caller: Caller, results: tuple[ExportResult, ...], *, batch_size: int, idempotency_key: str | None
    ) -> None:
        self._caller = caller
        self._key = idempotency_key
        self._whole = len(results) <= batch_size
        self._order = {result.accounting_record_id: place for place, result in enumerate(results)}
        starts = range(0, len(results), batch_size)
        self._pending = deque(_Batch(results[start : start + batch_size]) for start in starts)
        self._updated: list[str] = []
        self._unnamed: list[str] = []
        self._refused: list[RefusedResult] = []
        self._refused_in_a_row = 0

    async def run(self) -> ExportReport:
        """Send everything.

        Raises:
            CallError: A request failed otherwise than by refusing results; ``error.report`` holds what is settled.
            ClientStateError: The client was closed meanwhile; ``error.report`` as well.
        """
        while self._pending:
            batch = self._pending.popleft()
            try:
                await self._send(batch)
            except (CallError, ClientStateError) as error:
                error.report = self._interrupted(batch, applied=isinstance(error, CallError) and error.maybe_applied)
                raise
        return self._report()

    async def _send(self, batch: _Batch) -> None:
        body = batch.body()
        try:
            answer = await self._caller.call(
                report_accounting_export_results.OPERATION, Ask(idempotency_key=self._key_of(batch, body)), body=body
            )
        except (BadRequest, NotFound, Unprocessable) as refusal:
            self._settle(batch, refusal)
            return
        self._refused_in_a_row = 0
        named = frozenset(answer.updated_accounting_record_ids)
        self._updated += [record_id for record_id in batch.ids if record_id in named]
        self._unnamed += [record_id for record_id in batch.ids if record_id not in named]

    def _key_of(self, batch: _Batch, body: ReportExportResultsRequest) -> str | None:
        if self._key is None or (self._whole and not batch.again):
            return self._key
        return f"{self._key}-{hashlib.sha256(encode(body)).hexdigest()[:16]}"

    def _settle(self, batch: _Batch, refusal: BadRequest | NotFound | Unprocessable) -> None:
        """Put down what was refused, and put the others back in front of the queue."""
        reasons = _reasons(batch, refusal)
        if not (reasons or self._is_about_results(refusal)):
            raise refusal
        if not reasons and len(batch.ids) > 1:
            half = len(batch.ids) // 2
            self._pending.extendleft((batch.part(batch.ids[half:]), batch.part(batch.ids[:half])))
            return
        if not (reasons or isinstance(refusal, (RecordsNotFound, Unprocessable))):
            self._refused_in_a_row += 1
        for record_id, reason in (reasons or dict.fromkeys(batch.ids, _reason(refusal))).items():
            self._refused.append(
                RefusedResult(
                    accounting_record_id=record_id,
                    reason=reason,
                    status_code=refusal.status_code or 0,
                    error_code=refusal.error_code,
                    trace_id=refusal.trace_id,
                    maybe_applied=batch.again or refusal.maybe_applied,
                )
            )
        others = [record_id for record_id in batch.ids if reasons and record_id not in reasons]
        if others:
            self._pending.appendleft(batch.part(others))

    def _interrupted(self, batch: _Batch, *, applied: bool) -> ExportReport:
        """What is known when a request fails; what went along with a refused one may have taken effect there."""
        left = (batch, *self._pending)
        seen = [*(batch.ids if applied else ()), *(i for later in left if later.again for i in later.ids)]
        unknown = frozenset(seen)
        unsent = [record_id for later in left for record_id in later.ids if record_id not in unknown]
        return self._report(unknown=self._sorted(list(unknown)), unsent=self._sorted(unsent))

    def _is_about_results(self, refusal: BadRequest | NotFound | Unprocessable) -> bool:
        """Whether a refusal that names none of the results is about them, not about the request or from a gateway."""
        if refusal.error_code in (None, _NOT_ACTIVE):
            return False
        return isinstance(refusal, (RecordsNotFound, Unprocessable)) or self._refused_in_a_row < _SAME_FATE

    def _report(self, *, unknown: tuple[str, ...] = (), unsent: tuple[str, ...] = ()) -> ExportReport:
        return ExportReport(
            updated=self._sorted(self._updated),
            unnamed=self._sorted(self._unnamed),
            refused=tuple(sorted(self._refused, key=lambda refused: self._order[refused.accounting_record_id])),
            unknown=unknown,
            unsent=unsent,
        )

    def _sorted(self, ids: list[str]) -> tuple[str, ...]:
        return tuple(sorted(ids, key=self._order.__getitem__))


def checked(results: object) -> tuple[ExportResult, ...]:
    """The results as a tuple, each record once.

    Raises:
        InvalidArgument: Something else is among them, or a record twice.
    """
    if not isinstance(results, Sequence) or isinstance(results, (str, bytes)):
        message = "results: expected a list of ExportSuccess and ExportFailure"
        raise InvalidArgument(message)
    seen: dict[str, int] = {}
    found: list[ExportResult] = []
    for place, result in enumerate(cast("Sequence[object]", results)):
        if not isinstance(result, (ExportSuccess, ExportFailure)):
            message = f"results[{place}]: expected an ExportSuccess or an ExportFailure, got {type(result).__name__}"
            raise InvalidArgument(message)
        record_id = text(result.accounting_record_id, f"results[{place}].accounting_record_id")
        _check_values(result, f"results[{place}]")
        if record_id in seen:
            message = f"results[{place}]: {record_id} is in results[{seen[record_id]}] already; report each record once"
            raise InvalidArgument(message)
        seen[record_id] = place
        found.append(result)
    return tuple(found)


def _check_values(result: ExportResult, name: str) -> None:
    if isinstance(result, ExportFailure):
        text(result.message, f"{name}.message")
        return
    for field in ("reference_id", "deep_link_url"):
        if getattr(result, field) is not None:
            text(getattr(result, field), f"{name}.{field}")


def _on_the_wire(result: ExportResult) -> SuccessfulExportResult | FailedExportResult:
    if isinstance(result, ExportFailure):
        return FailedExportResult(
            accounting_record_id=result.accounting_record_id, failure=ExportFailureDetails(error_message=result.message)
        )
    return SuccessfulExportResult(
        accounting_record_id=result.accounting_record_id,
        success=ExportSuccessDetails(
            reference_id=UNSET if result.reference_id is None else result.reference_id,
            deep_link_url=UNSET if result.deep_link_url is None else result.deep_link_url,
        ),
    )


def _reasons(batch: _Batch, refusal: BadRequest | NotFound | Unprocessable) -> dict[str, RefusalReason]:
    """Which results of the batch the answer names, and why it refuses them."""
    details = refusal.details
    if details is None:
        return {}
    named: dict[str, RefusalReason] = {}
    named |= dict.fromkeys(details.not_ready_for_export_accounting_record_ids or (), "not ready for export")
    named |= dict.fromkeys(details.duplicate_accounting_record_ids or (), "duplicate")
    named |= dict.fromkeys(details.not_found_export_entry_source_ids or (), "not found")
    return {record_id: named[record_id] for record_id in batch.ids if record_id in named}


def _reason(refusal: BadRequest | NotFound | Unprocessable) -> RefusalReason:
    match refusal:
        case NotFound():
            return "not found"
        case DuplicateRecords():
            return "duplicate"
        case RecordsNotReadyForExport():
            return "not ready for export"
        case _:
            return "other"


__all__ = ["Reporting", "checked"]
