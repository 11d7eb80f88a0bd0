"""What is reported to Brex about exported records, and what became of the report."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen


@frozen
class ExportSuccess:
    """The ERP took the record.

    Attributes:
        accounting_record_id: The record.
        reference_id: Id of the entry in the ERP.
        deep_link_url: Link that opens the entry there.
    """

    accounting_record_id: str
    reference_id: str | None = field(default=None, kw_only=True)
    deep_link_url: str | None = field(default=None, kw_only=True, repr=False)


@frozen
class ExportFailure:
    """The ERP did not take the record.

    Attributes:
        accounting_record_id: The record.
        message: Why, for people at the customer's to read.
    """

    accounting_record_id: str
    message: str = field(kw_only=True, repr=False)


ExportResult = ExportSuccess | ExportFailure

RefusalReason = Literal["not found", "duplicate", "not ready for export", "other"]
"""Why Brex refused a result; the answer's ``error_code`` stands beside it."""


@frozen(kw_only=True)
class RefusedResult:
    """A result that Brex refused.

    Attributes:
        accounting_record_id: The record.
        reason: Why.
        status_code: 404 or 422; 400 where Brex finds the result itself wrong.
        error_code: Brex's code.
        trace_id: ``X-Brex-Trace-Id`` of the refusal.
        maybe_applied: Whether an earlier request with this result may have taken effect, so that this refusal may only
            say that Brex has it already: its answer was lost, or refused other results that went along. Read the
            record back before acting on the refusal.
    """

    accounting_record_id: str
    reason: RefusalReason
    status_code: int
    error_code: str | None
    trace_id: str | None
    maybe_applied: bool


@frozen(kw_only=True)
class ExportReport:
    """What became of each result; every one is in exactly one of these.

    Attributes:
        updated: Records that Brex says it updated.
        unnamed: Records in a request that Brex answered with 200 without naming them.
        refused: Results that a 404 or 422 refused, and why.
        unknown: Records of a request that ended in an error and may have taken effect; empty unless on an error.
        unsent: Records that Brex has not seen, or has refused together with the request that the error is about;
            empty unless on an error.
    """

    updated: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    refused: tuple[RefusedResult, ...] = ()
    unknown: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether Brex says of every result that it updated the record."""
        return not (self.unnamed or self.refused or self.unknown or self.unsent)


__all__ = ["ExportFailure", "ExportReport", "ExportResult", "ExportSuccess", "RefusalReason", "RefusedResult"]
