# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.export_failure_details import ExportFailureDetails


@frozen(kw_only=True)
class FailedExportResult:
    """The accounting system did not take the record.

    Attributes:
        accounting_record_id: The record that was not exported.
        failure: Why the export of the record failed.
    """

    accounting_record_id: str
    failure: ExportFailureDetails
