# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Location:
    """A place of the company.

    Attributes:
        id: as on the wire.
        name: as on the wire.
    """

    id: str
    name: str
