# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from __future__ import annotations

from attrs import frozen

from ..models.user_role import UserRole
from ..models.user_status import UserStatus


@frozen(kw_only=True)
class User:
    """A Brex user with the place that the person holds in the company.

    Attributes:
        id: Id of the user.
        first_name: as on the wire.
        last_name: as on the wire.
        email: as on the wire.
        role: What the user may do in Brex.
        status: The state of the user's account in Brex.
        manager_id: User id of the manager.
        department_id: as on the wire.
        department_name: as on the wire.
        location_id: as on the wire.
        location_name: as on the wire.
        title_id: Id of the job title.
        title_name: The job title.
        manager_first_name: as on the wire.
        manager_last_name: as on the wire.
        manager_title_id: Id of the manager's job title.
        manager_title_name: The manager's job title.
    """

    id: str
    first_name: str
    last_name: str
    email: str
    role: UserRole
    status: UserStatus
    manager_id: str | None = None
    department_id: str | None = None
    department_name: str | None = None
    location_id: str | None = None
    location_name: str | None = None
    title_id: str | None = None
    title_name: str | None = None
    manager_first_name: str | None = None
    manager_last_name: str | None = None
    manager_title_id: str | None = None
    manager_title_name: str | None = None
