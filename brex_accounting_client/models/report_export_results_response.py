# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ReportExportResultsResponse:
    """Which records the report changed.

    Attributes:
        updated_accounting_record_ids: Ids of the records that Brex updated.
    """

    updated_accounting_record_ids: list[str]
