# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.billing_address import BillingAddress
from ..models.legal_entity_status import LegalEntityStatus
from ..types import Timestamp


@frozen(kw_only=True)
class LegalEntity:
    """A legal entity of the company.

    Attributes:
        id: Id of the legal entity.
        display_name: The name to show.
        created_at: When the legal entity was created.
        status: The state of the legal entity. Brex shows only this value; expect others.
        billing_address: as on the wire.
        is_default: Whether this is the company's default entity.
    """

    id: str
    display_name: str
    created_at: Timestamp
    status: LegalEntityStatus
    billing_address: BillingAddress | None = None
    is_default: bool | None = None
