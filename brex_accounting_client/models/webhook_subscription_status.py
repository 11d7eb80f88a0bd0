# Generated from openapi/ by `make generate`. Do not edit: change openapi/ and generate again.
from ..enums import OpenEnum


class WebhookSubscriptionStatus(OpenEnum):
    """Whether Brex delivers events, has been told not to, or has met an error."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ERROR = "ERROR"
