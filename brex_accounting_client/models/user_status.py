# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class UserStatus(OpenEnum):
    """The state of the user's account in Brex."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    DELETED = "DELETED"
    DISABLED = "DISABLED"
    INACTIVE = "INACTIVE"
    INVITED = "INVITED"
    PENDING_ACTIVATION = "PENDING_ACTIVATION"
