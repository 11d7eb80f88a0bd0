# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class CreateIntegrationRequest:
    """Which vendor to connect to, and which account there.

    Attributes:
        vendor: The vendor's id at Brex. Brex creates it when an ERP partner asks for one.
        vendor_account_id: The customer's account at the vendor.
    """

    vendor: str
    vendor_account_id: str
