# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.coordinates import Coordinates


@frozen(kw_only=True)
class Address:
    """A postal address with its position.

    Attributes:
        country: as on the wire.
        state: as on the wire.
        city: as on the wire.
        postal_code: as on the wire.
        timezone: as on the wire.
        coordinates: as on the wire.
        line1: First line of the street address.
        line2: Second line of the street address.
    """

    country: str | None = None
    state: str | None = None
    city: str | None = None
    postal_code: str | None = None
    timezone: str | None = None
    coordinates: Coordinates | None = None
    line1: str | None = None
    line2: str | None = None
