# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Vendor:
    """A company that the customer pays.

    Attributes:
        id: Id of the vendor.
        name: as on the wire.
        contact_name: The person to turn to.
        email: as on the wire.
        website: as on the wire.
        phone: as on the wire.
    """

    id: str
    name: str
    contact_name: str | None = None
    email: str | None = None
    website: str | None = None
    phone: str | None = None
