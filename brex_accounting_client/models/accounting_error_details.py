# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class AccountingErrorDetails:
    """What the error is about. Which fields are present depends on the error.

    Attributes:
        existing_integration_id: The integration that is active now.
        existing_vendor: Vendor of the integration that is active now.
        requested_vendor: Vendor that the request named.
        integration_id: The integration that the error is about.
        current_status: The state of that integration at the time.
        duplicate_accounting_record_ids: Records that Brex rejects as duplicates.
        not_ready_for_export_accounting_record_ids: Records that have not reached READY_FOR_EXPORT.
        not_found_export_entry_source_ids: Records that do not exist.
    """

    existing_integration_id: str | None = None
    existing_vendor: str | None = None
    requested_vendor: str | None = None
    integration_id: str | None = None
    current_status: str | None = None
    duplicate_accounting_record_ids: list[str] | None = None
    not_ready_for_export_accounting_record_ids: list[str] | None = None
    not_found_export_entry_source_ids: list[str] | None = None
