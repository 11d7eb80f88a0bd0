# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..leaves import Number


@frozen(kw_only=True)
class Coordinates:
    """A position on the globe. Brex's page does not spell out this shape.

    Attributes:
        latitude: as on the wire.
        longitude: as on the wire.
    """

    latitude: Number
    longitude: Number
