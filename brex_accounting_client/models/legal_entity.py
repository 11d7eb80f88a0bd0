# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Timestamp
from ..models.billing_address import BillingAddress
from ..models.legal_entity_status import LegalEntityStatus


@frozen(kw_only=True)
class LegalEntity:
    """A legal entity of the company.

    Attributes:
        id: The id of the entity.
        display_name: The name to show.
        billing_address: as on the wire.
        created_at: When the legal entity was created.
        status: The state of the legal entity. Brex shows only this value; expect others.
        is_default: Whether this is the company's default entity.
    """

    id: str
    display_name: str
    billing_address: BillingAddress | None = None
    created_at: Timestamp
    status: LegalEntityStatus
    is_default: bool | None = None
