# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.export_success_details import ExportSuccessDetails


@frozen(kw_only=True)
class SuccessfulExportResult:
    """The accounting system took the record.

    Attributes:
        accounting_record_id: The record that was exported.
        success: Where to find the record in the accounting system.
    """

    accounting_record_id: str
    success: ExportSuccessDetails
