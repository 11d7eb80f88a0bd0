# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.webhook_event_type import WebhookEventType


@frozen(kw_only=True)
class AccountingRecordReadyForExportEvent:
    """Tells that accounting records of a company have become ready for export.

    Attributes:
        event_type: The event that Brex reports.
        accountingRecordIds: The records to fetch.
        companyId: The company that owns the records: the `id` that the Team API gives for it.
    """

    event_type: WebhookEventType
    accountingRecordIds: list[str]
    companyId: str
