# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class UpdatableWebhookSubscriptionStatus(OpenEnum):
    """The states that a caller may set."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
