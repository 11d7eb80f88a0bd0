# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.integration_status import IntegrationStatus


@frozen(kw_only=True)
class AccountingIntegration:
    """A connection between a Brex account and an accounting vendor.

    Attributes:
        integration_id: Id of the integration.
        vendor: The vendor's id at Brex. Brex creates it when an ERP partner asks for one.
        vendor_account_id: The account at the vendor that the integration belongs to.
        status: Whether the integration is connected (ACTIVE) or not (DISABLED).
        created_at: When the integration came into being.
    """

    integration_id: str
    vendor: str
    vendor_account_id: str
    status: IntegrationStatus
    created_at: Timestamp
