# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.failed_export_result import FailedExportResult
from ..models.successful_export_result import SuccessfulExportResult


@frozen(kw_only=True)
class ReportExportResultsRequest:
    """What became of the exported records.

    Attributes:
        results: One result for each record.
    """

    results: list[SuccessfulExportResult | FailedExportResult]
