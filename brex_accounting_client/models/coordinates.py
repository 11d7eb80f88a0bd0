# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from decimal import Decimal

from attrs import frozen


@frozen(kw_only=True)
class Coordinates:
    """A position on the globe. Brex's page does not spell out this shape.

    Attributes:
        latitude: as on the wire.
        longitude: as on the wire.
    """

    latitude: Decimal
    longitude: Decimal
