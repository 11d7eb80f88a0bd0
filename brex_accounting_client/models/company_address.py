# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class CompanyAddress:
    """Where the company receives mail.

    Attributes:
        line1: First line of the street address.
        line2: Second line of the street address.
        city: as on the wire.
        state: as on the wire.
        country: as on the wire.
        postal_code: as on the wire.
        phone_number: as on the wire.
    """

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    postal_code: str | None = None
    phone_number: str | None = None
