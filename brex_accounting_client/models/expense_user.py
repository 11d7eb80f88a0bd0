# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class ExpenseUser:
    """The person who made an expense or acts on it.

    Attributes:
        id: Id of the user.
        first_name: as on the wire.
        last_name: as on the wire.
        department_id: as on the wire.
        location_id: as on the wire.
    """

    id: str
    first_name: str
    last_name: str
    department_id: str | None = None
    location_id: str | None = None
